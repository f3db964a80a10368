/**
 * Which lots a request may be served from, and which one filter keeps each of the others out. Pure.
 *
 * A lot that two filters keep out is of no use to who asks what stands in the way: loosening one of
 * them would not bring it back.
 */
import type { Vendor } from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'
import type { Scope } from '../storage/requests.ts'
import { type CapacityView, isInScope, type LotSite, type Offer } from './capacity-index.ts'
import { type CardKind, type DrawableCard, type Lot, leaseMsMaxAt } from './lots.ts'

/** A proof older than this is silence (DESIGN 2.3): the card is not offered. */
const PROOF_MS_MAX = 90_000

export interface LotFilters {
  readonly model: string | null
  readonly vendor: Vendor | null
  readonly domestic: boolean | null
  /** Cards whose memory nobody knows are left out. */
  readonly memoryGibMin: number | null
  /** GB/T 2260; a province or city takes in what lies in it. */
  readonly region: string | null
  readonly hub: string | null
  /** Owners that consent to a lease as long as this from now on; `null`: any. */
  readonly forMs: number | null
  readonly includesUnfenced: boolean
}

/** Names of the parameters of `GET /v1/capacity`, in the order in which they are told. */
export const LOT_FILTERS = [
  'model',
  'vendor',
  'domestic',
  'memory_gib_min',
  'region',
  'hub',
  'hours',
  'unfenced',
] as const
export type LotFilter = (typeof LOT_FILTERS)[number]

/** What the search asks about the present. */
export interface Present {
  readonly nowMs: number
  /** Its node is not heard, or the collector suspects itself: visible, not drawable. */
  readonly isSuspended: (nodeId: NodeId) => boolean
}

export interface FilterQuestion {
  readonly filters: LotFilters
  readonly scope: Scope
  readonly present: Present
}

export interface FilteredOffers {
  /** Best first. */
  readonly offers: readonly Offer[]
  /** Cards that pass every filter and cannot be drawn, because their node is not heard. */
  readonly suspendedCards: number
}

export function filterOffers(view: CapacityView, question: FilterQuestion): FilteredOffers {
  const { present } = question
  const judge = new Judge(question)
  const offers: Offer[] = []
  let suspendedCards = 0
  for (const standing of view.offers) {
    const offer = judge.of(standing) === 'in' ? freshOf(standing, present.nowMs) : null
    if (offer === null) continue
    if (present.isSuspended(offer.lot.nodeId)) suspendedCards += offer.cards.length
    else offers.push(offer)
  }
  return { offers: withoutBooked(offers, view, question), suspendedCards }
}

/** Cards that others have booked meanwhile are not given away: those that come last are left out. */
function withoutBooked(
  offers: readonly Offer[],
  { booked }: CapacityView,
  { filters, present }: FilterQuestion,
): readonly Offer[] {
  if (booked === undefined || booked.isEmpty) return offers
  const span = { fromMs: present.nowMs, toMs: present.nowMs + (filters.forMs ?? 1) }
  const left = new Map<LotSite, Map<CardKind, number>>()
  const kept: Offer[] = []
  for (const offer of offers.toReversed()) {
    const { kind, siteCode } = offer.lot
    const ofSite = left.get(offer.site) ?? new Map<CardKind, number>()
    left.set(offer.site, ofSite)
    const toLeave = ofSite.get(kind) ?? booked.bookedCards(siteCode, kind.key, span)
    const out = Math.min(toLeave, offer.cards.length)
    ofSite.set(kind, toLeave - out)
    if (out === 0) kept.push(offer)
    else if (out < offer.cards.length) kept.push(withCards(offer, offer.cards.slice(0, -out)))
  }
  return kept.reverse()
}

/** What one filter alone keeps out, best first; asked only when nothing serves. */
export function barredOffers(
  view: CapacityView,
  question: FilterQuestion,
): ReadonlyMap<LotFilter, readonly Offer[]> {
  const { present } = question
  const judge = new Judge(question)
  const barred = new Map<LotFilter, Offer[]>()
  for (const standing of view.offers) {
    const verdict = judge.of(standing)
    if (verdict === 'in' || verdict === 'out') continue
    const offer = freshOf(standing, present.nowMs)
    if (offer === null || present.isSuspended(offer.lot.nodeId)) continue
    const others = barred.get(verdict)
    if (others === undefined) barred.set(verdict, [offer])
    else others.push(offer)
  }
  return barred
}

/** `out`: beyond the asker's scope, or kept out by two filters or more. */
type Verdict = 'in' | 'out' | LotFilter

/** Kinds and sites are few and lots are many: each is judged once. */
class Judge {
  readonly #filters: LotFilters
  readonly #scope: Scope
  readonly #nowMs: number
  readonly #regionPrefix: string
  /** By their ordinals. */
  readonly #ofKind: Verdict[] = []
  readonly #ofSite: Verdict[] = []

  constructor({ filters, present, scope }: FilterQuestion) {
    this.#filters = filters
    this.#scope = scope
    this.#nowMs = present.nowMs
    this.#regionPrefix = (filters.region ?? '').replace(/(00){1,2}$/, '')
  }

  of({ lot, site }: Offer): Verdict {
    const ofKind = this.#ofKind[lot.kind.ordinal] ?? this.#judgeKind(lot.kind)
    if (ofKind === 'out') return 'out'
    const ofSite = this.#ofSite[site.ordinal] ?? this.#judgeSite(site)
    return both(both(ofKind, ofSite), this.#judgeTerms(lot))
  }

  #judgeKind(kind: CardKind): Verdict {
    const { model, vendor, domestic, memoryGibMin } = this.#filters
    const failed: LotFilter[] = []
    if (model !== null && kind.model !== model) failed.push('model')
    if (vendor !== null && kind.vendor !== vendor) failed.push('vendor')
    if (domestic !== null && kind.domestic !== domestic) failed.push('domestic')
    const isEnough = kind.memoryGib !== null && kind.memoryGib >= (memoryGibMin ?? 0)
    if (memoryGibMin !== null && !isEnough) failed.push('memory_gib_min')
    return noted(this.#ofKind, kind.ordinal, failed)
  }

  #judgeSite(site: LotSite): Verdict {
    const { hub } = this.#filters
    const failed: LotFilter[] = []
    if (!site.regionCode.startsWith(this.#regionPrefix)) failed.push('region')
    if (hub !== null && site.hub !== hub) failed.push('hub')
    // A scope is no filter that could be loosened.
    return noted(this.#ofSite, site.ordinal, isInScope(site, this.#scope) ? failed : null)
  }

  #judgeTerms(lot: Lot): Verdict {
    const { forMs, includesUnfenced } = this.#filters
    const leaseMs = leaseMsMaxAt(lot, this.#nowMs)
    // Whatever is asked for: past the owner's hours no lease begins.
    const isTooShort = leaseMs === null ? forMs !== null : leaseMs < (forMs ?? 1)
    const isUnwanted = !includesUnfenced && lot.fence === 'unfenced'
    if (isTooShort) return isUnwanted ? 'out' : 'hours'
    return isUnwanted ? 'unfenced' : 'in'
  }
}

/** `failed` is `null` for what is out whatever was asked. */
function noted(verdicts: Verdict[], ordinal: number, failed: readonly LotFilter[] | null): Verdict {
  const verdict = failed === null || failed.length > 1 ? 'out' : (failed[0] ?? 'in')
  verdicts[ordinal] = verdict
  return verdict
}

function both(left: Verdict, right: Verdict): Verdict {
  if (left === 'in') return right
  return right === 'in' ? left : 'out'
}

/** Without the cards whose proof has grown old; `null` when none is left. */
function freshOf(offer: Offer, nowMs: number): Offer | null {
  if (offer.cards.length === 0) return null
  if (nowMs - offer.provenToMs < PROOF_MS_MAX) return offer
  const isYoung = ({ window }: DrawableCard) => nowMs - window.provenToMs < PROOF_MS_MAX
  const cards = offer.cards.filter(isYoung)
  return cards.length === 0 ? null : withCards(offer, cards)
}

/** A node that is offered in part is no whole one. */
function withCards(offer: Offer, cards: readonly DrawableCard[]): Offer {
  return { ...offer, cards, isWhole: false, chances: new Map() }
}
