/**
 * Bookings: takes them up to the quantile the bank asks for, binds them to cards at their start, and
 * fills open places for a while (SPEC Bookings, C17). Follows what is due by the collector's own now;
 * killed anywhere it finds the same bookings due again, and binds each once: the draw's version
 * decides. Cards are accepted by their nodes a moment before they are bound, as for any draw.
 */
import { type Clock, Rounds } from '@yiben/shared'
import type { Draw, DrawId, DrawRefusal, DrawRequest } from '../model/draw.ts'
import type { Scope } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { decideBooking, decideVoidBooking, openPlaces } from './booking.ts'
import { type BinderOptions, BookingBinder } from './booking-binder.ts'
import {
  type BookedKind,
  type BookingVerdict,
  type FutureDraw,
  judgeBooking,
  type PoolQuantiles,
} from './booking-judge.ts'
import { changing, type DrawResult, ROUNDS_MAX, refused } from './draw-desk.ts'
import { decideRefused } from './draw-hold.ts'
import { LEASE_LEAD_MS } from './draw-post.ts'
import { refusalOf } from './draw-refusal.ts'
import { isSameRequest } from './draw-request.ts'
import { CardsMissed } from './draw-reserve.ts'
import { DrawTurns } from './draw-turns.ts'
import type { DryRun } from './draws.ts'

/** Nodes are asked, and asked for others, within this time before the start. */
const BIND_AHEAD_MS = 20_000
/** Then what has been accepted is bound: the notices still reach their nodes before the start. */
const BIND_AT_LAST_MS = LEASE_LEAD_MS + 1_000
const DUE_PER_ROUND_MAX = 64
const ROUND_MS_DEFAULT = 1_000

export type BookingStore = Pick<
  Store,
  'findDraw' | 'listSites' | 'readBooked' | 'readDueDraws' | 'readLiveDraws'
>

export interface BookingsOptions extends Omit<BinderOptions, 'store' | 'turns'> {
  readonly store: BookingStore
  readonly clock: Clock
  /** `null` where no forecast runs: nothing is booked then. */
  readonly pools: () => PoolQuantiles | null
  readonly roundMs?: number
}

export class Bookings {
  readonly #options: BookingsOptions
  readonly #rounds: Rounds
  readonly #turns = new DrawTurns()
  readonly #binder: BookingBinder
  #isOpened = false

  constructor(options: BookingsOptions) {
    const logger = options.logger.child({ component: 'bookings' })
    this.#options = options
    this.#binder = new BookingBinder({ ...options, logger, turns: this.#turns })
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: options.roundMs ?? ROUND_MS_DEFAULT,
      round: () => this.#round(),
      onFailure: (error) => logger.error({ err: error }, 'bookings could not be looked at'),
    })
  }

  /** Until `stop`; rejects with a bug. */
  run(): Promise<void> {
    return this.#rounds.run()
  }

  async stop(): Promise<void> {
    await this.#rounds.stop()
    await this.#turns.settled()
  }

  /** Looks at everything that is due now. */
  async drain(): Promise<void> {
    while (await this.#rounds.once()) {
      // Each round binds, breaks or fills something.
    }
  }

  /** `request` is canonical; the site lies within `scope` or is as good as none. */
  book(request: FutureDraw, scope: Scope): Promise<DrawResult> {
    const { drawId } = request
    return this.#options.desk.counted('book', () =>
      this.#turns.take(drawId, () => this.#book(request, scope)),
    )
  }

  /** What a booking would be answered now; keeps nothing. */
  async dryRun(request: FutureDraw, scope: Scope): Promise<DryRun> {
    const judged = await this.#judge(request, scope)
    if (judged.status === 'refused') return judged
    return { status: 'possible', lots: [], chancePpm: request.confidencePpm }
  }

  /** Gives a booking up before its start; afterwards the cards are returned. */
  void(drawId: DrawId): Promise<DrawResult> {
    const { desk } = this.#options
    return desk.counted('void', () => this.#turns.take(drawId, () => this.#void(drawId)))
  }

  async #void(drawId: DrawId): Promise<DrawResult> {
    const { desk, store } = this.#options
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const draw = await store.findDraw(drawId)
      if (draw === null) return refused(refusalOf('draw_unknown'))
      if (draw.state === 'voided') return { status: 'done', draw, isRepeat: true }
      const change = decideVoidBooking(draw, await store.readBooked(drawId), desk.decided())
      if (change === null) return refused(refusalOf('wrong_state'), draw)
      const result = await desk.commit(change)
      if (result.status === 'committed') {
        return { status: 'done', draw: change.draw, isRepeat: false }
      }
    }
    throw changing()
  }

  async #book(request: FutureDraw, scope: Scope): Promise<DrawResult> {
    const { desk, store } = this.#options
    const refusal = desk.grantRefusal()
    if (refusal !== null) return refused(refusal)
    const existing = await store.findDraw(request.drawId)
    if (existing !== null) return repeatedBooking(existing, request)
    const judged = await this.#judge(request, scope)
    if (judged.status === 'refused') return this.#keepRefusal(request, judged.refusal)
    const change = decideBooking(judged.request, judged.booked, desk.decided())
    const result = await desk.commitBooking(change)
    if (result.status === 'committed') {
      return { status: 'done', draw: change.draw, isRepeat: false }
    }
    if (result.status !== 'over_booked') throw changing()
    return this.#keepRefusal(request, refusalOf('over_booked'))
  }

  async #judge(request: FutureDraw, scope: Scope): Promise<BookingVerdict> {
    const { desk, kindsAt, nowMs, pools, store } = this.#options
    const refusal: DrawRefusal | null = desk.grantRefusal()
    if (refusal !== null) return { status: 'refused', refusal }
    const siteCode = request.what.kind === 'pool' ? request.what.siteCode : null
    const sites = await store.listSites(scope)
    const isSeen = sites.some(({ code }) => code === siteCode)
    const kinds = siteCode === null || !isSeen ? [] : kindsAt(siteCode)
    const { index } = await desk.surroundings(request, scope, new CardsMissed())
    const leaseMsMaxOf = ({ key }: BookedKind) => {
      const lots = index.offers.map(({ lot }) => lot)
      const own = lots.filter((lot) => lot.siteCode === siteCode && lot.kind.key === key)
      const lengths = own.flatMap(({ leaseMsMax }) => (leaseMsMax === null ? [] : [leaseMsMax]))
      return lengths.length === 0 ? null : Math.max(...lengths)
    }
    return judgeBooking(request, { nowMs: nowMs(), pools: pools(), kinds, leaseMsMaxOf })
  }

  async #keepRefusal(request: DrawRequest, refusal: DrawRefusal): Promise<DrawResult> {
    const { desk, store } = this.#options
    const change = decideRefused(request, refusal, desk.decided())
    const result = await desk.commit(change)
    if (result.status === 'committed') return refused(refusal, change.draw)
    const existing = await store.findDraw(request.drawId)
    if (existing === null) throw changing()
    return repeatedBooking(existing, request)
  }

  /** True when more may be due at once. */
  async #round(): Promise<boolean> {
    const { desk, nowMs, store } = this.#options
    if (desk.grantRefusal() !== null) return false
    await this.#open()
    const due = await store.readDueDraws('booking', nowMs() + BIND_AHEAD_MS, DUE_PER_ROUND_MAX)
    let decided = 0
    for (const draw of due) {
      const { drawId } = draw.request
      const isLastCall = (draw.startMs ?? 0) - nowMs() <= BIND_AT_LAST_MS
      if (draw.state === 'booked' && (await this.#binder.bind(drawId, isLastCall))) decided += 1
      if (openPlaces(draw).length > 0 && (await this.#binder.giveUp(drawId))) decided += 1
    }
    for (const drawId of [...this.#binder.filling]) await this.#binder.fill(drawId)
    return decided > 0 && due.length === DUE_PER_ROUND_MAX
  }

  /** What a process before this one bound and left open. */
  async #open(): Promise<void> {
    if (this.#isOpened) return
    for (const draw of await this.#options.store.readLiveDraws('all')) {
      if (openPlaces(draw).length > 0) this.#binder.filling.add(draw.request.drawId)
    }
    this.#isOpened = true
  }
}

function repeatedBooking(existing: Draw, request: DrawRequest): DrawResult {
  if (!isSameRequest(existing.request, request)) return refused(refusalOf('id_reused'))
  if (existing.state === 'refused' && existing.refusal !== null) {
    return refused(existing.refusal, existing)
  }
  return { status: 'done', draw: existing, isRepeat: true }
}
