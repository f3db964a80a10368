/**
 * Keeps sums over buckets. A period is kept whole once; from then on each version of one of its
 * hours adds what it moved, in the transaction that writes it, known since the same instant.
 *
 * Asked for what was known at an instant, a period's rows known by then add up to its buckets,
 * because every movement is known no earlier than what it moves. Of instants before all that the
 * first rows were made of (`known_from_ms`) they say nothing. Sums stay within SQLite's 64 bits: a
 * year of four million cards is 1.3 × 10^17 card-ms.
 */
import { assert, HOUR_MS } from '@yiben/shared'
import {
  ADD_TO_ROW,
  ADDED_UP,
  BUCKETS_ADDED_UP,
  COUNTRY,
  FIGURE_LIST,
  GRAINS,
  type Grain,
  HAS_MOVED,
  PROVINCE,
} from '../sum-columns.ts'
import type { SumPeriod } from '../sum-store.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** The buckets of one version of an hour, less those of the version before. */
const MOVED = `
  FROM (SELECT 1 AS sign, n.* FROM buckets n WHERE n.hour_ms = ? AND n.version = ?
    UNION ALL SELECT -1, o.* FROM buckets o WHERE o.hour_ms = ? AND o.version = ?) b
  JOIN places p ON p.place_id = b.place_id`

const MOVE_AREAS = `
  INSERT INTO area_sums (area, grain, from_ms, profile_id, known_at_ms, ${FIGURE_LIST})
  SELECT * FROM (
    SELECT CASE w.whole WHEN 1 THEN '${COUNTRY}' ELSE ${PROVINCE} END AS area, ? AS grain,
      ? AS from_ms, profile_id, ? AS known_at_ms, ${BUCKETS_ADDED_UP}
    ${MOVED} JOIN (SELECT 0 AS whole UNION ALL SELECT 1) w GROUP BY area, profile_id)
  WHERE ${HAS_MOVED}
  ON CONFLICT DO UPDATE SET ${ADD_TO_ROW}`

const MOVE_SITES = `
  INSERT INTO site_sums
    (site_code, grain, from_ms, place_id, owner_code, profile_id, known_at_ms, ${FIGURE_LIST})
  SELECT * FROM (
    SELECT site_code, ? AS grain, ? AS from_ms, p.place_id, owner_code, profile_id,
      ? AS known_at_ms, ${BUCKETS_ADDED_UP}
    ${MOVED} GROUP BY site_code, p.place_id, owner_code, profile_id)
  WHERE ${HAS_MOVED}
  ON CONFLICT DO UPDATE SET ${ADD_TO_ROW}`

/** Within the transaction that has written this version of the hour. */
export function moveSums(
  db: Database,
  write: { readonly hourMs: number; readonly version: number; readonly knownAtMs: number },
): void {
  const { hourMs, version, knownAtMs } = write
  if (version === 1) {
    addPeriod(db, 'hour', { fromMs: hourMs, toMs: hourMs + HOUR_MS }, knownAtMs)
  }
  const moved = [hourMs, version, hourMs, version - 1]
  for (const grain of ['hour', 'day', 'month'] as const) {
    const fromMs = keptFromMs(db, grain, hourMs)
    if (fromMs === null) continue
    db.run(MOVE_AREAS, GRAINS[grain], fromMs, knownAtMs, ...moved)
    if (grain !== 'hour') db.run(MOVE_SITES, GRAINS[grain], fromMs, knownAtMs, ...moved)
  }
}

/** Start of the kept period of the grain that holds the instant. */
function keptFromMs(db: Database, grain: Grain, atMs: number): number | null {
  const row = db.get(
    `SELECT from_ms, to_ms FROM sum_periods WHERE grain = ? AND from_ms <= ?
     ORDER BY from_ms DESC LIMIT 1`,
    GRAINS[grain],
    atMs,
  )
  return row === undefined || integer(row, 'to_ms') <= atMs ? null : integer(row, 'from_ms')
}

const LATEST_HOURS = `(SELECT hour_ms, max(version) AS version, max(sealed_at_ms) AS known_from_ms
  FROM seals WHERE hour_ms >= ? AND hour_ms < ? GROUP BY hour_ms)`

/** Hours of before there were sums, and their buckets. */
const MISSING_HOURS = `
  INSERT INTO sum_periods (grain, from_ms, to_ms, known_from_ms)
  SELECT ${GRAINS.hour}, s.hour_ms, s.hour_ms + ${HOUR_MS}, s.known_from_ms
  FROM ${LATEST_HOURS} s LEFT JOIN sum_periods p ON p.grain = ${GRAINS.hour} AND p.from_ms = s.hour_ms
  WHERE p.from_ms IS NULL
  RETURNING from_ms`
const FILL_HOUR = `
  INSERT INTO area_sums (area, grain, from_ms, profile_id, known_at_ms, ${FIGURE_LIST})
  SELECT CASE w.whole WHEN 1 THEN '${COUNTRY}' ELSE ${PROVINCE} END AS area, ${GRAINS.hour},
    b.hour_ms, profile_id, s.known_from_ms, ${BUCKETS_ADDED_UP}
  FROM ${LATEST_HOURS} s
  JOIN (SELECT 1 AS sign, n.* FROM buckets n) b ON b.hour_ms = s.hour_ms AND b.version = s.version
  JOIN places p ON p.place_id = b.place_id JOIN (SELECT 0 AS whole UNION ALL SELECT 1) w
  GROUP BY area, profile_id`

const SITES_OF_DAY = `
  INSERT INTO site_sums
    (site_code, grain, from_ms, place_id, owner_code, profile_id, known_at_ms, ${FIGURE_LIST})
  SELECT site_code, ${GRAINS.day}, ?, place_id, owner_code, profile_id, ?, ${BUCKETS_ADDED_UP}
  FROM ${LATEST_HOURS} s
  JOIN (SELECT 1 AS sign, n.* FROM buckets n) b ON b.hour_ms = s.hour_ms AND b.version = s.version
  GROUP BY site_code, place_id, owner_code, profile_id`
const SITES_OF_MONTH = `
  INSERT INTO site_sums
    (site_code, grain, from_ms, place_id, owner_code, profile_id, known_at_ms, ${FIGURE_LIST})
  SELECT d.site_code, ${GRAINS.month}, ?, place_id, owner_code, profile_id, ?, ${ADDED_UP}
  FROM sites s CROSS JOIN site_sums d ON d.site_code = s.code AND d.grain = ${GRAINS.day}
    AND d.from_ms >= ? AND d.from_ms < ?
  GROUP BY d.site_code, place_id, owner_code, profile_id HAVING sum(buckets) <> 0`
const AREAS = `
  INSERT INTO area_sums (area, grain, from_ms, profile_id, known_at_ms, ${FIGURE_LIST})
  SELECT h.area, ?, ?, profile_id, ?, ${ADDED_UP}
  FROM (SELECT '${COUNTRY}' AS area UNION SELECT ${PROVINCE} FROM places) a
  CROSS JOIN area_sums h ON h.area = a.area AND h.grain = ? AND h.from_ms >= ? AND h.from_ms < ?
  GROUP BY h.area, profile_id HAVING sum(buckets) <> 0`

/** Answers whether the period is kept now. */
export function keepPeriod(db: Database, period: SumPeriod): boolean {
  const { grain, fromMs, toMs } = period
  assert(fromMs % HOUR_MS === 0 && toMs % HOUR_MS === 0, 'sums are kept of full hours')
  if (isOverlapped(db, period)) return false
  if (grain === 'month' && !hasEveryDay(db, period)) return false
  const knownFromMs = latestSealMs(db, period)
  if (grain === 'day') {
    fillHours(db, period)
    db.run(SITES_OF_DAY, fromMs, knownFromMs, fromMs, toMs)
  } else db.run(SITES_OF_MONTH, fromMs, knownFromMs, fromMs, toMs)
  const parts = GRAINS[grain === 'day' ? 'hour' : 'day']
  db.run(AREAS, GRAINS[grain], fromMs, knownFromMs, parts, fromMs, toMs)
  addPeriod(db, grain, period, knownFromMs)
  return true
}

function isOverlapped(db: Database, { grain, fromMs, toMs }: SumPeriod): boolean {
  const row = db.get(
    'SELECT 1 FROM sum_periods WHERE grain = ? AND from_ms < ? AND to_ms > ? LIMIT 1',
    GRAINS[grain],
    toMs,
    fromMs,
  )
  return row !== undefined
}

/** Days do not overlap: those within the month are all of it when they last as long. */
function hasEveryDay(db: Database, { fromMs, toMs }: SumPeriod): boolean {
  const row = db.get(
    `SELECT COALESCE(sum(to_ms - from_ms), 0) AS length_ms FROM sum_periods
     WHERE grain = ? AND from_ms >= ? AND to_ms <= ?`,
    GRAINS.day,
    fromMs,
    toMs,
  )
  return row !== undefined && integer(row, 'length_ms') === toMs - fromMs
}

/** When the last of what is known of the span now became known; 0: nothing is. */
function latestSealMs(db: Database, { fromMs, toMs }: Span): number {
  const row = db.get(
    `SELECT COALESCE(max(sealed_at_ms), 0) AS known_from_ms FROM seals
     WHERE hour_ms >= ? AND hour_ms < ?`,
    fromMs,
    toMs,
  )
  return row === undefined ? 0 : integer(row, 'known_from_ms')
}

function fillHours(db: Database, { fromMs, toMs }: Span): void {
  for (const row of db.all(MISSING_HOURS, fromMs, toMs)) {
    const hourMs = integer(row, 'from_ms')
    db.run(FILL_HOUR, hourMs, hourMs + HOUR_MS)
  }
}

function addPeriod(db: Database, grain: Grain, { fromMs, toMs }: Span, knownFromMs: number): void {
  db.run(
    'INSERT INTO sum_periods (grain, from_ms, to_ms, known_from_ms) VALUES (?, ?, ?, ?)',
    GRAINS[grain],
    fromMs,
    toMs,
    knownFromMs,
  )
}
