/**
 * Numbers of what followers read by: entries of decisions, changes of nodes, records of leases,
 * things of the feed. They are given as the last thing of a transaction, under the lock of one row
 * that is held until it has committed: so they are in the order of commits and without a gap, and
 * who reads up to a number has seen all that is lower. The sequencer numbers entries once more, in
 * the journal.
 */
import { assert } from '@yiben/shared'
import type { NodeId } from '../../model/ids.ts'
import type { OutboxEntry } from '../../model/ledger.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/** Written in the decision's own transaction. */
export function addToOutbox(db: Database, entries: readonly OutboxEntry[]): void {
  db.unnumbered.entries.push(...entries)
}

/** Lets followers look at a node again. */
export function markChanged(db: Database, nodeIds: Iterable<NodeId>): void {
  db.unnumbered.changed.push(...nodeIds)
}

/**
 * Things of the feed that this transaction has changed; others are not seen before they are
 * numbered.
 */
const FEED_CHANGE = sql`SELECT 1 AS fed FROM feed WHERE feed_seq IS NULL LIMIT 1`

/** Nothing may be locked behind it. Answers the numbers of the changes. */
export async function writeNumbered(db: Database): Promise<ReadonlyMap<NodeId, number>> {
  const { bookings, drawCopies, entries, leaseRecords } = db.unnumbered
  // Each node at the place of its last change.
  const changed = [...new Set(db.unnumbered.changed.toReversed())].toReversed()
  const lists = [changed, drawCopies, entries, leaseRecords]
  const isAny = bookings > 0 || lists.some(({ length }) => length > 0)
  if (!isAny && (await db.get(FEED_CHANGE)) === undefined) return new Map()
  const row = await db.get(sql`
    WITH fed AS (SELECT kind, key, row_number() OVER () AS place FROM feed WHERE feed_seq IS NULL),
    taken AS (UPDATE numbers SET change_seq = change_seq + ${changed.length},
        outbox_id = outbox_id + ${entries.length}, booked_seq = booked_seq + ${bookings},
        record_number = record_number + ${leaseRecords.length},
        copy_number = copy_number + ${drawCopies.length},
        feed_seq = feed_seq + (SELECT count(*) FROM fed)
      WHERE one = 1 RETURNING *),
    numbered AS (UPDATE feed f
      SET feed_seq = taken.feed_seq - (SELECT count(*) FROM fed) + fed.place
      FROM fed, taken WHERE f.kind = fed.kind AND f.key = fed.key)
    SELECT * FROM taken`)
  assert(row !== undefined, 'the numbers are there from the first migration')
  const changeSeqs = numbersUpTo(integer(row, 'change_seq'), changed.length)
  if (changed.length > 0) {
    await db.run(sql`
      INSERT INTO node_changes (node_id, change_seq)
      SELECT * FROM unnest(${changed}::text[], ${changeSeqs}::bigint[])
      ON CONFLICT (node_id) DO UPDATE SET change_seq = excluded.change_seq`)
  }
  if (entries.length > 0) {
    await db.run(sql`
      INSERT INTO outbox (outbox_id, kind, at_ms, payload)
      SELECT * FROM unnest(${numbersUpTo(integer(row, 'outbox_id'), entries.length)}::bigint[],
        ${entries.map(({ kind }) => kind)}::text[], ${entries.map(({ atMs }) => atMs)}::bigint[],
        ${entries.map(({ payload }) => JSON.stringify(payload))}::text[])`)
  }
  if (leaseRecords.length > 0) {
    await db.run(sql`
      INSERT INTO lease_records (record_number, node_id, unit_ids, record, received_at_ms)
      SELECT * FROM unnest(
        ${numbersUpTo(integer(row, 'record_number'), leaseRecords.length)}::bigint[],
        ${leaseRecords.map(({ nodeId }) => nodeId)}::text[],
        ${leaseRecords.map(({ unitIds }) => JSON.stringify(unitIds))}::text[],
        ${leaseRecords.map(({ record }) => JSON.stringify(record))}::text[],
        ${leaseRecords.map(({ receivedAtMs }) => receivedAtMs)}::bigint[])`)
  }
  if (drawCopies.length > 0) {
    await db.run(sql`
      INSERT INTO draw_copies (number, change)
      SELECT * FROM unnest(${numbersUpTo(integer(row, 'copy_number'), drawCopies.length)}::bigint[],
        ${[...drawCopies]}::text[])`)
  }
  db.unnumbered.clear()
  return new Map(changed.map((nodeId, at) => [nodeId, changeSeqs[at] ?? 0]))
}

function numbersUpTo(last: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => last - count + 1 + at)
}
