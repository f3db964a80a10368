/**
 * The durable queue between what a node has seen and what the collector has committed. Two
 * implementations are foreseen: a SQLite file on the node, and a cursor over a collector's outbox.
 *
 * Promises: `append` returns only after the records are on disk; numbers rise by one, from 1,
 * within an epoch; bytes once sent never change; nothing is deleted before it is acknowledged
 * except by `lost`, openly; acknowledged records stay for `ackedRetentionMs` so that a restored
 * collector can ask again.
 */

/** One durable record, encoded. */
export interface SpoolRecord {
  readonly seq: number
  readonly bytes: Uint8Array
  /** SHA-256 over label, epoch, seq and bytes; the next batch names its first 8 bytes. */
  readonly hash: Uint8Array
  /** Numbers directly before `seq` that a `lost` record also stands for; 0 for all others. */
  readonly lostCount: number
}

export interface SpoolState {
  /** 16 bytes, hex. */
  readonly epoch: string
  readonly previousEpoch: string | null
  /** 0 when nothing has been appended. */
  readonly lastSeq: number
  readonly ackedSeq: number
  /** Record hash at `ackedSeq`; `null` when 0. */
  readonly ackedHash: Uint8Array | null
  /** Highest number handed out by `markSent`: its bytes may be at the collector. */
  readonly sentSeq: number
  /** End of the node's timeline as booked in this epoch; `null` before the first record. */
  readonly timelineEndMs: number | null
  readonly bytesUsed: number
}

/** A record to append, with what the spool must know of it without decoding. */
export interface SpoolEntry {
  readonly bytes: Uint8Array
  /** The node's timeline after this record: UTC epoch ms. */
  readonly timelineEndMs: number
  /**
   * Dropped only when nothing else is left to drop: facts, policies and vetoes, which give later
   * records their meaning and take no time of their own. Default `false`.
   */
  readonly keep?: boolean
}

export interface Spool {
  state(): SpoolState
  /** Durable on return. Throws `disk_full` or `disk_failed`; then nothing was appended. */
  append(entries: readonly SpoolEntry[]): readonly SpoolRecord[]
  /** Records from `fromSeq` on, in order, bounded both ways; empty at the end. */
  read(
    fromSeq: number,
    limit: { readonly records: number; readonly bytes: number },
  ): readonly SpoolRecord[]
  /** The record hash of one number, while it is kept. */
  hashAt(seq: number): Uint8Array | null
  /** These numbers are about to be sent: durable on return, and their bytes are frozen. */
  markSent(seq: number): void
  /** The collector has committed everything up to `watermark`. Durable on return. */
  ack(watermark: number): void
  /** The collector knows less than was acknowledged (restore): go back, as far as records are kept. */
  rewind(watermark: number): 'rewound' | 'not_kept'
  /**
   * Replaces the bytes of records that were never sent (an anchor found wrong). `false` and no
   * change when any of them has been sent. As many entries as there are records from `fromSeq` on,
   * in their order; where none of them is a `lost` record there may be more (a gap put in between).
   */
  replaceUnsent(fromSeq: number, entries: readonly SpoolEntry[]): boolean
  /** Closes this epoch for good and begins a new one that names it; unacknowledged records go. */
  newEpoch(): SpoolState
  /** Small durable facts of the node beside the queue: join state, anchor, unit indexes. */
  getMeta(key: string): string | null
  setMeta(key: string, value: string): void
  /** Age and size limits are enforced here; called with each tick. Returns what was dropped. */
  enforceLimits(nowMs: number): { readonly droppedRecords: number }
  close(): void
}
