/** Hours as rows: statistics of a unit packed into one column, sums of a bucket, seals. */
import { assert, HOUR_MS, VENDORS } from '@yiben/shared'
import type { UnitId } from '../model/ids.ts'
import type { Bucket, Seal } from '../model/ledger.ts'
import type { UnitHour } from '../model/timeline.ts'
import { integer, type Row, smallOfBigint, text, wordOf } from './values.ts'

type NumbersOf<Source, Type> = {
  [Key in keyof Source]-?: Source[Key] extends Type ? Key : never
}[keyof Source]

type HourField = Exclude<NumbersOf<UnitHour, number | null>, 'unitId' | 'hourMs'>

/** The order is also that of the compact form in the open row: rows are only added at the end. */
const HOUR_FIELDS: readonly (readonly [field: HourField, column: string, isNullable: boolean])[] = [
  ['busyMs', 'busy_ms', false],
  ['allocatedMs', 'allocated_ms', false],
  ['occupiedMs', 'occupied_ms', false],
  ['freeMs', 'free_ms', false],
  ['faultyMs', 'faulty_ms', false],
  ['unknownMs', 'unknown_ms', false],
  ['classBMs', 'class_b_ms', false],
  ['activeMs', 'active_ms', false],
  ['givenMs', 'given_ms', false],
  ['samplesExpected', 'samples_expected', false],
  ['samplesGot', 'samples_got', false],
  ['samplesZero', 'samples_zero', false],
  ['samplesBelowTenth', 'samples_below_tenth', false],
  ['samplesUtilization', 'samples_utilization', false],
  ['utilizationSumPermille', 'utilization_sum_permille', false],
  ['utilizationMaxPermille', 'utilization_max_permille', true],
  ['memoryUsedMibMax', 'memory_used_mib_max', true],
  ['energyJoules', 'energy_joules', true],
  ['temperatureCelsiusMax', 'temperature_celsius_max', true],
]

export const HOUR_COLUMNS = HOUR_FIELDS.map(([, column]) => column)

/** The statistics alone, without the unit and the hour. */
export function packUnitHour(hour: UnitHour): (number | null)[] {
  return HOUR_FIELDS.map(([field]) => hour[field])
}

export function unpackUnitHour(
  unitId: UnitId,
  hourMs: number,
  values: readonly (number | null | undefined)[],
): UnitHour {
  const numbers: Partial<Record<HourField, number | null>> = {}
  HOUR_FIELDS.forEach(([field, , isNullable], index) => {
    const value = values[index]
    assert(
      typeof value === 'number' || (isNullable && value === null),
      `hour statistics hold ${field}`,
    )
    numbers[field] = value
  })
  // Every field of the table has just been set to a value its type allows.
  return { unitId, hourMs, ...numbers } as UnitHour
}

export function unitHourOf(row: Row): UnitHour {
  const values = HOUR_COLUMNS.map((column) => (row[column] === null ? null : integer(row, column)))
  return unpackUnitHour(integer(row, 'unit_id') as UnitId, integer(row, 'hour_ms'), values)
}

type SumField = NumbersOf<Bucket, bigint>

export const SUM_FIELDS: readonly (readonly [field: SumField, column: string])[] = [
  ['busyMs', 'busy_ms'],
  ['allocatedMs', 'allocated_ms'],
  ['occupiedMs', 'occupied_ms'],
  ['freeMs', 'free_ms'],
  ['faultyMs', 'faulty_ms'],
  ['unknownMs', 'unknown_ms'],
  ['lentMs', 'lent_ms'],
  ['depositedMs', 'deposited_ms'],
  ['activeMs', 'active_ms'],
  ['givenMs', 'given_ms'],
  ['energyJoules', 'energy_joules'],
  ['samplesExpected', 'samples_expected'],
  ['samplesGot', 'samples_got'],
  ['samplesZero', 'samples_zero'],
  ['samplesBelowTenth', 'samples_below_tenth'],
]

/** The sums of a row read with `allBigint`. */
export function bucketSums(row: Row): Pick<Bucket, SumField> {
  const sums: Partial<Record<SumField, bigint>> = {}
  for (const [field, column] of SUM_FIELDS) {
    const value = row[column]
    assert(typeof value === 'bigint', `column ${column} was read as a bigint`)
    sums[field] = value
  }
  // Every field of the table has just been set.
  return sums as Pick<Bucket, SumField>
}

export function bucketOf(row: Row): Bucket {
  const hourMs = smallOfBigint(row, 'hour_ms')
  assert(hourMs % HOUR_MS === 0, 'a bucket holds a full UTC hour')
  return {
    hourMs,
    siteCode: text(row, 'site_code'),
    ownerCode: text(row, 'owner_code'),
    profile: {
      vendor: wordOf(row, 'vendor', VENDORS),
      name: text(row, 'printed_name'),
      memoryTotalMib: row.memory_total_mib === null ? null : smallOfBigint(row, 'memory_total_mib'),
      powerCapWatts: row.power_cap_watts === null ? null : smallOfBigint(row, 'power_cap_watts'),
    },
    version: smallOfBigint(row, 'version'),
    knownAtMs: smallOfBigint(row, 'sealed_at_ms'),
    cards: smallOfBigint(row, 'cards'),
    ...bucketSums(row),
  }
}

export function sealOf(row: Row): Seal {
  return {
    hourMs: integer(row, 'hour_ms'),
    sealedAtMs: integer(row, 'sealed_at_ms'),
    version: integer(row, 'version'),
  }
}
