/**
 * One session's records on their way in, strictly in order. Fold, commit, then the ack: an ack is
 * sent only after effect and watermark are durable together. Facts go through identity first, in a
 * transaction of their own. What a lane knows of its node is a cache: it is read anew after
 * `invalidate`, after `stale` and after facts, and nothing is ever decided twice from it, because
 * the store checks watermark and session with each write.
 */
import {
  AppError,
  assert,
  type Batch,
  type ErrorCode,
  type Goodbye,
  type Logger,
  type NodeFacts,
  type RefusedRecord,
  type World,
} from '@yiben/shared'
import { decideIdentities, identitiesToRead } from '../inventory/identity.ts'
import type { NodeId, SessionGeneration } from '../model/ids.ts'
import type { IngestCommit } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { foldAnchor, foldRecords } from '../timeline/fold.ts'
import type { FoldContext, FoldEffect, FoldState } from '../timeline/fold-state.ts'
import { type Frontier, frontierAt, hashText, type NumberedRecord, planBatch } from './batch.ts'
import type { GroupCommit } from './group-commit.ts'
import { NodeReads, type NodeReadsStore } from './node-reads.ts'
import { type Part, partUntilFacts } from './part.ts'
import { type StoreGuard, Unwanted } from './store-guard.ts'
import { RECORDS_WITHOUT_TURN_MAX, type Turns } from './turns.ts'

/** Records folded into one commit: several queued batches of a backlog go together. */
const RECORDS_PER_COMMIT_MAX = 1_024
/** A batch of more records is a backlog, whose age tells nothing of clocks. */
const LIVE_RECORDS_MAX = 2
/** Another node's facts can change the claims under a decision; so often in a row is no accident. */
const FACTS_ATTEMPTS_MAX = 5
/** After a `stale` the lane reads anew; a second writer of the same session would be a bug. */
const STALE_MAX = 3

type LaneStore = NodeReadsStore & Pick<Store, 'readClaims' | 'commitFacts'>

/** What a lane tells its session. None of these is called after `close`. */
export interface LaneOwner {
  /** Durable up to `watermark`; `refused` are the records among them that were not taken. */
  committed(watermark: number, refused: readonly RefusedRecord[]): void
  /** A tick names facts that were never told. */
  needFacts(): void
  goodbye(goodbye: Goodbye): void
  /** A live tick ended at `nodeMs` on the node; its way may have taken `waitMs`. */
  measured(sample: {
    readonly receivedAtMs: number
    readonly nodeMs: number
    readonly waitMs: number
  }): void
  /** The session cannot go on. */
  fail(code: ErrorCode, sentence: string): void
}

export interface LaneOptions {
  readonly store: LaneStore
  readonly commits: GroupCommit
  readonly turns: Turns
  readonly guard: StoreGuard
  readonly world: World
  readonly log: Logger
  readonly nodeId: NodeId
  readonly sessionGeneration: SessionGeneration
  readonly epoch: string
  readonly owner: LaneOwner
  /** Records that end after this are refused. */
  readonly futureLimitMs: () => number
  /** Placements of these nodes have changed: whoever caches them reads anew. */
  readonly invalidate: (nodeIds: ReadonlySet<NodeId>) => void
  /** A commit has moved this node's timeline, which now ends there. */
  readonly onTimeline: (toldToMs: number) => void
}

export class Lane {
  readonly #options: LaneOptions
  readonly #reads: NodeReads
  readonly #queue: Offered[] = []
  #isPumping = false
  #isClosed = false
  /** `null`: to be read. */
  #state: FoldState | null = null
  #stateVersion = 0
  #frontier: Frontier = { seq: 0, hash: null }
  #staleCount = 0

  constructor(options: LaneOptions) {
    this.#options = options
    this.#reads = new NodeReads(options.store, options.guard, () => !this.#isClosed)
  }

  /** Takes a batch; what comes of it is told to the owner. Bounded by the session's window. */
  offer(batch: Batch): void {
    if (this.#isClosed) return
    this.#queue.push({ batch, receivedAtMs: this.#options.world.clock.wallMs() })
    if (!this.#isPumping) void this.#pump()
  }

  /** Nothing more is told; a commit under way still happens. */
  close(): void {
    this.#isClosed = true
    this.#queue.length = 0
  }

  /** What is cached of the node is out of date. */
  invalidate(): void {
    this.#stateVersion += 1
    this.#state = null
  }

  async #pump(): Promise<void> {
    this.#isPumping = true
    try {
      while (this.#queue.length > 0 && !this.#isClosed) await this.#takeInTurn()
    } catch (error) {
      this.#fail(error)
    }
    this.#isPumping = false
  }

  #fail(error: unknown): void {
    if (this.#isClosed || error instanceof Unwanted) return
    const { log, owner, nodeId } = this.#options
    if (error instanceof AppError) {
      owner.fail(error.code, error.message)
      return
    }
    // A bug on the path of one node must not take the others down.
    log.error({ err: error, node_id: nodeId }, 'records of a node could not be taken')
    owner.fail('internal', 'the collector failed on these records')
  }

  /** What is more than a few minutes waits until it is its turn. */
  async #takeInTurn(): Promise<void> {
    let queued = 0
    for (const { batch } of this.#queue) queued += batch.records.length
    if (queued <= RECORDS_WITHOUT_TURN_MAX) return this.#takeQueued()
    const records = Math.min(queued, RECORDS_PER_COMMIT_MAX)
    await this.#options.turns.run(records, async () => {
      if (!this.#isClosed) await this.#takeQueued()
    })
  }

  async #takeQueued(): Promise<void> {
    let state = await this.#current()
    const records: NumberedRecord[] = []
    let batches = 0
    for (const { batch } of this.#queue) {
      if (batches > 0 && records.length + batch.records.length > RECORDS_PER_COMMIT_MAX) break
      const { epoch } = this.#options
      const last = records.at(-1)
      const frontier = last === undefined ? this.#frontier : frontierAt(last, epoch)
      const plan = planBatch(batch, epoch, frontier)
      if (plan.status === 'refused') {
        if (batches > 0) break
        throw new AppError(plan.code, plan.sentence)
      }
      batches += 1
      records.push(...plan.records)
    }
    const taken = this.#queue.splice(0, batches)
    const [only, ...others] = taken
    const isLive = others.length === 0 && records.length <= LIVE_RECORDS_MAX
    let rest: readonly NumberedRecord[] = records
    while (rest.length > 0 && !this.#isClosed) {
      const part = partUntilFacts(state, rest, this.#options.epoch)
      if (isLive && only !== undefined) this.#measure(part, only.receivedAtMs)
      const isDone = await this.#commitPart(state, part)
      if (!isDone) {
        this.#queue.unshift(...taken)
        return
      }
      rest = rest.slice(part.records.length + (part.facts === null ? 0 : 1))
      if (rest.length > 0) state = await this.#current()
    }
    // Nothing was new: say again how far everything is durable.
    if (records.length === 0) this.#told(this.#frontier.seq, [])
  }

  /** A tick that came by itself ended a moment ago on the node's clock: evidence of its offset. */
  #measure(part: Part, receivedAtMs: number): void {
    for (const { result } of part.records) {
      if (result.status !== 'ok' || result.record.kind !== 'tick') continue
      const { startMs, spanMs, samplesExpected } = result.record.tick
      const periodMs = samplesExpected === 0 ? spanMs : spanMs / samplesExpected
      const nodeMs = startMs + spanMs
      this.#options.owner.measured({ receivedAtMs, nodeMs, waitMs: Math.round(periodMs) })
    }
  }

  /** `false`: the store knows better; read anew and begin again. */
  async #commitPart(state: FoldState, part: Part): Promise<boolean> {
    let current = state
    if (part.upTo !== null || hasUntoldFacts(state)) {
      const effect = foldRecords(current, part.records, this.#context())
      const next = await this.#commit(effect, part.upTo ?? this.#frontier)
      if (next === null) return false
      current = next
    }
    if (part.facts === null) return true
    const { upTo, facts } = part.facts
    if (current.open === null || current.open.epoch !== this.#options.epoch) {
      const effect = foldAnchor(current, facts.atMs, this.#context())
      const next = await this.#commit(effect, this.#frontier)
      if (next === null) return false
      current = next
    }
    return this.#commitFacts(upTo, facts)
  }

  /** The state after the commit; `null` when it was stale. Throws when the session is fenced. */
  async #commit(effect: FoldEffect, upTo: Frontier): Promise<FoldState | null> {
    const { nodeId, commits } = this.#options
    const version = this.#stateVersion
    const conflicts = await this.#reads.conflictsOf(
      nodeId,
      effect.lateProofs,
      this.#options.world.clock.wallMs(),
    )
    const commit: IngestCommit = {
      ...this.#position(upTo),
      open: effect.open,
      closedRuns: effect.closedRuns,
      unitHours: effect.unitHours,
      nodeHours: effect.nodeHours,
      closedWindows: effect.closedWindows,
      refused: effect.refused,
      silencesEnded: effect.silencesEnded,
      silencesBegun: [],
      dirtyHours: effect.dirtyHours,
      clockSteps: effect.clockSteps,
      leaseRecords: effect.leaseRecords,
      conflicts: conflicts.rows,
      outbox: [...effect.outbox, ...conflicts.outbox],
    }
    const result = await commits.submit(commit, () => !this.#isClosed)
    if (result.status === 'fenced') throw fenced()
    if (result.status === 'stale') return this.#stale()
    this.#staleCount = 0
    this.#frontier = upTo
    const open = { ...effect.open, changeSeq: result.changeSeq }
    const next = { ...effect.state, open }
    this.#state = version === this.#stateVersion ? next : null
    if (conflicts.nodeIds.size > 0) this.#options.invalidate(conflicts.nodeIds.add(nodeId))
    this.#tellCommitted(effect)
    return this.#state ?? this.#current()
  }

  async #commitFacts(upTo: Frontier, facts: NodeFacts): Promise<boolean> {
    const { store, guard, nodeId, world } = this.#options
    const isWanted = () => !this.#isClosed
    for (let attempt = 0; attempt < FACTS_ATTEMPTS_MAX; attempt += 1) {
      const state = await this.#current()
      const claims = await guard.run(
        () => store.readClaims(identitiesToRead(nodeId, facts)),
        isWanted,
      )
      const others = new Set(claims.flatMap(({ unit }) => (unit === null ? [] : [unit.nodeId])))
      others.delete(nodeId)
      const decision = decideIdentities({
        nodeId,
        facts,
        edgeMs: state.open?.timelineEndMs ?? facts.atMs,
        nowMs: world.clock.wallMs(),
        units: state.units,
        silences: [...state.silences, ...(await this.#reads.silencesOf(others))],
        claims,
      })
      const commit = {
        ...this.#position(upTo),
        facts,
        receivedAtMs: world.clock.wallMs(),
        ...decision,
      }
      const result = await guard.run(() => store.commitFacts(commit), isWanted)
      if (result.status === 'fenced') throw fenced()
      // Others may hold placements that have just ended or come into conflict.
      if (others.size > 0) this.#options.invalidate(others)
      this.invalidate()
      if (result.status === 'committed') {
        this.#frontier = upTo
        return this.#adoptFacts()
      }
      const before = this.#frontier.seq
      await this.#current()
      if (this.#frontier.seq !== before) return false
    }
    throw new AppError(
      'conflict',
      'the claims on these accelerators keep changing: try again later',
    )
  }

  /** What left the node leaves its open row at once, so that nothing of it stays deposited. */
  async #adoptFacts(): Promise<boolean> {
    const effect = foldRecords(await this.#current(), [], this.#context())
    return (await this.#commit(effect, this.#frontier)) !== null
  }

  #stale(): null {
    this.#staleCount += 1
    if (this.#staleCount > STALE_MAX) {
      throw new AppError('session_fenced', 'another writer moves the watermark of this session')
    }
    this.invalidate()
    return null
  }

  #tellCommitted(effect: FoldEffect): void {
    const refused = effect.refused.filter((row) => effect.refusedSeqs.has(row.seq))
    this.#told(
      this.#frontier.seq,
      refused.map(({ seq, code, sentence }) => ({ seq, code, sentence })),
    )
    this.#options.onTimeline(effect.open.timelineEndMs)
    if (this.#isClosed) return
    if (refused.some((row) => row.code === 'record_unknown_facts')) this.#options.owner.needFacts()
    if (effect.goodbye !== null) this.#options.owner.goodbye(effect.goodbye)
  }

  #told(watermark: number, refused: readonly RefusedRecord[]): void {
    if (!this.#isClosed) this.#options.owner.committed(watermark, refused)
  }

  #position(upTo: Frontier) {
    assert(upTo.seq >= this.#frontier.seq, 'a watermark never goes back')
    return {
      nodeId: this.#options.nodeId,
      sessionGeneration: this.#options.sessionGeneration,
      epoch: this.#options.epoch,
      expectedWatermark: this.#frontier.seq,
      watermark: upTo.seq,
      watermarkHash: hashText(upTo),
    }
  }

  #context(): FoldContext {
    const nowMs = this.#options.world.clock.wallMs()
    return { epoch: this.#options.epoch, nowMs, futureLimitMs: this.#options.futureLimitMs() }
  }

  /** The node as the next record finds it. */
  async #current(): Promise<FoldState> {
    for (;;) {
      if (this.#state !== null) return this.#state
      const version = this.#stateVersion
      const loaded = await this.#reads.loadState(this.#options.nodeId, this.#options.epoch)
      if (loaded === null) throw fenced()
      // Bounded: it is invalidated by facts of other nodes and by silence, each seldom.
      if (version !== this.#stateVersion) continue
      this.#state = loaded.state
      this.#frontier = loaded.frontier
    }
  }
}

interface Offered {
  readonly batch: Batch
  readonly receivedAtMs: number
}

/** A crash between facts and their open row: the row still names units that have left. */
function hasUntoldFacts({ open, facts }: FoldState): boolean {
  return (
    open !== null &&
    facts !== null &&
    facts.epoch === open.epoch &&
    facts.revision !== open.factsRevision
  )
}

function fenced(): AppError {
  return new AppError('session_fenced', 'another session of this node has been opened')
}
