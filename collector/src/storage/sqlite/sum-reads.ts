/**
 * Adds up kept sums and, where there are none, buckets. A question about all sites of the country
 * or of whole provinces is answered from the few rows of areas, any other from rows of sites.
 */
import type { Scope } from '../requests.ts'
import { Collector, KEYS, keptGrain, PROVINCE_SHAPE } from '../sum-collector.ts'
import { ADDED_UP, BUCKETS_ADDED_UP, COUNTRY, GRAINS, PROVINCE } from '../sum-columns.ts'
import type { Run } from '../sum-cover.ts'
import type { SumFilter, SumsAnswer, SumsAsk } from '../sum-store.ts'
import { integer, type Row, storedJson, text, type Value } from '../values.ts'
import type { Database } from './driver.ts'
import { sitesInScope } from './scope.ts'
import { coverOf } from './sum-cover.ts'

export function readSums(db: Database, scope: Scope, ask: SumsAsk): SumsAnswer {
  const asker = askerOf(db, scope, ask.filter)
  const { runs, spanAt } = coverOf(db, ask.spans, ask.knownAtMs)
  const areas = areasOf(db, scope, ask)
  const isOfBuckets = ({ source }: Run) =>
    source === 'unkept' || (source === 'hour' && areas === null)
  const hours = runs.filter(isOfBuckets).reduce((sum, run) => sum + run.periods, 0)
  if (hours * asker.siteCount > ask.siteHoursMax) return { status: 'too_much', limit: 'site_hours' }
  if (ask.by === 'site' && ask.spans.length * asker.siteCount > ask.sumsMax) {
    return { status: 'too_much', limit: 'sums' }
  }
  const profiles = db.all('SELECT * FROM profiles')
  const collector = new Collector(profiles, spanAt, ask)
  for (const run of runs) {
    if (isOfBuckets(run)) collector.add(run, readBuckets(db, ask, asker, run))
    else if (areas === null) collector.add(run, readSites(db, ask, asker, run))
    else {
      for (const area of areas) {
        const key = ask.by === 'total' ? 'total' : area
        collector.add(run, readArea(db, ask, area, run), key)
      }
    }
    if (collector.isFull) return { status: 'too_much', limit: 'sums' }
  }
  return { status: 'summed', sums: collector.table() }
}

/** Areas that the answer consists of; `null` where it has to be told by site. */
function areasOf(db: Database, scope: Scope, { by, filter }: SumsAsk): readonly string[] | null {
  if (scope.regions !== 'all' || scope.sites !== 'all') return null
  if (by !== 'total' && by !== 'province') return null
  const { siteCode, ownerCode, operatorCode, regions } = filter
  if (siteCode !== null || ownerCode !== null || operatorCode !== null) return null
  if (regions !== null) {
    return regions.every((prefix) => PROVINCE_SHAPE.test(prefix)) ? [...new Set(regions)] : null
  }
  if (by === 'total') return [COUNTRY]
  return db.all(`SELECT DISTINCT ${PROVINCE} AS area FROM places`).map((row) => text(row, 'area'))
}

/** Whose rows may be added up, as parameters of statements. */
interface Asker {
  /** JSON of site codes. */
  readonly sites: string
  readonly siteCount: number
  readonly isOfAllSites: boolean
  readonly ownerCode: string | null
  /** JSON of places; `null`: all. */
  readonly places: string | null
}

function askerOf(db: Database, scope: Scope, filter: SumFilter): Asker {
  const inScope = sitesInScope(db, scope)
  const codes =
    inScope === null
      ? db.all('SELECT code FROM sites').map((row) => text(row, 'code'))
      : storedJson<readonly string[]>(inScope)
  const { siteCode, ownerCode } = filter
  const sites = siteCode === null ? codes : codes.filter((code) => code === siteCode)
  return {
    sites: JSON.stringify(sites),
    siteCount: sites.length,
    isOfAllSites: inScope === null && siteCode === null,
    ownerCode,
    places: placesOf(db, filter),
  }
}

function placesOf(db: Database, { operatorCode, regions }: SumFilter): string | null {
  if (operatorCode === null && regions === null) return null
  const ids = db
    .all('SELECT place_id, region_code, operator_code FROM places')
    .filter((row) => operatorCode === null || text(row, 'operator_code') === operatorCode)
    .filter((row) => {
      const code = text(row, 'region_code')
      return regions === null || regions.some((prefix) => code.startsWith(prefix))
    })
    .map((row) => integer(row, 'place_id'))
  return JSON.stringify(ids)
}

function readArea(db: Database, ask: SumsAsk, area: string, run: Run): readonly Row[] {
  const period = run.span === null ? 'from_ms' : '0'
  return db.allBigint(
    `SELECT ${period} AS period_ms, profile_id, ${ADDED_UP} FROM area_sums
     WHERE area = ? AND grain = ? AND from_ms >= ? AND from_ms < ? AND known_at_ms <= ?
     GROUP BY period_ms, profile_id HAVING sum(buckets) <> 0`,
    area,
    GRAINS[keptGrain(run)],
    run.fromMs,
    run.toMs,
    ask.knownAtMs,
  )
}

const OF_ASKER = `(? IS NULL OR owner_code = ?)
  AND (? IS NULL OR p.place_id IN (SELECT value FROM json_each(?)))`

function askerParams({ ownerCode, places }: Asker): readonly Value[] {
  return [ownerCode, ownerCode, places, places]
}

function readSites(db: Database, ask: SumsAsk, asker: Asker, run: Run): readonly Row[] {
  const period = run.span === null ? 'from_ms' : '0'
  return db.allBigint(
    `SELECT ${period} AS period_ms, ${KEYS[ask.by]} AS sum_key, profile_id, ${ADDED_UP}
     FROM json_each(?) c CROSS JOIN site_sums s ON s.site_code = c.value AND s.grain = ?
       AND s.from_ms >= ? AND s.from_ms < ? AND s.known_at_ms <= ?
     JOIN places p ON p.place_id = s.place_id WHERE ${OF_ASKER}
     GROUP BY period_ms, sum_key, profile_id HAVING sum(buckets) <> 0 LIMIT ?`,
    asker.sites,
    GRAINS[keptGrain(run)],
    run.fromMs,
    run.toMs,
    ask.knownAtMs,
    ...askerParams(asker),
    ask.sumsMax + 1,
  )
}

function readBuckets(db: Database, ask: SumsAsk, asker: Asker, run: Run): readonly Row[] {
  const period = run.span === null ? 'hour_ms' : '0'
  // Told apart, so that a list of sites is looked up and not searched for among all.
  const isListed = !asker.isOfAllSites
  return db.allBigint(
    `SELECT ${period} AS period_ms, ${KEYS[ask.by]} AS sum_key, profile_id, ${BUCKETS_ADDED_UP}
     FROM (SELECT 1 AS sign, b.* FROM
         (SELECT hour_ms, max(version) AS version FROM seals
           WHERE hour_ms >= ? AND hour_ms < ? AND sealed_at_ms <= ? GROUP BY hour_ms) s
       CROSS JOIN buckets b ON b.hour_ms = s.hour_ms AND b.version = s.version
       ${isListed ? 'AND b.site_code IN (SELECT value FROM json_each(?))' : ''}) x
     JOIN places p ON p.place_id = x.place_id WHERE ${OF_ASKER}
     GROUP BY period_ms, sum_key, profile_id LIMIT ?`,
    run.fromMs,
    run.toMs,
    ask.knownAtMs,
    ...(isListed ? [asker.sites] : []),
    ...askerParams(asker),
    ask.sumsMax + 1,
  )
}
