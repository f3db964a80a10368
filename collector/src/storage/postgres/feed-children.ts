/**
 * What children have told, as records to pass on: with the origin and the version that they came
 * with.
 */
import type {
  ChildRecord,
  NodeReport,
  ReportedCard,
  ReportedCount,
  ReportedNodeCount,
  ReportedTerms,
  SiteReport,
} from '@yiben/shared'
import { unpackBuckets } from '../sqlite/children-rows.ts'
import { headOf, identityOf, numberAndRest, type StoredIdentity } from '../sqlite/feed-children.ts'
import { profileOf } from '../sqlite/rows.ts'
import { flag, integer, integerOrNull, storedJson, text, textOrNull } from '../sqlite/values.ts'
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
  // Admitted, but it has told nothing yet.
  if (row === undefined || integer(row, 'generation') === 0) return []
  return [
    {
      kind: 'collector',
      collector: {
        ...headOf(row),
        name: text(row, 'name'),
        parentOrigin: textOrNull(row, 'parent_origin'),
        programVersion: text(row, 'program_version'),
        awaySinceMs: integerOrNull(row, 'silent_from_ms'),
      },
    },
  ]
}

async function siteRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const [collector, code] = numberAndRest(key)
  const row = await db.get(
    sql`SELECT r.*, c.origin FROM child_sites r ${OF_COLLECTOR}
     WHERE r.collector_number = ${collector} AND r.site_code = ${code}`,
  )
  if (row === undefined) return []
  type Declared = SiteReport['declared'][number]
  type Stored = Omit<Declared, 'declaredMilliP'> & { readonly declaredMilliP: string }
  const site: SiteReport = {
    ...headOf(row),
    siteCode: code,
    name: text(row, 'name'),
    terms: storedJson<readonly ReportedTerms[]>(text(row, 'terms')),
    declared: storedJson<readonly Stored[]>(text(row, 'declared')).map((one) => ({
      ...one,
      declaredMilliP: BigInt(one.declaredMilliP),
    })),
  }
  return [{ kind: 'site', site }]
}

async function nodeRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const [collector, nodeId] = numberAndRest(key)
  const row = await db.get(
    sql`SELECT r.*, c.origin FROM child_nodes r ${OF_COLLECTOR}
     WHERE r.collector_number = ${collector} AND r.node_id = ${nodeId}`,
  )
  if (row === undefined) return []
  const node: NodeReport = {
    ...headOf(row),
    nodeId,
    name: text(row, 'name'),
    siteCode: text(row, 'site_code'),
    isRevoked: flag(row, 'is_revoked'),
    cpuCores: integerOrNull(row, 'cpu_cores'),
    cards: await cardsOf(db, collector, nodeId),
  }
  return [{ kind: 'node', node }]
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
  ).map((row): ReportedCard => {
    const { memoryTotalMib, name, powerCapWatts, vendor } = profileOf(row)
    return {
      unitNumber: integer(row, 'unit_number'),
      acceleratorNumber: integer(row, 'accelerator_number'),
      vendor,
      name,
      memoryTotalMib,
      powerCapWatts,
      identities: storedJson<readonly StoredIdentity[]>(text(row, 'identities')).map(identityOf),
      validFromMs: integer(row, 'valid_from_ms'),
      bookedToMs: integerOrNull(row, 'booked_to_ms'),
      endedReason: textOrNull(row, 'ended_reason'),
      isCounted: flag(row, 'is_counted'),
      isInConflict: flag(row, 'is_in_conflict'),
    }
  })
}

async function hourRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const [hourMs, rest] = numberAndRest(key)
  const [collector, siteCode] = numberAndRest(rest)
  const row = await db.get(
    sql`SELECT r.*, c.origin FROM child_hours r ${OF_COLLECTOR}
     WHERE r.hour_ms = ${hourMs} AND r.collector_number = ${collector}
       AND r.site_code = ${siteCode}`,
  )
  if (row === undefined) return []
  return [
    {
      kind: 'hour',
      hour: {
        ...headOf(row),
        siteCode,
        hourMs,
        sealVersion: integer(row, 'seal_version'),
        knownAtMs: integer(row, 'known_at_ms'),
        buckets: unpackBuckets(text(row, 'buckets')),
      },
    },
  ]
}

/** The latest that was told: those before it were passed on in their time. */
async function countsRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const [collector, siteCode] = numberAndRest(key)
  const row = await db.get(
    sql`SELECT r.*, c.origin FROM child_counts r ${OF_COLLECTOR}
     WHERE r.site_code = ${siteCode} AND r.collector_number = ${collector} 
     ORDER BY r.generation DESC, r.number DESC LIMIT 1`,
  )
  if (row === undefined) return []
  return [
    {
      kind: 'counts',
      counts: {
        ...headOf(row),
        siteCode,
        atMs: integer(row, 'at_ms'),
        counts: storedJson<readonly ReportedCount[]>(text(row, 'counts')),
        nodes: storedJson<readonly ReportedNodeCount[]>(text(row, 'nodes')),
      },
    },
  ]
}

async function checkpointRecords(db: Database, key: string): Promise<readonly ChildRecord[]> {
  const row = await db.get(
    sql`SELECT r.*, c.origin FROM child_checkpoints r ${OF_COLLECTOR}
      WHERE r.collector_number = ${Number(key)}`,
  )
  if (row === undefined) return []
  return [{ kind: 'checkpoint', checkpoint: { ...headOf(row), note: text(row, 'note') } }]
}
