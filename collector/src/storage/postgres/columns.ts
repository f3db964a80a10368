/** The two wide rows of the ledger, hour statistics and buckets, written many at once. */
import type { Bucket } from '../../model/ledger.ts'
import type { UnitHour } from '../../model/timeline.ts'
import { HOUR_COLUMNS, packUnitHour, SUM_FIELDS } from '../hour-columns.ts'
import type { Database } from './driver.ts'
import { roomForRows } from './months.ts'
import { join, type Parameter, raw, type Sql, sql } from './sql.ts'

const HOUR_LIST = raw(HOUR_COLUMNS.join(', '))
const HOUR_REPLACED = raw(HOUR_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', '))

/** Replaces what is there by (unit, hour); each once. */
export async function putUnitHours(db: Database, hours: readonly UnitHour[]): Promise<void> {
  if (hours.length === 0) return
  await roomForRows(
    db,
    'unit_hours',
    hours.map(({ hourMs }) => hourMs),
  )
  const packed = hours.map(packUnitHour)
  const statistics = HOUR_COLUMNS.map((_, at) => packed.map((values) => values[at] ?? null))
  await db.run(sql`
    INSERT INTO unit_hours (hour_ms, unit_id, ${HOUR_LIST})
    SELECT * FROM unnest(${join([
      bigints(hours.map(({ hourMs }) => hourMs)),
      bigints(hours.map(({ unitId }) => unitId)),
      ...statistics.map(bigints),
    ])})
    ON CONFLICT (unit_id, hour_ms) DO UPDATE SET ${HOUR_REPLACED}`)
}

/** A bucket with the numbers of what it names. */
export interface NumberedBucket {
  readonly bucket: Bucket
  readonly profileId: number
  readonly placeId: number
}

const SUM_LIST = raw(SUM_FIELDS.map(([, column]) => column).join(', '))

export async function insertBuckets(
  db: Database,
  numbered: readonly NumberedBucket[],
): Promise<void> {
  if (numbered.length === 0) return
  const buckets = numbered.map(({ bucket }) => bucket)
  await db.run(sql`
    INSERT INTO buckets (hour_ms, version, site_code, owner_code, profile_id, place_id, cards,
      ${SUM_LIST})
    SELECT * FROM unnest(${join([
      bigints(buckets.map(({ hourMs }) => hourMs)),
      bigints(buckets.map(({ version }) => version)),
      texts(buckets.map(({ siteCode }) => siteCode)),
      texts(buckets.map(({ ownerCode }) => ownerCode)),
      bigints(numbered.map(({ profileId }) => profileId)),
      bigints(numbered.map(({ placeId }) => placeId)),
      bigints(buckets.map(({ cards }) => cards)),
      ...SUM_FIELDS.map(([field]) => bigints(buckets.map((bucket) => bucket[field]))),
    ])})`)
}

function bigints(values: readonly Parameter[]): Sql {
  return sql`${values}::bigint[]`
}

function texts(values: readonly Parameter[]): Sql {
  return sql`${values}::text[]`
}
