/**
 * Moves what the feed tells into the spool of the link. The cursor lies in the spool, under its epoch
 * and the ledger's generation, and is moved after the records are durable there: a crash in between
 * repeats, never skips. In another epoch, or of a restored ledger, everything is told again.
 *
 * The feed holds each thing once however long the parent is away; so as little as possible waits in
 * the spool, where a thing may be held many times.
 */
import {
  assert,
  type ChildRecord,
  type Clock,
  encodeChildRecord,
  type Logger,
  parseJson,
  RECORD_BYTES_MAX,
  type Spool,
} from '@yiben/shared'
import { z } from 'zod'
import { FEED_START, type FeedCursor, isSameCursor } from '../storage/feed-store.ts'
import type { Store } from '../storage/store.ts'

const CURSOR_META = 'feed'
/** Things a page; an hour is a record for each site. */
const PAGE_THINGS = 64
/** So many wait while nobody takes them: the rest stays in the feed, which has each thing once. */
const OFFLINE_RECORDS_MAX = 256
/** More than a link has on its way, and far less than the spool holds. */
const ONLINE_RECORDS_MAX = 4096
const WAITING_BYTES_MAX = 64 * 1024 * 1024
const LIMITS_EVERY_MS = 60_000

const number = z.number().int().min(0)
const cursorSchema = z.object({
  epoch: z.string(),
  generation: number,
  after: z.object({ collectors: number, facts: number, hours: number }),
})

export interface FeederOptions {
  readonly store: Pick<Store, 'readFeed' | 'countFeed'>
  readonly spool: Spool
  readonly clock: Clock
  readonly log: Logger
  /** Identity key of this ledger. */
  readonly origin: string
  readonly generation: number
  readonly isOnline: () => boolean
  readonly onAppended: () => void
}

export class Feeder {
  readonly #options: FeederOptions
  /** Bytes of what was appended, by the last number of each append; what is acknowledged goes. */
  #waiting: { readonly lastSeq: number; readonly bytes: number }[]
  #limitsAtMs = Number.NEGATIVE_INFINITY
  #caughtUpAtMs: number
  #leftOut = 0

  constructor(options: FeederOptions) {
    this.#options = options
    this.#caughtUpAtMs = options.clock.monotonicMs()
    const { ackedSeq, lastSeq } = options.spool.state()
    // Of what was left by the process before only the number is known.
    this.#waiting = [{ lastSeq, bytes: (lastSeq - ackedSeq) * RECORD_BYTES_MAX }]
  }

  /** Records that no wire would take; each has been said in the log. */
  get leftOutRecords(): number {
    return this.#leftOut
  }

  /** How long ago the parent had everything; since the start where it has not yet. */
  get lagMs(): number {
    return this.#options.clock.monotonicMs() - this.#caughtUpAtMs
  }

  /** Things that have changed and are not in the spool yet. */
  behind(): Promise<number> {
    return this.#options.store.countFeed(this.#cursor())
  }

  /** Nothing is on its way any more: what was is told again. */
  epochBegan(): void {
    this.#waiting = []
  }

  /** One page, where there is room; true when there may be more. */
  async round(): Promise<boolean> {
    this.#keepLimits()
    if (!this.#hasRoom()) return false
    const { generation, origin, spool, store } = this.#options
    const { epoch } = spool.state()
    const after = this.#cursor()
    const page = await store.readFeed(origin, after, PAGE_THINGS)
    if (isSameCursor(page.next, after)) {
      const { ackedSeq, lastSeq } = spool.state()
      if (ackedSeq === lastSeq) this.#caughtUpAtMs = this.#options.clock.monotonicMs()
      return false
    }
    // Another epoch has begun meanwhile: it begins from the start.
    if (spool.state().epoch !== epoch) return true
    this.#append(page.records)
    spool.setMeta(CURSOR_META, JSON.stringify({ epoch, generation, after: page.next }))
    return true
  }

  #append(records: readonly ChildRecord[]): void {
    const { clock, spool } = this.#options
    const timelineEndMs = Math.round(clock.wallMs())
    const entries = records
      .map((record) => ({ record, bytes: encodeChildRecord(record) }))
      .filter(({ record, bytes }) => this.#fits(record, bytes))
      .map(({ bytes }) => ({ bytes, timelineEndMs }))
    if (entries.length === 0) return
    spool.append(entries)
    const { lastSeq } = spool.state()
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0)
    this.#waiting.push({ lastSeq, bytes })
    this.#options.onAppended()
  }

  #fits(record: ChildRecord, bytes: Uint8Array): boolean {
    if (bytes.length <= RECORD_BYTES_MAX) return true
    this.#leftOut += 1
    const fields = { kind: record.kind, bytes: bytes.length, bytes_max: RECORD_BYTES_MAX }
    this.#options.log.error(fields, 'a record is too long to be told to the parent')
    return false
  }

  #hasRoom(): boolean {
    const { isOnline, spool } = this.#options
    const { ackedSeq, lastSeq } = spool.state()
    this.#waiting = this.#waiting.filter((one) => one.lastSeq > ackedSeq)
    const bytes = this.#waiting.reduce((sum, one) => sum + one.bytes, 0)
    const recordsMax = isOnline() ? ONLINE_RECORDS_MAX : OFFLINE_RECORDS_MAX
    return lastSeq - ackedSeq < recordsMax && bytes < WAITING_BYTES_MAX
  }

  /** Acknowledged records are given up in time; nothing else ever has to be. */
  #keepLimits(): void {
    const { clock, spool } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#limitsAtMs < LIMITS_EVERY_MS) return
    this.#limitsAtMs = nowMs
    const { droppedRecords } = spool.enforceLimits(Math.round(clock.wallMs()))
    assert(droppedRecords === 0, 'nothing that the parent has not got is given up')
  }

  #cursor(): FeedCursor {
    const stored = this.#stored()
    const { generation, spool } = this.#options
    const isOurs = stored?.generation === generation && stored.epoch === spool.state().epoch
    return isOurs ? stored.after : FEED_START
  }

  #stored(): z.infer<typeof cursorSchema> | null {
    const text = this.#options.spool.getMeta(CURSOR_META)
    return cursorSchema.safeParse(parseJson(text ?? '')).data ?? null
  }
}
