/** Hours of children on their way in: the latest word of each, and the mark where it moves a sealed hour. */
import { compareVersions, HOUR_MS, type HourReport } from '@yiben/shared'
import { bookedOf, packBuckets } from '../children-packed.ts'
import { OLDER, TAKEN, type Taken, type Teller, versionOf } from '../children-taking.ts'
import { integer, text } from '../values.ts'
import { refusalOfSite } from './children-taking.ts'
import type { Database } from './driver.ts'
import { keptFromMs } from './retention.ts'

export function takeHour(db: Database, teller: Teller, collector: number, hour: HourReport): Taken {
  const notItsOwn = refusalOfSite(db, collector, hour.siteCode)
  if (notItsOwn !== null) return notItsOwn
  const held = db.get(
    `SELECT generation, number, buckets FROM child_hours
     WHERE hour_ms = ? AND collector_number = ? AND site_code = ?`,
    hour.hourMs,
    collector,
    hour.siteCode,
  )
  if (held !== undefined && compareVersions(hour.version, versionOf(held)) <= 0) return OLDER
  const buckets = packBuckets(hour.buckets)
  db.run(
    `INSERT INTO child_hours (hour_ms, collector_number, site_code, seal_version, known_at_ms,
       generation, number, received_at_ms, unbalanced_ms, buckets)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (hour_ms, collector_number, site_code) DO UPDATE SET
       seal_version = excluded.seal_version, known_at_ms = excluded.known_at_ms,
       generation = excluded.generation, number = excluded.number,
       received_at_ms = excluded.received_at_ms, unbalanced_ms = excluded.unbalanced_ms,
       buckets = excluded.buckets`,
    hour.hourMs,
    collector,
    hour.siteCode,
    hour.sealVersion,
    hour.knownAtMs,
    hour.version.generation,
    hour.version.number,
    teller.atMs,
    hour.sealVersion === 0 ? 0 : unbalancedMs(db, collector, hour),
    buckets,
  )
  // Told again without a change, as when it is sealed there, it moves nothing here.
  if (held === undefined || text(held, 'buckets') !== buckets) markHour(db, hour.hourMs)
  return TAKEN
}

/** What its states leave of the time in which its cards were valid, as they are known now. */
function unbalancedMs(db: Database, collector: number, hour: HourReport): number {
  const row =
    db.get(
      `SELECT COALESCE(sum(min(COALESCE(booked_to_ms, ?), ?) - max(valid_from_ms, ?)), 0) AS valid_ms
       FROM child_cards WHERE site_code = ? AND collector_number = ? AND is_counted = 1
         AND valid_from_ms < ? AND (booked_to_ms IS NULL OR booked_to_ms > ?)`,
      ...[hour.hourMs + HOUR_MS, hour.hourMs + HOUR_MS, hour.hourMs],
      hour.siteCode,
      collector,
      ...[hour.hourMs + HOUR_MS, hour.hourMs],
    ) ?? {}
  const booked = hour.buckets.reduce((sum, bucket) => sum + bookedOf(bucket), 0n)
  return integer(row, 'valid_ms') - Number(booked)
}

/**
 * A sealed hour is corrected. So is one before all that were ever sealed: this ledger may be younger
 * than those that report to it.
 */
function markHour(db: Database, hourMs: number): void {
  db.run(
    `INSERT INTO dirty_hours (hour_ms)
     SELECT ? WHERE ? >= ? AND (EXISTS (SELECT 1 FROM seals WHERE hour_ms = ?)
       OR ? < (SELECT min(hour_ms) FROM seals))
     ON CONFLICT (hour_ms) DO NOTHING`,
    hourMs,
    hourMs,
    keptFromMs(db),
    hourMs,
    hourMs,
  )
}
