/**
 * The future's part of a search: lots that together last as long as asked, with the confidence
 * asked for. Pure; the probabilities are the forecast's, none is made up here. A card the forecast
 * knows nothing of is not sure: it serves no request with a confidence.
 *
 * Among lots that serve, the best fit counts. Where that is not sure enough it is sought among ever
 * fewer, ever surer lots, at last among the surest alone, of whatever model.
 */
import type { UnitId } from '../model/ids.ts'
import type { Offer } from './capacity-index.ts'
import {
  type Amount,
  amountAfter,
  cardsNeeded,
  isNothing,
  type Need,
  poolsOf,
  type Take,
  usableCards,
} from './capacity-need.ts'
import { planOf } from './capacity-plan.ts'

/**
 * What a search asks of the forecast, answered from memory. Of windows that are open now; nothing
 * is known of cards it has not heard of. Chances are of 0 to 1.
 */
export interface Outlook {
  /** For each card the chance that its window lasts `forMs` more. */
  chanceOfEach(unitIds: readonly UnitId[], forMs: number): readonly (number | null)[]
  /** The chance that all of these windows last `forMs` more: joint, not a product. */
  chanceOfAll(unitIds: readonly UnitId[], forMs: number): number | null
}

export interface Certainty {
  readonly outlook: Outlook
  readonly forMs: number
  readonly confidence: number
}

/** So often the lots that are no surer than the weakest one taken are left out. */
const NARROWINGS_MAX = 4
/** Then only lots with so many times what is asked for are looked at, the surest of them. */
const ROOM_FACTORS = [4, 2] as const
/** Lengths of time whose chances are kept per lot; banks ask for few. */
const LENGTHS_KEPT_MAX = 8

export interface SurePlan {
  /** What serves the need, or when nothing does the surest that would be enough. */
  readonly takes: readonly Take[]
  readonly isServed: boolean
}

interface RankedOffer {
  readonly offer: Offer
  /** Of its card that is likeliest to go. */
  readonly chance: number
}
/** The surest first. */
export type Ranking = readonly RankedOffer[]

/** The chance that all of it lasts; `null` where nobody knows. */
export function chanceOf(
  takes: readonly Take[],
  { outlook, forMs }: Pick<Certainty, 'outlook' | 'forMs'>,
): number | null {
  const unitIds: UnitId[] = []
  for (const { offer, cards } of takes) {
    for (let card = 0; card < cards; card += 1) {
      const unitId = offer.cards[card]?.unitId
      if (unitId !== undefined) unitIds.push(unitId)
    }
  }
  return unitIds.length === 0 ? null : outlook.chanceOfAll(unitIds, forMs)
}

export class SureSearch {
  readonly #certainty: Certainty

  constructor(certainty: Certainty) {
    this.#certainty = certainty
  }

  isSure(takes: readonly Take[]): boolean {
    const chance = chanceOf(takes, this.#certainty)
    return chance !== null && chance >= this.#certainty.confidence
  }

  /** Lots with a card of which nothing is known are left out. */
  rank(offers: readonly Offer[]): Ranking {
    return this.#ranked(offers).sort(bySureness)
  }

  /** Nothing is surer than the surest: a better fit is sought only where that is sure. */
  planAmong(ranking: Ranking, need: Need, bestFit: readonly Take[]): SurePlan {
    const surest = this.#surestOf(ranking, need)
    if (surest === null || !this.isSure(surest))
      return { takes: surest ?? bestFit, isServed: false }
    for (const among of this.#narrowed(this.#sureOnes(ranking), need, bestFit)) {
      if (this.isSure(among)) return { takes: among, isServed: true }
    }
    return { takes: surest, isServed: true }
  }

  /** Of these and those others. */
  canServe(ranking: Ranking, others: readonly Offer[], need: Need): boolean {
    const sure = [...this.#sureOnes(ranking), ...this.#sureOnes(this.#ranked(others))]
    sure.sort(bySureness)
    return placesOf(sure, need).some((place) => this.#takesIfSure(place, need) !== null)
  }

  /** The most cards, all of one place where that is asked, that last with the confidence. */
  mostOf(ranking: Ranking, need: Need): readonly Take[] {
    const group = need.cardsPerNode
    let best: readonly Take[] = []
    let least = 0
    const takesOf = (place: Ranking, groups: number) => {
      const amount: Amount = { unit: 'cards', cards: groups * group }
      return this.#takesIfSure(place, { ...need, amount })
    }
    for (const place of placesOf(this.#sureOnes(ranking), need)) {
      let most = place.reduce((sum, { offer }) => sum + usableCards(offer, need), 0) / group
      let next = least + 1
      // Halves the range each time: more cards are never surer.
      while (least < most) {
        const takes = takesOf(place, next)
        if (takes === null) most = next - 1
        else {
          best = takes
          least = next
        }
        next = Math.ceil((least + most) / 2)
      }
    }
    return best
  }

  #ranked(offers: readonly Offer[]): RankedOffer[] {
    const ranked: RankedOffer[] = []
    for (const offer of offers) {
      const chance = weakestChance(offer, this.#certainty)
      if (chance !== null) ranked.push({ offer, chance })
    }
    return ranked
  }

  /** All of them last no more likely than one of them: the others serve nothing. */
  #sureOnes(ranking: Ranking): Ranking {
    return ranking.filter(({ chance }) => chance >= this.#certainty.confidence)
  }

  /** Best fits among ever surer lots. */
  *#narrowed(ranking: Ranking, need: Need, first: readonly Take[]): Generator<readonly Take[]> {
    let plan: readonly Take[] | null = first
    for (let turn = 0; turn < NARROWINGS_MAX; turn += 1) {
      let weakest = 1
      for (const { offer } of plan) {
        weakest = Math.min(weakest, weakestChance(offer, this.#certainty) ?? 0)
      }
      const surer = ranking.filter(({ chance }) => chance > weakest)
      plan = planOf(poolsOf(offersIn(surer), need), need)
      if (plan === null) break
      yield plan
    }
    for (const factor of ROOM_FACTORS) {
      const room = offersUpTo(ranking, { ...need, amount: times(need.amount, factor) })
      const among = planOf(poolsOf(room, need), need)
      if (among !== null) yield among
    }
  }

  /** Of the place whose surest lots are surest together; `null` when none has enough. */
  #surestOf(ranking: Ranking, need: Need): readonly Take[] | null {
    let best: readonly Take[] | null = null
    let bestChance = -1
    for (const place of placesOf(ranking, need)) {
      const { takes, weakest } = inOrder(place, need)
      // All of them last no more likely than one of them.
      if (takes === null || weakest <= bestChance) continue
      const chance = chanceOf(takes, this.#certainty) ?? 0
      if (chance > bestChance) {
        best = takes
        bestChance = chance
      }
    }
    return best
  }

  #takesIfSure(place: Ranking, need: Need): readonly Take[] | null {
    const { takes, weakest } = inOrder(place, need)
    if (takes === null || weakest < this.#certainty.confidence) return null
    return this.isSure(takes) ? takes : null
  }
}

function bySureness(left: RankedOffer, right: RankedOffer): number {
  return right.chance - left.chance
}

/**
 * Of the lot's card that is likeliest to go, as it was first asked for; `null` where one is not
 * known. A lot is told anew every minute, which forgets it. It says which lots are tried, and in
 * which order; what is promised in the end is asked afresh.
 */
function weakestChance(
  offer: Offer,
  { outlook, forMs }: Pick<Certainty, 'outlook' | 'forMs'>,
): number | null {
  const known = offer.chances.get(forMs)
  if (known !== undefined) return known
  const unitIds = offer.cards.map(({ unitId }) => unitId)
  let weakest: number | null = 1
  for (const chance of outlook.chanceOfEach(unitIds, forMs)) {
    weakest = chance === null || weakest === null ? null : Math.min(weakest, chance)
  }
  if (offer.chances.size >= LENGTHS_KEPT_MAX) offer.chances.clear()
  offer.chances.set(forMs, weakest)
  return weakest
}

function placesOf(ranking: Ranking, { isSameSite }: Need): readonly Ranking[] {
  return isSameSite ? [...Map.groupBy(ranking, ({ offer }) => offer.site).values()] : [ranking]
}

/** `takes` is `null` when they are not enough. */
function inOrder(place: Ranking, need: Need) {
  const takes: Take[] = []
  let weakest = 1
  let { amount } = need
  for (const { chance, offer } of place) {
    if (isNothing(amount)) break
    const needed = cardsNeeded(offer.lot.kind, { ...need, amount })
    const cards = Math.min(usableCards(offer, need), needed ?? 0)
    if (cards === 0) continue
    takes.push({ offer, cards })
    weakest = chance
    amount = amountAfter(amount, offer.lot.kind, cards)
  }
  return { takes: isNothing(amount) ? takes : null, weakest }
}

/** The first of them that hold the amount together. */
function offersUpTo(ranking: Ranking, need: Need): readonly Offer[] {
  const chosen: Offer[] = []
  let { amount } = need
  for (const { offer } of ranking) {
    if (isNothing(amount)) break
    chosen.push(offer)
    amount = amountAfter(amount, offer.lot.kind, usableCards(offer, need))
  }
  return chosen
}

function offersIn(ranking: Ranking): readonly Offer[] {
  return ranking.map(({ offer }) => offer)
}

function times(amount: Amount, factor: number): Amount {
  if (amount.unit === 'cards') return { unit: 'cards', cards: amount.cards * factor }
  return { unit: 'p', nanoTflops: amount.nanoTflops * BigInt(factor) }
}
