/**
 * What an hour's buckets hold of children: what they have told of it, and which cards they have
 * not.
 */
import { createHash, type Hash } from 'node:crypto'
import { HOUR_MS } from '@yiben/shared'
import type { ChildBucket, ChildrenHour, UntoldCards } from '../../model/child.ts'
import type { TermsOfSites } from '../child-rows.ts'
import { groupOf, takenOutOf } from '../child-rows.ts'
import { unpackBuckets } from '../children-packed.ts'
import { profileOf } from '../rows.ts'
import { integer, integerOrNull, text } from '../values.ts'
import { takenOutSpans } from './children-taken-out.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/** Collectors of which nothing comes now: those that are away, and all below them. */
const SILENT = sql`
  WITH RECURSIVE silent (collector_number, origin) AS (
    SELECT c.collector_number, c.origin FROM child_collectors c JOIN child_silences s
      ON s.collector_number = c.collector_number WHERE s.to_ms IS NULL
    UNION SELECT c.collector_number, c.origin FROM child_collectors c JOIN silent s
      ON c.parent_origin = s.origin)`

/** `null`: nobody reports here. The mark differs whenever a figure does. */
export async function childrenHour(
  db: Database,
  hourMs: number,
  terms: TermsOfSites,
): Promise<{ readonly children: ChildrenHour; readonly mark: string } | null> {
  if ((await db.get(sql`SELECT 1 AS told FROM site_origins LIMIT 1`)) === undefined) return null
  const digest = createHash('sha256')
  const told = await readTold(db, hourMs, digest)
  const untold = await readUntold(db, hourMs, terms)
  const takenOut = takenOutOf(await takenOutSpans(db), hourMs, terms)
  digest.update(
    JSON.stringify([untold, takenOut], (_, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  )
  const behind = await db.get(
    sql`SELECT min(behind_since_ms) AS since FROM children WHERE is_connected`,
  )
  const behindSinceMs = behind === undefined ? null : integerOrNull(behind, 'since')
  return {
    children: { told, untold, takenOut, isAwaited: await isAwaited(db, hourMs), behindSinceMs },
    mark: digest.digest('hex'),
  }
}

async function readTold(
  db: Database,
  hourMs: number,
  digest: Hash,
): Promise<readonly ChildBucket[]> {
  const rows = await db.all(
    sql`SELECT h.site_code, h.collector_number, h.generation, h.number, h.buckets
     FROM child_hours h JOIN site_origins o ON o.site_code = h.site_code
       AND o.collector_number = h.collector_number
     WHERE h.hour_ms = ${hourMs} ORDER BY h.site_code`,
  )
  return rows.flatMap((row) => {
    const siteCode = text(row, 'site_code')
    digest.update(JSON.stringify([siteCode, row.collector_number, row.generation, row.number]))
    return unpackBuckets(text(row, 'buckets')).map((bucket): ChildBucket => {
      const { memoryTotalMib, name, powerCapWatts, vendor, ...rest } = bucket
      return { ...rest, siteCode, profile: { vendor, name, memoryTotalMib, powerCapWatts } }
    })
  })
}

async function readUntold(
  db: Database,
  hourMs: number,
  terms: TermsOfSites,
): Promise<readonly UntoldCards[]> {
  const toMs = hourMs + HOUR_MS
  const rows = await db.all(
    sql`SELECT c.site_code, p.*, count(*) AS cards,
       sum(least(COALESCE(c.booked_to_ms, ${toMs}), ${toMs})
         - greatest(c.valid_from_ms, ${hourMs})) AS valid_ms
     FROM site_origins o JOIN child_cards c ON c.site_code = o.site_code
       AND c.collector_number = o.collector_number
     JOIN profiles p ON p.profile_id = c.profile_id
     WHERE NOT EXISTS (SELECT 1 FROM child_hours h WHERE h.hour_ms = ${hourMs}
         AND h.collector_number = o.collector_number AND h.site_code = o.site_code)
       AND c.is_counted AND c.valid_from_ms < ${toMs}
       AND (c.booked_to_ms IS NULL OR c.booked_to_ms > ${hourMs})
     GROUP BY c.site_code, p.profile_id ORDER BY c.site_code, p.profile_id`,
  )
  return rows.map((row) => ({
    ...groupOf(terms, text(row, 'site_code'), profileOf(row)),
    cards: integer(row, 'cards'),
    validMs: BigInt(integer(row, 'valid_ms')),
  }))
}

async function isAwaited(db: Database, hourMs: number): Promise<boolean> {
  const toMs = hourMs + HOUR_MS
  const row = await db.get(
    sql`${SILENT}
     SELECT 1 AS awaited FROM site_origins o
     JOIN child_collectors c ON c.collector_number = o.collector_number
     JOIN children k ON k.child_number = c.child_number
     WHERE k.status = 'active' AND NOT k.is_one_way
       AND o.collector_number NOT IN (SELECT collector_number FROM silent)
       AND NOT EXISTS (SELECT 1 FROM child_hours h WHERE h.hour_ms = ${hourMs}
         AND h.seal_version > 0
         AND h.collector_number = o.collector_number AND h.site_code = o.site_code)
       AND EXISTS (SELECT 1 FROM child_cards d WHERE d.site_code = o.site_code
         AND d.collector_number = o.collector_number AND d.is_counted
         AND d.valid_from_ms < ${toMs} AND (d.booked_to_ms IS NULL OR d.booked_to_ms > ${hourMs}))
     LIMIT 1`,
  )
  return row !== undefined
}
