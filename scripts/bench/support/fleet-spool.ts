/**
 * A spool in memory for one of many nodes: what is acknowledged is forgotten but for the last hash,
 * and how long each record waited is told. The load generator's own disk must not be what is measured.
 */
import {
  recordHash,
  type Spool,
  type SpoolEntry,
  type SpoolRecord,
  type SpoolState,
} from '@yiben/shared'

interface Waiting extends SpoolRecord {
  readonly appendedAtMs: number
}

export class FleetSpool implements Spool {
  readonly #epoch: string
  readonly #onAcked: (waitedMs: number) => void
  readonly #meta = new Map<string, string>()
  #waiting: Waiting[] = []
  #lastSeq = 0
  #ackedSeq = 0
  #ackedHash: Uint8Array | null = null
  #sentSeq = 0
  #timelineEndMs: number | null = null

  constructor(epoch: string, onAcked: (waitedMs: number) => void) {
    this.#epoch = epoch
    this.#onAcked = onAcked
  }

  get unacknowledged(): number {
    return this.#lastSeq - this.#ackedSeq
  }

  state(): SpoolState {
    return {
      epoch: this.#epoch,
      previousEpoch: null,
      lastSeq: this.#lastSeq,
      ackedSeq: this.#ackedSeq,
      ackedHash: this.#ackedHash,
      sentSeq: this.#sentSeq,
      timelineEndMs: this.#timelineEndMs,
      bytesUsed: 0,
    }
  }

  append(entries: readonly SpoolEntry[]): readonly SpoolRecord[] {
    const appendedAtMs = performance.now()
    const records = entries.map(({ bytes, timelineEndMs }): Waiting => {
      this.#lastSeq += 1
      this.#timelineEndMs = timelineEndMs
      const hash = recordHash(this.#epoch, this.#lastSeq, bytes)
      return { seq: this.#lastSeq, bytes, hash, lostCount: 0, appendedAtMs }
    })
    this.#waiting.push(...records)
    return records
  }

  read(
    fromSeq: number,
    limit: { readonly records: number; readonly bytes: number },
  ): readonly SpoolRecord[] {
    const first = Math.max(0, fromSeq - this.#ackedSeq - 1)
    const found: SpoolRecord[] = []
    let bytes = 0
    for (const record of this.#waiting.slice(first, first + limit.records)) {
      bytes += record.bytes.length
      if (bytes > limit.bytes) break
      found.push(record)
    }
    return found
  }

  hashAt(seq: number): Uint8Array | null {
    if (seq === this.#ackedSeq) return this.#ackedHash
    return this.#waiting[seq - this.#ackedSeq - 1]?.hash ?? null
  }

  markSent(seq: number): void {
    this.#sentSeq = Math.max(this.#sentSeq, seq)
  }

  ack(watermark: number): void {
    const count = watermark - this.#ackedSeq
    if (count <= 0) return
    const nowMs = performance.now()
    const acked = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    this.#ackedSeq = watermark
    this.#ackedHash = acked.at(-1)?.hash ?? null
    for (const { appendedAtMs } of acked) this.#onAcked(nowMs - appendedAtMs)
  }

  rewind(watermark: number): 'rewound' | 'not_kept' {
    return watermark >= this.#ackedSeq ? 'rewound' : 'not_kept'
  }

  replaceUnsent(): boolean {
    return false
  }

  /** The collector lost the epoch: that is a failure of the run, not something to go on after. */
  newEpoch(): SpoolState {
    throw new Error('a collector asked for a new epoch: something that was acknowledged is lost')
  }

  getMeta(key: string): string | null {
    return this.#meta.get(key) ?? null
  }

  setMeta(key: string, value: string): void {
    this.#meta.set(key, value)
  }

  enforceLimits(): { readonly droppedRecords: number } {
    return { droppedRecords: 0 }
  }

  close(): void {}
}
