/**
 * Which lots serve a need: of one model where one model can, of as few as can be where none can.
 * Pure; equal questions get equal answers. How lots of one model are chosen is `capacity-fit.ts`.
 */
import { assert } from '@yiben/shared'
import { bestFit, compareFits, type Fit, fitOf } from './capacity-fit.ts'
import {
  amountAfter,
  cardsNeeded,
  isServedBy,
  type KindStock,
  type Need,
  type Pool,
  type Take,
  takesOf,
} from './capacity-need.ts'
import type { CardKind } from './lots.ts'

interface Plan extends Fit {
  readonly kinds: number
}

/** `null` when no pool can serve it. Of plans that are as good the first is taken. */
export function planOf(pools: readonly Pool[], need: Need): readonly Take[] | null {
  let best: Plan | null = null
  for (const pool of pools) {
    if (!isServedBy(pool.supply, need.amount)) continue
    const plan = planInPool(pool, need, best)
    if (plan !== null && (best === null || comparePlans(plan, best) < 0)) best = plan
  }
  return best?.takes ?? null
}

function comparePlans(left: Plan, right: Plan): number {
  return left.kinds - right.kinds || compareFits(left, right)
}

/**
 * Takes the kinds that give most until one kind can give the rest. The pool can serve the need;
 * `null` when it cannot do better than `toBeat`.
 */
function planInPool(pool: Pool, need: Need, toBeat: Plan | null): Plan | null {
  // A plan of one kind is beaten by a better one of one kind alone.
  const fit = bestOfOneKind(pool.kinds, need, toBeat?.kinds === 1 ? toBeat : null)
  if (fit !== null) return { ...fit, kinds: 1 }
  const kinds = new Map(pool.kinds)
  const takes: Take[] = []
  let rest = need
  for (let taken = 2; kinds.size > 0; taken += 1) {
    if (toBeat !== null && taken > toBeat.kinds) return null
    const [kind, { cards, offers }] = largestKind(kinds, need)
    takes.push(...takesOf(offers, need))
    rest = { ...rest, amount: amountAfter(rest.amount, kind, cards) }
    kinds.delete(kind)
    const last = bestOfOneKind(kinds, rest, null)
    if (last !== null) return { ...fitOf([...takes, ...last.takes]), kinds: taken }
  }
  assert(false, 'a pool that can serve a need serves it')
}

/** `null` when no kind can give it, or none better than `toBeat`. */
function bestOfOneKind(kinds: Pool['kinds'], need: Need, toBeat: Fit | null): Fit | null {
  let best: Fit | null = null
  for (const [kind, stock] of kinds) {
    const cards = cardsNeeded(kind, need)
    if (cards === null || stock.cards < cards) continue
    const other = best ?? toBeat
    if (other !== null && !mayBeat(other, Math.ceil(cards / stock.cardsOfLargest))) continue
    const fit = bestFit(stock.offers, cards, need)
    if (other === null || compareFits(fit, other) < 0) best = fit
  }
  return best
}

/** Whether anything with so many nodes at least could be better; settles most without a look. */
function mayBeat(fit: Fit, nodesLeast: number): boolean {
  if (fit.cardsBroken > 0) return true
  const nodes = fit.takes.length
  return nodesLeast < nodes || (nodesLeast === nodes && (fit.sites > 1 || fit.cardsSpare > 0))
}

/** The kind that gives most of what is asked for. */
function largestKind(kinds: Pool['kinds'], { amount }: Need): readonly [CardKind, KindStock] {
  const isCards = amount.unit === 'cards'
  const worthOf = ([kind, { cards }]: readonly [CardKind, KindStock]) =>
    BigInt(cards) * (isCards ? 1n : (kind.nanoTflops ?? 0n))
  return [...kinds].reduce((best, one) => (worthOf(one) > worthOf(best) ? one : best))
}
