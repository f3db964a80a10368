/**
 * The spool of a node: one SQLite file. Promises of `Spool` (spool.ts), and how they hold here:
 *
 * - Every method that writes is one transaction, synced before it returns. After kill -9 at any
 *   line the file holds the state before or after that transaction, never between.
 * - A number that was sent is never dropped: its bytes may be committed at the collector already.
 *   The link's window bounds how many those are. A `lost` record therefore stands only under
 *   numbers nobody else has seen, and no watermark can fall inside one.
 * - The row at the acknowledged number stays, however old: its hash names the end of what both
 *   sides agree on, and the next batch is chained to it.
 * - The file's pages, its log and the ballast together stay within `bytesMax`.
 */
import type { DatabaseSync } from 'node:sqlite'
import { recordHash } from '../algorithms.ts'
import { assert } from '../assert.ts'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { HOUR_MS } from '../model/interval.ts'
import { type Random, randomHex } from '../world.ts'
import { Ballast, type SpoolDisk, systemDisk } from './ballast.ts'
import { diskError, openSpoolDatabase, readMeta, writeSalvage } from './database.ts'
import { dropUnsent, forgetAcked } from './limits.ts'
import { blob, prepareStatements, recordOf } from './rows.ts'
import type { Spool, SpoolEntry, SpoolRecord, SpoolState } from './spool.ts'
import { type Durability, Transactions } from './transactions.ts'

const EPOCH_BYTES = 16
const PAGE_BYTES = 4096
/** The write-ahead log (1 MiB at rest) and what one transaction may add to it. */
const WAL_RESERVE_BYTES = 3 * 1024 * 1024
/** Room below the hard page bound, so that a drop, which writes before it frees, always fits. */
const DROP_RESERVE_BYTES = 512 * 1024
/** Below this much free disk nothing is appended: SQLite needs room for its log, too. */
const FREE_BYTES_MIN = 256 * 1024

export interface SpoolLimits {
  /** The file, its log and its ballast together. Default 64 MiB. */
  readonly bytesMax: number
  /** Unsent records older than this become lost. Default 7 days. */
  readonly unackedAgeMsMax: number
  /** Acknowledged records stay this long, for a collector that is restored. Default 48 h. */
  readonly ackedRetentionMs: number
  /** Freed when the disk is full, so that what is known can still be written. Default 1 MiB. */
  readonly ballastBytes: number
}

const SPOOL_LIMITS_DEFAULT: SpoolLimits = {
  bytesMax: 64 * 1024 * 1024,
  unackedAgeMsMax: 7 * 24 * HOUR_MS,
  ackedRetentionMs: 48 * HOUR_MS,
  ballastBytes: 1024 * 1024,
}

export interface FileSpoolOptions {
  readonly directory: string
  readonly random: Random
  readonly log: Logger
  readonly limits?: Partial<SpoolLimits>
  /** How much the disk still takes; a simulated one stands in for a full disk. */
  readonly disk?: SpoolDisk
  readonly durability?: Durability
}

/** Opens the spool of a state folder. Throws `disk_locked`, `disk_format_newer`, `disk_failed`. */
export function openFileSpool(options: FileSpoolOptions): FileSpool {
  const database = openSpoolDatabase({
    directory: options.directory,
    newEpochId: () => randomHex(options.random, EPOCH_BYTES),
    log: options.log,
  })
  return new FileSpool(database, options)
}

export class FileSpool implements Spool {
  readonly #database: DatabaseSync
  readonly #directory: string
  readonly #limits: SpoolLimits
  readonly #random: Random
  readonly #log: Logger
  readonly #disk: SpoolDisk
  readonly #ballast: Ballast
  readonly #transactions: Transactions
  readonly #pagesSoftMax: number
  readonly #statements: ReturnType<typeof prepareStatements>
  #state: Omit<SpoolState, 'ackedHash' | 'bytesUsed'>
  #isFull = false

  constructor(database: DatabaseSync, options: FileSpoolOptions) {
    this.#database = database
    this.#directory = options.directory
    this.#limits = { ...SPOOL_LIMITS_DEFAULT, ...options.limits }
    this.#random = options.random
    this.#log = options.log
    this.#disk = options.disk ?? systemDisk(options.directory)
    this.#ballast = new Ballast(options.directory, this.#limits.ballastBytes, this.#disk)
    const pageBytesMax = this.#limits.bytesMax - this.#limits.ballastBytes - WAL_RESERVE_BYTES
    const pagesMax = Math.floor(pageBytesMax / PAGE_BYTES)
    this.#pagesSoftMax = pagesMax - DROP_RESERVE_BYTES / PAGE_BYTES
    assert(this.#pagesSoftMax > 0, 'the spool limit leaves room for records')
    database.exec(`PRAGMA max_page_count = ${pagesMax}`)
    this.#statements = prepareStatements(database)
    this.#state = this.#readState()
    this.#transactions = new Transactions(database, options.durability ?? 'synced')
    this.#ballast.restore()
    this.#copyForSalvage()
  }

  state(): SpoolState {
    const ackedHash = this.#state.ackedSeq === 0 ? null : this.hashAt(this.#state.ackedSeq)
    return { ...this.#state, ackedHash, bytesUsed: this.#pages() * PAGE_BYTES }
  }

  append(entries: readonly SpoolEntry[]): readonly SpoolRecord[] {
    assert(entries.length > 0, 'something is appended')
    this.#checkSpace()
    return this.#write('appending to the spool', () => {
      let { lastSeq, timelineEndMs } = this.#state
      const records = entries.map((entry) => {
        lastSeq += 1
        const record = this.#record(lastSeq, entry.bytes, 0)
        this.#insert(record, timelineEndMs ?? entry.timelineEndMs, entry)
        timelineEndMs = entry.timelineEndMs
        return record
      })
      this.#setState({ lastSeq, timelineEndMs })
      return records
    })
  }

  read(
    fromSeq: number,
    limit: { readonly records: number; readonly bytes: number },
  ): readonly SpoolRecord[] {
    const records: SpoolRecord[] = []
    let bytes = 0
    for (const row of this.#statements.readFrom.iterate(fromSeq, limit.records)) {
      const record = recordOf(row)
      bytes += record.bytes.length
      // One record always goes, or a large one would stop the queue.
      if (records.length > 0 && bytes > limit.bytes) break
      records.push(record)
    }
    return records
  }

  hashAt(seq: number): Uint8Array | null {
    const row = this.#statements.hashAt.get(seq)
    return row === undefined ? null : blob(row.hash)
  }

  markSent(seq: number): void {
    assert(seq <= this.#state.lastSeq, 'only what was appended is sent')
    if (seq <= this.#state.sentSeq) return
    this.#write('marking records as sent', () => this.#setState({ sentSeq: seq }))
  }

  ack(watermark: number): void {
    assert(watermark <= this.#state.sentSeq, 'only what was sent is acknowledged')
    if (watermark <= this.#state.ackedSeq) return
    assert(this.hashAt(watermark) !== null, 'an acknowledged number is a record of this spool')
    this.#write('noting an acknowledgement', () => this.#setState({ ackedSeq: watermark }))
  }

  rewind(watermark: number): 'rewound' | 'not_kept' {
    if (watermark >= this.#state.ackedSeq) return 'rewound'
    const isKept = watermark === 0 ? this.#firstNumber() === 1 : this.hashAt(watermark) !== null
    if (!isKept) return 'not_kept'
    this.#write('going back to an older watermark', () => {
      this.#setState({ ackedSeq: watermark })
      this.#statements.forgetAcks.run(watermark)
    })
    return 'rewound'
  }

  replaceUnsent(fromSeq: number, entries: readonly SpoolEntry[]): boolean {
    if (fromSeq <= this.#state.sentSeq) return false
    const rows = this.#statements.readFrom.all(fromSeq, Number.MAX_SAFE_INTEGER)
    const hasLost = rows.some((row) => Number(row.lost_count) > 0)
    assert(
      hasLost ? entries.length === rows.length : entries.length >= rows.length,
      'there is an entry for every record replaced',
    )
    this.#write('replacing unsent records', () => {
      this.#statements.removeFrom.run(fromSeq)
      const before = this.#statements.endBefore.get(fromSeq)
      let startMs = before === undefined ? null : Number(before.end_ms)
      let seq = fromSeq - 1
      entries.forEach((entry, position) => {
        const row = rows[position]
        const lostCount = row === undefined ? 0 : Number(row.lost_count)
        seq = row === undefined ? seq + 1 : Number(row.seq)
        const record = this.#record(seq, entry.bytes, lostCount)
        this.#insert(record, startMs ?? entry.timelineEndMs, entry, row?.is_lost === 1)
        startMs = entry.timelineEndMs
      })
      this.#setState({ lastSeq: seq, timelineEndMs: startMs })
    })
    return true
  }

  newEpoch(): SpoolState {
    this.#write('beginning a new epoch', () => {
      this.#database.exec('DELETE FROM records; DELETE FROM acks')
      this.#setState({
        epoch: randomHex(this.#random, EPOCH_BYTES),
        previousEpoch: this.#state.epoch,
        lastSeq: 0,
        sentSeq: 0,
        ackedSeq: 0,
        timelineEndMs: null,
      })
    })
    this.#copyForSalvage()
    return this.state()
  }

  getMeta(key: string): string | null {
    const row = this.#statements.getMeta.get(key)
    return row === undefined ? null : String(row.value)
  }

  setMeta(key: string, value: string): void {
    this.#write('keeping a fact of the node', () => this.#statements.setMeta.run(key, value))
    this.#copyForSalvage()
  }

  enforceLimits(nowMs: number): { readonly droppedRecords: number } {
    if (this.#ballast.restore() && this.#isFull) {
      this.#isFull = false
      this.#log.info({}, 'the disk has space again')
    }
    this.#write('noting when records were acknowledged', () => {
      if (this.#state.ackedSeq > 0) this.#statements.noteAck.run(this.#state.ackedSeq, nowMs)
    })
    this.#forgetAcked({ seenBeforeMs: nowMs - this.#limits.ackedRetentionMs })
    const tooOld = this.#dropUnsent({ endedBeforeMs: nowMs - this.#limits.unackedAgeMsMax })
    const droppedRecords = tooOld + this.#makeRoom()
    this.#database.exec('PRAGMA incremental_vacuum(256)')
    if (droppedRecords > 0) {
      this.#log.error({ droppedRecords }, 'the spool is at its limit: the oldest records are lost')
    }
    return { droppedRecords }
  }

  close(): void {
    this.#transactions.finish()
    this.#database.close()
  }

  #copyForSalvage(): void {
    const meta = readMeta(this.#database)
    writeSalvage(this.#directory, { epoch: this.#state.epoch, meta })
  }

  /** Oldest acknowledged first, then oldest unsent, until the pages fit. Bounded by the rows. */
  #makeRoom(): number {
    let droppedRecords = 0
    while (this.#pages() > this.#pagesSoftMax) {
      if (this.#forgetAcked({ seenBeforeMs: null })) continue
      const dropped = this.#dropUnsent({ endedBeforeMs: null })
      if (dropped === 0) break
      droppedRecords += dropped
    }
    return droppedRecords
  }

  /** `true` when something was forgotten. */
  #forgetAcked(which: { readonly seenBeforeMs: number | null }): boolean {
    return this.#write('forgetting acknowledged records', () =>
      forgetAcked(this.#database, { ...which, ackedSeq: this.#state.ackedSeq }),
    )
  }

  #dropUnsent(which: { readonly endedBeforeMs: number | null }): number {
    const { epoch, sentSeq } = this.#state
    return this.#write('dropping the oldest records', () =>
      dropUnsent(this.#database, { ...which, epoch, sentSeq }),
    )
  }

  #checkSpace(): void {
    if (this.#pages() > this.#pagesSoftMax) this.#makeRoom()
    if (this.#disk.freeBytes() >= FREE_BYTES_MIN) return
    this.#ballast.free()
    if (this.#disk.freeBytes() < FREE_BYTES_MIN) {
      this.#noteFull()
      throw new AppError('disk_full', 'appending to the spool: the disk has no space left')
    }
  }

  /** One transaction. On a full disk the ballast is freed and the same is tried once more. */
  #write<Result>(doing: string, run: () => Result): Result {
    const before = this.#state
    try {
      return this.#transactions.run(run)
    } catch (error) {
      this.#state = before
      const failure = diskError(error, doing)
      if (!(failure instanceof AppError) || failure.code !== 'disk_full') throw failure
      if (!this.#ballast.free()) {
        this.#noteFull()
        throw failure
      }
    }
    try {
      return this.#transactions.run(run)
    } catch (error) {
      this.#state = before
      this.#noteFull()
      throw diskError(error, doing)
    }
  }

  #noteFull(): void {
    if (this.#isFull) return
    this.#isFull = true
    this.#log.error({}, 'the disk is full: nothing new can be kept until space returns')
  }

  #record(seq: number, bytes: Uint8Array, lostCount: number): SpoolRecord {
    return { seq, bytes, hash: recordHash(this.#state.epoch, seq, bytes), lostCount }
  }

  #insert(record: SpoolRecord, startMs: number, entry: SpoolEntry, isLost = false): void {
    this.#statements.insert.run(
      record.seq,
      record.bytes,
      record.hash,
      record.lostCount,
      startMs,
      entry.timelineEndMs,
      entry.keep === true ? 1 : 0,
      isLost ? 1 : 0,
    )
  }

  /** The first number that is still kept, those of a lost record included; 0 when nothing is. */
  #firstNumber(): number {
    const row = this.#statements.firstRow.get()
    return row === undefined ? 0 : Number(row.seq) - Number(row.lost_count)
  }

  /** Pages in use; those on the free list are written again before the file grows. */
  #pages(): number {
    const count = Number(this.#statements.pageCount.get()?.page_count)
    return count - Number(this.#statements.freeCount.get()?.freelist_count)
  }

  #readState(): Omit<SpoolState, 'ackedHash' | 'bytesUsed'> {
    const row = this.#statements.readState.get()
    assert(row !== undefined, 'the spool has a state row')
    return {
      epoch: String(row.epoch),
      previousEpoch: row.previous_epoch === null ? null : String(row.previous_epoch),
      lastSeq: Number(row.last_seq),
      ackedSeq: Number(row.acked_seq),
      sentSeq: Number(row.sent_seq),
      timelineEndMs: row.timeline_end_ms === null ? null : Number(row.timeline_end_ms),
    }
  }

  #setState(change: Partial<Omit<SpoolState, 'ackedHash' | 'bytesUsed'>>): void {
    const next = { ...this.#state, ...change }
    this.#statements.writeState.run(
      next.epoch,
      next.previousEpoch,
      next.lastSeq,
      next.sentSeq,
      next.ackedSeq,
      next.timelineEndMs,
    )
    this.#state = next
  }
}
