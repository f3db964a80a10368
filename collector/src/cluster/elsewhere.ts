/**
 * What the collector that leads knows of nodes that are connected to others: when they were last
 * heard, and whom to ask. Read from the store, so that nobody is silent because another process
 * hears him; what is known of a node ages as its silence does.
 */
import { type Clock, errorSentence, type Logger, Rounds, type Service } from '@yiben/shared'
import { ENDED_BY_GOODBYE, type Liveness } from '../inventory/liveness.ts'
import type { NodeId, SessionGeneration } from '../model/ids.ts'
import type { HeardElsewhere, Members } from '../storage/members.ts'

const LOOK_MS = 1_000
/** How sessions end that were sent away: by their collector, or by the agent that was asked to go. */
const ENDED_BY_DRAIN: ReadonlySet<string> = new Set(['draining', 'coming back'])

export interface ElsewhereOptions {
  readonly members: Pick<Members, 'heardElsewhere'>
  readonly clock: Clock
  readonly log: Logger
  readonly liveness: () => Pick<
    Liveness,
    'connected' | 'drained' | 'goodbye' | 'heard' | 'offsetElsewhere'
  > | null
  /** A node can be told about leases again. */
  readonly onConnected: (nodeId: NodeId) => void
}

interface Seen {
  readonly generation: SessionGeneration
  readonly instance: string
  readonly isConnected: boolean
}

export class Elsewhere {
  readonly #options: ElsewhereOptions
  readonly #seen = new Map<NodeId, Seen>()
  readonly #rounds: Rounds

  constructor(options: ElsewhereOptions) {
    this.#options = options
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: LOOK_MS,
      round: () => this.#round(),
      onFailure: (error) =>
        options.log.debug(
          { code: error.code, reason: errorSentence(error) },
          'whom other collectors hear is not known now',
        ),
    })
  }

  service(): Service {
    return { id: 'elsewhere', run: () => this.#rounds.run(), stop: () => this.#rounds.stop() }
  }

  /** The process that the node is connected to; `null`: none that is known. */
  instanceOf(nodeId: NodeId): string | null {
    const seen = this.#seen.get(nodeId)
    return seen?.isConnected === true ? seen.instance : null
  }

  async #round(): Promise<boolean> {
    const all = await this.#options.members.heardElsewhere()
    for (const heard of all) this.#note(heard)
    const there = new Set(all.map(({ nodeId }) => nodeId))
    for (const nodeId of this.#seen.keys()) {
      if (there.has(nodeId)) continue
      // It is connected here, or to nobody for a while.
      this.#seen.delete(nodeId)
      this.#options.liveness()?.offsetElsewhere(nodeId, null)
    }
    return false
  }

  #note(heard: HeardElsewhere): void {
    const { generation, instance, isConnected, nodeId } = heard
    const before = this.#seen.get(nodeId)
    // What was read a moment ago of a session that is over.
    if (before !== undefined && before.generation > generation) return
    this.#seen.set(nodeId, { generation, instance, isConnected })
    const liveness = this.#options.liveness()
    if (liveness === null) return
    const isNew = before === undefined || before.generation !== generation
    if (isNew) liveness.connected(heard, heard.heardAgoMs)
    else if (isConnected) liveness.heard(nodeId, heard.heardAgoMs)
    liveness.offsetElsewhere(nodeId, heard.clockOffsetMs)
    if (isConnected) {
      if (isNew) this.#options.onConnected(nodeId)
    } else if (isNew || before.isConnected) {
      if (heard.endedReason === ENDED_BY_GOODBYE) liveness.goodbye(nodeId, 'stop')
      else if (ENDED_BY_DRAIN.has(heard.endedReason ?? '')) liveness.drained(nodeId)
    }
  }
}
