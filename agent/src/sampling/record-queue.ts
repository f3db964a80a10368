/**
 * Records on their way to disk. Nearly always a record goes straight into the spool; while the disk
 * is full it waits here, in order and within a bound.
 *
 * Promises: records reach the spool in the order in which they were added, none twice. While the
 * disk takes nothing, the newest `ticksMax` ticks are kept; older time becomes a gap unknown(lost)
 * in the record stream itself, openly. A failure is logged once, and once more when it is over.
 */
import {
  AppError,
  assert,
  type DurableRecord,
  type ErrorCode,
  errorCode,
  errorSentence,
  type Logger,
  type Spool,
} from '@yiben/shared'

/** Facts, policies, vetoes and leases that may wait; past it the last words alone are kept. */
const OTHERS_MAX = 128
/** Vetoes and words about leases kept when everything else is given up. */
const WORDS_KEPT = 64

const DISK_CODES: readonly ErrorCode[] = ['disk_full', 'disk_failed', 'disk_locked']

export function isDiskFailure(error: unknown): boolean {
  return error instanceof AppError && DISK_CODES.includes(error.code)
}

export interface RecordQueueOptions {
  readonly spool: Spool
  readonly encode: (record: DurableRecord) => Uint8Array
  readonly log: Logger
  readonly bootId: string
  /** Ticks kept while the disk takes nothing. */
  readonly ticksMax: number
}

interface Item {
  readonly record: DurableRecord
  readonly bytes: Uint8Array
  readonly timelineEndMs: number
  readonly keep: boolean
}

export class RecordQueue {
  readonly #options: RecordQueueOptions
  readonly #log: Logger
  #waiting: Item[] = []
  #isFailing = false
  #lostMs = 0
  #endMs: number

  constructor(options: RecordQueueOptions) {
    this.#options = options
    this.#log = options.log.child({ component: 'records' })
    this.#endMs = options.spool.state().timelineEndMs ?? 0
  }

  /** End of the node's timeline with what waits here: where the next tick begins. */
  get endMs(): number {
    return this.#endMs
  }

  get waitingRecords(): number {
    return this.#waiting.length
  }

  /** `durable`: on disk with everything before it. `waiting`: the disk takes nothing now. */
  add(records: readonly DurableRecord[]): 'durable' | 'waiting' {
    for (const record of records) this.#waiting.push(this.#item(record))
    return this.flush()
  }

  /** Tries again what waits; harmless when nothing does. */
  flush(): 'durable' | 'waiting' {
    if (this.#waiting.length === 0) return 'durable'
    try {
      this.#options.spool.append(this.#waiting)
    } catch (error) {
      if (!isDiskFailure(error)) throw error
      this.#noteFailure(error)
      this.#bound()
      return 'waiting'
    }
    if (this.#isFailing) {
      this.#log.info(
        { records: this.#waiting.length, lostMs: this.#lostMs },
        'the disk takes records again',
      )
    }
    this.#waiting = []
    this.#isFailing = false
    this.#lostMs = 0
    return 'durable'
  }

  /** The spool was shifted, or begun anew: its end is the timeline's, and what waited is void. */
  restart(): void {
    this.#waiting = []
    this.#endMs = this.#options.spool.state().timelineEndMs ?? 0
  }

  #item(record: DurableRecord): Item {
    const endMs = timelineEnd(record) ?? this.#endMs
    assert(endMs >= this.#endMs, 'the timeline of a node never goes back')
    this.#endMs = endMs
    return this.#itemOf(record, endMs)
  }

  #itemOf(record: DurableRecord, timelineEndMs: number): Item {
    const bytes = this.#options.encode(record)
    return { record, bytes, timelineEndMs, keep: givesMeaning(record) }
  }

  #noteFailure(error: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    this.#log.error(
      { code: errorCode(error), reason: errorSentence(error), ticksMax: this.#options.ticksMax },
      'the disk takes no records: they are kept in memory and tried again each round',
    )
  }

  #bound(): void {
    const ticks = this.#waiting.filter((item) => item.record.kind === 'tick').length
    for (let excess = ticks - this.#options.ticksMax; excess > 0; excess -= 1)
      this.#loseOldestTick()
    if (this.#waiting.length - ticks > OTHERS_MAX) this.#keepLastWords()
  }

  #loseOldestTick(): void {
    const index = this.#waiting.findIndex((item) => item.record.kind === 'tick')
    const item = this.#waiting[index]
    if (item === undefined || item.record.kind !== 'tick') return
    const { startMs, spanMs } = item.record.tick
    const before = this.#waiting[index - 1]
    const isJoined = before?.record.kind === 'gap' && before.record.gap.cause === 'lost'
    const fromMs = isJoined ? before.record.gap.startMs : startMs
    const gap = this.#lostGap(fromMs, startMs + spanMs)
    const lost = this.#itemOf(gap, item.timelineEndMs)
    this.#waiting.splice(isJoined ? index - 1 : index, isJoined ? 2 : 1, lost)
    this.#noteLoss(spanMs)
  }

  /** One gap over all that waited, the facts and the policy that hold now, then vetoes and leases. */
  #keepLastWords(): void {
    const timed = this.#waiting.flatMap(({ record }) =>
      record.kind === 'tick'
        ? [record.tick.startMs]
        : record.kind === 'gap'
          ? [record.gap.startMs]
          : [],
    )
    const facts = this.#waiting.filter(({ record }) => record.kind === 'facts').slice(-1)
    const policy = this.#waiting.filter(({ record }) => record.kind === 'policy').slice(-1)
    const words = this.#waiting.filter(
      ({ record: { kind } }) => kind === 'veto' || kind === 'lease',
    )
    const startMs = timed[0]
    const gaps: Item[] = []
    if (startMs !== undefined) {
      const gap = this.#lostGap(startMs, this.#endMs)
      gaps.push(this.#itemOf(gap, this.#endMs))
      this.#noteLoss(this.#endMs - startMs)
    }
    const kept = [...facts, ...policy, ...words.slice(-WORDS_KEPT)]
    this.#waiting = [...gaps, ...kept.map((item) => ({ ...item, timelineEndMs: this.#endMs }))]
  }

  #noteLoss(ms: number): void {
    if (this.#lostMs === 0) {
      this.#log.error({}, 'more waits for the disk than may be kept: the oldest time is lost')
    }
    this.#lostMs += ms
  }

  #lostGap(startMs: number, endMs: number): DurableRecord {
    return { kind: 'gap', gap: { startMs, endMs, cause: 'lost', bootId: this.#options.bootId } }
  }
}

/** Later records are read by these: a full spool drops them last. */
export function givesMeaning({ kind }: DurableRecord): boolean {
  return kind === 'facts' || kind === 'policy' || kind === 'veto' || kind === 'lease'
}

/** Where a record moves the timeline to; `null` for one that takes no time. */
export function timelineEnd(record: DurableRecord): number | null {
  if (record.kind === 'tick') return record.tick.startMs + record.tick.spanMs
  if (record.kind === 'gap') return record.gap.endMs
  return null
}
