/** How much is asked for, and how much of it there is. Pure; P is exact, in nano-TFLOPS. */
import type { LotSite, Offer } from './capacity-index.ts'
import type { CardKind } from './lots.ts'

export type Amount =
  | { readonly unit: 'cards'; readonly cards: number }
  | { readonly unit: 'p'; readonly nanoTflops: bigint }

export interface Need {
  readonly amount: Amount
  /** Cards come in groups of so many from one node; 1 where that does not matter. */
  readonly cardsPerNode: number
  readonly isSameSite: boolean
}

/** So many cards of a lot, those that have been free longest. */
export interface Take {
  readonly offer: Offer
  readonly cards: number
}

export interface Supply {
  readonly cards: number
  readonly nanoTflops: bigint
}

/** Cards that the offer can give in groups. */
export function usableCards(
  { cards }: Offer,
  { cardsPerNode }: Pick<Need, 'cardsPerNode'>,
): number {
  return cards.length - (cards.length % cardsPerNode)
}

/** Cards of this kind that reach the amount, in whole groups; `null` where no number does. */
export function cardsNeeded({ nanoTflops }: CardKind, need: Need): number | null {
  const { amount, cardsPerNode } = need
  if (amount.unit === 'cards') return inGroups(amount.cards, cardsPerNode)
  if (nanoTflops === null || nanoTflops === 0n) return null
  const cards = (amount.nanoTflops + nanoTflops - 1n) / nanoTflops
  return inGroups(Number(cards), cardsPerNode)
}

function inGroups(cards: number, cardsPerNode: number): number {
  return Math.ceil(cards / cardsPerNode) * cardsPerNode
}

/** Offers of one kind, best first, and the cards they can give in groups. */
export interface KindStock {
  readonly offers: readonly Offer[]
  readonly cards: number
  /** What the largest of them can give. */
  readonly cardsOfLargest: number
}

/** What a request can be served from: everything, or one site. */
export interface Pool {
  readonly kinds: ReadonlyMap<CardKind, KindStock>
  readonly supply: Supply
}

const EMPTY: Pool = { kinds: new Map(), supply: { cards: 0, nanoTflops: 0n } }

/** Where all must come from one site: what stands in each of them; else one pool of everything. */
export function poolsOf(
  offers: readonly Offer[],
  need: Pick<Need, 'cardsPerNode' | 'isSameSite'>,
): readonly Pool[] {
  const pools = new Map<LotSite | null, Map<CardKind, GrowingStock>>()
  for (const offer of offers) {
    const usable = usableCards(offer, need)
    if (usable === 0) continue
    const place = need.isSameSite ? offer.site : null
    let kinds = pools.get(place)
    if (kinds === undefined) {
      kinds = new Map()
      pools.set(place, kinds)
    }
    const stock = kinds.get(offer.lot.kind)
    if (stock === undefined) {
      kinds.set(offer.lot.kind, { offers: [offer], cards: usable, cardsOfLargest: usable })
    } else {
      stock.offers.push(offer)
      stock.cards += usable
      stock.cardsOfLargest = Math.max(stock.cardsOfLargest, usable)
    }
  }
  return [...pools.values()].map((kinds) => ({ kinds, supply: supplyOf(kinds) }))
}

interface GrowingStock extends KindStock {
  readonly offers: Offer[]
  cards: number
  cardsOfLargest: number
}

/** A card without a figure adds nothing to P. */
function supplyOf(kinds: ReadonlyMap<CardKind, KindStock>): Supply {
  let cards = 0
  let nanoTflops = 0n
  for (const [kind, stock] of kinds) {
    cards += stock.cards
    nanoTflops += BigInt(stock.cards) * (kind.nanoTflops ?? 0n)
  }
  return { cards, nanoTflops }
}

/** The pool that has most of what is asked for; the first of equal ones. */
export function largestPool(pools: readonly Pool[], amount: Amount): Pool {
  return pools.reduce(
    (largest, pool) => (isMore(pool.supply, largest.supply, amount) ? pool : largest),
    EMPTY,
  )
}

/** All that the pool can give, kind by kind. */
export function takeAllOf({ kinds }: Pool, need: Pick<Need, 'cardsPerNode'>): readonly Take[] {
  return [...kinds.values()].flatMap(({ offers }) => takesOf(offers, need))
}

/** All that the offers can give, in their order. */
export function takesOf(
  offers: readonly Offer[],
  need: Pick<Need, 'cardsPerNode'>,
): readonly Take[] {
  return offers
    .map((offer) => ({ offer, cards: usableCards(offer, need) }))
    .filter(({ cards }) => cards > 0)
}

function isMore(left: Supply, right: Supply, { unit }: Amount): boolean {
  return unit === 'cards' ? left.cards > right.cards : left.nanoTflops > right.nanoTflops
}

export function isServedBy(supply: Supply, amount: Amount): boolean {
  if (amount.unit === 'cards') return supply.cards >= amount.cards
  return supply.nanoTflops >= amount.nanoTflops
}

export function worthOf(takes: readonly Take[]): Supply {
  let cards = 0
  let nanoTflops = 0n
  for (const take of takes) {
    cards += take.cards
    nanoTflops += BigInt(take.cards) * (take.offer.lot.kind.nanoTflops ?? 0n)
  }
  return { cards, nanoTflops }
}

/** What is still asked for when so many cards of a kind have been taken; not negative. */
export function amountAfter(amount: Amount, kind: CardKind, cards: number): Amount {
  if (amount.unit === 'cards') return { unit: 'cards', cards: Math.max(0, amount.cards - cards) }
  const left = amount.nanoTflops - BigInt(cards) * (kind.nanoTflops ?? 0n)
  return { unit: 'p', nanoTflops: left < 0n ? 0n : left }
}

export function isNothing(amount: Amount): boolean {
  return amount.unit === 'cards' ? amount.cards === 0 : amount.nanoTflops === 0n
}
