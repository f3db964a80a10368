/** What is fed of this ledger itself, as records: sites, nodes, sealed hours, its checkpoint. */
import {
  assert,
  type ChildRecord,
  HOUR_MS,
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
import { type Sql, sql } from './sql.ts'

/** Reads the things under a key; none where it is not to be told. */
export type FeedReader = (key: string, version: RecordVersion) => Promise<readonly ChildRecord[]>

/** A site that a child has told is passed on as the child's. */
function isOwn(column: Sql): Sql {
  return sql`NOT EXISTS (SELECT 1 FROM site_origins o WHERE o.site_code = ${column})`
}

export function ownReaders(db: Database, origin: string): Readonly<Record<string, FeedReader>> {
  return {
    site: async (key, version) => await siteRecords(db, { origin, version }, key),
    node: async (key, version) => await nodeRecords(db, { origin, version }, key),
    hour: async (key, version) => await hourRecords(db, { origin, version }, Number(key)),
    checkpoint: async (_key, version) => await checkpointRecords(db, { origin, version }),
  }
}

async function siteRecords(
  db: Database,
  head: Head,
  code: string,
): Promise<readonly ChildRecord[]> {
  const site = await db.get(
    sql`SELECT name FROM sites s WHERE code = ${code} AND ${isOwn(sql`s.code`)}`,
  )
  if (site === undefined) return []
  const terms = (
    await db.all(sql`SELECT * FROM site_terms WHERE site_code = ${code} ORDER BY valid_from_ms`)
  )
    .map(termsOf)
    .map(({ keep: _keep, ...told }) => told)
  const declared = (
    await db.allBigint(
      sql`SELECT * FROM declared WHERE site_code = ${code} ORDER BY model, declared_at_ms`,
    )
  ).map(declarationOf)
  const name = text(site, 'name')
  return [{ kind: 'site', site: { ...head, siteCode: code, name, terms, declared } }]
}

async function nodeRecords(
  db: Database,
  head: Head,
  nodeId: string,
): Promise<readonly ChildRecord[]> {
  const row = await db.get(
    sql`SELECT n.name, n.site_code, n.status, (SELECT t.cpu_cores FROM node_traits t
       WHERE t.node_id = n.node_id ORDER BY t.trait_number DESC LIMIT 1) AS cpu_cores
     FROM nodes n WHERE n.node_id = ${nodeId}`,
  )
  assert(row !== undefined, 'a node stays in the roster')
  return [nodeRecordOf(head, nodeId, { row, cards: await cardsOf(db, nodeId) })]
}

async function cardsOf(db: Database, nodeId: string): Promise<readonly ReportedCard[]> {
  const rows = await db.all(sql`
    SELECT * FROM (SELECT u.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
      FROM units u JOIN profiles p ON p.profile_id = u.profile_id
      WHERE u.node_id = ${nodeId} AND u.kind = 'card'
      ORDER BY u.booked_to_ms IS NULL DESC, u.unit_id DESC LIMIT ${CARDS_TOLD_MAX}) latest
    ORDER BY unit_id`)
  const identities = await identitiesOf(
    db,
    rows.map((row) => integer(row, 'accelerator_id')),
  )
  return rows.map((row) => cardOf(row, identities.get(integer(row, 'accelerator_id')) ?? []))
}

/** By accelerator: the strongest, under the newest keys. */
async function identitiesOf(
  db: Database,
  acceleratorIds: readonly number[],
): Promise<ReadonlyMap<number, readonly Identity[]>> {
  const rows = await db.all(sql`
    SELECT asked.accelerator_id, i.key_number, i.hash, i.strength
    FROM unnest(${[...new Set(acceleratorIds)]}::bigint[]) asked (accelerator_id)
    CROSS JOIN LATERAL (SELECT * FROM identities l WHERE l.accelerator_id = asked.accelerator_id
      ORDER BY l.strength = 'strong' DESC, l.strength = 'board' DESC, l.key_number DESC, l.hash
      LIMIT ${IDENTITIES_TOLD_MAX}) i`)
  const byCard = new Map<number, Identity[]>()
  for (const row of rows) {
    const acceleratorId = integer(row, 'accelerator_id')
    const known = byCard.get(acceleratorId) ?? []
    if (known.length === 0) byCard.set(acceleratorId, known)
    known.push(identityOf(row))
  }
  return byCard
}

/** A record for each site with a card in it, in this version or one before, or with a node then. */
async function hourRecords(
  db: Database,
  head: Head,
  hourMs: number,
): Promise<readonly ChildRecord[]> {
  const seal = await db.get(
    sql`SELECT version, sealed_at_ms FROM seals WHERE hour_ms = ${hourMs} ORDER BY version DESC
      LIMIT 1`,
  )
  assert(seal !== undefined, 'an hour that is fed has been sealed')
  const sealVersion = integer(seal, 'version')
  const bySite = await bucketsOf(db, hourMs, sealVersion)
  return (await sitesOf(db, hourMs)).map((siteCode): ChildRecord => {
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

async function sitesOf(db: Database, hourMs: number): Promise<readonly string[]> {
  return (
    await db.all(
      sql`SELECT DISTINCT b.site_code FROM buckets b WHERE b.hour_ms = ${hourMs}
        AND ${isOwn(sql`b.site_code`)}
       UNION SELECT site_code FROM nodes WHERE enrolled_at_ms < ${hourMs + HOUR_MS}
         ORDER BY site_code`,
    )
  ).map((row) => text(row, 'site_code'))
}

async function bucketsOf(
  db: Database,
  hourMs: number,
  version: number,
): Promise<ReadonlyMap<string, readonly ReportedBucket[]>> {
  const bySite = new Map<string, ReportedBucket[]>()
  const rows = await db.allBigint(
    sql`SELECT b.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
     FROM buckets b JOIN profiles p ON p.profile_id = b.profile_id
     WHERE b.hour_ms = ${hourMs} AND b.version = ${version} AND ${isOwn(sql`b.site_code`)}
     ORDER BY b.site_code, b.owner_code, b.profile_id`,
  )
  for (const row of rows) {
    const siteCode = text(row, 'site_code')
    const buckets = bySite.get(siteCode) ?? []
    if (buckets.length === 0) bySite.set(siteCode, buckets)
    buckets.push(bucketOf(row))
  }
  return bySite
}

/**
 * Of this generation only: what was signed before a restore is older than what the parent holds.
 */
async function checkpointRecords(db: Database, head: Head): Promise<readonly ChildRecord[]> {
  const { generation } = await readLedger(db)
  const row = (await db.all(sql`SELECT origin, note FROM checkpoints`)).find((one) =>
    text(one, 'origin').endsWith(`/${generation}`),
  )
  if (row === undefined) return []
  return [{ kind: 'checkpoint', checkpoint: { ...head, note: text(row, 'note') } }]
}
