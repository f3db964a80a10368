/** Hours: their material, their buckets in versions, their seals. */
import { assert } from '@yiben/shared'
import type { Bucket, Seal } from '../../model/ledger.ts'
import { bucketOf, sealOf } from '../hour-columns.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import { integer } from '../values.ts'
import { bucketParams, PUT_BUCKET } from './columns.ts'
import type { Database } from './driver.ts'
import { firstHourMs, readHour } from './hour.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'
import { PlaceBook } from './sum-places.ts'
import { moveSums } from './sum-writes.ts'
import { profileIdOf } from './units.ts'

type RollupMethods = Pick<
  SyncStore,
  'sealedHours' | 'rollupBacklog' | 'readHour' | 'writeBuckets' | 'readBuckets'
>

export function rollupMethods(db: Database): RollupMethods {
  return {
    sealedHours: (fromMs, toMs) =>
      db
        .all(
          `SELECT hour_ms, max(version) AS version, sealed_at_ms FROM seals
           WHERE hour_ms >= ? AND hour_ms < ? GROUP BY hour_ms ORDER BY hour_ms`,
          fromMs,
          toMs,
        )
        .map(sealOf),

    rollupBacklog: () => {
      const sealed = db.get('SELECT max(hour_ms) AS last FROM seals')
      return {
        firstHourMs: firstHourMs(db),
        lastSealedHourMs:
          sealed === undefined || sealed.last === null ? null : integer(sealed, 'last'),
        dirtyHours: db
          .all('SELECT hour_ms FROM dirty_hours ORDER BY hour_ms LIMIT ?', PAGE_ROWS_MAX)
          .map((row) => integer(row, 'hour_ms')),
      }
    },

    readHour: (hourMs) => readHour(db, hourMs),

    writeBuckets: (write) => {
      const last = lastSeal(db, write.hourMs)
      if (write.version !== (last?.version ?? 0) + 1) return { status: 'stale' }
      if (readHour(db, write.hourMs).mark !== write.expectedMark) return { status: 'stale' }
      assert(
        last === null || write.knownAtMs >= last.sealedAtMs,
        'a version of an hour is known no earlier than the one before',
      )
      db.run(
        'INSERT INTO seals (hour_ms, version, sealed_at_ms) VALUES (?, ?, ?)',
        write.hourMs,
        write.version,
        write.knownAtMs,
      )
      const places = new PlaceBook(db, write.hourMs)
      for (const bucket of write.buckets) insertBucket(db, bucket, write, places)
      moveSums(db, write)
      db.run('DELETE FROM dirty_hours WHERE hour_ms = ?', write.hourMs)
      addToOutbox(db, write.outbox)
      return { status: 'written' }
    },

    readBuckets: (scope, range) => {
      const sites = sitesInScope(db, scope)
      return db
        .allBigint(
          `SELECT b.*, s.sealed_at_ms, p.vendor, p.printed_name, p.memory_total_mib,
             p.power_cap_watts
           FROM (SELECT hour_ms, max(version) AS version, sealed_at_ms FROM seals
             WHERE hour_ms >= ? AND hour_ms < ? AND sealed_at_ms <= ? GROUP BY hour_ms) s
           JOIN buckets b ON b.hour_ms = s.hour_ms AND b.version = s.version
           JOIN profiles p ON p.profile_id = b.profile_id
           WHERE ${inScope('b.site_code')}
           ORDER BY b.hour_ms, b.site_code, b.owner_code, b.profile_id`,
          range.fromMs,
          range.toMs,
          range.knownAtMs,
          sites,
          sites,
        )
        .map(bucketOf)
    },
  }
}

function lastSeal(db: Database, hourMs: number): Seal | null {
  const row = db.get('SELECT * FROM seals WHERE hour_ms = ? ORDER BY version DESC LIMIT 1', hourMs)
  return row === undefined ? null : sealOf(row)
}

function insertBucket(
  db: Database,
  bucket: Bucket,
  write: { readonly hourMs: number; readonly version: number; readonly knownAtMs: number },
  places: PlaceBook,
): void {
  assert(
    bucket.hourMs === write.hourMs &&
      bucket.version === write.version &&
      bucket.knownAtMs === write.knownAtMs,
    'a bucket carries the hour, version and time it is written under',
  )
  const profileId = profileIdOf(db, bucket.profile)
  db.run(PUT_BUCKET, ...bucketParams(bucket, profileId, places.idOf(bucket.siteCode)))
}
