/**
 * What the spool gives up when it must, in bounded steps of one transaction each: acknowledged
 * records first, then the oldest records that were never sent. Those leave a `lost` record under
 * the last of their numbers, which stands for all of them and for their time.
 */
import type { DatabaseSync } from 'node:sqlite'
import { recordHash } from '../algorithms.ts'
import { encodeRecord } from '../wire/records.ts'

/** Rows looked at in one transaction: bounds what it adds to the write-ahead log. */
const ROWS_PER_STEP = 256

interface Row {
  readonly seq: number
  /** First number the row stands for. */
  readonly firstSeq: number
  readonly startMs: number
  readonly endMs: number
  readonly isLost: boolean
}

/**
 * Deletes acknowledged rows below `ackedSeq`: those whose ack was seen before `seenBeforeMs`, or,
 * with `null`, the oldest of all. `false` when there was none.
 */
export function forgetAcked(
  database: DatabaseSync,
  which: { readonly seenBeforeMs: number | null; readonly ackedSeq: number },
): boolean {
  const { seenBeforeMs, ackedSeq } = which
  let belowSeq = ackedSeq
  if (seenBeforeMs !== null) {
    const seen = database
      .prepare('SELECT max(watermark) AS watermark FROM acks WHERE seen_ms < ?')
      .get(seenBeforeMs)
    // Deleted is what lies below the older watermark; its own row goes with the next one.
    belowSeq = Math.min(ackedSeq, Number(seen?.watermark ?? 0))
    database.prepare('DELETE FROM acks WHERE watermark < ?').run(belowSeq)
  }
  const removed = database
    .prepare(
      `DELETE FROM records WHERE seq IN
         (SELECT seq FROM records WHERE seq < ? ORDER BY seq LIMIT ?)`,
    )
    .run(belowSeq, seenBeforeMs === null ? ROWS_PER_STEP : -1)
  return Number(removed.changes) > 0
}

/**
 * Replaces the oldest unsent records by lost ones: all that ended before `endedBeforeMs`, or, with
 * `null`, the next step's worth whatever their age. A lost record before them becomes part of theirs. Records marked to be kept are spared as long as
 * there is anything else. Returns how many records were dropped.
 */
export function dropUnsent(
  database: DatabaseSync,
  which: {
    readonly endedBeforeMs: number | null
    readonly epoch: string
    readonly sentSeq: number
  },
): number {
  const isByAge = which.endedBeforeMs !== null
  const before = which.endedBeforeMs ?? Number.MAX_SAFE_INTEGER
  const select = database.prepare(
    `SELECT seq, lost_count, start_ms, end_ms, is_lost FROM records
     WHERE seq > ? AND keep <= ? AND end_ms < ? ORDER BY seq LIMIT ?`,
  )
  // First only what may go, then, to make room, what should have stayed.
  for (const keep of isByAge ? [0] : [0, 1]) {
    let dropped = 0
    let afterSeq = which.sentSeq
    for (;;) {
      const rows = select.all(afterSeq, keep, before, ROWS_PER_STEP).map(rowOf)
      const last = rows.at(-1)
      if (last === undefined) break
      afterSeq = last.seq
      for (const run of contiguousRuns(rows)) {
        dropped += replaceByLost(database, run, which.epoch)
      }
      if (!isByAge && dropped > 0) break
    }
    if (dropped > 0) return dropped
  }
  return 0
}

function contiguousRuns(rows: readonly Row[]): readonly (readonly Row[])[] {
  const runs: Row[][] = []
  for (const row of rows) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run !== undefined && last !== undefined && row.firstSeq === last.seq + 1) run.push(row)
    else runs.push([row])
  }
  return runs
}

/** One lost record for a run of rows; a run of nothing but lost rows gains nothing and stays. */
function replaceByLost(database: DatabaseSync, run: readonly Row[], epoch: string): number {
  const first = run[0]
  const last = run.at(-1)
  const dropped = run.filter((row) => !row.isLost).length
  if (first === undefined || last === undefined || dropped === 0) return 0
  const bytes = encodeRecord({
    kind: 'lost',
    lost: {
      firstSeq: first.firstSeq,
      lastSeq: last.seq,
      startMs: first.startMs,
      endMs: last.endMs,
    },
  })
  database.prepare('DELETE FROM records WHERE seq BETWEEN ? AND ?').run(first.seq, last.seq)
  database
    .prepare('INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, 0, 1)')
    .run(
      last.seq,
      bytes,
      recordHash(epoch, last.seq, bytes),
      last.seq - first.firstSeq,
      first.startMs,
      last.endMs,
    )
  return dropped
}

function rowOf(row: Record<string, unknown>): Row {
  const seq = Number(row.seq)
  return {
    seq,
    firstSeq: seq - Number(row.lost_count),
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    isLost: row.is_lost === 1,
  }
}
