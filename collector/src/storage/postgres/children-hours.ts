/**
 * Hours of children on their way in: the latest word of each, and the mark where it moves a sealed
 * hour.
 */
import { compareVersions, HOUR_MS, type HourReport } from '@yiben/shared'
import { bookedOf, packBuckets } from '../children-packed.ts'
import { OLDER, TAKEN, type Taken, type Teller, versionOf } from '../children-taking.ts'
import { integer, text } from '../values.ts'
import { refusalOfSite } from './children-taking.ts'
import type { Database } from './driver.ts'
import { share } from './locks.ts'
import { keptFromMs } from './retention.ts'
import { sql } from './sql.ts'

export async function takeHour(
  db: Database,
  teller: Teller,
  collector: number,
  hour: HourReport,
): Promise<Taken> {
  const notItsOwn = await refusalOfSite(db, collector, hour.siteCode)
  if (notItsOwn !== null) return notItsOwn
  const held = await db.get(
    sql`SELECT generation, number, buckets FROM child_hours
     WHERE hour_ms = ${hour.hourMs} AND collector_number = ${collector}
       AND site_code = ${hour.siteCode}`,
  )
  if (held !== undefined && compareVersions(hour.version, versionOf(held)) <= 0) return OLDER
  const buckets = packBuckets(hour.buckets)
  await db.run(
    sql`INSERT INTO child_hours (hour_ms, collector_number, site_code, seal_version, known_at_ms,
       generation, number, received_at_ms, unbalanced_ms, buckets)
     VALUES (${hour.hourMs}, ${collector}, ${hour.siteCode}, ${hour.sealVersion},
       ${hour.knownAtMs}, ${hour.version.generation}, ${hour.version.number}, ${teller.atMs},
       ${hour.sealVersion === 0 ? 0 : await unbalancedMs(db, collector, hour)}, ${buckets})
     ON CONFLICT (hour_ms, collector_number, site_code) DO UPDATE SET
       seal_version = excluded.seal_version, known_at_ms = excluded.known_at_ms,
       generation = excluded.generation, number = excluded.number,
       received_at_ms = excluded.received_at_ms, unbalanced_ms = excluded.unbalanced_ms,
       buckets = excluded.buckets`,
  )
  // Told again without a change, as when it is sealed there, it moves nothing here.
  if (held === undefined || text(held, 'buckets') !== buckets) await markHour(db, hour.hourMs)
  return TAKEN
}

/** What its states leave of the time in which its cards were valid, as they are known now. */
async function unbalancedMs(db: Database, collector: number, hour: HourReport): Promise<number> {
  const toMs = hour.hourMs + HOUR_MS
  const row = await db.get(sql`
    SELECT COALESCE(sum(least(COALESCE(booked_to_ms, ${toMs}), ${toMs})
      - greatest(valid_from_ms, ${hour.hourMs})), 0) AS valid_ms
    FROM child_cards WHERE site_code = ${hour.siteCode} AND collector_number = ${collector}
      AND is_counted AND valid_from_ms < ${toMs}
      AND (booked_to_ms IS NULL OR booked_to_ms > ${hour.hourMs})`)
  const booked = hour.buckets.reduce((sum, bucket) => sum + bookedOf(bucket), 0n)
  return integer(row ?? {}, 'valid_ms') - Number(booked)
}

/**
 * A sealed hour is corrected. So is one before all that were ever sealed: this ledger may be
 * younger than those that report to it.
 */
async function markHour(db: Database, hourMs: number): Promise<void> {
  await share(db, 'seals')
  if (hourMs < (await keptFromMs(db))) return
  await db.run(sql`
    INSERT INTO dirty_hours (hour_ms)
    SELECT ${hourMs}::bigint WHERE EXISTS (SELECT 1 FROM seals WHERE hour_ms = ${hourMs})
      OR ${hourMs}::bigint < (SELECT min(hour_ms) FROM seals)
    ON CONFLICT (hour_ms) DO NOTHING`)
}
