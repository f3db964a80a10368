/**
 * What children have told of an hour, as buckets. A card of which nothing is told is unknown for all
 * its time. A card that another ledger claims too is taken out: what it did is not known by itself, so
 * its time is taken from free first, then from unknown. Free is never said of more than is free.
 */
import type { ChildBucket, ChildrenHour, TakenOutCard } from '../model/child.ts'
import { type BucketFigure, noFigures } from './bucket-figures.ts'

/** Time of the seven states, in the order in which that of cards that count elsewhere is taken. */
const TAKEN_FIRST = [
  'freeMs',
  'unknownMs',
  'occupiedMs',
  'allocatedMs',
  'lentMs',
  'busyMs',
  'faultyMs',
] as const satisfies readonly BucketFigure[]

type Group = Pick<ChildBucket, 'siteCode' | 'ownerCode' | 'profile'> &
  Record<BucketFigure, bigint> & { cards: number }

/** By site, owner and profile, in no order; groups without a card are left out. */
export function childBuckets({ told, untold, takenOut }: ChildrenHour): readonly ChildBucket[] {
  const groups = new Map<string, Group>()
  for (const bucket of told) groups.set(groupKey(bucket), { ...bucket })
  for (const { cards, ownerCode, profile, siteCode, validMs } of untold) {
    const unknown = { ...noFigures(), cards, unknownMs: validMs }
    groups.set(groupKey({ siteCode, ownerCode, profile }), {
      siteCode,
      ownerCode,
      profile,
      ...unknown,
    })
  }
  for (const card of takenOut) {
    const group = groups.get(groupKey(card)) ?? likeOf(groups.values(), card)
    if (group !== undefined) takeOut(group, card)
  }
  return [...groups.values()].filter(({ cards }) => cards > 0)
}

/** Its owner may have been told under another name than the terms here say. */
function likeOf(groups: Iterable<Group>, card: TakenOutCard): Group | undefined {
  for (const group of groups) {
    if (groupKey({ ...group, ownerCode: card.ownerCode }) === groupKey(card)) return group
  }
  return undefined
}

function takeOut(group: Group, { isWhole, takenMs }: TakenOutCard): void {
  let leftMs = takenMs
  for (const figure of TAKEN_FIRST) {
    const ms = smaller(leftMs, group[figure])
    group[figure] -= ms
    leftMs -= ms
  }
  if (isWhole && group.cards > 0) group.cards -= 1
  group.depositedMs = smaller(group.depositedMs, group.freeMs)
  const bookedMs = TAKEN_FIRST.reduce((sum, figure) => sum + group[figure], 0n)
  group.activeMs = smaller(group.activeMs, bookedMs)
  group.givenMs = smaller(group.givenMs, bookedMs)
}

function groupKey({
  ownerCode,
  profile,
  siteCode,
}: Pick<ChildBucket, 'siteCode' | 'ownerCode' | 'profile'>): string {
  const { memoryTotalMib, name, powerCapWatts, vendor } = profile
  return JSON.stringify([siteCode, ownerCode, vendor, name, memoryTotalMib, powerCapWatts])
}

function smaller(one: bigint, other: bigint): bigint {
  // `Math.min` knows no bigint.
  if (one < other) return one
  return other
}
