/**
 * What children have told, as records to pass on: with the origin and the version that they came
 * with.
 */
import type { ChildRecord, ReportedCard } from '@yiben/shared'
import {
  cardOf,
  collectorRecordsOf,
  countsRecordOf,
  headOf,
  hourRecordOf,
  nodeRecordOf,
  numberAndRest,
  siteRecordOf,
} from '../feed-child-records.ts'
import { text } from '../values.ts'
import type { Database } from './driver.ts'
import type { FeedReader } from './feed-own.ts'
import { sql } from './sql.ts'

/** Readers of the keys of 0009-feed.sql. */
export function childReaders(db: Database): Readonly<Record<string, FeedReader>> {
  return {
    child_collector: async (key) => await collectorRecords(db, key),
    child_site: async (key) => await siteRecords(db, key),
    child_node: async (key) => await nodeRecords(db, key),
    child_hour: async (key) => await hourRecords(db, key),
    child_counts: async (key) => await countsRecords(db, key),
    child_checkpoint: async (key) => await checkpointRecords(db, key),
  }
}

/** Joined to each row: whose it is. */
const OF_COLLECTOR = sql`JOIN child_collectors c ON c.collector_number = r.collector_number`

/** Whether it is heard is what this collector knows of its child, and its child of those below. */
async function collectorRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const row = await db.get(
    sql`SELECT c.*, (SELECT s.from_ms FROM child_silences s WHERE s.to_ms IS NULL
       AND s.collector_number = c.collector_number) AS silent_from_ms
     FROM child_collectors c WHERE c.collector_number = ${Number(key)}`,
  )
  return row === undefined ? [] : collectorRecordsOf(row)
}

async function siteRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const [collector, code] = numberAndRest(key)
  const row = await db.get(
    sql`SELECT r.*, c.origin FROM child_sites r ${OF_COLLECTOR}
     WHERE r.collector_number = ${collector} AND r.site_code = ${code}`,
  )
  return row === undefined ? [] : [siteRecordOf(row)]
}

async function nodeRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const [collector, nodeId] = numberAndRest(key)
  const row = await db.get(
    sql`SELECT r.*, c.origin FROM child_nodes r ${OF_COLLECTOR}
     WHERE r.collector_number = ${collector} AND r.node_id = ${nodeId}`,
  )
  return row === undefined ? [] : [nodeRecordOf(row, await cardsOf(db, collector, nodeId))]
}

async function cardsOf(
  db: Database,
  collector: number,
  nodeId: string,
): Promise<readonly ReportedCard[]> {
  return (
    await db.all(
      sql`SELECT k.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
       FROM child_cards k JOIN profiles p ON p.profile_id = k.profile_id
       WHERE k.collector_number = ${collector} AND k.node_id = ${nodeId} ORDER BY k.unit_number`,
    )
  ).map(cardOf)
}

async function hourRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const [hourMs, rest] = numberAndRest(key)
  const [collector, siteCode] = numberAndRest(rest)
  const row = await db.get(
    sql`SELECT r.*, c.origin FROM child_hours r ${OF_COLLECTOR}
     WHERE r.hour_ms = ${hourMs} AND r.collector_number = ${collector}
       AND r.site_code = ${siteCode}`,
  )
  return row === undefined ? [] : [hourRecordOf(row)]
}

/** The latest that was told: those before it were passed on in their time. */
async function countsRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const [collector, siteCode] = numberAndRest(key)
  const row = await db.get(
    sql`SELECT r.*, c.origin FROM child_counts r ${OF_COLLECTOR}
     WHERE r.site_code = ${siteCode} AND r.collector_number = ${collector} 
     ORDER BY r.generation DESC, r.number DESC LIMIT 1`,
  )
  return row === undefined ? [] : [countsRecordOf(row)]
}

async function checkpointRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const row = await db.get(
    sql`SELECT r.*, c.origin FROM child_checkpoints r ${OF_COLLECTOR}
      WHERE r.collector_number = ${Number(key)}`,
  )
  if (row === undefined) return []
  return [{ kind: 'checkpoint', checkpoint: { ...headOf(row), note: text(row, 'note') } }]
}
