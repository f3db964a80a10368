/** A spool in memory with the promises of the real one, and a disk that fills up when told. */
import {
  AppError,
  assert,
  type ErrorCode,
  recordHash,
  type Spool,
  type SpoolEntry,
  type SpoolRecord,
  type SpoolState,
} from '@yiben/shared'

export class MemorySpool implements Spool {
  /** Set to make every write fail with this code, as a full disk does. */
  failure: ErrorCode | null = null
  /** Writes that failed. */
  failedWrites = 0
  #epochs = 1
  #epoch = epochId(1)
  #previousEpoch: string | null = null
  #records: (SpoolRecord & { readonly timelineEndMs: number })[] = []
  #ackedSeq = 0
  #sentSeq = 0
  readonly #meta = new Map<string, string>()

  state(): SpoolState {
    const last = this.#records.at(-1)
    return {
      epoch: this.#epoch,
      previousEpoch: this.#previousEpoch,
      lastSeq: last?.seq ?? 0,
      ackedSeq: this.#ackedSeq,
      ackedHash: this.hashAt(this.#ackedSeq),
      sentSeq: this.#sentSeq,
      timelineEndMs: last?.timelineEndMs ?? null,
      bytesUsed: this.#records.reduce((sum, record) => sum + record.bytes.length, 0),
    }
  }

  append(entries: readonly SpoolEntry[]): readonly SpoolRecord[] {
    this.#write()
    for (const entry of entries) this.#push(entry)
    return this.#records.slice(-entries.length)
  }

  read(fromSeq: number, limit: { readonly records: number; readonly bytes: number }) {
    let bytes = 0
    return this.#records
      .filter((record) => record.seq >= fromSeq)
      .slice(0, limit.records)
      .filter((record) => {
        bytes += record.bytes.length
        return bytes <= limit.bytes
      })
  }

  hashAt(seq: number): Uint8Array | null {
    return this.#records.find((record) => record.seq === seq)?.hash ?? null
  }

  markSent(seq: number): void {
    this.#write()
    this.#sentSeq = Math.max(this.#sentSeq, seq)
  }

  ack(watermark: number): void {
    this.#write()
    this.#ackedSeq = Math.max(this.#ackedSeq, watermark)
  }

  rewind(watermark: number): 'rewound' | 'not_kept' {
    this.#ackedSeq = Math.min(this.#ackedSeq, watermark)
    return 'rewound'
  }

  replaceUnsent(fromSeq: number, entries: readonly SpoolEntry[]): boolean {
    this.#write()
    if (fromSeq <= this.#sentSeq) return false
    this.#records = this.#records.filter((record) => record.seq < fromSeq)
    for (const entry of entries) this.#push(entry)
    return true
  }

  newEpoch(): SpoolState {
    this.#write()
    this.#previousEpoch = this.#epoch
    this.#epochs += 1
    this.#epoch = epochId(this.#epochs)
    this.#records = []
    this.#ackedSeq = 0
    this.#sentSeq = 0
    return this.state()
  }

  getMeta(key: string): string | null {
    return this.#meta.get(key) ?? null
  }

  setMeta(key: string, value: string): void {
    this.#write()
    this.#meta.set(key, value)
  }

  enforceLimits(): { readonly droppedRecords: number } {
    this.#write()
    return { droppedRecords: 0 }
  }

  close(): void {}

  #push(entry: SpoolEntry): void {
    const before = this.#records.at(-1)
    assert(
      entry.timelineEndMs >= (before?.timelineEndMs ?? 0),
      'the timeline of a spool never goes back',
    )
    const seq = (before?.seq ?? 0) + 1
    const hash = recordHash(this.#epoch, seq, entry.bytes)
    const { bytes, timelineEndMs } = entry
    this.#records.push({ seq, bytes, hash, lostCount: 0, timelineEndMs })
  }

  #write(): void {
    if (this.failure === null) return
    this.failedWrites += 1
    throw new AppError(this.failure, 'the disk of this test takes nothing')
  }
}

function epochId(number: number): string {
  return number.toString(16).padStart(32, '0')
}
