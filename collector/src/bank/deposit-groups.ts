/**
 * All that is deposited now, counted by site and kind of card: how much, how long it has been free,
 * and how many cards of it will last half an hour, one, four and eight hours. Pure; what will last is
 * the forecast's. Without a forecast, or of a card it knows nothing of, nothing is said.
 */
import type { NodeId } from '../model/ids.ts'
import type { Scope } from '../storage/requests.ts'
import type { CapacityView, LotSite, Offer } from './capacity-index.ts'
import { isInScope } from './capacity-index.ts'
import type { Outlook } from './capacity-outlook.ts'
import type { CardKind } from './lots.ts'
import { PROMISED_MS, SURE } from './promises.ts'

export const DEPOSIT_GROUPINGS = ['site_model', 'site', 'model'] as const
export type DepositGrouping = (typeof DEPOSIT_GROUPINGS)[number]

/** Cards of which the forecast says something, and what it says of them. */
export interface LastingCards {
  readonly forMs: number
  readonly knownCards: number
  /** Sum of their chances: so many are expected to be free still. */
  readonly expectedCards: number
  /** Each of them with 90 % and more. */
  readonly sureCards: number
}

export interface DepositGroup {
  /** Equal for equal groups; the order of the list. */
  readonly key: string
  /** `null`: of several sites. */
  readonly site: LotSite | null
  /** `null`: of several kinds. */
  readonly kind: CardKind | null
  readonly lots: number
  /** Open deposits. */
  readonly depositedCards: number
  /** Can be drawn now; those behind a fence among them. */
  readonly drawableCards: number
  readonly fencedCards: number
  /** Their nodes are not heard. */
  readonly suspendedCards: number
  /** Of what is deposited; what is unrated adds nothing. */
  readonly nanoTflops: bigint
  readonly drawableNanoTflops: bigint
  /** Of the drawable cards: free longest, in the middle, shortest; `null` where there are none. */
  readonly freeSinceMs: {
    readonly first: number
    readonly median: number
    readonly last: number
  } | null
  /** One per step of the promise. */
  readonly lasting: readonly LastingCards[]
}

export interface DepositGroupsQuestion {
  readonly scope: Scope
  readonly by: DepositGrouping
  readonly isSuspended: (nodeId: NodeId) => boolean
  /** `null`: there is no forecast. */
  readonly outlook: Outlook | null
}

/** In the order of their keys; no group is empty. */
export function depositGroups(
  view: CapacityView,
  question: DepositGroupsQuestion,
): readonly DepositGroup[] {
  const inScope = view.offers.filter(({ site }) => isInScope(site, question.scope))
  const byKey = Map.groupBy(inScope, (offer) => keyOf(offer, question.by))
  return [...byKey]
    .map(([key, offers]) => groupOf(key, offers, question))
    .sort((left, right) => (left.key < right.key ? -1 : 1))
}

function keyOf({ lot, site }: Offer, by: DepositGrouping): string {
  if (by === 'site') return site.code
  return by === 'model' ? lot.kind.key : `${site.code} ${lot.kind.key}`
}

function groupOf(
  key: string,
  offers: readonly Offer[],
  { by, isSuspended, outlook }: DepositGroupsQuestion,
): DepositGroup {
  const heard = offers.filter(({ lot }) => !isSuspended(lot.nodeId))
  const drawable = heard.flatMap(({ cards }) => cards)
  const fenced = heard.filter(({ lot }) => lot.fence === 'fenced')
  return {
    key,
    site: by === 'model' ? null : (offers[0]?.site ?? null),
    kind: by === 'site' ? null : (offers[0]?.lot.kind ?? null),
    lots: offers.length,
    depositedCards: sumOf(offers, ({ lot }) => lot.cards.length),
    drawableCards: drawable.length,
    fencedCards: sumOf(fenced, ({ cards }) => cards.length),
    suspendedCards: sumOf(offers, ({ cards }) => cards.length) - drawable.length,
    nanoTflops: ratedOf(offers, ({ lot }) => lot.cards.length),
    drawableNanoTflops: ratedOf(heard, ({ cards }) => cards.length),
    freeSinceMs: freeSinceOf(drawable.map(({ window }) => window.ageStartMs)),
    lasting: PROMISED_MS.map((forMs) => {
      const unitIds = drawable.map(({ unitId }) => unitId)
      const chances = outlook?.chanceOfEach(unitIds, forMs) ?? []
      const known = chances.filter((chance) => chance !== null)
      return {
        forMs,
        knownCards: known.length,
        expectedCards: known.reduce((sum, chance) => sum + chance, 0),
        sureCards: known.filter((chance) => chance >= SURE).length,
      }
    }),
  }
}

function sumOf(offers: readonly Offer[], cardsOf: (offer: Offer) => number): number {
  return offers.reduce((sum, offer) => sum + cardsOf(offer), 0)
}

function ratedOf(offers: readonly Offer[], cardsOf: (offer: Offer) => number): bigint {
  return offers.reduce(
    (sum, offer) => sum + BigInt(cardsOf(offer)) * (offer.lot.kind.nanoTflops ?? 0n),
    0n,
  )
}

function freeSinceOf(starts: readonly number[]): DepositGroup['freeSinceMs'] {
  const ordered = [...starts].sort((left, right) => left - right)
  const [first, last] = [ordered.at(0), ordered.at(-1)]
  const median = ordered[Math.floor((ordered.length - 1) / 2)]
  if (first === undefined || last === undefined || median === undefined) return null
  return { first, median, last }
}
