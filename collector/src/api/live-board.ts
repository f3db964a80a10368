/**
 * What moves, for pages that are open: one look at the journal and at the timeline for all of them,
 * as long as somebody follows. Says that something moved, never what: a follower asks for that, and
 * is answered within their rights.
 */
import { AppError, type Clock, type Logger, sleep } from '@yiben/shared'
import { decodeEntry } from '../journal/entry.ts'
import { FEED_KINDS, type JournalEntry } from '../model/ledger.ts'
import type { Store } from '../storage/store.ts'
import type { EntrySignal } from './entry-signal.ts'

/** One look reads so many entries; the next one goes on. */
const LOOK_ENTRIES_MAX = 500
/** The ledger is said to have moved at most this often. */
const LEDGER_EVERY_MS = 2_000
const LOOK_MS = 1_000
const FEED: ReadonlySet<string> = new Set(FEED_KINDS)

export type LiveEvent =
  | { readonly kind: 'ledger'; readonly atMs: number }
  | {
      readonly kind: 'hour_sealed' | 'hour_corrected'
      readonly hourMs: number
      readonly version: number
      readonly knownAtMs: number
    }
  /** Entries of the change feed after `afterSeq`, at most up to `seq`. */
  | { readonly kind: 'changes'; readonly afterSeq: number; readonly seq: number }

type Follower = (event: LiveEvent) => void

interface LiveParts {
  readonly store: Pick<Store, 'journalHead' | 'readJournal'>
  readonly clock: Clock
  readonly logger: Logger
  readonly entries: EntrySignal
  readonly timelineMoves: () => number
  readonly followersMax: number
}

export class LiveBoard {
  readonly #parts: LiveParts
  readonly #followers = new Set<Follower>()
  #isLooking = false
  #moves = 0
  #ledgerAtMs = Number.NEGATIVE_INFINITY
  #hasMoved = false

  constructor(parts: LiveParts) {
    this.#parts = parts
  }

  /** Answers how to stop. Throws `overloaded` when too many follow. */
  follow(follower: Follower): () => void {
    if (this.#followers.size >= this.#parts.followersMax) {
      throw new AppError('overloaded', 'too many pages follow what is live')
    }
    this.#followers.add(follower)
    void this.#look()
    return () => void this.#followers.delete(follower)
  }

  /** One loop at a time; ends when nobody follows, and begins anew with the next one. */
  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const { entries, timelineMoves } = this.#parts
    this.#moves = timelineMoves()
    let seq: number | null = null
    while (this.#followers.size > 0 && !entries.isClosed) {
      seq = await this.#lookOnce(seq)
      this.#tellLedger()
      await this.#pause()
    }
    this.#isLooking = false
  }

  /** `null` before the first look that succeeds: what was there before is no news. */
  async #lookOnce(seq: number | null): Promise<number | null> {
    const { logger, store } = this.#parts
    try {
      if (seq === null) return (await store.journalHead()).seq
      return await this.#lookAfter(seq)
    } catch (error) {
      logger.warn({ err: error }, 'what is live could not be looked at')
      return seq
    }
  }

  /** Where too many wait on the feed already, by the clock alone. */
  async #pause(): Promise<void> {
    const { clock, entries } = this.#parts
    try {
      await entries.wait(LOOK_MS, new AbortController().signal)
    } catch {
      await sleep(clock, LOOK_MS)
    }
  }

  async #lookAfter(seq: number): Promise<number> {
    const found = await this.#parts.store.readJournal(seq, LOOK_ENTRIES_MAX)
    const last = found.at(-1)
    if (last === undefined) return seq
    for (const entry of found) {
      const event = hourEvent(entry)
      if (event !== null) this.#tell(event)
    }
    if (found.some(({ kind }) => FEED.has(kind))) {
      this.#tell({ kind: 'changes', afterSeq: seq, seq: last.seq })
    }
    this.#hasMoved ||= found.some(({ kind }) => kind !== 'audit_sealed')
    return last.seq
  }

  #tellLedger(): void {
    const { clock, timelineMoves } = this.#parts
    const moves = timelineMoves()
    this.#hasMoved ||= moves !== this.#moves
    this.#moves = moves
    const nowMs = clock.monotonicMs()
    if (!this.#hasMoved || nowMs - this.#ledgerAtMs < LEDGER_EVERY_MS) return
    this.#hasMoved = false
    this.#ledgerAtMs = nowMs
    this.#tell({ kind: 'ledger', atMs: clock.wallMs() })
  }

  #tell(event: LiveEvent): void {
    for (const follower of [...this.#followers]) follower(event)
  }
}

function hourEvent({ bytes, kind }: JournalEntry): LiveEvent | null {
  if (kind !== 'hour_sealed' && kind !== 'hour_corrected') return null
  const decoded = decodeEntry(bytes)
  if (decoded === null) return null
  const { hour_ms: hourMs, part, version } = decoded.payload
  if (typeof hourMs !== 'number' || typeof version !== 'number') return null
  // A long correction has several entries: the first one says it.
  if (typeof part === 'number' && part > 1) return null
  return { kind, hourMs, version, knownAtMs: decoded.atMs }
}
