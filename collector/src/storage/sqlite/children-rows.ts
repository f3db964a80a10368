/**
 * Buckets and counts of children as they are stored: JSON; of buckets lists in the order of
 * `SUM_FIELDS`, amounts as text, because they may pass what JSON reads exactly.
 */
import type { ReportedBucket, ReportedCount, ReportedNodeCount } from '@yiben/shared'
import { SUM_FIELDS } from './columns.ts'
import { storedJson } from './values.ts'

const STATE_FIELDS = [
  'busyMs',
  'allocatedMs',
  'occupiedMs',
  'freeMs',
  'faultyMs',
  'unknownMs',
  'lentMs',
] as const satisfies readonly (keyof ReportedBucket)[]

type Packed = readonly [
  ownerCode: string,
  vendor: ReportedBucket['vendor'],
  name: string,
  memoryTotalMib: number | null,
  powerCapWatts: number | null,
  cards: number,
  ...figures: string[],
]

/** Time of all seven states. */
export function bookedOf(bucket: Pick<ReportedBucket, (typeof STATE_FIELDS)[number]>): bigint {
  return STATE_FIELDS.reduce((sum, field) => sum + bucket[field], 0n)
}

/** In the order of owner and profile: equal buckets, equal text. */
export function packBuckets(buckets: readonly ReportedBucket[]): string {
  const packed = buckets.map((bucket): Packed => {
    const { cards, memoryTotalMib, name, ownerCode, powerCapWatts, vendor } = bucket
    const figures = SUM_FIELDS.map(([field]) => bucket[field].toString())
    return [ownerCode, vendor, name, memoryTotalMib, powerCapWatts, cards, ...figures]
  })
  return JSON.stringify(
    packed
      .map((one) => [JSON.stringify(one.slice(0, 5)), one] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, one]) => one),
  )
}

export function unpackBuckets(stored: string): readonly ReportedBucket[] {
  return storedJson<readonly Packed[]>(stored).map((packed) => {
    const [ownerCode, vendor, name, memoryTotalMib, powerCapWatts, cards, ...figures] = packed
    const sums = Object.fromEntries(
      SUM_FIELDS.map(([field], place) => [field, BigInt(figures[place] ?? '0')]),
    ) as Pick<ReportedBucket, (typeof SUM_FIELDS)[number][0]>
    return { ownerCode, vendor, name, memoryTotalMib, powerCapWatts, cards, ...sums }
  })
}

export function unpackCounts(stored: string): readonly ReportedCount[] {
  return storedJson<readonly ReportedCount[]>(stored)
}

export function unpackNodeCounts(stored: string): readonly ReportedNodeCount[] {
  return storedJson<readonly ReportedNodeCount[]>(stored)
}
