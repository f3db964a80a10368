/**
 * The two wide rows of the ledger, hour statistics and buckets, as tables: one line per field gives
 * the column, the statement and the way back.
 */
import type { Bucket } from '../../model/ledger.ts'
import type { UnitHour } from '../../model/timeline.ts'
import { HOUR_COLUMNS, packUnitHour, SUM_FIELDS } from '../hour-columns.ts'
import type { Value } from '../values.ts'

export const PUT_UNIT_HOUR = `
  INSERT INTO unit_hours (hour_ms, unit_id, ${HOUR_COLUMNS.join(', ')})
  VALUES (?, ?, ${HOUR_COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT (hour_ms, unit_id) DO UPDATE SET
  ${HOUR_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')}`

export function unitHourParams(hour: UnitHour): Value[] {
  return [hour.hourMs, hour.unitId, ...packUnitHour(hour)]
}

const SUM_COLUMNS = SUM_FIELDS.map(([, column]) => column)

export const PUT_BUCKET = `
  INSERT INTO buckets (hour_ms, version, site_code, owner_code, profile_id, place_id, cards,
    ${SUM_COLUMNS.join(', ')})
  VALUES (?, ?, ?, ?, ?, ?, ?, ${SUM_COLUMNS.map(() => '?').join(', ')})`

export function bucketParams(bucket: Bucket, profileId: number, placeId: number): Value[] {
  return [
    bucket.hourMs,
    bucket.version,
    bucket.siteCode,
    bucket.ownerCode,
    profileId,
    placeId,
    bucket.cards,
    ...SUM_FIELDS.map(([field]) => bucket[field]),
  ]
}
