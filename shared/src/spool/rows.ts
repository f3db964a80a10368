/** The rows of the spool's tables as statements, and as the records they stand for. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { assert } from '../assert.ts'
import type { SpoolRecord } from './spool.ts'

export function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql)
  return {
    insert: prepare('INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    readFrom: prepare('SELECT * FROM records WHERE seq >= ? ORDER BY seq LIMIT ?'),
    removeFrom: prepare('DELETE FROM records WHERE seq >= ?'),
    endBefore: prepare('SELECT end_ms FROM records WHERE seq < ? ORDER BY seq DESC LIMIT 1'),
    firstRow: prepare('SELECT seq, lost_count FROM records ORDER BY seq LIMIT 1'),
    hashAt: prepare('SELECT hash FROM records WHERE seq = ?'),
    readState: prepare('SELECT * FROM state'),
    writeState: prepare(
      `UPDATE state SET epoch = ?, previous_epoch = ?, last_seq = ?, sent_seq = ?, acked_seq = ?,
       timeline_end_ms = ?`,
    ),
    // At most one row in ten minutes: retention is counted in days.
    noteAck: prepare(
      `INSERT INTO acks SELECT ?1, ?2
       WHERE NOT EXISTS (SELECT 1 FROM acks WHERE seen_ms BETWEEN ?2 - 600000 AND ?2)
       ON CONFLICT DO NOTHING`,
    ),
    forgetAcks: prepare('DELETE FROM acks WHERE watermark > ?'),
    getMeta: prepare('SELECT value FROM meta WHERE key = ?'),
    setMeta: prepare(
      'INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    ),
    pageCount: prepare('PRAGMA page_count'),
    freeCount: prepare('PRAGMA freelist_count'),
  }
}

export function recordOf(row: Record<string, unknown>): SpoolRecord {
  return {
    seq: Number(row.seq),
    bytes: blob(row.bytes),
    hash: blob(row.hash),
    lostCount: Number(row.lost_count),
  }
}

export function blob(value: unknown): Uint8Array {
  assert(value instanceof Uint8Array, 'the column is declared as BLOB in a STRICT table')
  return value
}
