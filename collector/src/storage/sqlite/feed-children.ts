/** What children have told, as records to pass on: with the origin and the version that they came with. */
import type {
  ChildRecord,
  Identity,
  NodeReport,
  RecordVersion,
  ReportedCard,
  ReportedTerms,
  SiteReport,
} from '@yiben/shared'
import { assert } from '@yiben/shared'
import { unpackBuckets, unpackCounts, unpackNodeCounts } from './children-rows.ts'
import type { Database, Row } from './driver.ts'
import type { FeedReader } from './feed-own.ts'
import { profileOf } from './rows.ts'
import { flag, integer, integerOrNull, storedJson, text, textOrNull } from './values.ts'

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

export function collectorRecordsOf(row: Row): readonly ChildRecord[] {
  // Admitted, but it has told nothing yet.
  if (integer(row, 'generation') === 0) return []
  const collector = {
    ...headOf(row),
    name: text(row, 'name'),
    parentOrigin: textOrNull(row, 'parent_origin'),
    programVersion: text(row, 'program_version'),
    awaySinceMs: integerOrNull(row, 'silent_from_ms'),
  }
  return [{ kind: 'collector', collector }]
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

export function siteRecordOf(row: Row): ChildRecord {
  type Declared = SiteReport['declared'][number]
  type Stored = Omit<Declared, 'declaredMilliP'> & { readonly declaredMilliP: string }
  const site: SiteReport = {
    ...headOf(row),
    siteCode: text(row, 'site_code'),
    name: text(row, 'name'),
    terms: storedJson<readonly ReportedTerms[]>(text(row, 'terms')),
    declared: storedJson<readonly Stored[]>(text(row, 'declared')).map((one) => ({
      ...one,
      declaredMilliP: BigInt(one.declaredMilliP),
    })),
  }
  return { kind: 'site', site }
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

export function nodeRecordOf(row: Row, cards: readonly ReportedCard[]): ChildRecord {
  const node: NodeReport = {
    ...headOf(row),
    nodeId: text(row, 'node_id'),
    name: text(row, 'name'),
    siteCode: text(row, 'site_code'),
    isRevoked: flag(row, 'is_revoked'),
    cpuCores: integerOrNull(row, 'cpu_cores'),
    cards,
  }
  return { kind: 'node', node }
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

/** A card with its profile. */
export function cardOf(row: Row): ReportedCard {
  return {
    ...profileOf(row),
    unitNumber: integer(row, 'unit_number'),
    acceleratorNumber: integer(row, 'accelerator_number'),
    identities: storedJson<readonly StoredIdentity[]>(text(row, 'identities')).map(identityOf),
    validFromMs: integer(row, 'valid_from_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
    endedReason: textOrNull(row, 'ended_reason'),
    isCounted: flag(row, 'is_counted'),
    isInConflict: flag(row, 'is_in_conflict'),
  }
}

type StoredIdentity = readonly [keyNumber: number, hash: string, strength: Identity['strength']]

function identityOf([keyNumber, hash, strength]: StoredIdentity): Identity {
  return { keyNumber, hash, strength }
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

export function hourRecordOf(row: Row): ChildRecord {
  const hour = {
    ...headOf(row),
    siteCode: text(row, 'site_code'),
    hourMs: integer(row, 'hour_ms'),
    sealVersion: integer(row, 'seal_version'),
    knownAtMs: integer(row, 'known_at_ms'),
    buckets: unpackBuckets(text(row, 'buckets')),
  }
  return { kind: 'hour', hour }
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

export function countsRecordOf(row: Row): ChildRecord {
  const counts = {
    ...headOf(row),
    siteCode: text(row, 'site_code'),
    atMs: integer(row, 'at_ms'),
    counts: unpackCounts(text(row, 'counts')),
    nodes: unpackNodeCounts(text(row, 'nodes')),
  }
  return { kind: 'counts', counts }
}

function checkpointRecords(db: Database, key: string): readonly ChildRecord[] {
  const row = db.get(
    `SELECT r.*, c.origin FROM child_checkpoints r ${OF_COLLECTOR} WHERE r.collector_number = ?`,
    Number(key),
  )
  if (row === undefined) return []
  return [{ kind: 'checkpoint', checkpoint: { ...headOf(row), note: text(row, 'note') } }]
}

export function headOf(row: Row): { readonly origin: string; readonly version: RecordVersion } {
  const version = { generation: integer(row, 'generation'), number: integer(row, 'number') }
  return { origin: text(row, 'origin'), version }
}

/** `12/rest`, as keys of several parts are written. */
export function numberAndRest(key: string): readonly [number: number, rest: string] {
  const cut = key.indexOf('/')
  assert(cut > 0, 'a key of several parts has its separators')
  return [Number(key.slice(0, cut)), key.slice(cut + 1)]
}
