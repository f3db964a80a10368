/**
 * Buckets and counts of children as they are stored: JSON of lists, without the names of fields: a
 * nation keeps steps of thousands of sites. Of buckets in the order of `SUM_FIELDS`, amounts as text,
 * because they may pass what JSON reads exactly.
 */
import type { ReportedBucket, ReportedCount, ReportedNodeCount } from '@yiben/shared'
import { SUM_FIELDS } from './hour-columns.ts'
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

type Profile = Pick<ReportedCount, 'vendor' | 'name' | 'memoryTotalMib' | 'powerCapWatts'>
type PackedCount = readonly [
  connection: ReportedCount['connection'],
  state: ReportedCount['state'],
  deposited: 0 | 1,
  schedulerRead: 0 | 1,
  cards: number,
]
type PackedGroup = readonly [
  ownerCode: string,
  vendor: Profile['vendor'],
  name: string,
  memoryTotalMib: number | null,
  powerCapWatts: number | null,
  counts: readonly PackedCount[],
]

/** Those of one owner and profile that follow one another say so once. The order stays. */
export function packCounts(counts: readonly ReportedCount[]): string {
  const groups: [...Head, PackedCount[]][] = []
  let lastHead = ''
  for (const count of counts) {
    const head = headOf(count)
    const key = JSON.stringify(head)
    if (key !== lastHead) groups.push([...head, []])
    lastHead = key
    const { cards, connection, isDeposited, isSchedulerRead, state } = count
    groups
      .at(-1)?.[5]
      .push([connection, state, isDeposited ? 1 : 0, isSchedulerRead ? 1 : 0, cards])
  }
  return JSON.stringify(groups)
}

type Head = readonly [...(PackedGroup extends readonly [...infer First, unknown] ? First : never)]

function headOf(count: ReportedCount): Head {
  const { memoryTotalMib, name, ownerCode, powerCapWatts, vendor } = count
  return [ownerCode, vendor, name, memoryTotalMib, powerCapWatts]
}

/** Steps of before they were packed are objects. */
export function unpackCounts(stored: string): readonly ReportedCount[] {
  return storedJson<readonly (PackedGroup | ReportedCount)[]>(stored).flatMap((one) =>
    isGroup(one) ? countsOf(one) : [one],
  )
}

function isGroup(one: PackedGroup | ReportedCount): one is PackedGroup {
  return Array.isArray(one)
}

function countsOf(group: PackedGroup): readonly ReportedCount[] {
  const [ownerCode, vendor, name, memoryTotalMib, powerCapWatts, counts] = group
  return counts.map(([connection, state, deposited, schedulerRead, cards]) => ({
    ownerCode,
    vendor,
    name,
    memoryTotalMib,
    powerCapWatts,
    connection,
    state,
    isDeposited: deposited === 1,
    isSchedulerRead: schedulerRead === 1,
    cards,
  }))
}

export function unpackNodeCounts(stored: string): readonly ReportedNodeCount[] {
  return storedJson<readonly ReportedNodeCount[]>(stored)
}
