/**
 * Capacity search: which lots can be drawn now for a request, and when none can, what came closest
 * and which filter stands in the way. Pure: the lots, the present and the forecast are handed in,
 * and equal questions get equal answers.
 *
 *   filter (`-filter`) -> how much there is (`-need`) -> best fit (`-plan`, `-fit`)
 *                                                     -> lasting long enough (`-outlook`)
 */
import type { Scope } from '../storage/requests.ts'
import {
  barredOffers,
  filterOffers,
  LOT_FILTERS,
  type LotFilters,
  type Present,
} from './capacity-filter.ts'
import type { CapacityView, Offer } from './capacity-index.ts'
import {
  type Amount,
  isServedBy,
  largestPool,
  type Need,
  type Pool,
  poolsOf,
  type Supply,
  type Take,
  takeAllOf,
  takesOf,
  worthOf,
} from './capacity-need.ts'
import { chanceOf, type Outlook, type Ranking, SureSearch } from './capacity-outlook.ts'
import { planOf } from './capacity-plan.ts'

export interface CapacityRequest {
  readonly filters: LotFilters
  /** `null`: no amount; every lot is shown, and judged by itself. */
  readonly amount: Amount | null
  /** `null`: it does not matter. */
  readonly cardsPerNode: number | null
  readonly isSameSite: boolean
  /** That all of it lasts as long as `filters.forMs`; `null`: not asked. */
  readonly confidence: number | null
}

export interface SearchSurroundings extends Present {
  readonly scope: Scope
  /** `null`: there is no forecast. */
  readonly outlook: Outlook | null
}

const REQUEST_FILTERS = ['per_node', 'same_site', 'confidence'] as const
export const CAPACITY_FILTERS = [...LOT_FILTERS, ...REQUEST_FILTERS] as const
export type CapacityFilter = (typeof CAPACITY_FILTERS)[number]

/** What there would be without this one filter. */
export interface Hindrance {
  readonly filter: CapacityFilter
  readonly isServed: boolean
  readonly available: Supply
}

export interface CapacityAnswer {
  readonly isServed: boolean
  /** What serves the request; when nothing does, what came closest. */
  readonly takes: readonly Take[]
  readonly total: Supply
  /** The most that passes every filter but the confidence. */
  readonly available: Supply
  /** The most that also lasts with the confidence asked for; `null`: not asked, or not missed. */
  readonly availableSure: Supply | null
  /** Would pass every filter, but their nodes are not heard. */
  readonly suspendedCards: number
  /** That all of `takes` last as long as asked; `null`: not asked, not enough, or nobody knows. */
  readonly chance: number | null
  /** One per filter in force when nothing serves; what helps most comes first. */
  readonly inTheWay: readonly Hindrance[]
}

export function searchCapacity(
  view: CapacityView,
  request: CapacityRequest,
  surroundings: SearchSurroundings,
): CapacityAnswer {
  const { outlook, scope } = surroundings
  const question = { filters: request.filters, scope, present: surroundings }
  const { offers, suspendedCards } = filterOffers(view, question)
  const search = new Search(request, offers, outlook)
  const { takes, isServed } = search.result
  return {
    isServed,
    takes,
    total: worthOf(takes),
    available: search.available,
    availableSure: isServed ? null : search.availableSure(),
    suspendedCards,
    chance: search.chanceOf(takes),
    inTheWay: isServed ? [] : search.inTheWay(barredOffers(view, question)),
  }
}

interface Result {
  readonly takes: readonly Take[]
  readonly isServed: boolean
}

/** One request over the lots that are left of it. */
class Search {
  readonly #request: CapacityRequest
  readonly #offers: readonly Offer[]
  readonly #need: Need
  readonly #outlook: Outlook | null
  readonly #sureness: SureSearch | null
  readonly #pools: readonly Pool[]
  #ranking: Ranking | null = null
  readonly result: Result

  constructor(request: CapacityRequest, offers: readonly Offer[], outlook: Outlook | null) {
    const { cardsPerNode, confidence, filters, isSameSite } = request
    this.#request = request
    this.#offers = offers
    this.#outlook = outlook
    this.#need = {
      // Without an amount one group of cards is enough to be content.
      amount: request.amount ?? { unit: 'cards', cards: cardsPerNode ?? 1 },
      cardsPerNode: cardsPerNode ?? 1,
      isSameSite,
    }
    const { forMs } = filters
    const isAsked = outlook !== null && confidence !== null && forMs !== null
    this.#sureness = isAsked ? new SureSearch({ outlook, confidence, forMs }) : null
    this.#pools = poolsOf(offers, this.#need)
    this.result = request.amount === null ? this.#everything() : this.#serve()
  }

  get available(): Supply {
    return largestPool(this.#pools, this.#need.amount).supply
  }

  availableSure(): Supply | null {
    if (this.#sureness === null || this.#request.amount === null) return null
    return worthOf(this.#sureness.mostOf(this.#rankingBy(this.#sureness), this.#need))
  }

  chanceOf(takes: readonly Take[]): number | null {
    const { forMs } = this.#request.filters
    // What is no whole that was asked for need not last together.
    const isWhole = this.#request.amount !== null && isServedBy(worthOf(takes), this.#need.amount)
    if (this.#outlook === null || forMs === null || !isWhole) return null
    return chanceOf(takes, { outlook: this.#outlook, forMs })
  }

  inTheWay(barred: ReadonlyMap<CapacityFilter, readonly Offer[]>): readonly Hindrance[] {
    return CAPACITY_FILTERS.filter((filter) => this.#isInForce(filter))
      .map((filter) => this.#without(filter, barred.get(filter) ?? []))
      .sort((left, right) => {
        const byServed = Number(right.isServed) - Number(left.isServed)
        return byServed || right.available.cards - left.available.cards
      })
  }

  /** Every lot by itself. */
  #everything(): Result {
    const sureness = this.#sureness
    const all = takesOf(this.#offers, this.#need)
    const takes = sureness === null ? all : all.filter((take) => sureness.isSure([take]))
    return { takes, isServed: takes.length > 0 }
  }

  #serve(): Result {
    const plan = planOf(this.#pools, this.#need)
    if (plan === null) {
      const most = largestPool(this.#pools, this.#need.amount)
      return { takes: takeAllOf(most, this.#need), isServed: false }
    }
    const sureness = this.#sureness
    if (sureness === null || sureness.isSure(plan)) return { takes: plan, isServed: true }
    return sureness.planAmong(this.#rankingBy(sureness), this.#need, plan)
  }

  #rankingBy(sureness: SureSearch): Ranking {
    this.#ranking ??= sureness.rank(this.#offers)
    return this.#ranking
  }

  #isInForce(filter: CapacityFilter): boolean {
    const { filters, cardsPerNode, isSameSite } = this.#request
    switch (filter) {
      case 'per_node':
        return (cardsPerNode ?? 1) > 1
      case 'same_site':
        return isSameSite
      case 'confidence':
        return this.#sureness !== null
      case 'hours':
        return filters.forMs !== null
      case 'unfenced':
        return !filters.includesUnfenced
      case 'memory_gib_min':
        return filters.memoryGibMin !== null
      default:
        return filters[filter] !== null
    }
  }

  #without(filter: CapacityFilter, barred: readonly Offer[]): Hindrance {
    const offers = [...this.#offers, ...barred]
    const need = {
      ...this.#need,
      ...(filter === 'per_node' ? { cardsPerNode: 1 } : {}),
      ...(filter === 'same_site' ? { isSameSite: false } : {}),
    }
    const available = largestPool(poolsOf(offers, need), need.amount).supply
    const isEnough = isServedBy(available, need.amount)
    const sureness = filter === 'hours' || filter === 'confidence' ? null : this.#sureness
    if (sureness === null || !isEnough) return { filter, available, isServed: isEnough }
    const isServed = sureness.canServe(this.#rankingBy(sureness), barred, need)
    return { filter, available, isServed }
  }
}
