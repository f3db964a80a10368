/**
 * One hour's material into buckets: hour × site × owner × profile, integer sums (DESIGN 2.2).
 *
 * Only cards are counted: a cut card keeps its own timeline, its slices add nothing. Of two claims
 * in a conflict only the counted one enters. Per unit the seven states add up to its valid time
 * exactly; a hole or an overlap is our bug and stops the hour with the unit's number. What utilization
 * and givers say (`activeMs`, `givenMs`) is the same whether it was lent or not.
 */
import { assert } from '@yiben/shared'
import type { DeviceProfile } from '../model/inventory.ts'
import type { Bucket } from '../model/ledger.ts'
import type { HourMaterial, LentTime } from '../storage/requests.ts'
import { type BucketFigure, noFigures } from './bucket-figures.ts'
import { childBuckets } from './children.ts'

type UnitMaterial = HourMaterial['units'][number]

export interface BucketVersion {
  readonly version: number
  readonly knownAtMs: number
}

/** Buckets of an hour, ordered by site, owner and profile: equal material, equal list. */
export function bucketsOf(material: HourMaterial, write: BucketVersion): readonly Bucket[] {
  const buckets = new Map<string, Sums>()
  for (const unit of countedUnits(material)) {
    checkBalance(unit, material.hourMs)
    const key = keyOf(unit.unit.siteCode, unit.ownerCode, unit.unit.profile)
    const sums = buckets.get(key) ?? emptySums()
    addUnit(sums, unit)
    if (!buckets.has(key)) buckets.set(key, sums)
    sums.at = unit
  }
  const own = [...buckets.values()].map((sums) => bucketOf(sums, material.hourMs, write))
  const told = material.children === undefined ? [] : childBuckets(material.children)
  // A site is ours or a child's: no bucket is of both.
  const all = [...own, ...told.map((one) => ({ ...one, hourMs: material.hourMs, ...write }))]
  return all
    .map((bucket) => ({ key: bucketKey(bucket), bucket }))
    .sort((left, right) => (left.key < right.key ? -1 : 1))
    .map(({ bucket }) => bucket)
}

/** Units whose time is not all told yet: fewer milliseconds booked than the unit was valid. */
export function unsettledUnits(material: HourMaterial): readonly UnitMaterial[] {
  return countedUnits(material).filter((unit) => bookedMs(unit) < unit.validMs)
}

/** Names a bucket within its hour. */
export function bucketKey(bucket: Bucket): string {
  return keyOf(bucket.siteCode, bucket.ownerCode, bucket.profile)
}

function profileKey(profile: DeviceProfile): string {
  const { vendor, name, memoryTotalMib, powerCapWatts } = profile
  return JSON.stringify([vendor, name, memoryTotalMib, powerCapWatts])
}

const LENT_FIGURES = [
  'busyMs',
  'occupiedMs',
  'freeMs',
] as const satisfies readonly (keyof LentTime)[]
type LentFigure = (typeof LENT_FIGURES)[number]
const NO_TIME_MS = 0

type Sums = Record<BucketFigure, bigint> & { cards: number; at: UnitMaterial | null }

function keyOf(siteCode: string, ownerCode: string, profile: DeviceProfile): string {
  return JSON.stringify([siteCode, ownerCode, profileKey(profile)])
}

function countedUnits(material: HourMaterial): readonly UnitMaterial[] {
  return material.units.filter(
    ({ unit, validMs }) => unit.kind === 'card' && unit.isCounted && validMs > 0,
  )
}

/** What is told of its time, silence too. */
export function bookedMs({ stats, silentMs }: UnitMaterial): number {
  if (stats === null) return silentMs
  const { busyMs, allocatedMs, occupiedMs, freeMs, faultyMs, unknownMs } = stats
  return busyMs + allocatedMs + occupiedMs + freeMs + faultyMs + unknownMs + silentMs
}

function checkBalance(material: UnitMaterial, hourMs: number): void {
  const booked = bookedMs(material)
  const where = `unit ${material.unit.unitId} in the hour ${new Date(hourMs).toISOString()}`
  assert(
    booked === material.validMs,
    `the states of ${where} add up to ${booked} ms of ${material.validMs} ms valid`,
  )
  assert(
    material.depositedMs >= 0 && material.depositedMs <= unlentMs(material, 'freeMs'),
    `deposited time of ${where} is free time: ${material.depositedMs} ms deposited`,
  )
  assert(
    LENT_FIGURES.every((figure) => unlentMs(material, figure) >= 0),
    `lent time of ${where} is time that was measured in it`,
  )
}

/** What of a measured state was not lent; no time at all in an hour of which nothing is booked. */
function unlentMs({ stats, lent }: UnitMaterial, figure: LentFigure): number {
  return (stats?.[figure] ?? NO_TIME_MS) - (lent?.[figure] ?? NO_TIME_MS)
}

function emptySums(): Sums {
  return { ...noFigures(), cards: 0, at: null }
}

function addUnit(sums: Sums, material: UnitMaterial): void {
  const { stats, silentMs, depositedMs, lent } = material
  sums.cards += 1
  sums.unknownMs += BigInt(silentMs)
  sums.depositedMs += BigInt(depositedMs)
  if (stats === null) return
  // A lease takes its time out of what was measured; it is the same time (two axes, DESIGN 2.2).
  for (const figure of LENT_FIGURES) {
    sums[figure] += BigInt(unlentMs(material, figure))
    if (lent !== null) sums.lentMs += BigInt(lent[figure])
  }
  sums.allocatedMs += BigInt(stats.allocatedMs)
  sums.faultyMs += BigInt(stats.faultyMs)
  sums.unknownMs += BigInt(stats.unknownMs)
  sums.activeMs += BigInt(stats.activeMs)
  sums.givenMs += BigInt(stats.givenMs)
  // Energy that was not read adds nothing: the sum is of what was measured.
  if (stats.energyJoules !== null) sums.energyJoules += BigInt(stats.energyJoules)
  sums.samplesExpected += BigInt(stats.samplesExpected)
  sums.samplesGot += BigInt(stats.samplesGot)
  sums.samplesZero += BigInt(stats.samplesZero)
  sums.samplesBelowTenth += BigInt(stats.samplesBelowTenth)
}

function bucketOf({ at, ...sums }: Sums, hourMs: number, write: BucketVersion): Bucket {
  assert(at !== null, 'a bucket has at least one unit')
  const { siteCode, profile } = at.unit
  return { hourMs, siteCode, ownerCode: at.ownerCode, profile, ...write, ...sums }
}
