/**
 * Keeps sums over buckets. A period is kept whole once; from then on each version of one of its
 * hours adds what it moved, in the transaction that writes it, known since the same instant.
 *
 * Asked for what was known at an instant, a period's rows known by then add up to its buckets,
 * because every movement is known no earlier than what it moves. Of instants before all that the
 * first rows were made of (`known_from_ms`) they say nothing. Sums stay within 64 bits: a
 * year of four million cards is 1.3 × 10^17 card-ms.
 */
import { assert, HOUR_MS } from '@yiben/shared'
import { GRAINS, type Grain } from '../sum-columns.ts'
import type { Span } from '../sum-cover.ts'
import type { SumPeriod } from '../sum-store.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { raw, type Sql, sql } from './sql.ts'
import {
  ADDED_UP,
  AREA,
  addToRow,
  BUCKETS_ADDED_UP,
  FIGURE_LIST,
  HAS_MOVED,
  TWICE,
} from './sum-columns.ts'

interface Version {
  readonly hourMs: number
  readonly version: number
  readonly knownAtMs: number
}

/** The buckets of one version of an hour, less those of the version before. */
function movedBy({ hourMs, version }: Version): Sql {
  return sql`
    FROM (SELECT 1 AS sign, n.* FROM buckets n WHERE n.hour_ms = ${hourMs}
      AND n.version = ${version}
      UNION ALL
      SELECT -1, o.* FROM buckets o WHERE o.hour_ms = ${hourMs} AND o.version = ${version - 1}) b
    JOIN places p ON p.place_id = b.place_id`
}

function moveAreas(grain: Grain, fromMs: number, version: Version): Sql {
  return sql`
    INSERT INTO area_sums (area, grain, from_ms, profile_id, known_at_ms, ${FIGURE_LIST})
    SELECT * FROM (
      SELECT ${AREA} AS area, ${GRAINS[grain]}::bigint AS grain, ${fromMs}::bigint AS from_ms,
        profile_id, ${version.knownAtMs}::bigint AS known_at_ms, ${BUCKETS_ADDED_UP}
      ${movedBy(version)} ${TWICE} GROUP BY area, profile_id) moved
    WHERE ${HAS_MOVED}
    ON CONFLICT (area, grain, from_ms, profile_id, known_at_ms) DO UPDATE
      SET ${addToRow('area_sums')}`
}

function moveSites(grain: Grain, fromMs: number, version: Version): Sql {
  return sql`
    INSERT INTO site_sums
      (site_code, grain, from_ms, place_id, owner_code, profile_id, known_at_ms, ${FIGURE_LIST})
    SELECT * FROM (
      SELECT site_code, ${GRAINS[grain]}::bigint AS grain, ${fromMs}::bigint AS from_ms, p.place_id,
        owner_code, profile_id, ${version.knownAtMs}::bigint AS known_at_ms, ${BUCKETS_ADDED_UP}
      ${movedBy(version)} GROUP BY site_code, p.place_id, owner_code, profile_id) moved
    WHERE ${HAS_MOVED}
    ON CONFLICT (site_code, grain, from_ms, place_id, owner_code, profile_id, known_at_ms)
      DO UPDATE SET ${addToRow('site_sums')}`
}

/** Within the transaction that has written this version of the hour. */
export async function moveSums(db: Database, version: Version): Promise<void> {
  const { hourMs, knownAtMs } = version
  if (version.version === 1) {
    await addPeriod(db, 'hour', { fromMs: hourMs, toMs: hourMs + HOUR_MS }, knownAtMs)
  }
  for (const grain of ['hour', 'day', 'month'] as const) {
    const fromMs = await keptFromMs(db, grain, hourMs)
    if (fromMs === null) continue
    await db.run(moveAreas(grain, fromMs, version))
    if (grain !== 'hour') await db.run(moveSites(grain, fromMs, version))
  }
}

/** Start of the kept period of the grain that holds the instant. */
async function keptFromMs(db: Database, grain: Grain, atMs: number): Promise<number | null> {
  const row = await db.get(
    sql`SELECT from_ms, to_ms FROM sum_periods WHERE grain = ${GRAINS[grain]} AND from_ms <= ${atMs}
     ORDER BY from_ms DESC LIMIT 1`,
  )
  return row === undefined || integer(row, 'to_ms') <= atMs ? null : integer(row, 'from_ms')
}

function latestHours({ fromMs, toMs }: Span): Sql {
  return sql`(SELECT hour_ms, max(version) AS version, max(sealed_at_ms) AS known_from_ms
    FROM seals WHERE hour_ms >= ${fromMs} AND hour_ms < ${toMs} GROUP BY hour_ms)`
}

const HOUR = raw(String(GRAINS.hour))
const DAY = raw(String(GRAINS.day))
const MONTH = raw(String(GRAINS.month))

/** Hours of before there were sums, and their buckets. */
async function fillHours(db: Database, span: Span): Promise<void> {
  const missing = await db.all(sql`
    INSERT INTO sum_periods (grain, from_ms, to_ms, known_from_ms)
    SELECT ${HOUR}, s.hour_ms, s.hour_ms + ${raw(String(HOUR_MS))}, s.known_from_ms
    FROM ${latestHours(span)} s
    LEFT JOIN sum_periods p ON p.grain = ${HOUR} AND p.from_ms = s.hour_ms
    WHERE p.from_ms IS NULL
    RETURNING from_ms`)
  if (missing.length === 0) return
  await db.run(sql`
    INSERT INTO area_sums (area, grain, from_ms, profile_id, known_at_ms, ${FIGURE_LIST})
    SELECT ${AREA} AS area, ${HOUR}, b.hour_ms, profile_id, s.known_from_ms, ${BUCKETS_ADDED_UP}
    FROM ${latestHours(span)} s
    JOIN (SELECT 1 AS sign, n.* FROM buckets n) b
      ON b.hour_ms = s.hour_ms AND b.version = s.version
    JOIN places p ON p.place_id = b.place_id ${TWICE}
    WHERE s.hour_ms = ANY(${missing.map((row) => integer(row, 'from_ms'))}::bigint[])
    GROUP BY area, b.hour_ms, profile_id, s.known_from_ms`)
}

function sitesOfDay(day: Span, knownFromMs: number): Sql {
  return sql`
    INSERT INTO site_sums
      (site_code, grain, from_ms, place_id, owner_code, profile_id, known_at_ms, ${FIGURE_LIST})
    SELECT site_code, ${DAY}, ${day.fromMs}::bigint, place_id, owner_code, profile_id,
      ${knownFromMs}::bigint, ${BUCKETS_ADDED_UP}
    FROM ${latestHours(day)} s
    JOIN (SELECT 1 AS sign, n.* FROM buckets n) b
      ON b.hour_ms = s.hour_ms AND b.version = s.version
    GROUP BY site_code, place_id, owner_code, profile_id`
}

function sitesOfMonth({ fromMs, toMs }: Span, knownFromMs: number): Sql {
  return sql`
    INSERT INTO site_sums
      (site_code, grain, from_ms, place_id, owner_code, profile_id, known_at_ms, ${FIGURE_LIST})
    SELECT site_code, ${MONTH}, ${fromMs}::bigint, place_id, owner_code, profile_id,
      ${knownFromMs}::bigint, ${ADDED_UP}
    FROM site_sums WHERE grain = ${DAY} AND from_ms >= ${fromMs} AND from_ms < ${toMs}
    GROUP BY site_code, place_id, owner_code, profile_id HAVING sum(buckets) <> 0`
}

function areasOf(grain: 'day' | 'month', { fromMs, toMs }: Span, knownFromMs: number): Sql {
  return sql`
    INSERT INTO area_sums (area, grain, from_ms, profile_id, known_at_ms, ${FIGURE_LIST})
    SELECT area, ${grain === 'day' ? DAY : MONTH}, ${fromMs}::bigint, profile_id,
      ${knownFromMs}::bigint, ${ADDED_UP}
    FROM area_sums WHERE grain = ${grain === 'day' ? HOUR : DAY}
      AND from_ms >= ${fromMs} AND from_ms < ${toMs}
    GROUP BY area, profile_id HAVING sum(buckets) <> 0`
}

/** Answers whether the period is kept now. */
export async function keepPeriod(db: Database, period: SumPeriod): Promise<boolean> {
  const { grain, fromMs, toMs } = period
  assert(fromMs % HOUR_MS === 0 && toMs % HOUR_MS === 0, 'sums are kept of full hours')
  await lock(db, 'seals')
  if (await isOverlapped(db, period)) return false
  if (grain === 'month' && !(await hasEveryDay(db, period))) return false
  const knownFromMs = await latestSealMs(db, period)
  if (grain === 'day') {
    await fillHours(db, period)
    await db.run(sitesOfDay(period, knownFromMs))
  } else await db.run(sitesOfMonth(period, knownFromMs))
  await db.run(areasOf(grain, period, knownFromMs))
  await addPeriod(db, grain, period, knownFromMs)
  return true
}

async function isOverlapped(db: Database, { grain, fromMs, toMs }: SumPeriod): Promise<boolean> {
  const row = await db.get(
    sql`SELECT 1 FROM sum_periods WHERE grain = ${GRAINS[grain]} AND from_ms < ${toMs}
      AND to_ms > ${fromMs} LIMIT 1`,
  )
  return row !== undefined
}

/** Days do not overlap: those within the month are all of it when they last as long. */
async function hasEveryDay(db: Database, { fromMs, toMs }: SumPeriod): Promise<boolean> {
  const row = await db.get(
    sql`SELECT COALESCE(sum(to_ms - from_ms), 0) AS length_ms FROM sum_periods
     WHERE grain = ${GRAINS.day} AND from_ms >= ${fromMs} AND to_ms <= ${toMs}`,
  )
  return row !== undefined && integer(row, 'length_ms') === toMs - fromMs
}

/** When the last of what is known of the span now became known; 0: nothing is. */
async function latestSealMs(db: Database, { fromMs, toMs }: Span): Promise<number> {
  const row = await db.get(
    sql`SELECT COALESCE(max(sealed_at_ms), 0) AS known_from_ms FROM seals
     WHERE hour_ms >= ${fromMs} AND hour_ms < ${toMs}`,
  )
  return row === undefined ? 0 : integer(row, 'known_from_ms')
}

async function addPeriod(
  db: Database,
  grain: Grain,
  { fromMs, toMs }: Span,
  knownFromMs: number,
): Promise<void> {
  await db.run(
    sql`INSERT INTO sum_periods (grain, from_ms, to_ms, known_from_ms)
      VALUES (${GRAINS[grain]}, ${fromMs}, ${toMs}, ${knownFromMs})`,
  )
}
