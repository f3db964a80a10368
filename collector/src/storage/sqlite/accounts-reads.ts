/**
 * What statements are made of: sums over postings, clipped to a span of time and cut off at what was
 * known then, and how leases of a site have ended. Sums are bigint: a country's pass 2^53.
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
  DAY_MS,
  type KnownRange,
  moveOf,
  PROMISE_MS_MAX,
  placeOf,
  RESIDUE_MS_MAX,
} from '../account-rows.ts'
import type { Scope } from '../requests.ts'
import { bigint, integer, text, type Value } from '../values.ts'
import type { Database } from './driver.ts'
import { inScope, sitesInScope } from './scope.ts'

/** Claims of the filter whose promise reaches into a span; binds `filterParams`. */
const CLAIMS_OF_ALL = `SELECT c.draw_number, c.ordinal, c.site_code, c.owner_code, c.profile_id
  FROM claims c JOIN draws d ON d.draw_number = c.draw_number
  WHERE ? IS NULL AND (? IS NULL OR d.bank = ?) AND c.until_ms > ? AND c.start_ms < ?
    AND c.start_ms IS NOT NULL AND ${inScope('c.site_code')}`
const CLAIMS_OF_OWNER = `SELECT c.draw_number, c.ordinal, c.site_code, c.owner_code, c.profile_id
  FROM claims c INDEXED BY claims_owner JOIN draws d ON d.draw_number = c.draw_number
  WHERE c.owner_code = ? AND (? IS NULL OR d.bank = ?) AND c.until_ms > ? AND c.start_ms < ?
    AND c.start_ms IS NOT NULL AND ${inScope('c.site_code')}`
const CLAIMS_OF_BORROWER = `SELECT c.draw_number, c.ordinal, c.site_code, c.owner_code, c.profile_id
  FROM draws d INDEXED BY draws_borrower JOIN claims c ON c.draw_number = d.draw_number
  WHERE d.borrower = ? AND (? IS NULL OR d.bank = ?) AND d.until_ms > ? AND d.start_ms < ?
    AND d.start_ms IS NOT NULL AND c.start_ms IS NOT NULL AND ${inScope('c.site_code')}`

const MOVES = (claims: string) => `
  SELECT c.site_code, c.owner_code, f.vendor, f.printed_name, f.memory_total_mib, f.power_cap_watts,
    p.from_account, p.to_account, sum(min(p.to_ms, at.to_ms) - max(p.from_ms, at.from_ms)) AS ms
  FROM (SELECT CAST(? AS INTEGER) AS from_ms, CAST(? AS INTEGER) AS to_ms, ? AS known) at,
    (${claims}) c
  JOIN postings p ON p.draw_number = c.draw_number AND p.ordinal = c.ordinal
  JOIN profiles f ON f.profile_id = c.profile_id
  WHERE p.from_ms < at.to_ms AND p.to_ms > at.from_ms AND p.known_at_ms <= at.known
  GROUP BY c.site_code, c.owner_code, c.profile_id, p.from_account, p.to_account
  ORDER BY c.site_code, c.owner_code, c.profile_id, p.from_account, p.to_account`

/** Of each claim the newest length that was known then. */
const RESIDUES = (claims: string) => `
  SELECT c.site_code, c.owner_code, f.vendor, f.printed_name, f.memory_total_mib, f.power_cap_watts,
    sum(min(r.to_ms, at.to_ms) - max(r.from_ms, at.from_ms)) AS ms
  FROM (SELECT CAST(? AS INTEGER) AS from_ms, CAST(? AS INTEGER) AS to_ms, ? AS known) at,
    (${claims}) c
  JOIN residue_versions r ON r.version_number = (
    SELECT max(v.version_number) FROM residue_versions v
    WHERE v.draw_number = c.draw_number AND v.ordinal = c.ordinal AND v.known_at_ms <= at.known)
  JOIN profiles f ON f.profile_id = c.profile_id
  WHERE r.from_ms < at.to_ms AND r.to_ms > at.from_ms
  GROUP BY c.site_code, c.owner_code, c.profile_id
  ORDER BY c.site_code, c.owner_code, c.profile_id`

const SQL = {
  all: {
    claims: CLAIMS_OF_ALL,
    moves: MOVES(CLAIMS_OF_ALL),
    residues: RESIDUES(CLAIMS_OF_ALL),
  },
  owner: {
    claims: CLAIMS_OF_OWNER,
    moves: MOVES(CLAIMS_OF_OWNER),
    residues: RESIDUES(CLAIMS_OF_OWNER),
  },
  borrower: {
    claims: CLAIMS_OF_BORROWER,
    moves: MOVES(CLAIMS_OF_BORROWER),
    residues: RESIDUES(CLAIMS_OF_BORROWER),
  },
} as const

export function readAccounts(
  db: Database,
  scope: Scope,
  filter: AccountFilter,
  range: KnownRange,
): AccountSums {
  const { moves, residues } = SQL[kindOf(filter)]
  const at = [range.fromMs, range.toMs, range.knownAtMs]
  const before = { ...range, fromMs: range.fromMs - RESIDUE_MS_MAX }
  return {
    moves: db
      .allBigint(moves, ...at, ...filterParams(db, scope, filter, range))
      .map((row): AccountMove => ({ ...placeOf(row), ...moveOf(row) })),
    residues: db
      .allBigint(residues, ...at, ...filterParams(db, scope, filter, before))
      .map((row): ResidueSum => ({ ...placeOf(row), ms: bigint(row, 'ms') })),
  }
}

const DRAW_MOVES = (claims: string) => `
  SELECT d.draw_id, json_extract(d.request, '$.startMs') IS NOT NULL AS is_booking,
    p.from_account, p.to_account, sum(p.to_ms - p.from_ms) AS ms
  FROM (SELECT CAST(? AS INTEGER) AS from_ms, CAST(? AS INTEGER) AS to_ms, ? AS known) at,
    (${claims}) c
  JOIN draws d ON d.draw_number = c.draw_number
  JOIN postings p ON p.draw_number = c.draw_number AND p.ordinal = c.ordinal
  WHERE d.start_ms >= at.from_ms AND d.start_ms < at.to_ms AND p.known_at_ms <= at.known
  GROUP BY c.draw_number, p.from_account, p.to_account
  ORDER BY c.draw_number, p.from_account, p.to_account`
const DRAW_MOVES_OF = {
  all: DRAW_MOVES(CLAIMS_OF_ALL),
  owner: DRAW_MOVES(CLAIMS_OF_OWNER),
  borrower: DRAW_MOVES(CLAIMS_OF_BORROWER),
} as const

export function readDrawMoves(
  db: Database,
  scope: Scope,
  filter: AccountFilter,
  range: KnownRange,
): readonly DrawMoves[] {
  const reach = { ...range, toMs: range.toMs + PROMISE_MS_MAX }
  const rows = db.allBigint(
    DRAW_MOVES_OF[kindOf(filter)],
    range.fromMs,
    range.toMs,
    range.knownAtMs,
    ...filterParams(db, scope, filter, reach),
  )
  const draws = Map.groupBy(rows, (row) => text(row, 'draw_id'))
  return [...draws].map(([drawId, own]) => ({
    drawId,
    isBooking: own.some((row) => bigint(row, 'is_booking') !== 0n),
    moves: own.map(moveOf),
  }))
}

/** The ends that keep a promise; what an owner, a fault or a swap ended was not kept. */
const KEPT_ENDS = "('expired', 'returned')"

export function readSiteRecords(
  db: Database,
  scope: Scope,
  { atMs, knownAtMs }: { readonly atMs: number; readonly knownAtMs: number },
): readonly SiteRecord[] {
  const sites = sitesInScope(db, scope)
  return db
    .all(
      `SELECT l.site_code, count(*) AS ended, sum(l.end_kind IN ${KEPT_ENDS}) AS kept,
         count(DISTINCT CASE WHEN l.end_kind = 'owner_claimed' THEN c.lease_id END) AS claims_90,
         count(DISTINCT CASE WHEN l.end_kind = 'owner_claimed' AND l.end_ms > ?
           THEN c.lease_id END) AS claims_30
       FROM lent_spans l INDEXED BY lent_spans_ended
       JOIN claims c ON c.draw_number = l.draw_number AND c.ordinal = l.ordinal
       WHERE l.end_kind IS NOT NULL AND l.end_ms > ? AND l.end_ms <= ? AND l.known_from_ms <= ?
         AND (l.known_to_ms IS NULL OR l.known_to_ms > ?) AND ${inScope('l.site_code')}
       GROUP BY l.site_code ORDER BY l.site_code`,
      atMs - 30 * DAY_MS,
      atMs - 90 * DAY_MS,
      atMs,
      knownAtMs,
      knownAtMs,
      sites,
      sites,
    )
    .map((row) => ({
      siteCode: text(row, 'site_code'),
      cardsEnded: integer(row, 'ended'),
      cardsKept: integer(row, 'kept'),
      ownerClaims30Days: integer(row, 'claims_30'),
      ownerClaims90Days: integer(row, 'claims_90'),
    }))
}

function kindOf({ borrower, ownerCode }: AccountFilter): keyof typeof SQL {
  if (ownerCode !== null) return 'owner'
  return borrower === null ? 'all' : 'borrower'
}

function filterParams(
  db: Database,
  scope: Scope,
  { ownerCode, borrower, bank }: AccountFilter,
  { fromMs, toMs }: Pick<KnownRange, 'fromMs' | 'toMs'>,
): readonly Value[] {
  const sites = sitesInScope(db, scope)
  return [ownerCode ?? borrower, bank, bank, fromMs, toMs, sites, sites]
}
