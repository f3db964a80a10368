/**
 * Adds up kept sums and, where there are none, buckets. A question about all sites of the country
 * or of whole provinces is answered from the few rows of areas, any other from rows of sites.
 */
import type { Scope } from '../requests.ts'
import { Collector, KEYS, keptGrain, PROVINCE_SHAPE } from '../sum-collector.ts'
import { COUNTRY, GRAINS } from '../sum-columns.ts'
import type { Run } from '../sum-cover.ts'
import type { SumFilter, SumsAnswer, SumsAsk } from '../sum-store.ts'
import type { Row } from '../values.ts'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { sitesInScope } from './scope.ts'
import { join, raw, type Sql, sql } from './sql.ts'
import { ADDED_UP, BUCKETS_ADDED_UP, PROVINCE } from './sum-columns.ts'
import { coverOf } from './sum-cover.ts'

export async function readSums(db: Database, scope: Scope, ask: SumsAsk): Promise<SumsAnswer> {
  const asker = await askerOf(db, scope, ask.filter)
  const { runs, spanAt } = await coverOf(db, ask.spans, ask.knownAtMs)
  const areas = await areasOf(db, scope, ask)
  const isOfBuckets = ({ source }: Run) =>
    source === 'unkept' || (source === 'hour' && areas === null)
  const hours = runs.filter(isOfBuckets).reduce((sum, run) => sum + run.periods, 0)
  if (hours * asker.sites.length > ask.siteHoursMax)
    return { status: 'too_much', limit: 'site_hours' }
  if (ask.by === 'site' && ask.spans.length * asker.sites.length > ask.sumsMax) {
    return { status: 'too_much', limit: 'sums' }
  }
  const profiles = await db.all(sql`SELECT * FROM profiles`)
  const collector = new Collector(profiles, spanAt, ask)
  for (const run of runs) {
    if (isOfBuckets(run)) collector.add(run, await readBuckets(db, ask, asker, run))
    else if (areas === null) collector.add(run, await readSites(db, ask, asker, run))
    else {
      for (const area of areas) {
        const key = ask.by === 'total' ? 'total' : area
        collector.add(run, await readArea(db, ask, area, run), key)
      }
    }
    if (collector.isFull) return { status: 'too_much', limit: 'sums' }
  }
  return { status: 'summed', sums: collector.table() }
}

/** Areas that the answer consists of; `null` where it has to be told by site. */
async function areasOf(
  db: Database,
  scope: Scope,
  { by, filter }: SumsAsk,
): Promise<readonly string[] | null> {
  if (scope.regions !== 'all' || scope.sites !== 'all') return null
  if (by !== 'total' && by !== 'province') return null
  const { siteCode, ownerCode, operatorCode, regions } = filter
  if (siteCode !== null || ownerCode !== null || operatorCode !== null) return null
  if (regions !== null) {
    return regions.every((prefix) => PROVINCE_SHAPE.test(prefix)) ? [...new Set(regions)] : null
  }
  if (by === 'total') return [COUNTRY]
  return (await db.all(sql`SELECT DISTINCT ${PROVINCE} AS area FROM places`)).map((row) =>
    text(row, 'area'),
  )
}

/** Whose rows may be added up. */
interface Asker {
  readonly sites: readonly string[]
  readonly isOfAllSites: boolean
  /** On a row with an owner and `p`, its place. */
  readonly condition: Sql
}

async function askerOf(db: Database, scope: Scope, filter: SumFilter): Promise<Asker> {
  const seen = await sitesInScope(db, scope)
  const codes = seen ?? (await db.all(sql`SELECT code FROM sites`)).map((row) => text(row, 'code'))
  const { ownerCode, siteCode } = filter
  const places = await placesOf(db, filter)
  const conditions = [
    ...(ownerCode === null ? [] : [sql`owner_code = ${ownerCode}`]),
    ...(places === null ? [] : [sql`p.place_id = ANY(${places}::bigint[])`]),
  ]
  return {
    sites: siteCode === null ? codes : codes.filter((code) => code === siteCode),
    isOfAllSites: seen === null && siteCode === null,
    condition: conditions.length === 0 ? sql`true` : join(conditions, ' AND '),
  }
}

/** `null`: all. */
async function placesOf(
  db: Database,
  { operatorCode, regions }: SumFilter,
): Promise<readonly number[] | null> {
  if (operatorCode === null && regions === null) return null
  const rows = await db.all(sql`SELECT place_id, region_code, operator_code FROM places`)
  return rows
    .filter((row) => operatorCode === null || text(row, 'operator_code') === operatorCode)
    .filter((row) => {
      const code = text(row, 'region_code')
      return regions === null || regions.some((prefix) => code.startsWith(prefix))
    })
    .map((row) => integer(row, 'place_id'))
}

function periodOf(run: Run, column: 'from_ms' | 'hour_ms'): Sql {
  return raw(run.span === null ? column : '0')
}

function readArea(db: Database, ask: SumsAsk, area: string, run: Run): Promise<readonly Row[]> {
  return db.allBigint(sql`
    SELECT ${periodOf(run, 'from_ms')} AS period_ms, profile_id, ${ADDED_UP} FROM area_sums
    WHERE area = ${area} AND grain = ${GRAINS[keptGrain(run)]} AND from_ms >= ${run.fromMs}
      AND from_ms < ${run.toMs} AND known_at_ms <= ${ask.knownAtMs}
    GROUP BY period_ms, profile_id HAVING sum(buckets) <> 0`)
}

function readSites(
  db: Database,
  ask: SumsAsk,
  { condition, sites }: Asker,
  run: Run,
): Promise<readonly Row[]> {
  return db.allBigint(sql`
    SELECT ${periodOf(run, 'from_ms')} AS period_ms, ${raw(KEYS[ask.by])} AS sum_key, profile_id,
      ${ADDED_UP}
    FROM site_sums s JOIN places p ON p.place_id = s.place_id
    WHERE s.site_code = ANY(${sites}::text[]) AND s.grain = ${GRAINS[keptGrain(run)]}
      AND s.from_ms >= ${run.fromMs} AND s.from_ms < ${run.toMs}
      AND s.known_at_ms <= ${ask.knownAtMs} AND ${condition}
    GROUP BY period_ms, sum_key, profile_id HAVING sum(buckets) <> 0 LIMIT ${ask.sumsMax + 1}`)
}

function readBuckets(
  db: Database,
  ask: SumsAsk,
  { condition, isOfAllSites, sites }: Asker,
  run: Run,
): Promise<readonly Row[]> {
  const isListed = isOfAllSites ? sql`true` : sql`b.site_code = ANY(${sites}::text[])`
  return db.allBigint(sql`
    SELECT ${periodOf(run, 'hour_ms')} AS period_ms, ${raw(KEYS[ask.by])} AS sum_key, profile_id,
      ${BUCKETS_ADDED_UP}
    FROM (SELECT 1 AS sign, b.* FROM
        (SELECT hour_ms, max(version) AS version FROM seals
          WHERE hour_ms >= ${run.fromMs} AND hour_ms < ${run.toMs}
            AND sealed_at_ms <= ${ask.knownAtMs} GROUP BY hour_ms) s
      JOIN buckets b ON b.hour_ms = s.hour_ms AND b.version = s.version AND ${isListed}) x
    JOIN places p ON p.place_id = x.place_id WHERE ${condition}
    GROUP BY period_ms, sum_key, profile_id LIMIT ${ask.sumsMax + 1}`)
}
