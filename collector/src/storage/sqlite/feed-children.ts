/** What children have told, as records to pass on: with the origin and the version that they came with. */
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

/** Readers of the keys of 0018-feed-children.sql. */
export function childReaders(db: Database): Readonly<Record<string, FeedReader>> {
  return {
    child_collector: (key) => collectorRecords(db, key),
    child_site: (key) => siteRecords(db, key),
    child_node: (key) => nodeRecords(db, key),
    child_hour: (key) => hourRecords(db, key),
    child_counts: (key) => countsRecords(db, key),
    child_checkpoint: (key) => checkpointRecords(db, key),
  }
}

/** Joined to each row: whose it is. */
const OF_COLLECTOR = 'JOIN child_collectors c ON c.collector_number = r.collector_number'

/** Whether it is heard is what this collector knows of its child, and its child of those below. */
function collectorRecords(db: Database, key: string): readonly ChildRecord[] {
  const row = db.get(
    `SELECT c.*, (SELECT s.from_ms FROM child_silences s WHERE s.to_ms IS NULL
       AND s.collector_number = c.collector_number) AS silent_from_ms
     FROM child_collectors c WHERE c.collector_number = ?`,
    Number(key),
  )
  return row === undefined ? [] : collectorRecordsOf(row)
}

function siteRecords(db: Database, key: string): readonly ChildRecord[] {
  const [collector, code] = numberAndRest(key)
  const row = db.get(
    `SELECT r.*, c.origin FROM child_sites r ${OF_COLLECTOR}
     WHERE r.collector_number = ? AND r.site_code = ?`,
    collector,
    code,
  )
  return row === undefined ? [] : [siteRecordOf(row)]
}

function nodeRecords(db: Database, key: string): readonly ChildRecord[] {
  const [collector, nodeId] = numberAndRest(key)
  const row = db.get(
    `SELECT r.*, c.origin FROM child_nodes r ${OF_COLLECTOR}
     WHERE r.collector_number = ? AND r.node_id = ?`,
    collector,
    nodeId,
  )
  return row === undefined ? [] : [nodeRecordOf(row, cardsOf(db, collector, nodeId))]
}

function cardsOf(db: Database, collector: number, nodeId: string): readonly ReportedCard[] {
  return db
    .all(
      `SELECT k.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
       FROM child_cards k INDEXED BY child_cards_node
       JOIN profiles p ON p.profile_id = k.profile_id
       WHERE k.collector_number = ? AND k.node_id = ? ORDER BY k.unit_number`,
      collector,
      nodeId,
    )
    .map(cardOf)
}

function hourRecords(db: Database, key: string): readonly ChildRecord[] {
  const [hourMs, rest] = numberAndRest(key)
  const [collector, siteCode] = numberAndRest(rest)
  const row = db.get(
    `SELECT r.*, c.origin FROM child_hours r ${OF_COLLECTOR}
     WHERE r.hour_ms = ? AND r.collector_number = ? AND r.site_code = ?`,
    hourMs,
    collector,
    siteCode,
  )
  return row === undefined ? [] : [hourRecordOf(row)]
}

/** The latest that was told: those before it were passed on in their time. */
function countsRecords(db: Database, key: string): readonly ChildRecord[] {
  const [collector, siteCode] = numberAndRest(key)
  const row = db.get(
    `SELECT r.*, c.origin FROM child_counts r ${OF_COLLECTOR}
     WHERE r.site_code = ? AND r.collector_number = ? 
     ORDER BY r.generation DESC, r.number DESC LIMIT 1`,
    siteCode,
    collector,
  )
  return row === undefined ? [] : [countsRecordOf(row)]
}

function checkpointRecords(db: Database, key: string): readonly ChildRecord[] {
  const row = db.get(
    `SELECT r.*, c.origin FROM child_checkpoints r ${OF_COLLECTOR} WHERE r.collector_number = ?`,
    Number(key),
  )
  if (row === undefined) return []
  return [{ kind: 'checkpoint', checkpoint: { ...headOf(row), note: text(row, 'note') } }]
}
