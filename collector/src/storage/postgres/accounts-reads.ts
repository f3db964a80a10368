/**
 * What statements are made of: sums over postings, clipped to a span of time and cut off at what
 * was known then, and how leases of a site have ended. Sums are bigint: a country's pass 2^53.
 */
import type {
  AccountFilter,
  AccountMove,
  AccountSums,
  DrawMoves,
  ResidueSum,
  SiteRecord,
} from '../account-requests.ts'
import {
  type KnownRange,
  moveOf,
  PROMISE_MS_MAX,
  placeOf,
  RESIDUE_MS_MAX,
} from '../account-rows.ts'
import type { Scope } from '../requests.ts'
import { bigint, integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { inScope, type SeenSites, sitesInScope } from './scope.ts'
import { type Sql, sql } from './sql.ts'

const DAY_MS = 86_400_000

/** Claims of the filter whose promise reaches into a span. */
function claimsOf(
  { bank, borrower, ownerCode }: AccountFilter,
  sites: SeenSites,
  { fromMs, toMs }: Pick<KnownRange, 'fromMs' | 'toMs'>,
): Sql {
  // The draw of a borrower reaches as far as its claims do, and is found by an index.
  const [of, reaching] =
    ownerCode === null && borrower !== null
      ? [sql`d.borrower = ${borrower}`, sql`d`]
      : [ownerCode === null ? sql`true` : sql`c.owner_code = ${ownerCode}`, sql`c`]
  const banks = bank === null ? sql`` : sql`AND d.bank = ${bank}`
  return sql`SELECT c.draw_number, c.ordinal, c.site_code, c.owner_code, c.profile_id
    FROM claims c JOIN draws d ON d.draw_number = c.draw_number
    WHERE ${of} ${banks} AND ${reaching}.until_ms > ${fromMs} AND ${reaching}.start_ms < ${toMs}
      AND ${reaching}.start_ms IS NOT NULL AND c.start_ms IS NOT NULL
      AND ${inScope(sql`c.site_code`, sites)}`
}

const PROFILE = sql`f.vendor, f.printed_name, f.memory_total_mib, f.power_cap_watts`

export async function readAccounts(
  db: Database,
  scope: Scope,
  filter: AccountFilter,
  range: KnownRange,
): Promise<AccountSums> {
  const { fromMs, knownAtMs, toMs } = range
  const sites = await sitesInScope(db, scope)
  const before = { fromMs: fromMs - RESIDUE_MS_MAX, toMs }
  const moves = await db.allBigint(sql`
    SELECT c.site_code, c.owner_code, ${PROFILE}, p.from_account, p.to_account,
      sum(least(p.to_ms, ${toMs}) - greatest(p.from_ms, ${fromMs})) AS ms
    FROM (${claimsOf(filter, sites, range)}) c
    JOIN postings p ON p.draw_number = c.draw_number AND p.ordinal = c.ordinal
    JOIN profiles f ON f.profile_id = c.profile_id
    WHERE p.from_ms < ${toMs} AND p.to_ms > ${fromMs} AND p.known_at_ms <= ${knownAtMs}
    GROUP BY c.site_code, c.owner_code, c.profile_id, f.profile_id, p.from_account, p.to_account
    ORDER BY c.site_code, c.owner_code, c.profile_id, p.from_account, p.to_account`)
  // Of each claim the newest length that was known then.
  const residues = await db.allBigint(sql`
    SELECT c.site_code, c.owner_code, ${PROFILE},
      sum(least(r.to_ms, ${toMs}) - greatest(r.from_ms, ${fromMs})) AS ms
    FROM (${claimsOf(filter, sites, before)}) c
    CROSS JOIN LATERAL (SELECT * FROM residue_versions v
      WHERE v.draw_number = c.draw_number AND v.ordinal = c.ordinal
        AND v.known_at_ms <= ${knownAtMs} ORDER BY v.version_number DESC LIMIT 1) r
    JOIN profiles f ON f.profile_id = c.profile_id
    WHERE r.from_ms < ${toMs} AND r.to_ms > ${fromMs}
    GROUP BY c.site_code, c.owner_code, c.profile_id, f.profile_id
    ORDER BY c.site_code, c.owner_code, c.profile_id`)
  return {
    moves: moves.map((row): AccountMove => ({ ...placeOf(row), ...moveOf(row) })),
    residues: residues.map((row): ResidueSum => ({ ...placeOf(row), ms: bigint(row, 'ms') })),
  }
}

export async function readDrawMoves(
  db: Database,
  scope: Scope,
  filter: AccountFilter,
  range: KnownRange,
): Promise<readonly DrawMoves[]> {
  const sites = await sitesInScope(db, scope)
  const reach = { fromMs: range.fromMs, toMs: range.toMs + PROMISE_MS_MAX }
  const rows = await db.allBigint(sql`
    SELECT d.draw_id, d.request::json ->> 'startMs' IS NOT NULL AS is_booking, p.from_account,
      p.to_account, sum(p.to_ms - p.from_ms) AS ms
    FROM (${claimsOf(filter, sites, reach)}) c
    JOIN draws d ON d.draw_number = c.draw_number
    JOIN postings p ON p.draw_number = c.draw_number AND p.ordinal = c.ordinal
    WHERE d.start_ms >= ${range.fromMs} AND d.start_ms < ${range.toMs}
      AND p.known_at_ms <= ${range.knownAtMs}
    GROUP BY d.draw_number, p.from_account, p.to_account
    ORDER BY d.draw_number, p.from_account, p.to_account`)
  const draws = Map.groupBy(rows, (row) => text(row, 'draw_id'))
  return [...draws].map(([drawId, own]) => ({
    drawId,
    isBooking: own.some((row) => bigint(row, 'is_booking') !== 0n),
    moves: own.map(moveOf),
  }))
}

export async function readSiteRecords(
  db: Database,
  scope: Scope,
  { atMs, knownAtMs }: { readonly atMs: number; readonly knownAtMs: number },
): Promise<readonly SiteRecord[]> {
  const sites = await sitesInScope(db, scope)
  return (
    await db.all(
      sql`SELECT l.site_code, count(*) AS ended,
        count(*) FILTER (WHERE l.end_kind IN ('expired', 'returned')) AS kept,
         count(DISTINCT CASE WHEN l.end_kind = 'owner_claimed' THEN c.lease_id END) AS claims_90,
         count(DISTINCT CASE WHEN l.end_kind = 'owner_claimed' AND l.end_ms > ${atMs - 30 * DAY_MS}
           THEN c.lease_id END) AS claims_30
       FROM lent_spans l
       JOIN claims c ON c.draw_number = l.draw_number AND c.ordinal = l.ordinal
       WHERE l.end_kind IS NOT NULL AND l.end_ms > ${atMs - 90 * DAY_MS} AND l.end_ms <= ${atMs}
         AND l.known_from_ms <= ${knownAtMs}
         AND (l.known_to_ms IS NULL OR l.known_to_ms > ${knownAtMs})
           AND ${inScope(sql`l.site_code`, sites)}
       GROUP BY l.site_code ORDER BY l.site_code`,
    )
  ).map((row) => ({
    siteCode: text(row, 'site_code'),
    cardsEnded: integer(row, 'ended'),
    cardsKept: integer(row, 'kept'),
    ownerClaims30Days: integer(row, 'claims_30'),
    ownerClaims90Days: integer(row, 'claims_90'),
  }))
}
