/**
 * Will this node lend these units now? The reasons against it in the order in which they are looked
 * for; the first that some unit gives is the answer, with the units that stand in the way. Pure.
 *
 * `unknown_epoch`, `unknown_unit`, `not_consented`, `veto`, `paused`, `calendar` (the lease does not
 * lie inside the deposit calendar, or is longer than the owner grants), `kept_back` are known
 * without looking; `allocated` (to somebody else), `not_free`, `unproven` (nothing fresh is known)
 * rest on a sample and an answer of the owner that were asked for after the question came.
 */
import type { LeaseQuery, RunCode } from '@yiben/shared'
import { stateOf } from '@yiben/shared'
import type { Possession } from '../owners/owner.ts'

/** In the order in which they are looked for. */
export const LENDING_REFUSALS = [
  'unknown_epoch',
  'unknown_unit',
  'not_consented',
  'veto',
  'paused',
  'calendar',
  'kept_back',
  'allocated',
  'not_free',
  'unproven',
] as const
export type LendingRefusal = (typeof LENDING_REFUSALS)[number]

export interface Declined {
  readonly reason: LendingRefusal
  /** Unit indexes; empty: all of them. */
  readonly units: readonly number[]
}

/** One unit of the question, by what is known of it without looking. */
export interface AskedUnit {
  readonly index: number
  readonly unitId: string
  /** Card it is, or is cut from. */
  readonly cardId: string
  /** What the owner says to the lease; `null`: nothing against it. */
  readonly refusal: LendingRefusal | null
  /** The lease that has it, begun or not, ends then; `null`: it is not lent. */
  readonly lentUntilMs: number | null
}

export interface KnownFacts {
  /** `null`: the timeline has not begun. */
  readonly epoch: string | null
  readonly units: readonly AskedUnit[]
  /** Cards that are lent now, begun or not. */
  readonly lentCardIds: ReadonlySet<string>
  readonly cards: number
  readonly keepCardsPerNode: number
}

export function declinedAsKnown(query: LeaseQuery, facts: KnownFacts): Declined | null {
  if (facts.epoch === null || query.epoch !== facts.epoch) return whole('unknown_epoch')
  const found = new Set(facts.units.map(({ index }) => index))
  const unknown = query.units.filter((index) => !found.has(index))
  if (unknown.length > 0 || query.units.length === 0) {
    return { reason: 'unknown_unit', units: unknown }
  }
  for (const reason of LENDING_REFUSALS) {
    const units = facts.units.filter(({ refusal }) => refusal === reason)
    if (units.length > 0) return declined(reason, units)
  }
  const cards = new Set([...facts.lentCardIds, ...facts.units.map(({ cardId }) => cardId)])
  return cards.size > facts.cards - facts.keepCardsPerNode ? whole('kept_back') : null
}

/** One unit as seen after the question came. */
export interface SeenUnit {
  readonly index: number
  readonly code: RunCode
  readonly possession: Possession
  /** A job of the bank's own has it. */
  readonly isBanks: boolean
  readonly observedAtMs: number
}

/**
 * A unit lent until the instant from which it is asked for is asked for longer: what runs on it is
 * its borrower's. `notBeforeMs`: an older sample proves nothing.
 */
export function declinedAsSeen(
  query: LeaseQuery,
  units: readonly AskedUnit[],
  seen: ReadonlyMap<number, SeenUnit>,
  notBeforeMs: number,
): Declined | null {
  const reasonOf = ({ index, lentUntilMs }: AskedUnit): LendingRefusal | null => {
    const one = seen.get(index)
    if (lentUntilMs !== null && lentUntilMs !== query.startMs) return 'not_free'
    if (one === undefined || one.observedAtMs < notBeforeMs) return 'unproven'
    const { code, possession, isBanks } = one
    if (possession.status === 'given' && !possession.toBank) return 'allocated'
    const state = stateOf(code)
    if (lentUntilMs !== null) return possession.status === 'unproven' ? 'unproven' : null
    if (state === 'unknown') return 'unproven'
    return state === 'free' && !isBanks ? null : 'not_free'
  }
  const reasons = new Map(units.map((unit) => [unit, reasonOf(unit)]))
  for (const reason of LENDING_REFUSALS) {
    const against = units.filter((unit) => reasons.get(unit) === reason)
    if (against.length > 0) return declined(reason, against)
  }
  return null
}

function declined(reason: LendingRefusal, units: readonly AskedUnit[]): Declined {
  return { reason, units: units.map(({ index }) => index) }
}

function whole(reason: LendingRefusal): Declined {
  return { reason, units: [] }
}
