/**
 * Takes the durable record streams of all nodes into the ledger: one lane per session, strictly in
 * order, and one group commit over all lanes. Killed at any line a commit has happened or not, and
 * the agent sends again whatever was not acknowledged: repeat, never loss, never twice.
 *
 * A store that cannot write (disk full) is waited out: nothing is acknowledged, agents stop by
 * their windows, and everything goes on when space is back.
 */
import {
  DurationTally,
  type DurationTallyView,
  type Logger,
  TIME_MS_MIN,
  WINDOW_FRAMES_CROWDED,
  WINDOW_FRAMES_DEFAULT,
  type World,
} from '@yiben/shared'
import type { NodeId, SessionGeneration } from '../model/ids.ts'
import type { IngestCommit, IngestResult } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { FUTURE_MS_MAX } from '../timeline/fold-state.ts'
import { GroupCommit } from './group-commit.ts'
import { Lane, type LaneOwner } from './lane.ts'
import { StoreGuard } from './store-guard.ts'
import { Turns } from './turns.ts'

/** From one fsync of a good disk to a transaction that a full group takes on a poor one. */
const COMMIT_BOUNDS_MS = [2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000]
/** A tick is told within a minute or two: who is further behind has a backlog on its way. */
const LAGGING_MS = 300_000

/** Lanes that wait for their turn: from here on what they hold is memory that nobody gains by. */
const CROWDED_LANES = 32

/** How far behind the present the time is that connected nodes have told. */
export interface IngestLag {
  /** Connected nodes that have told time in their session. */
  readonly nodes: number
  /** Those of them that are more than five minutes behind. */
  readonly lagging: number
  /** Of the one furthest behind; `null` without nodes. */
  readonly maxMs: number | null
}

type IngestStore = Pick<
  Store,
  'loadNode' | 'commitIngest' | 'commitFacts' | 'readClaims' | 'readUnitHours' | 'findUnits'
>

export interface IngestOptions {
  readonly store: IngestStore
  readonly world: World
  readonly log: Logger
  /** A node's timeline has moved: the bank and the sequencer have something to look at. */
  readonly onTimeline?: (nodeId: NodeId) => void
}

export interface IngestSession {
  readonly nodeId: NodeId
  readonly generation: SessionGeneration
  readonly epoch: string
}

export class Ingest {
  readonly #options: IngestOptions
  readonly #guard: StoreGuard
  readonly #commits: GroupCommit
  readonly #turns: Turns
  /** Wall time less monotonic time when this started: what the wall would say without steps. */
  readonly #unsteppedMs: number
  /** By node: the lane of its latest session. Bounded by the gateway's connections. */
  readonly #lanes = new Map<NodeId, Lane>()
  /** End of what the node has told in that session. */
  readonly #toldToMs = new Map<NodeId, number>()
  readonly #commitTimes = new DurationTally(COMMIT_BOUNDS_MS)

  constructor(options: IngestOptions) {
    const log = options.log.child({ component: 'ingest' })
    this.#options = { ...options, log }
    this.#guard = new StoreGuard(options.world.clock, log)
    const commitIngest = (commits: readonly IngestCommit[]) => this.#commitTimed(commits)
    this.#commits = new GroupCommit({ commitIngest }, this.#guard)
    const { clock } = options.world
    this.#turns = new Turns(clock)
    this.#unsteppedMs = clock.wallMs() - clock.monotonicMs()
  }

  /** A lane for a session that has just opened; the lane of an older session of the node closes. */
  open(session: IngestSession, owner: LaneOwner): Lane {
    const { store, world, log, onTimeline } = this.#options
    this.#lanes.get(session.nodeId)?.close()
    this.#toldToMs.delete(session.nodeId)
    const lane: Lane = new Lane({
      store,
      world,
      log,
      commits: this.#commits,
      turns: this.#turns,
      guard: this.#guard,
      nodeId: session.nodeId,
      sessionGeneration: session.generation,
      epoch: session.epoch,
      owner,
      futureLimitMs: () => this.#futureLimitMs(),
      invalidate: (nodeIds) => this.invalidate(nodeIds),
      onTimeline: (toldToMs) => {
        this.#noteTold(session.nodeId, lane, toldToMs)
        onTimeline?.(session.nodeId)
      },
    })
    this.#lanes.set(session.nodeId, lane)
    return lane
  }

  close(nodeId: NodeId, lane: Lane): void {
    lane.close()
    if (this.#lanes.get(nodeId) !== lane) return
    this.#lanes.delete(nodeId)
    this.#toldToMs.delete(nodeId)
  }

  /** Rows of these nodes were changed from elsewhere: silence, a move, a conflict, an administrator. */
  invalidate(nodeIds: Iterable<NodeId>): void {
    for (const nodeId of nodeIds) this.#lanes.get(nodeId)?.invalidate()
  }

  /**
   * What no record may lie beyond. A collector whose wall clock is set back must not refuse the
   * whole fleet's time for that: the later of the two clocks counts.
   */
  #futureLimitMs(): number {
    const { clock } = this.#options.world
    const nowMs = Math.max(clock.wallMs(), this.#unsteppedMs + clock.monotonicMs())
    return Math.round(nowMs) + FUTURE_MS_MAX
  }

  /** Transactions with their fsync, as the store answered them. */
  commitTimes(): DurationTallyView {
    return this.#commitTimes.view()
  }

  lag(nowMs: number): IngestLag {
    let lagging = 0
    let maxMs: number | null = null
    for (const toldToMs of this.#toldToMs.values()) {
      const lagMs = Math.max(0, nowMs - toldToMs)
      if (lagMs > LAGGING_MS) lagging += 1
      maxMs = Math.max(maxMs ?? 0, lagMs)
    }
    return { nodes: this.#toldToMs.size, lagging, maxMs }
  }

  /** Batches that a node may have on the way: what waits for its turn waits better at the node. */
  framesGranted(): number {
    return this.#turns.waiting > CROWDED_LANES ? WINDOW_FRAMES_CROWDED : WINDOW_FRAMES_DEFAULT
  }

  /** `false` while the store cannot write; new sessions are better sent away until it can. */
  isWriting(): boolean {
    return !this.#guard.isFailing()
  }

  /** A timeline that was told no time yet ends before all time. */
  #noteTold(nodeId: NodeId, lane: Lane, toldToMs: number): void {
    if (toldToMs <= TIME_MS_MIN || this.#lanes.get(nodeId) !== lane) return
    this.#toldToMs.set(nodeId, toldToMs)
  }

  async #commitTimed(commits: readonly IngestCommit[]): Promise<readonly IngestResult[]> {
    const { store, world } = this.#options
    const startMs = world.clock.monotonicMs()
    const results = await store.commitIngest(commits)
    this.#commitTimes.note(world.clock.monotonicMs() - startMs)
    return results
  }
}
