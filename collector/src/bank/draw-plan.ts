/**
 * Which cards a draw takes: of named lots those free longest, of a pool what the capacity search
 * finds, without those that are out of reach (`draw-reserve.ts`). Pure; the lots, the present and the
 * forecast are handed in. What is planned is looked at again by its nodes and by the store.
 *
 * Refusals in order: lot_unknown, unfenced, too_long, node_suspended, not_enough, not_sure_enough,
 * taken.
 */
import { VENDORS } from '@yiben/shared'
import type {
  Claim,
  Draw,
  DrawRefusal,
  DrawRequest,
  NamedCards,
  PoolOfCards,
} from '../model/draw.ts'
import type { UnitId } from '../model/ids.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { Scope } from '../storage/requests.ts'
import { type CapacityAnswer, type CapacityRequest, searchCapacity } from './capacity.ts'
import { filterOffers, type LotFilters, type Present } from './capacity-filter.ts'
import { isInScope, type LotIndex, type Offer } from './capacity-index.ts'
import type { Outlook } from './capacity-outlook.ts'
import type { JointChance } from './draw-hold.ts'
import { firstOf, refusalOf } from './draw-refusal.ts'
import { anyOf, type CardRef, CardsMissed, type CardsOut } from './draw-reserve.ts'
import { type CardKind, leaseMsMaxAt } from './lots.ts'

const PPM_WHOLE = 1_000_000

/** The forecast as a grant remembers it. */
export interface DrawForecast extends Outlook {
  readonly version: string
  /** Brier score of late over such a time, in ppm; `null` before anything has been scored. */
  brierPpmFor(forMs: number): number | null
}

export interface PlanSurroundings extends Present {
  readonly index: LotIndex
  readonly scope: Scope
  /** `null`: there is none; then nothing is sure enough for a request with a confidence. */
  readonly forecast: DrawForecast | null
  /** Of that site only lots with a fence are lent, whatever is asked for (C8). */
  readonly needsFence: (siteCode: string) => boolean
  /** Being drawn by others at this moment. */
  readonly inHand: CardsOut
  /** Asked for or looked at already, in vain. */
  readonly missed: CardsOut
}

export interface PlannedCard extends CardRef {
  readonly lotId: string
  readonly siteCode: string
}

export type DrawPlan =
  | {
      readonly status: 'planned'
      readonly cards: readonly PlannedCard[]
      readonly chance: JointChance
    }
  | { readonly status: 'refused'; readonly refusal: DrawRefusal }

export function planDraw(request: DrawRequest, around: PlanSurroundings): DrawPlan {
  const { what } = request
  const cards =
    what.kind === 'cards' ? cardsOfLots(what, request, around) : cardsOfPool(what, request, around)
  if (!Array.isArray(cards)) return { status: 'refused', refusal: cards }
  const { isSureEnough, joint } = chanceOf(unitsOf(cards), request, around.forecast)
  if (isSureEnough) return { status: 'planned', cards, chance: joint }
  return refused(refusalOf('not_sure_enough', { cardsAvailable: cards.length }))
}

/**
 * Cards to take the place of some of a draw's: of the same kind, in the same site where that was
 * asked for, in groups where groups were. `null`: there are none. What the draw keeps is none of them,
 * also where the store has ended its hold meanwhile and the lots show it free again.
 */
export function planReplacements(
  draw: Draw,
  dropped: readonly Claim[],
  around: PlanSurroundings,
  kindOf: (profile: DeviceProfile) => CardKind,
): Extract<DrawPlan, { readonly status: 'planned' }> | null {
  const { request } = draw
  const { what } = request
  if (what.kind !== 'pool') return null
  const kept = draw.claims.filter((claim) => claim.state !== 'ended' && !dropped.includes(claim))
  const siteCode = what.isSameSite ? (kept[0] ?? dropped[0])?.siteCode : what.siteCode
  const own = new CardsMissed()
  for (const { nodeId, unitId } of kept) {
    if (nodeId !== null && unitId !== null) own.add(nodeId, [unitId])
  }
  const others = { ...around, missed: anyOf(around.missed, own) }
  const cards: PlannedCard[] = []
  for (const [kind, places] of Map.groupBy(dropped, ({ profile }) => kindOf(profile))) {
    const pool = { ...what, siteCode: siteCode ?? null, cards: places.length }
    const found = cardsOfPool(pool, { ...request, confidencePpm: null }, others, kind)
    if (!Array.isArray(found)) return null
    cards.push(...found)
  }
  const keptUnits = kept.map(({ unitId }) => unitId).filter((unitId) => unitId !== null)
  const all = [...keptUnits, ...unitsOf(cards)]
  const { isSureEnough, joint } = chanceOf(all, request, around.forecast)
  return isSureEnough ? { status: 'planned', cards, chance: joint } : null
}

type CardsOrRefusal = PlannedCard[] | DrawRefusal

function cardsOfLots(
  { lots }: NamedCards,
  request: DrawRequest,
  around: PlanSurroundings,
): CardsOrRefusal {
  const judged = lots.map(({ lotId, cards }) => cardsOfLot(lotId, cards, request, around))
  const refusal = firstOf(judged.filter((one): one is DrawRefusal => !Array.isArray(one)))
  return refusal ?? judged.flatMap((one) => (Array.isArray(one) ? one : []))
}

function cardsOfLot(
  lotId: string,
  wanted: number,
  request: DrawRequest,
  around: PlanSurroundings,
): CardsOrRefusal {
  const offer = around.index.offerOf(lotId)
  if (offer === null || !isInScope(offer.site, around.scope)) return refusalOf('lot_unknown')
  const isUnfencedTaken = request.isUnfencedTaken && !around.needsFence(offer.lot.siteCode)
  if (!isUnfencedTaken && offer.lot.fence === 'unfenced') return refusalOf('unfenced')
  const leaseMsMax = leaseMsMaxAt(offer.lot, around.nowMs)
  if (leaseMsMax === null || leaseMsMax < request.forMs) return refusalOf('too_long')
  const filters = { ...NO_FILTERS, forMs: request.forMs }
  const question = { filters, scope: around.scope, present: around }
  const fresh = filterOffers({ offers: [offer] }, question)
  if (fresh.suspendedCards >= wanted) return refusalOf('node_suspended')
  const standing = fresh.offers[0]?.cards ?? []
  const missedBy = (out: CardsOut) =>
    standing.filter((card) => !out.isOut(refOf(offer, card.unitId)))
  const cards = missedBy(around.missed)
  const within = missedBy(around.inHand).filter((card) => cards.includes(card))
  if (within.length >= wanted) {
    return within.slice(0, wanted).map(({ unitId }) => plannedOf(offer, unitId))
  }
  const code = cards.length >= wanted ? 'taken' : 'not_enough'
  return refusalOf(code, { cardsAvailable: within.length })
}

/** `kind`: cards of this kind only. */
function cardsOfPool(
  pool: PoolOfCards,
  request: DrawRequest,
  around: PlanSurroundings,
  kind: CardKind | null = null,
): CardsOrRefusal {
  const asked = searchOf(pool, request)
  const scope = scopeWithin(around.scope, pool.siteCode)
  if (asked === null || scope === null) return refusalOf('not_enough', { cardsAvailable: 0 })
  const { forecast, isSuspended, nowMs } = around
  // A hold leaves out what is booked meanwhile; a booking that is bound is what was booked.
  const view = { offers: offersOf(around, kind), ...bookedOf(around) }
  const answer = searchCapacity(view, asked, {
    nowMs,
    isSuspended,
    scope,
    outlook: forecast,
  })
  if (!answer.isServed) return poolRefusal(answer, pool.cards)
  return takenFrom(answer)
}

/** As many cards of the kind as there are, at most those asked for: what serves, or comes closest. */
export function planPartly(
  pool: PoolOfCards,
  request: DrawRequest,
  around: PlanSurroundings,
  kind: Pick<CardKind, 'key'>,
): readonly PlannedCard[] {
  const asked = searchOf(pool, { ...request, confidencePpm: null })
  const scope = scopeWithin(around.scope, pool.siteCode)
  if (asked === null || scope === null) return []
  const { isSuspended, nowMs } = around
  const answer = searchCapacity({ offers: offersOf(around, kind) }, asked, {
    nowMs,
    isSuspended,
    scope,
    outlook: null,
  })
  return takenFrom(answer).slice(0, pool.cards)
}

function takenFrom({ takes }: CapacityAnswer): PlannedCard[] {
  return takes.flatMap(({ offer, cards }) =>
    offer.cards.slice(0, cards).map(({ unitId }) => plannedOf(offer, unitId)),
  )
}

function bookedOf({ index }: PlanSurroundings) {
  return index.booked === undefined ? {} : { booked: index.booked }
}

/** Those of the kind, `null`: of any; without the cards that are out of reach. */
function offersOf(around: PlanSurroundings, kind: Pick<CardKind, 'key'> | null): readonly Offer[] {
  return around.index.offers.flatMap((offer) => {
    if (kind !== null && offer.lot.kind.key !== kind.key) return []
    const left = offerWithin(offer, around)
    return left === null ? [] : [left]
  })
}

const NO_FILTERS: LotFilters = {
  model: null,
  vendor: null,
  domestic: null,
  memoryGibMin: null,
  region: null,
  hub: null,
  forMs: null,
  includesUnfenced: true,
}

/** `null`: of a vendor that nobody knows. */
function searchOf(pool: PoolOfCards, request: DrawRequest): CapacityRequest | null {
  const vendor = VENDORS.find((one) => one === pool.vendor) ?? null
  if (vendor !== pool.vendor) return null
  return {
    filters: {
      model: pool.model,
      vendor,
      domestic: pool.isDomestic,
      memoryGibMin: pool.memoryGibMin,
      region: pool.regionCode,
      hub: pool.hub,
      forMs: request.forMs,
      includesUnfenced: request.isUnfencedTaken,
    },
    amount: { unit: 'cards', cards: pool.cards },
    cardsPerNode: pool.cardsPerNode,
    isSameSite: pool.isSameSite,
    confidence: request.confidencePpm === null ? null : request.confidencePpm / PPM_WHOLE,
  }
}

/** `null`: the site lies outside what the asker may see. */
function scopeWithin(scope: Scope, siteCode: string | null): Scope | null {
  if (siteCode === null) return scope
  if (scope.sites !== 'all' && !scope.sites.includes(siteCode)) return null
  return { regions: scope.regions, sites: [siteCode] }
}

/** Without the cards that are out of reach; `null` where none is left. */
function offerWithin(offer: Offer, { inHand, missed, needsFence }: PlanSurroundings): Offer | null {
  const { fence, nodeId, siteCode } = offer.lot
  if (fence === 'unfenced' && needsFence(siteCode)) return null
  if (!inHand.touches(nodeId) && !missed.touches(nodeId)) return offer
  const cards = offer.cards.filter(({ unitId }) => {
    const card = refOf(offer, unitId)
    return !inHand.isOut(card) && !missed.isOut(card)
  })
  if (cards.length === offer.cards.length) return offer
  // A node that is partly being drawn is no whole one.
  return cards.length === 0 ? null : { ...offer, cards, isWhole: false, chances: new Map() }
}

/** What the request would be served without, in the order of refusals: enough is not sure enough. */
function poolRefusal(answer: CapacityAnswer, wanted: number): DrawRefusal {
  const cardsAvailable = answer.available.cards
  const helps = answer.inTheWay.filter(({ isServed }) => isServed).map(({ filter }) => filter)
  if (cardsAvailable >= wanted) {
    return refusalOf('not_sure_enough', { cardsAvailable: answer.availableSure?.cards ?? null })
  }
  if (helps.includes('unfenced')) return refusalOf('unfenced', { cardsAvailable })
  if (helps.includes('hours')) return refusalOf('too_long', { cardsAvailable })
  const code = cardsAvailable + answer.suspendedCards >= wanted ? 'node_suspended' : 'not_enough'
  return refusalOf(code, { cardsAvailable })
}

/** That all of them last for as long as the lease: joint, never a product (C24). */
function chanceOf(
  unitIds: readonly UnitId[],
  { confidencePpm, forMs }: DrawRequest,
  forecast: DrawForecast | null,
): { readonly isSureEnough: boolean; readonly joint: JointChance } {
  const chance = forecast?.chanceOfAll(unitIds, forMs) ?? null
  const isSureEnough =
    confidencePpm === null || (chance !== null && chance >= confidencePpm / PPM_WHOLE)
  if (forecast === null || chance === null) return { isSureEnough, joint: UNKNOWN_CHANCE }
  const joint = {
    chancePpm: Math.round(chance * PPM_WHOLE),
    forecastVersion: forecast.version,
    forecastBrierPpm: forecast.brierPpmFor(forMs),
  }
  return { isSureEnough, joint }
}

const UNKNOWN_CHANCE: JointChance = {
  chancePpm: null,
  forecastVersion: null,
  forecastBrierPpm: null,
}

function plannedOf({ lot }: Offer, unitId: UnitId): PlannedCard {
  return { unitId, nodeId: lot.nodeId, lotId: lot.id, siteCode: lot.siteCode }
}

function refOf({ lot }: Offer, unitId: UnitId): CardRef {
  return { nodeId: lot.nodeId, unitId }
}

function unitsOf(cards: readonly CardRef[]): readonly UnitId[] {
  return cards.map(({ unitId }) => unitId)
}

function refused(refusal: DrawRefusal): DrawPlan {
  return { status: 'refused', refusal }
}
