/**
 * The second journal: every decision on a draw, on another disk, before anybody is answered (SPEC, The
 * second journal). The store keeps a copy of each decision in the decision's own transaction; here
 * copies are appended to a segment, made durable, and only then `written` resolves. Killed anywhere
 * the copies that are not there yet are appended by the next process; nothing is appended twice.
 *
 * While it cannot be written, `refuse` throws: no bank is answered, nothing is granted. What happens
 * to leases by time and by their owners goes on, and is appended when the disk is there again.
 * Decisions that wait for the disk share one write, and one fsync.
 */
import { rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, type Clock, errorSentence, type Logger, Rounds, syncFolder } from '@yiben/shared'
import type { LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import {
  lastChain,
  removeOldSegments,
  type SegmentFile,
  segmentFiles,
  segmentName,
} from './second-folder.ts'
import { beginBody, decisionsBody, encodeRecord, NO_HASH } from './second-format.ts'

/** One record: some megabytes at the most, of usual draws. */
const COPIES_PER_RECORD = 200
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024
/** A disk that takes longer than this for one write is no disk. */
const WRITE_MS_MAX = 5_000
const ROUND_EVERY_MS = 2_000
/** Copies in the store are taken away so many at once. */
const DROP_EVERY = 500
/** Backups are good for as long as segments go back: five weeks. */
const KEPT_MS = 35 * 24 * 3_600_000

export interface SecondJournalOptions {
  readonly folder: string
  readonly store: Pick<Store, 'keepDrawCopies' | 'readDrawCopies' | 'dropDrawCopies'>
  readonly ledger: Pick<LedgerState, 'origin' | 'generation'>
  readonly clock: Clock
  readonly logger: Logger
}

/** Where the next record goes. */
interface OpenSegment {
  readonly handle: FileHandle
  readonly path: string
  link: Uint8Array
  bytes: number
}

/** What is on the disk for certain. */
interface Durable {
  readonly number: number
  /** Of the record that this decision came in. */
  readonly hash: Uint8Array
}

export class SecondJournal {
  readonly id = 'second journal'
  readonly #options: SecondJournalOptions
  readonly #logger: Logger
  readonly #rounds: Rounds
  #segment: OpenSegment | null = null
  #durable: Durable | null = null
  #droppedTo = 0
  #running: Promise<void> | null = null
  #queued: Promise<void> | null = null
  #failure: AppError | null = null

  constructor(options: SecondJournalOptions) {
    this.#options = options
    this.#logger = options.logger.child({ component: 'second-journal' })
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: ROUND_EVERY_MS,
      round: () => this.#round(),
      onFailure: () => {},
    })
  }

  /** Before anything is granted: the store begins to copy. */
  async start(): Promise<void> {
    await this.#options.store.keepDrawCopies(true)
    await this.written().catch(() => {})
  }

  run(): Promise<void> {
    return this.#rounds.run()
  }

  /** What is under way may still be answered: `written` goes on to work. */
  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** `false` while nothing is granted because of it. */
  isWriting(): boolean {
    return this.#failure === null
  }

  /** Throws `second_journal_unavailable` while it cannot be written. */
  refuse(): void {
    if (this.#failure !== null) throw this.#failure
  }

  /**
   * Everything that was committed before is on the disk when it resolves. Rejects with
   * `second_journal_unavailable`; what was committed is appended later then.
   */
  async written(): Promise<void> {
    try {
      await this.#inTime(this.#turn())
    } catch (error) {
      throw this.#failed(error)
    }
    this.#succeeded()
  }

  /** A write that has not begun yet: one that runs may have read the copies too early. */
  #turn(): Promise<void> {
    if (this.#queued !== null) return this.#queued
    if (this.#running === null) return this.#begin()
    const queued = this.#running
      .catch(() => {})
      .then(() => {
        this.#queued = null
        return this.#begin()
      })
    this.#queued = queued
    return queued
  }

  #begin(): Promise<void> {
    const work = this.#append()
    const ended = () => {
      this.#running = null
    }
    this.#running = work
    work.then(ended, ended)
    return work
  }

  async #append(): Promise<void> {
    const { store } = this.#options
    try {
      const segment = await this.#openSegment()
      for (;;) {
        const after = this.#durable?.number ?? 0
        const { copies } = await store.readDrawCopies(after, COPIES_PER_RECORD)
        const [first] = copies
        if (first === undefined) break
        const changes = copies.map(({ change }) => change)
        await this.#write(segment, decisionsBody(first.number, changes))
        this.#durable = { number: first.number + copies.length - 1, hash: segment.link }
        if (copies.length < COPIES_PER_RECORD) break
      }
    } catch (error) {
      await this.#closeSegment()
      throw error
    }
  }

  async #write(segment: OpenSegment, body: string, isFirst = false): Promise<void> {
    const { bytes, hash } = encodeRecord(body, segment.link, isFirst)
    await segment.handle.appendFile(bytes)
    await segment.handle.datasync()
    segment.link = hash
    segment.bytes += bytes.length
  }

  /** After a failure nobody knows what the disk holds of a segment: the next one begins anew. */
  async #openSegment(): Promise<OpenSegment> {
    if (this.#segment !== null && this.#segment.bytes < SEGMENT_BYTES_MAX) return this.#segment
    await this.#closeSegment()
    const { clock, folder, ledger } = this.#options
    const own = segmentFiles(folder).filter(({ generation }) => generation === ledger.generation)
    const last = this.#durable ?? (await this.#readDurable(own))
    const path = join(folder, segmentName(ledger.generation, (own.at(-1)?.position ?? 0) + 1))
    const handle = await open(path, 'ax', 0o600)
    const segment: OpenSegment = { handle, path, link: last.hash, bytes: 0 }
    const { origin, generation } = ledger
    const begin = { origin, generation, first_number: last.number + 1, at_ms: clock.wallMs() }
    try {
      await this.#write(segment, beginBody(begin), true)
      syncFolder(folder)
    } catch (error) {
      // A full disk would fill up with files that hold nothing.
      await handle.close().catch(() => {})
      rmSync(path, { force: true })
      throw error
    }
    this.#segment = segment
    this.#durable = last
    removeOldSegments(segmentFiles(folder), clock.wallMs() - KEPT_MS)
    return segment
  }

  /** By the segments, checked against what the store knows to have been decided. */
  async #readDurable(own: readonly SegmentFile[]): Promise<Durable> {
    const { ledger, store } = this.#options
    const chain = lastChain(own, ledger.origin)
    const number = chain.nextNumber - 1
    if (chain.tornBytes > 0) {
      this.#logger.warn({ bytes: chain.tornBytes }, 'a half-written end is left as it is')
    }
    const { copies, lastNumber } = await store.readDrawCopies(number, 1)
    if (number > lastNumber) {
      const sentence = `it holds decisions up to ${number}, this ledger only up to ${lastNumber}: an older copy is in place; restore it with --second-journal`
      throw new AppError('second_journal_unavailable', sentence)
    }
    const next = copies[0]?.number ?? lastNumber + 1
    if (next === number + 1) return { number, hash: chain.lastHash }
    const fields = { from: number + 1, to: next - 1 }
    this.#logger.error(fields, 'decisions are missing here that the ledger has: begun anew')
    return { number: next - 1, hash: NO_HASH }
  }

  async #closeSegment(): Promise<void> {
    const segment = this.#segment
    this.#segment = null
    await segment?.handle.close().catch(() => {})
  }

  async #inTime(work: Promise<void>): Promise<void> {
    const late = Promise.withResolvers<never>()
    const timer = this.#options.clock.after(WRITE_MS_MAX, () => {
      const sentence = `the disk has not answered for ${WRITE_MS_MAX / 1_000} s`
      late.reject(new AppError('second_journal_unavailable', sentence))
    })
    try {
      await Promise.race([work, late.promise])
    } finally {
      timer.cancel()
    }
  }

  #succeeded(): void {
    if (this.#failure !== null) this.#logger.info({}, 'decisions are written again')
    this.#failure = null
  }

  #failed(error: unknown): AppError {
    const { folder } = this.#options
    const sentence = `decisions cannot be written to journal.second (${folder}), so nothing is granted: ${errorSentence(error)}`
    const failure = new AppError('second_journal_unavailable', sentence, { cause: error })
    if (this.#failure === null) this.#logger.error({ err: failure }, 'nothing is granted')
    this.#failure = failure
    return failure
  }

  /** What waits is tried again; what is on both disks goes from the first. */
  async #round(): Promise<boolean> {
    await this.written()
    const number = this.#durable?.number ?? 0
    const isFirst = this.#droppedTo === 0 && number > 0
    if (isFirst || number - this.#droppedTo >= DROP_EVERY) {
      await this.#options.store.dropDrawCopies(number)
      this.#droppedTo = number
    }
    return false
  }
}
