/**
 * All that is deposited, in memory: lots in the order in which they are offered, and the sites they
 * stand in. It holds what it was told last; who tells it is `capacity-follower.ts`. Sizes: one entry
 * per lot with open deposits, one per site.
 *
 * Order, best first: the lot whose youngest card has been free longest, because a window that has
 * lasted goes on; then the larger lot; then by id, so that two equal questions get equal answers.
 */

import type { NodeId } from '../model/ids.ts'
import type { NodeOffer } from '../model/offer.ts'
import type { Site } from '../model/site.ts'
import type { Scope } from '../storage/requests.ts'
import { BookedHours, type BookedView } from './booked-hours.ts'
import { type DrawableCard, freeSinceMsOf, type Lot, type Lots } from './lots.ts'

export interface LotSite {
  readonly code: string
  /** Its number among all sites of the index, from 0. */
  readonly ordinal: number
  /** GB/T 2260; empty while the site has no terms. */
  readonly regionCode: string
  readonly hub: string | null
}

/** A lot as it can be drawn from. */
export interface Offer {
  readonly lot: Lot
  /** One object per site. */
  readonly site: LotSite
  /** The one free longest first; none where nothing of the lot can be drawn. */
  readonly cards: readonly DrawableCard[]
  /** All cards of its node. */
  readonly isWhole: boolean
  /** Of the card free shortest; infinite where there is none. */
  readonly freeSinceMs: number
  /** Of the card proven longest ago. */
  readonly provenToMs: number
  /** What searches keep of the forecast's answers (`capacity-outlook.ts`), by length of time. */
  readonly chances: Map<number, number | null>
}

/** What a search looks at. */
export interface CapacityView {
  /** Best first. */
  readonly offers: readonly Offer[]
  /** What is booked for later, which a search for as long does without; left out: nothing is. */
  readonly booked?: BookedView
}

/** What a draw looks at besides: lots by their names. */
export interface LotIndex extends CapacityView {
  /** By the id of its lot; `null` where nothing of it is deposited. */
  offerOf(lotId: string): Offer | null
}

export interface CapacityIndexOptions {
  readonly lots: Lots
  readonly hubOf: (regionCode: string) => string | null
}

/** One lot's place in the order. */
interface Place {
  readonly id: string
  /** `null` from its end until the order is next made. */
  offer: Offer | null
  /** `null`: not in the order yet. */
  position: number | null
}

export class CapacityIndex implements LotIndex {
  readonly #lots: Lots
  readonly #hubOf: CapacityIndexOptions['hubOf']
  readonly #byNode = new Map<NodeId, readonly Lot[]>()
  readonly #places = new Map<string, Place>()
  readonly #sites = new Map<string, LotSite>()
  #inOrder: Place[] = []
  #offers: Offer[] = []
  #isInOrder = true
  readonly booked = new BookedHours()

  constructor({ lots, hubOf }: CapacityIndexOptions) {
    this.#lots = lots
    this.#hubOf = hubOf
  }

  /** Good until the next change. */
  get offers(): readonly Offer[] {
    if (!this.#isInOrder) this.#order()
    return this.#offers
  }

  offerOf(lotId: string): Offer | null {
    return this.#places.get(lotId)?.offer ?? null
  }

  hasSite(siteCode: string): boolean {
    return this.#sites.has(siteCode)
  }

  putSites(sites: readonly Site[]): void {
    for (const { code, terms } of sites) this.#putSite(code, terms.regionCode)
    for (const place of this.#places.values()) {
      if (place.offer !== null) place.offer = this.#offerOf(place.offer.lot)
    }
    this.#isInOrder = false
  }

  /** The node offers this now, whatever it offered before. */
  put(offer: NodeOffer): void {
    const before = this.#byNode.get(offer.nodeId) ?? []
    const now = this.#lots.of(offer, before)
    if (now.length === 0) this.#byNode.delete(offer.nodeId)
    else this.#byNode.set(offer.nodeId, now)
    for (const { id } of before) if (!now.some((lot) => lot.id === id)) this.#place(id, null)
    for (const lot of now) this.#place(lot.id, this.#offerOf(lot))
  }

  #putSite(code: string, regionCode: string): LotSite {
    const ordinal = this.#sites.get(code)?.ordinal ?? this.#sites.size
    const site = { code, ordinal, regionCode, hub: this.#hubOf(regionCode) }
    this.#sites.set(code, site)
    return site
  }

  #offerOf(lot: Lot): Offer {
    const { cardsPlaced, drawable: cards, siteCode } = lot
    const site = this.#sites.get(siteCode) ?? this.#putSite(siteCode, '')
    const provenToMs = Math.min(...cards.map(({ window }) => window.provenToMs))
    const freeSinceMs = freeSinceMsOf(lot) ?? Number.POSITIVE_INFINITY
    const isWhole = cards.length === cardsPlaced
    return { lot, site, cards, isWhole, freeSinceMs, provenToMs, chances: new Map() }
  }

  /** Most changes are cards proven on for a minute: they leave the order as it is. */
  #place(id: string, offer: Offer | null): void {
    const place = this.#places.get(id) ?? this.#newPlace(id)
    const { offer: before, position } = place
    place.offer = offer
    const isMoved = before === null || offer === null || compareOffers(before, offer) !== 0
    if (position === null || isMoved) this.#isInOrder = false
    else if (this.#isInOrder) this.#offers[position] = offer
  }

  #newPlace(id: string): Place {
    const place: Place = { id, offer: null, position: null }
    this.#places.set(id, place)
    this.#inOrder.push(place)
    return place
  }

  /** Nearly all of it is in order already, which is what the runtime's sort is quick at. */
  #order(): void {
    const kept: { readonly place: Place; readonly offer: Offer }[] = []
    for (const place of this.#inOrder) {
      if (place.offer === null) this.#places.delete(place.id)
      else kept.push({ place, offer: place.offer })
    }
    kept.sort((left, right) => compareOffers(left.offer, right.offer))
    for (const [position, { place }] of kept.entries()) place.position = position
    this.#inOrder = kept.map(({ place }) => place)
    this.#offers = kept.map(({ offer }) => offer)
    this.#isInOrder = true
  }
}

function compareOffers(left: Offer, right: Offer): number {
  if (left.freeSinceMs !== right.freeSinceMs) return left.freeSinceMs < right.freeSinceMs ? -1 : 1
  if (left.cards.length !== right.cards.length) return right.cards.length - left.cards.length
  if (left.lot.id === right.lot.id) return 0
  return left.lot.id < right.lot.id ? -1 : 1
}

/** By its newest terms, as the store judges it; an empty prefix names no region. */
export function isInScope({ code, regionCode }: LotSite, { regions, sites }: Scope): boolean {
  if (sites !== 'all' && !sites.includes(code)) return false
  if (regions === 'all') return true
  return regions.some((prefix) => prefix !== '' && regionCode.startsWith(prefix))
}
