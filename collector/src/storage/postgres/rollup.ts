/** Hours: their material, their buckets in versions, their seals. */
import { assert } from '@yiben/shared'
import type { DeviceProfile } from '../../model/inventory.ts'
import type { Bucket, Seal } from '../../model/ledger.ts'
import { bucketOf, sealOf } from '../hour-columns.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { Store } from '../store.ts'
import { integer } from '../values.ts'
import { insertBuckets, type NumberedBucket } from './columns.ts'
import type { Database } from './driver.ts'
import { firstHourMs, readHour } from './hour.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'
import { sql } from './sql.ts'
import { placesAt } from './sum-places.ts'
import { moveSums } from './sum-writes.ts'
import { profileIdOf } from './units.ts'

type RollupMethods = Pick<
  Store,
  'sealedHours' | 'rollupBacklog' | 'readHour' | 'writeBuckets' | 'readBuckets'
>

export function rollupMethods(db: Database): RollupMethods {
  return {
    sealedHours: async (fromMs, toMs) =>
      (
        await db.all(
          sql`SELECT DISTINCT ON (hour_ms) hour_ms, version, sealed_at_ms FROM seals
           WHERE hour_ms >= ${fromMs} AND hour_ms < ${toMs} ORDER BY hour_ms, version DESC`,
        )
      ).map(sealOf),

    rollupBacklog: async () => {
      const sealed = await db.get(sql`SELECT max(hour_ms) AS last FROM seals`)
      return {
        firstHourMs: await firstHourMs(db),
        lastSealedHourMs:
          sealed === undefined || sealed.last === null ? null : integer(sealed, 'last'),
        dirtyHours: (
          await db.all(sql`SELECT hour_ms FROM dirty_hours ORDER BY hour_ms LIMIT ${PAGE_ROWS_MAX}`)
        ).map((row) => integer(row, 'hour_ms')),
      }
    },

    readHour: async (hourMs) => await readHour(db, hourMs),

    writeBuckets: async (write) => {
      // Nobody changes a sealed hour, or one that is about to be, until this is committed.
      await lock(db, 'seals')
      const last = await lastSeal(db, write.hourMs)
      if (write.version !== (last?.version ?? 0) + 1) return { status: 'stale' }
      if ((await readHour(db, write.hourMs)).mark !== write.expectedMark) return { status: 'stale' }
      assert(
        last === null || write.knownAtMs >= last.sealedAtMs,
        'a version of an hour is known no earlier than the one before',
      )
      await db.run(
        sql`INSERT INTO seals (hour_ms, version, sealed_at_ms)
          VALUES (${write.hourMs}, ${write.version}, ${write.knownAtMs})`,
      )
      await writeHour(db, write)
      await moveSums(db, write)
      await db.run(sql`DELETE FROM dirty_hours WHERE hour_ms = ${write.hourMs}`)
      addToOutbox(db, write.outbox)
      return { status: 'written' }
    },

    readBuckets: async (scope, range) => {
      const sites = await sitesInScope(db, scope)
      return (
        await db.allBigint(
          sql`SELECT b.*, s.sealed_at_ms, p.vendor, p.printed_name, p.memory_total_mib,
             p.power_cap_watts
           FROM (SELECT DISTINCT ON (hour_ms) hour_ms, version, sealed_at_ms FROM seals
             WHERE hour_ms >= ${range.fromMs} AND hour_ms < ${range.toMs}
               AND sealed_at_ms <= ${range.knownAtMs}
             ORDER BY hour_ms, version DESC) s
           JOIN buckets b ON b.hour_ms = s.hour_ms AND b.version = s.version
           JOIN profiles p ON p.profile_id = b.profile_id
           WHERE ${inScope(sql`b.site_code`, sites)}
           ORDER BY b.hour_ms, b.site_code, b.owner_code, b.profile_id`,
        )
      ).map(bucketOf)
    },
  }
}

async function lastSeal(db: Database, hourMs: number): Promise<Seal | null> {
  const row = await db.get(
    sql`SELECT * FROM seals WHERE hour_ms = ${hourMs} ORDER BY version DESC LIMIT 1`,
  )
  return row === undefined ? null : sealOf(row)
}

async function writeHour(
  db: Database,
  write: {
    readonly hourMs: number
    readonly version: number
    readonly knownAtMs: number
    readonly buckets: readonly Bucket[]
  },
): Promise<void> {
  const siteCodes = write.buckets.map(({ siteCode }) => siteCode)
  const places = await placesAt(db, write.hourMs, siteCodes)
  const profiles = new Map<DeviceProfile, number>()
  const numbered: NumberedBucket[] = []
  for (const bucket of write.buckets) {
    assert(
      bucket.hourMs === write.hourMs &&
        bucket.version === write.version &&
        bucket.knownAtMs === write.knownAtMs,
      'a bucket carries the hour, version and time it is written under',
    )
    const placeId = places.get(bucket.siteCode)
    assert(placeId !== undefined, 'every site of the hour has a place')
    const profileId = profiles.get(bucket.profile) ?? (await profileIdOf(db, bucket.profile))
    profiles.set(bucket.profile, profileId)
    numbered.push({ bucket, placeId, profileId })
  }
  await insertBuckets(db, numbered)
}
