/**
 * A node's spool in the simulated world: the real one on a real file, which notes what is sent, is
 * gone when its program is, takes nothing while its disk is full, and can die at any write.
 */
import {
  AppError,
  type FileSpool,
  type Spool,
  type SpoolEntry,
  type SpoolRecord,
  type SpoolState,
} from '@yiben/shared'

/** What the world wants to know of a spool. */
export interface SpoolWatcher {
  appended(epoch: string, records: readonly SpoolRecord[]): void
  /** Numbers whose bytes may be at the collector from now on. */
  sent(epoch: string, records: readonly SpoolRecord[]): void
  /** Records that were not sent were moved by `shiftMs` as one block. */
  shifted(move: {
    readonly epoch: string
    readonly shiftMs: number
    readonly before: readonly SpoolRecord[]
    readonly after: readonly SpoolRecord[]
  }): void
}

export interface SpoolCrash {
  /** Writes until then. */
  writes: number
  readonly isBefore: boolean
  readonly kill: () => void
}

const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER } as const

export class SimSpool implements Spool {
  readonly inner: FileSpool
  readonly #watcher: SpoolWatcher
  /** The disk takes nothing at all. */
  isDiskFull = false
  crash: SpoolCrash | null = null
  #isDead = false

  constructor(inner: FileSpool, watcher: SpoolWatcher) {
    this.inner = inner
    this.#watcher = watcher
  }

  /** The program is gone: its file is let go of, and nothing is written any more. */
  die(): void {
    if (this.#isDead) return
    this.#isDead = true
    this.inner.close()
  }

  state(): SpoolState {
    this.#alive()
    return this.inner.state()
  }

  append(entries: readonly SpoolEntry[]): readonly SpoolRecord[] {
    const epoch = this.state().epoch
    return this.#write(() => {
      const records = this.inner.append(entries)
      this.#watcher.appended(epoch, records)
      return records
    })
  }

  read(fromSeq: number, limit: Parameters<Spool['read']>[1]): readonly SpoolRecord[] {
    this.#alive()
    return this.inner.read(fromSeq, limit)
  }

  hashAt(seq: number): Uint8Array | null {
    this.#alive()
    return this.inner.hashAt(seq)
  }

  markSent(seq: number): void {
    const { epoch, sentSeq } = this.state()
    if (seq <= sentSeq) return
    this.#write(() => {
      this.inner.markSent(seq)
      const fresh = this.inner.read(sentSeq + 1, ALL).filter((record) => record.seq <= seq)
      this.#watcher.sent(epoch, fresh)
    })
  }

  ack(watermark: number): void {
    this.#write(() => this.inner.ack(watermark))
  }

  rewind(watermark: number): 'rewound' | 'not_kept' {
    return this.#write(() => this.inner.rewind(watermark))
  }

  replaceUnsent(fromSeq: number, entries: readonly SpoolEntry[]): boolean {
    const { epoch, timelineEndMs } = this.state()
    const before = this.inner.read(fromSeq, ALL)
    return this.#write(() => {
      const isDone = this.inner.replaceUnsent(fromSeq, entries)
      const endMs = entries.at(-1)?.timelineEndMs ?? timelineEndMs
      if (isDone && endMs !== null && timelineEndMs !== null) {
        const after = this.inner.read(fromSeq, ALL)
        const shiftMs = endMs - timelineEndMs
        this.#watcher.shifted({ epoch, shiftMs, before, after })
      }
      return isDone
    })
  }

  newEpoch(): SpoolState {
    return this.#write(() => this.inner.newEpoch())
  }

  getMeta(key: string): string | null {
    this.#alive()
    return this.inner.getMeta(key)
  }

  setMeta(key: string, value: string): void {
    this.#write(() => this.inner.setMeta(key, value))
  }

  enforceLimits(nowMs: number): { readonly droppedRecords: number } {
    return this.#write(() => this.inner.enforceLimits(nowMs))
  }

  close(): void {
    this.die()
  }

  #alive(): void {
    if (this.#isDead) throw new AppError('disk_failed', 'this program is no more')
  }

  #write<Result>(write: () => Result): Result {
    this.#alive()
    if (this.isDiskFull) throw new AppError('disk_full', 'the simulated disk is full')
    const crash = this.crash
    if (crash === null) return write()
    crash.writes -= 1
    if (crash.writes > 0) return write()
    this.crash = null
    if (!crash.isBefore) write()
    crash.kill()
    throw new AppError('disk_failed', 'this program has just died')
  }
}
