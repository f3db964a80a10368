/**
 * Decisions on bookings: draws that start later (DESIGN 5, SPEC Bookings, C17). Pure.
 *
 *   booked ──▶ posted   bound to cards at its start; places that no card was found for are filled
 *     │                 until FILL_MS after it, the time before each is broken(unfilled)
 *     ├──────▶ broken   fewer cards than `cardsMin`: nothing is bound, all of it is broken(unfilled)
 *     └──────▶ voided   given up before its start
 *
 * A place without a card is a claim that has ended `unfilled` at the start; its promise lies pending
 * until a card takes its place (`swapOf`), or is broken.
 */
import { assert, HOUR_MS } from '@yiben/shared'
import {
  type Claim,
  type Draw,
  type DrawRequest,
  FILL_MS,
  isOpenPlace,
  type Lease,
  type OpenPlace,
  type PoolOfCards,
  type Posting,
} from '../model/draw.ts'
import type { NodeId } from '../model/ids.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { BookedCards, DrawChange } from '../storage/draw-requests.ts'
import { bookingEntry } from './booking-entries.ts'
import {
  type CardToHold,
  changeOf,
  type HoldDecided,
  heldClaim,
  type JointChance,
} from './draw-hold.ts'
import { assertStep } from './draw-invariants.ts'
import { LEASE_LEAD_MS } from './draw-post.ts'
import { refusalOf } from './draw-refusal.ts'
import { leaseIdOf } from './lease-id.ts'

/** A draw of a pool that starts later. */
export type BookingRequest = DrawRequest & {
  readonly startMs: number
  readonly what: PoolOfCards & { readonly siteCode: string }
}

export type Booked = Omit<BookedCards, 'cardsMax'>

/** What a place without a card is told of. */
export interface Place {
  readonly siteCode: string
  readonly ownerCode: string
  readonly profile: DeviceProfile
}

/** Every UTC hour that the promise touches. */
export function bookedHoursOf({ startMs, forMs }: Pick<BookingRequest, 'startMs' | 'forMs'>) {
  const hours: number[] = []
  for (let hour = startMs - (startMs % HOUR_MS); hour < startMs + forMs; hour += HOUR_MS) {
    hours.push(hour)
  }
  return hours
}

export function decideBooking(
  request: BookingRequest,
  booked: readonly BookedCards[],
  decided: HoldDecided,
): DrawChange {
  const draw: Draw = {
    version: 1,
    request,
    state: 'booked',
    refusal: null,
    createdAtMs: decided.nowMs,
    holdUntilMs: null,
    startMs: request.startMs,
    untilMs: request.startMs + request.forMs,
    endedAtMs: null,
    leases: [],
    claims: [],
  }
  assertStep(null, draw)
  return { ...changeOf(0, draw), booked, outbox: [bookingEntry('draw_booked', draw, [], decided)] }
}

/** `null`: it is no booking that can still be given up. */
export function decideVoidBooking(
  draw: Draw,
  booked: readonly Booked[],
  decided: HoldDecided,
): DrawChange | null {
  if (draw.state !== 'booked') return null
  const after: Draw = {
    ...draw,
    version: draw.version + 1,
    state: 'voided',
    endedAtMs: decided.nowMs,
  }
  assertStep(draw, after)
  const outbox = [bookingEntry('draw_voided', after, [], decided)]
  return { ...changeOf(draw.version, after), booked: givenUp(booked), outbox }
}

export interface BindFacts extends HoldDecided {
  readonly booked: readonly Booked[]
  /** Accepted by their nodes a moment ago. */
  readonly cards: readonly CardToHold[]
  readonly handovers: ReadonlyMap<NodeId, Lease['handover']>
  readonly place: Place
  readonly chance: JointChance
}

/** At the start: bound to the cards there are, or broken openly. */
export function decideBind(draw: Draw, facts: BindFacts): DrawChange {
  const { startMs, untilMs, what } = promised(draw)
  const least = what.cardsMin ?? what.cards
  // Nobody looked in time: what is left is not what was booked.
  const isTooLate = facts.nowMs >= Math.min(startMs + FILL_MS, untilMs - LEASE_LEAD_MS)
  const isBroken = facts.cards.length < least || isTooLate
  const cards = isBroken ? [] : facts.cards.slice(0, what.cards)
  // Cards are bound in time or not: what is late takes the place of an unfilled slot.
  const isLate = startMs < facts.nowMs + LEASE_LEAD_MS
  const inTime = isLate ? [] : cards
  const work = new Binding(draw, facts)
  for (const card of inTime) work.lend(card, { startMs, untilMs, swapOf: null })
  for (let slot = inTime.length; slot < what.cards; slot += 1) {
    work.leaveOpen({ startMs, untilMs }, isBroken)
  }
  if (isLate) {
    const lateMs = facts.nowMs + LEASE_LEAD_MS
    for (const [slot, card] of cards.entries()) work.fill(slot, card, lateMs)
  }
  return work.change(isBroken ? 'draw_broken' : 'draw_bound', {
    booked: givenUp(facts.booked),
    state: isBroken ? 'broken' : 'posted',
  })
}

/** Cards that have become free take open places; `null` where there is nothing to do. */
export function decideFill(draw: Draw, facts: Omit<BindFacts, 'booked'>): DrawChange | null {
  const fromMs = facts.nowMs + LEASE_LEAD_MS
  // Nodes were asked meanwhile, and a draw that was extended outlasts its open places.
  const open = openPlaces(draw).filter(({ untilMs }) => untilMs > fromMs)
  const cards = facts.cards.slice(0, open.length)
  if (cards.length === 0 || draw.state !== 'posted') return null
  const work = new Binding(draw, facts)
  for (const [index, card] of cards.entries()) {
    const slot = open[index]
    if (slot !== undefined) work.fill(slot.ordinal, card, fromMs)
  }
  return work.change('draw_bound', { booked: [], state: 'posted' })
}

/** Places still open when nothing is filled any more: all that is left of them is broken. */
export function decideUnfilled(draw: Draw, decided: HoldDecided): DrawChange | null {
  const open = openPlaces(draw)
  if (open.length === 0) return null
  const ordinals = new Set(open.map(({ ordinal }) => ordinal))
  const after: Draw = {
    ...draw,
    version: draw.version + 1,
    claims: draw.claims.map((claim) =>
      ordinals.has(claim.ordinal) ? { ...claim, cleanAtMs: decided.nowMs } : claim,
    ),
  }
  assertStep(draw, after)
  const postings = open.map(({ ordinal, startMs, untilMs }) =>
    brokenOf(draw, ordinal, { fromMs: startMs, toMs: untilMs, knownAtMs: decided.nowMs }),
  )
  const outbox = [bookingEntry('draw_broken', after, [...ordinals], decided)]
  return { ...changeOf(draw.version, after), postings, outbox }
}

export function openPlaces({ claims }: Pick<Draw, 'claims'>): readonly OpenPlace[] {
  return claims.filter(isOpenPlace)
}

/** A draw and its accounts while cards are bound to it. */
class Binding {
  readonly #before: Draw
  readonly #facts: Omit<BindFacts, 'booked'>
  readonly #claims: Claim[]
  readonly #leases: Lease[]
  readonly #postings: Posting[] = []
  readonly #added: number[] = []

  constructor(draw: Draw, facts: Omit<BindFacts, 'booked'>) {
    this.#before = draw
    this.#facts = facts
    this.#claims = [...draw.claims]
    this.#leases = [...draw.leases]
  }

  lend(
    card: CardToHold,
    promise: { readonly startMs: number; readonly untilMs: number; readonly swapOf: number | null },
  ): void {
    const { startMs, swapOf, untilMs } = promise
    const ordinal = this.#claims.length
    const lease = this.#leaseFor(card.nodeId, startMs, untilMs)
    this.#claims.push({
      ...heldClaim(card, { ordinal, chance: this.#facts.chance, nowMs: this.#facts.nowMs }),
      state: 'leased',
      leaseId: lease.leaseId,
      startMs,
      untilMs,
      swapOf,
    })
    this.#added.push(ordinal)
    const from = swapOf === null ? 'promised' : 'swapped'
    this.#post(ordinal, { fromMs: startMs, toMs: untilMs, from, to: 'pending' })
  }

  leaveOpen(
    { startMs, untilMs }: { readonly startMs: number; readonly untilMs: number },
    isBroken: boolean,
  ): void {
    const { nowMs, place } = this.#facts
    const ordinal = this.#claims.length
    const span = { fromMs: startMs, toMs: untilMs }
    this.#claims.push(slotClaim(place, { ordinal, startMs, untilMs, nowMs, isBroken }))
    this.#post(ordinal, { ...span, from: 'promised', to: 'pending' })
    if (isBroken) this.#post(ordinal, { ...span, from: 'pending', to: 'broken_unfilled' })
  }

  /** The card takes the place from `startMs` on; the time before is broken. */
  fill(slotOrdinal: number, card: CardToHold, startMs: number): void {
    const slot = this.#claims[slotOrdinal]
    assert(slot !== undefined && slot.startMs !== null, 'a place that is filled was left open')
    const untilMs = slot.untilMs
    assert(untilMs !== null && startMs < untilMs, 'a place is filled for some time')
    this.#claims[slotOrdinal] = { ...slot, cleanAtMs: this.#facts.nowMs }
    const late = { fromMs: slot.startMs, toMs: startMs }
    this.#post(slotOrdinal, { ...late, from: 'pending', to: 'broken_unfilled' })
    this.#post(slotOrdinal, { fromMs: startMs, toMs: untilMs, from: 'pending', to: 'swapped' })
    this.lend(card, { startMs, untilMs, swapOf: slotOrdinal })
  }

  change(
    kind: 'draw_bound' | 'draw_broken',
    { booked, state }: { readonly booked: readonly BookedCards[]; readonly state: Draw['state'] },
  ): DrawChange {
    const { nowMs, proofMsMax } = this.#facts
    const isBroken = state === 'broken'
    const after: Draw = {
      ...this.#before,
      version: this.#before.version + 1,
      state,
      refusal: isBroken
        ? refusalOf('not_enough', { cardsAvailable: this.#facts.cards.length })
        : null,
      endedAtMs: isBroken ? nowMs : null,
      leases: this.#leases,
      claims: this.#claims,
    }
    assertStep(this.#before, after)
    return {
      ...changeOf(this.#before.version, after),
      mustBeFree: this.#added,
      provenSinceMs: nowMs - proofMsMax,
      booked,
      postings: this.#postings,
      outbox: [bookingEntry(kind, after, this.#added, this.#facts)],
    }
  }

  #leaseFor(nodeId: NodeId, startMs: number, untilMs: number): Lease {
    const own = this.#leases.filter((lease) => lease.nodeId === nodeId)
    const index = this.#leases.findIndex(
      (lease) => lease.nodeId === nodeId && lease.startMs === startMs,
    )
    const same = this.#leases[index]
    if (same !== undefined) return same
    const lease: Lease = {
      leaseId: leaseIdOf(this.#before.request.drawId, nodeId, own.length),
      nodeId,
      startMs,
      untilMs,
      revision: 1,
      confirmedRevision: 0,
      interruptedAtMs: null,
      idleSinceMs: null,
      handover: this.#facts.handovers.get(nodeId) ?? null,
    }
    this.#leases.push(lease)
    return lease
  }

  #post(ordinal: number, span: Omit<Posting, 'drawId' | 'ordinal' | 'knownAtMs'>): void {
    const { drawId } = this.#before.request
    this.#postings.push({ drawId, ordinal, ...span, knownAtMs: this.#facts.nowMs })
  }
}

/** A place that no card was found for: over from its start on, its promise still open. */
function slotClaim(
  { siteCode, ownerCode, profile }: Place,
  slot: {
    readonly ordinal: number
    readonly startMs: number
    readonly untilMs: number
    readonly nowMs: number
    readonly isBroken: boolean
  },
): Claim {
  const { isBroken, nowMs, ordinal, startMs, untilMs } = slot
  return {
    ordinal,
    leaseId: null,
    unitId: null,
    acceleratorId: null,
    nodeId: null,
    depositId: null,
    siteCode,
    ownerCode,
    profile,
    state: 'ended',
    heldAtMs: nowMs,
    startMs,
    untilMs,
    recallAtMs: null,
    recallCause: null,
    endedAtMs: startMs,
    end: 'unfilled',
    cleanAtMs: isBroken ? nowMs : null,
    swapOf: null,
    evidence: null,
  }
}

function promised({ request, startMs, state, untilMs }: Draw) {
  const { what } = request
  assert(state === 'booked', 'what is bound was booked')
  assert(startMs !== null && untilMs !== null, 'a booking is promised')
  assert(what.kind === 'pool', 'a booking is of a pool')
  return { startMs, untilMs, what }
}

function brokenOf(
  { request }: Draw,
  ordinal: number,
  span: Pick<Posting, 'fromMs' | 'toMs' | 'knownAtMs'>,
): Posting {
  return { drawId: request.drawId, ordinal, ...span, from: 'pending', to: 'broken_unfilled' }
}

/** What is bound, broken or given up takes nothing more from what is likely to be free. */
function givenUp(booked: readonly Booked[]): readonly BookedCards[] {
  return booked.map((one) => ({ ...one, cards: -one.cards, cardsMax: 0 }))
}
