/**
 * Binds bookings to cards at their start, and fills their open places: asks nodes, then writes what
 * they have accepted (SPEC Bookings, C17). A card that a node will not lend is replaced by another of
 * the site. Killed anywhere the booking is due again, and is bound once: its version decides.
 */
import { assert, type Logger, VENDORS } from '@yiben/shared'
import { type Draw, type DrawId, FILL_MS, type PoolOfCards } from '../model/draw.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import {
  type BindFacts,
  decideBind,
  decideFill,
  decideUnfilled,
  openPlaces,
  type Place,
} from './booking.ts'
import type { BookedKind } from './booking-judge.ts'
import { cardsToHold, type DrawDesk, handoversOf, PLANS_MAX } from './draw-desk.ts'
import type { CardToHold, JointChance } from './draw-hold.ts'
import { type PlannedCard, planPartly } from './draw-plan.ts'
import { LEASE_LEAD_MS } from './draw-post.ts'
import { CardsMissed } from './draw-reserve.ts'
import type { DrawTurns } from './draw-turns.ts'

export interface BinderOptions {
  readonly store: Pick<Store, 'findDraw' | 'listSites' | 'readBooked'>
  readonly desk: DrawDesk
  readonly nowMs: () => number
  readonly kindsAt: (siteCode: string) => readonly BookedKind[]
  readonly turns: DrawTurns
  readonly logger: Logger
}

export class BookingBinder {
  readonly #options: BinderOptions
  readonly #turns: DrawTurns
  /** Bound, with open places: to be looked at until they are filled or given up. */
  readonly filling = new Set<DrawId>()

  constructor(options: BinderOptions) {
    this.#options = options
    this.#turns = options.turns
  }

  /** Whole as soon as all cards have been accepted; with what there is at the last moment. */
  bind(drawId: DrawId, isLastCall: boolean): Promise<boolean> {
    return this.#turns.take(drawId, async () => {
      const { desk, store } = this.#options
      const draw = await store.findDraw(drawId)
      if (draw === null || draw.state !== 'booked' || draw.request.what.kind !== 'pool')
        return false
      const booked = await store.readBooked(drawId)
      const kind = this.#kindOf(booked)
      const { what } = draw.request
      const found = kind === null ? NOTHING : await this.#accepted(draw, what.cards, kind)
      let isBound = false
      try {
        if (found.cards.length < what.cards && !isLastCall) return false
        const facts = await this.#bindFacts(draw, found)
        const change = decideBind(draw, { ...facts, booked })
        const result = await desk.commitBooking(change)
        if (result.status !== 'committed') return false
        isBound = change.draw.state === 'posted'
        if (openPlaces(change.draw).length > 0) this.filling.add(drawId)
        this.#log(change.draw)
        return true
      } finally {
        found.settle(isBound)
      }
    })
  }

  fill(drawId: DrawId): Promise<boolean> {
    return this.#turns.take(drawId, async () => {
      const { desk, nowMs, store } = this.#options
      const draw = await store.findDraw(drawId)
      const open = draw === null ? [] : openPlaces(draw)
      if (draw === null || open.length === 0 || draw.state !== 'posted') {
        this.filling.delete(drawId)
        return false
      }
      // The place is over before a card could take it.
      if ((draw.untilMs ?? 0) <= nowMs() + LEASE_LEAD_MS) return false
      const bound = draw.claims.find(({ unitId }) => unitId !== null)
      if (bound === undefined) return false
      const found = await this.#accepted(draw, open.length, desk.kindOf(bound.profile))
      let isBound = false
      try {
        const change = decideFill(draw, await this.#bindFacts(draw, found))
        if (change !== null) isBound = (await desk.commitBooking(change)).status === 'committed'
        return isBound
      } finally {
        found.settle(isBound)
      }
    })
  }

  giveUp(drawId: DrawId): Promise<boolean> {
    return this.#turns.take(drawId, async () => {
      const { desk, nowMs, store } = this.#options
      const draw = await store.findDraw(drawId)
      if (draw === null || (draw.startMs ?? 0) + FILL_MS > nowMs()) return false
      const change = decideUnfilled(draw, desk.decided())
      this.filling.delete(drawId)
      return change !== null && (await desk.commitBooking(change)).status === 'committed'
    })
  }

  /** As many as have been accepted a moment ago, at most `count`; in hand until let go. */
  async #accepted(draw: Draw, count: number, kind: Pick<BookedKind, 'key'>): Promise<Found> {
    const { desk, nowMs } = this.#options
    const { request } = draw
    const { what } = request
    if (what.kind !== 'pool') return NOTHING
    const missed = new CardsMissed()
    const startMs = Math.max(draw.startMs ?? 0, nowMs() + LEASE_LEAD_MS)
    const left = { ...request, forMs: Math.max(1, (draw.untilMs ?? 0) - startMs) }
    const cards: CardToHold[] = []
    const taken: PlannedCard[] = []
    let handovers: BindFacts['handovers'] = new Map()
    for (let plans = 0; plans < PLANS_MAX && cards.length < count; plans += 1) {
      const around = await desk.surroundings(left, SCOPE_ALL, missed)
      const pool = { ...what, cards: count - cards.length, cardsMin: null }
      const planned = planPartly(pool, left, around, kind)
      if (planned.length === 0) break
      desk.inHand.take(planned)
      const [facts, asked] = await Promise.all([
        desk.readGrantCards(planned.map(({ unitId }) => unitId)),
        desk.asking.ask(questionsOf(planned, startMs, draw), request.isUnfencedTaken),
      ])
      const found = cardsToHold(planned, facts, asked.acceptances)
      cards.push(...found.cards)
      const isAccepted = ({ unitId }: PlannedCard) =>
        found.cards.some((card) => card.unitId === unitId)
      taken.push(...planned.filter(isAccepted))
      desk.inHand.release(planned.filter((card) => !isAccepted(card)))
      handovers = new Map([...handovers, ...handoversOf(facts)])
      for (const { nodeId, unitIds } of [...asked.obstacles, ...found.obstacles]) {
        missed.add(nodeId, unitIds)
      }
    }
    const settle = (isBound: boolean) => {
      // Out of reach until the index of lots has seen that they are claimed.
      if (isBound) desk.inHand.commit(taken, desk.monotonicMs)
      else desk.inHand.release(taken)
    }
    return { cards, handovers, settle }
  }

  async #bindFacts(draw: Draw, { cards, handovers }: Found): Promise<Omit<BindFacts, 'booked'>> {
    const { desk } = this.#options
    const place = await this.#placeOf(draw, cards[0]?.profile ?? null)
    return { ...desk.decided(), cards, handovers, place, chance: UNKNOWN_CHANCE }
  }

  /** Who is told of a place without a card: the owner of the site. */
  async #placeOf(draw: Draw, profile: DeviceProfile | null): Promise<Place> {
    const { what } = draw.request
    assert(what.kind === 'pool' && what.siteCode !== null, 'a booking is of one site')
    const { siteCode } = what
    const sites = await this.#options.store.listSites(SCOPE_ALL)
    const terms = sites.find(({ code }) => code === siteCode)?.terms
    const ownerCode = terms?.ownerCode ?? terms?.operatorCode ?? ''
    return { siteCode, ownerCode, profile: profile ?? profileOf(what) }
  }

  #kindOf(
    booked: readonly { readonly siteCode: string; readonly kindKey: string }[],
  ): BookedKind | null {
    const [first] = booked
    if (first === undefined) return null
    return this.#options.kindsAt(first.siteCode).find(({ key }) => key === first.kindKey) ?? null
  }

  #log(draw: Draw): void {
    const fields = {
      draw_id: draw.request.drawId,
      state: draw.state,
      open_places: openPlaces(draw).length,
    }
    this.#options.logger.info(fields, 'a booking has begun')
  }
}

interface Found {
  readonly cards: readonly CardToHold[]
  readonly handovers: BindFacts['handovers']
  /** What was accepted is in hand until it is bound, or not. */
  settle(isBound: boolean): void
}

const NOTHING: Found = { cards: [], handovers: new Map(), settle: () => {} }
const UNKNOWN_CHANCE: JointChance = {
  chancePpm: null,
  forecastVersion: null,
  forecastBrierPpm: null,
}
function questionsOf(cards: readonly PlannedCard[], startMs: number, draw: Draw) {
  const untilMs = draw.untilMs ?? startMs
  return [...Map.groupBy(cards, ({ nodeId }) => nodeId)].map(([nodeId, own]) => {
    return { nodeId, unitIds: own.map(({ unitId }) => unitId), startMs, untilMs }
  })
}

/** Where no card of the kind is known any more: as the request named it. */
function profileOf({ memoryGibMin, model, vendor }: PoolOfCards): DeviceProfile {
  const known = VENDORS.find((one) => one === vendor) ?? 'nvidia'
  const memoryTotalMib = memoryGibMin === null ? null : memoryGibMin * 1024
  return { vendor: known, name: model ?? '', memoryTotalMib, powerCapWatts: null }
}
