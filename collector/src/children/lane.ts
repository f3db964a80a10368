/**
 * One child's records on their way in, strictly in order: read, judged, committed with the watermark,
 * then acknowledged. The same rules as for a node's (ingest/lane.ts) over records that need no fold:
 * each is absolute, so that one that comes twice changes nothing.
 */
import {
  AppError,
  type Batch,
  type ErrorCode,
  type Logger,
  type RefusedRecord,
  type World,
} from '@yiben/shared'
import {
  type Frontier,
  frontierAt,
  hashText,
  type NumberedRecord,
  planBatch,
} from '../ingest/batch.ts'
import { type StoreGuard, Unwanted } from '../ingest/store-guard.ts'
import type { ChildEpochRow } from '../model/child.ts'
import type { ChildId, SessionGeneration } from '../model/ids.ts'
import type { Store } from '../storage/store.ts'
import { FUTURE_MS_MAX } from '../timeline/fold-state.ts'
import { judgeRecord } from './judge.ts'

/** Records of one transaction: others write in between. */
const RECORDS_PER_COMMIT_MAX = 256

/** What a lane tells its session. None of these is called after `close`. */
export interface ChildLaneOwner {
  /** Durable up to `watermark`; `refused` are the records among them that were not taken. */
  committed(watermark: number, refused: readonly RefusedRecord[]): void
  /** The session cannot go on. */
  fail(code: ErrorCode, sentence: string): void
}

export interface ChildLaneOptions {
  readonly store: Pick<Store, 'commitChild'>
  readonly guard: StoreGuard
  readonly world: World
  readonly log: Logger
  readonly childId: ChildId
  readonly generation: SessionGeneration
  /** As the session was opened. */
  readonly epoch: ChildEpochRow
  readonly ownOrigin: string
  readonly owner: ChildLaneOwner
}

export class ChildLane {
  readonly #options: ChildLaneOptions
  readonly #queue: Batch[] = []
  #frontier: Frontier
  #isPumping = false
  #isClosed = false

  constructor(options: ChildLaneOptions) {
    this.#options = options
    const { watermark, watermarkHash } = options.epoch
    const hash = watermarkHash === null || watermarkHash === '' ? null : watermarkHash
    this.#frontier = {
      seq: watermark,
      hash: hash === null ? null : new Uint8Array(Buffer.from(hash, 'hex')),
    }
  }

  /** Takes a batch; what comes of it is told to the owner. Bounded by the session's window. */
  offer(batch: Batch): void {
    if (this.#isClosed) return
    this.#queue.push(batch)
    if (!this.#isPumping) void this.#pump()
  }

  /** Nothing more is told; a commit under way still happens. */
  close(): void {
    this.#isClosed = true
    this.#queue.length = 0
  }

  async #pump(): Promise<void> {
    this.#isPumping = true
    try {
      for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
        await this.#take(batch)
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#isPumping = false
  }

  async #take(batch: Batch): Promise<void> {
    const plan = planBatch(batch, this.#options.epoch.epoch, this.#frontier)
    if (plan.status === 'refused') throw new AppError(plan.code, plan.sentence)
    // Nothing was new: say again how far everything is durable.
    if (plan.records.length === 0) this.#told([])
    for (let first = 0; first < plan.records.length; first += RECORDS_PER_COMMIT_MAX) {
      await this.#commit(plan.records.slice(first, first + RECORDS_PER_COMMIT_MAX))
      if (this.#isClosed) return
    }
  }

  async #commit(records: readonly NumberedRecord[]): Promise<void> {
    const { childId, epoch, generation, guard, ownOrigin, store, world } = this.#options
    const last = records.at(-1)
    if (last === undefined) return
    const upTo = frontierAt(last, epoch.epoch)
    const nowMs = world.clock.wallMs()
    const commit = {
      childId,
      generation,
      epoch: epoch.epoch,
      expectedWatermark: this.#frontier.seq,
      watermark: upTo.seq,
      watermarkHash: hashText(upTo),
      records: records.map(({ bytes, seq }) => ({
        seq,
        bytes,
        result: judgeRecord(bytes, nowMs + FUTURE_MS_MAX),
      })),
      ownOrigin,
      receivedAtMs: nowMs,
    }
    const result = await guard.run(
      () => store.commitChild(commit),
      () => !this.#isClosed,
    )
    if (result.status === 'fenced') {
      throw new AppError('session_fenced', 'another session of this child has been opened')
    }
    // Only the holder of the session writes: whoever else has moved it, this one cannot go on.
    if (result.status === 'stale') {
      throw new AppError('session_fenced', 'another writer moves the watermark of this session')
    }
    this.#frontier = upTo
    this.#told(result.refused)
  }

  #told(refused: readonly RefusedRecord[]): void {
    if (!this.#isClosed) this.#options.owner.committed(this.#frontier.seq, refused)
  }

  #fail(error: unknown): void {
    if (this.#isClosed || error instanceof Unwanted) return
    const { childId, log, owner } = this.#options
    if (error instanceof AppError) {
      owner.fail(error.code, error.message)
      return
    }
    // A bug on the path of one child must not take the others down.
    log.error({ err: error, child_id: childId }, 'records of a child could not be taken')
    owner.fail('internal', 'the collector failed on these records')
  }
}
