/**
 * Answers whether this node will lend some units now: looks at them afresh, asks their owner afresh,
 * and looks again at what the owner has ordered meanwhile. An answer takes at most 2 s; what cannot
 * be seen in that time is unproven (C7).
 */
import type { Clock, LeaseAnswer, LeaseQuery, Timer } from '@yiben/shared'
import type { IndexedUnit } from '../sampling/facts.ts'
import type { SeenNow } from '../sampling/observer.ts'
import {
  type AskedUnit,
  type Declined,
  declinedAsKnown,
  declinedAsSeen,
  type SeenUnit,
} from './lease-question.ts'
import type { NodeLeases } from './node-leases.ts'

/** Of the 2 s that the collector waits, the way there and back taken off. */
const LOOK_MS_MAX = 1_700
/** A tool that prints by itself may have done so a moment before it was asked. */
const SAMPLE_AGE_MS_MAX = 2_000
/** More at once is a loop; the collector asks again. */
export const QUESTIONS_MAX = 64

export interface QuestionNode {
  readonly clock: Clock
  readonly leases: Pick<NodeLeases, 'book' | 'leaseOf' | 'ownersRefusal'>
  /** `null`: the timeline has not begun. */
  readonly epoch: () => string | null
  /** Units on record. */
  readonly units: () => readonly IndexedUnit[]
  readonly lookNow: (units: readonly IndexedUnit[]) => Promise<readonly SeenNow[]>
  /** On the node's timeline. */
  readonly atMonotonic: (monotonicMs: number) => number
  readonly keepCardsPerNode: number
  /** The owner's scheduler cannot place jobs of its own on lent cards. */
  readonly isFenced: boolean
}

export async function answerQuestion(query: LeaseQuery, node: QuestionNode): Promise<LeaseAnswer> {
  const askedAtMs = node.clock.monotonicMs()
  const known = asKnown(query, node)
  if (known.declined !== null) return answerOf(query, known.declined)
  const seen = await lookInTime(query, node)
  // A veto may have come while the tools were asked.
  const now = asKnown(query, node)
  if (now.declined !== null) return answerOf(query, now.declined)
  const units = new Map(seen.map((one) => [one.unit.index, seenUnit(one)]))
  const notBeforeMs = askedAtMs - SAMPLE_AGE_MS_MAX
  const declined = declinedAsSeen(query, now.units, units, notBeforeMs)
  const oldest = Math.min(...seen.map(({ observedAtMs }) => observedAtMs))
  const sampledAtMs = seen.length === 0 ? 0 : node.atMonotonic(oldest)
  return { ...answerOf(query, declined), sampledAtMs, isFenced: node.isFenced }
}

function asKnown(query: LeaseQuery, node: QuestionNode) {
  const { leases, keepCardsPerNode } = node
  const all = node.units()
  const asked = all.filter(({ index }) => query.units.includes(index))
  const isLent = (unit: IndexedUnit) => leases.leaseOf(unit.id) !== null
  const units = asked.map((unit): AskedUnit => {
    const lease = leases.leaseOf(unit.id)
    const isLonger = lease !== null && lease.unit.untilMs === query.startMs
    const startMs = isLonger ? lease.lease.startMs : query.startMs
    return {
      index: unit.index,
      unitId: unit.id,
      cardId: cardIdOf(unit, all),
      refusal: leases.ownersRefusal(unit, startMs, query.untilMs),
      lentUntilMs: lease?.unit.untilMs ?? null,
    }
  })
  const declined = declinedAsKnown(query, {
    epoch: node.epoch(),
    units,
    lentCardIds: new Set(all.filter(isLent).map((unit) => cardIdOf(unit, all))),
    cards: all.filter(({ unit }) => unit.kind === 'card').length,
    keepCardsPerNode,
  })
  return { units, declined }
}

/** The card itself, or the one it is cut from. */
function cardIdOf({ id, unit }: IndexedUnit, all: readonly IndexedUnit[]): string {
  if (unit.parentKey === null) return id
  const isParent = (other: IndexedUnit) =>
    other.unit.vendor === unit.vendor && other.unit.key === unit.parentKey
  return all.find(isParent)?.id ?? id
}

async function lookInTime(
  query: LeaseQuery,
  { clock, units, lookNow }: QuestionNode,
): Promise<readonly SeenNow[]> {
  const late = Promise.withResolvers<readonly SeenNow[]>()
  const timer: Timer = clock.after(LOOK_MS_MAX, () => late.resolve([]))
  try {
    const asked = units().filter(({ index }) => query.units.includes(index))
    return await Promise.race([lookNow(asked), late.promise])
  } finally {
    timer.cancel()
  }
}

function seenUnit({ unit, verdict, row, possession, observedAtMs }: SeenNow): SeenUnit {
  const isBanks = row.isBanks ?? false
  return { index: unit.index, code: verdict.code, possession, isBanks, observedAtMs }
}

function answerOf({ queryId }: LeaseQuery, declined: Declined | null): LeaseAnswer {
  return {
    queryId,
    accepted: declined === null,
    reason: declined?.reason ?? '',
    sampledAtMs: 0,
    isFenced: false,
    declinedUnits: declined?.units ?? [],
  }
}
