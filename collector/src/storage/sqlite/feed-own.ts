/** What is fed of this ledger itself, as records: sites, nodes, sealed hours, its checkpoint. */
import {
  assert,
  type ChildRecord,
  type HourReport,
  type Identity,
  type RecordVersion,
  type ReportedBucket,
  type ReportedCard,
} from '@yiben/shared'
import {
  bucketOf,
  CARDS_TOLD_MAX,
  cardOf,
  declarationOf,
  type Head,
  IDENTITIES_TOLD_MAX,
  identityOf,
  nodeRecordOf,
} from '../feed-own-records.ts'
import { termsOf } from '../site-rows.ts'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { readLedger } from './ledger.ts'

/** A site that a child has told is passed on as the child's. */
const IS_OWN = (column: string) =>
  `NOT EXISTS (SELECT 1 FROM site_origins o WHERE o.site_code = ${column})`

/** Reads the things under a key; none where it is not to be told. */
export type FeedReader = (key: string, version: RecordVersion) => readonly ChildRecord[]

export function ownReaders(db: Database, origin: string): Readonly<Record<string, FeedReader>> {
  return {
    site: (key, version) => siteRecords(db, { origin, version }, key),
    node: (key, version) => nodeRecords(db, { origin, version }, key),
    hour: (key, version) => hourRecords(db, { origin, version }, Number(key)),
    checkpoint: (_key, version) => checkpointRecords(db, { origin, version }),
  }
}

function siteRecords(db: Database, head: Head, code: string): readonly ChildRecord[] {
  const site = db.get(`SELECT name FROM sites s WHERE code = ? AND ${IS_OWN('s.code')}`, code)
  if (site === undefined) return []
  const terms = db
    .all('SELECT * FROM site_terms WHERE site_code = ? ORDER BY valid_from_ms', code)
    .map(termsOf)
    .map(({ keep: _keep, ...told }) => told)
  const declared = db
    .allBigint('SELECT * FROM declared WHERE site_code = ? ORDER BY model, declared_at_ms', code)
    .map(declarationOf)
  const name = text(site, 'name')
  return [{ kind: 'site', site: { ...head, siteCode: code, name, terms, declared } }]
}

function nodeRecords(db: Database, head: Head, nodeId: string): readonly ChildRecord[] {
  const row = db.get(
    `SELECT n.name, n.site_code, n.status, (SELECT t.cpu_cores FROM node_traits t
       WHERE t.node_id = n.node_id ORDER BY t.trait_number DESC LIMIT 1) AS cpu_cores
     FROM nodes n WHERE n.node_id = ?`,
    nodeId,
  )
  assert(row !== undefined, 'a node stays in the roster')
  return [nodeRecordOf(head, nodeId, { row, cards: cardsOf(db, nodeId) })]
}

function cardsOf(db: Database, nodeId: string): readonly ReportedCard[] {
  return db
    .all(
      `SELECT * FROM (SELECT u.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
         FROM units u JOIN profiles p ON p.profile_id = u.profile_id
         WHERE u.node_id = ? AND u.kind = 'card'
         ORDER BY u.booked_to_ms IS NULL DESC, u.unit_id DESC LIMIT ?) ORDER BY unit_id`,
      nodeId,
      CARDS_TOLD_MAX,
    )
    .map((row) => cardOf(row, identitiesOf(db, integer(row, 'accelerator_id'))))
}

function identitiesOf(db: Database, acceleratorId: number): readonly Identity[] {
  return db
    .all(
      `SELECT key_number, hash, strength FROM identities INDEXED BY identities_accelerator
       WHERE accelerator_id = ? ORDER BY strength = 'strong' DESC, strength = 'board' DESC,
         key_number DESC, hash LIMIT ?`,
      acceleratorId,
      IDENTITIES_TOLD_MAX,
    )
    .map(identityOf)
}

/** A record for each site with a card in it, in this version or one before, or with a node then. */
function hourRecords(db: Database, head: Head, hourMs: number): readonly ChildRecord[] {
  const seal = db.get(
    'SELECT version, sealed_at_ms FROM seals WHERE hour_ms = ? ORDER BY version DESC LIMIT 1',
    hourMs,
  )
  assert(seal !== undefined, 'an hour that is fed has been sealed')
  const sealVersion = integer(seal, 'version')
  const bySite = bucketsOf(db, hourMs, sealVersion)
  return sitesOf(db, hourMs).map((siteCode): ChildRecord => {
    const hour: HourReport = {
      ...head,
      siteCode,
      hourMs,
      sealVersion,
      knownAtMs: integer(seal, 'sealed_at_ms'),
      buckets: bySite.get(siteCode) ?? [],
    }
    return { kind: 'hour', hour }
  })
}

function sitesOf(db: Database, hourMs: number): readonly string[] {
  return db
    .all(
      `SELECT DISTINCT b.site_code FROM buckets b WHERE b.hour_ms = ? AND ${IS_OWN('b.site_code')}
       UNION SELECT site_code FROM nodes WHERE enrolled_at_ms < ? + 3600000 ORDER BY site_code`,
      hourMs,
      hourMs,
    )
    .map((row) => text(row, 'site_code'))
}

function bucketsOf(
  db: Database,
  hourMs: number,
  version: number,
): ReadonlyMap<string, readonly ReportedBucket[]> {
  const bySite = new Map<string, ReportedBucket[]>()
  const rows = db.allBigint(
    `SELECT b.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
     FROM buckets b JOIN profiles p ON p.profile_id = b.profile_id
     WHERE b.hour_ms = ? AND b.version = ? AND ${IS_OWN('b.site_code')}
     ORDER BY b.site_code, b.owner_code, b.profile_id`,
    hourMs,
    version,
  )
  for (const row of rows) {
    const siteCode = text(row, 'site_code')
    const buckets = bySite.get(siteCode) ?? []
    if (buckets.length === 0) bySite.set(siteCode, buckets)
    buckets.push(bucketOf(row))
  }
  return bySite
}

/** Of this generation only: what was signed before a restore is older than what the parent holds. */
function checkpointRecords(db: Database, head: Head): readonly ChildRecord[] {
  const { generation } = readLedger(db)
  const row = db
    .all('SELECT origin, note FROM checkpoints')
    .find((one) => text(one, 'origin').endsWith(`/${generation}`))
  if (row === undefined) return []
  return [{ kind: 'checkpoint', checkpoint: { ...head, note: text(row, 'note') } }]
}
