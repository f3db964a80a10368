/** What an hour's buckets hold of children: what they have told of it, and which cards they have not. */
import { createHash, type Hash } from 'node:crypto'
import { HOUR_MS } from '@yiben/shared'
import type { ChildBucket, ChildrenHour, UntoldCards } from '../../model/child.ts'
import { groupOf, type TermsOfSites, takenOutOf } from '../child-rows.ts'
import { unpackBuckets } from '../children-packed.ts'
import { profileOf } from '../rows.ts'
import { integer, integerOrNull, text } from '../values.ts'
import { takenOutSpans } from './children-taken-out.ts'
import type { Database } from './driver.ts'

/** Sites of children of whose hour nothing is told. */
const UNTOLD_SITES = `
  SELECT o.site_code, o.collector_number FROM site_origins o
  WHERE NOT EXISTS (SELECT 1 FROM child_hours h WHERE h.hour_ms = ?
    AND h.collector_number = o.collector_number AND h.site_code = o.site_code)`

/** Collectors of which nothing comes now: those that are away, and all below them. */
const SILENT = `
  WITH RECURSIVE silent (collector_number, origin) AS (
    SELECT c.collector_number, c.origin FROM child_collectors c JOIN child_silences s
      ON s.collector_number = c.collector_number WHERE s.to_ms IS NULL
    UNION SELECT c.collector_number, c.origin FROM child_collectors c JOIN silent s
      ON c.parent_origin = s.origin)`

/** `null`: nobody reports here. The mark differs whenever a figure does. */
export function childrenHour(
  db: Database,
  hourMs: number,
  terms: TermsOfSites,
): { readonly children: ChildrenHour; readonly mark: string } | null {
  if (db.get('SELECT 1 AS told FROM site_origins LIMIT 1') === undefined) return null
  const digest = createHash('sha256')
  const told = readTold(db, hourMs, digest)
  const untold = readUntold(db, hourMs, terms)
  const takenOut = takenOutOf(takenOutSpans(db), hourMs, terms)
  digest.update(
    JSON.stringify([untold, takenOut], (_, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  )
  const behind = db.get('SELECT min(behind_since_ms) AS since FROM children WHERE is_connected = 1')
  const behindSinceMs = behind === undefined ? null : integerOrNull(behind, 'since')
  return {
    children: { told, untold, takenOut, isAwaited: isAwaited(db, hourMs), behindSinceMs },
    mark: digest.digest('hex'),
  }
}

function readTold(db: Database, hourMs: number, digest: Hash): readonly ChildBucket[] {
  const rows = db.all(
    `SELECT h.site_code, h.collector_number, h.generation, h.number, h.buckets
     FROM child_hours h JOIN site_origins o ON o.site_code = h.site_code
       AND o.collector_number = h.collector_number
     WHERE h.hour_ms = ? ORDER BY h.site_code`,
    hourMs,
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

function readUntold(db: Database, hourMs: number, terms: TermsOfSites): readonly UntoldCards[] {
  const toMs = hourMs + HOUR_MS
  const rows = db.all(
    `SELECT c.site_code, p.*, count(*) AS cards,
       sum(min(COALESCE(c.booked_to_ms, ?), ?) - max(c.valid_from_ms, ?)) AS valid_ms
     FROM (${UNTOLD_SITES}) o CROSS JOIN child_cards c ON c.site_code = o.site_code
       AND c.collector_number = o.collector_number
     JOIN profiles p ON p.profile_id = c.profile_id
     WHERE c.is_counted = 1 AND c.valid_from_ms < ?
       AND (c.booked_to_ms IS NULL OR c.booked_to_ms > ?)
     GROUP BY c.site_code, c.profile_id ORDER BY c.site_code, c.profile_id`,
    ...[toMs, toMs, hourMs, hourMs, toMs, hourMs],
  )
  return rows.map((row) => ({
    ...groupOf(terms, text(row, 'site_code'), profileOf(row)),
    cards: integer(row, 'cards'),
    validMs: BigInt(integer(row, 'valid_ms')),
  }))
}

function isAwaited(db: Database, hourMs: number): boolean {
  const toMs = hourMs + HOUR_MS
  const row = db.get(
    `${SILENT}
     SELECT 1 AS awaited FROM site_origins o
     JOIN child_collectors c ON c.collector_number = o.collector_number
     JOIN children k ON k.child_number = c.child_number
     WHERE k.status = 'active' AND k.is_one_way = 0
       AND o.collector_number NOT IN (SELECT collector_number FROM silent)
       AND NOT EXISTS (SELECT 1 FROM child_hours h WHERE h.hour_ms = ? AND h.seal_version > 0
         AND h.collector_number = o.collector_number AND h.site_code = o.site_code)
       AND EXISTS (SELECT 1 FROM child_cards d WHERE d.site_code = o.site_code
         AND d.collector_number = o.collector_number AND d.is_counted = 1
         AND d.valid_from_ms < ? AND (d.booked_to_ms IS NULL OR d.booked_to_ms > ?))
     LIMIT 1`,
    hourMs,
    toMs,
    hourMs,
  )
  return row !== undefined
}
