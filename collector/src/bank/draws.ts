/**
 * What a bank does with draws: hold, post, void, extend, return (SPEC, Draws). Every call is known by
 * the draw's id and can be made again: what was done stays done, what was refused stays refused but
 * for reasons of the collector itself. Two calls on one draw never both count: here they wait for
 * each other, elsewhere the version that a decision was made on decides.
 *
 * All that matters is in the store. What is kept here (who accepted a moment ago, which cards are
 * being drawn) may be lost at any line: then nodes are asked again.
 */
import { AppError } from '@yiben/shared'
import type { Draw, DrawId, DrawRefusal, DrawRequest } from '../model/draw.ts'
import type { DrawFilter } from '../storage/draw-requests.ts'
import type { Page, PageRequest, Scope } from '../storage/requests.ts'
import { type DrawCall, DrawDesk, type DrawResult, type DrawsOptions } from './draw-desk.ts'
import { holdCards } from './draw-holding.ts'
import { extendDraw, returnCards, voidDraw } from './draw-lending.ts'
import { type PlannedCard, planDraw } from './draw-plan.ts'
import { postDraw } from './draw-posting.ts'
import { CardsMissed } from './draw-reserve.ts'
import { DrawSwaps } from './draw-swap.ts'
import { DrawTurns } from './draw-turns.ts'
import type { SwapPlanner } from './lease-swap.ts'

/** A draw that begins as soon as it is posted; one with a start is a booking. */
export type HoldRequest = DrawRequest & { readonly startMs: null }

export type DryRun =
  | {
      readonly status: 'possible'
      readonly lots: readonly {
        readonly lotId: string
        readonly siteCode: string
        readonly cards: number
      }[]
      /** Joint, that all of it lasts as long as asked; `null`: nobody knows. */
      readonly chancePpm: number | null
    }
  | { readonly status: 'refused'; readonly refusal: DrawRefusal }

export class Draws {
  /** Finds other cards for lent ones. */
  readonly swaps: SwapPlanner
  /** Bookings are bound to cards over the same desk. */
  readonly desk: DrawDesk
  readonly #turns = new DrawTurns()
  readonly #ended = Promise.withResolvers<void>()
  #isStopped = false

  constructor(options: DrawsOptions) {
    const logger = options.logger.child({ component: 'draws' })
    this.desk = new DrawDesk({ ...options, logger })
    this.swaps = new DrawSwaps(this.desk)
  }

  /** Until `stop`: there is nothing to do but what is asked. */
  run(): Promise<void> {
    return this.#ended.promise
  }

  /** Takes nothing new, and waits for what is under way: bounded by the answers of nodes. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#turns.settled()
    this.#ended.resolve()
  }

  /** `request` is canonical (`canonicalDraw`); cards come from within `scope`. */
  hold(request: HoldRequest, scope: Scope): Promise<DrawResult> {
    return this.#turn('hold', request.drawId, () => holdCards(this.desk, request, scope))
  }

  post(drawId: DrawId): Promise<DrawResult> {
    return this.#turn('post', drawId, () => postDraw(this.desk, drawId))
  }

  void(drawId: DrawId): Promise<DrawResult> {
    return this.#turn('void', drawId, () => voidDraw(this.desk, drawId))
  }

  /** To `untilMs`, all cards alike. */
  extend(drawId: DrawId, untilMs: number): Promise<DrawResult> {
    return this.#turn('extend', drawId, () => extendDraw(this.desk, drawId, untilMs))
  }

  /** Now; cards by their ordinals. */
  return(drawId: DrawId, ordinals: readonly number[] | 'all'): Promise<DrawResult> {
    return this.#turn('return', drawId, () => returnCards(this.desk, drawId, ordinals))
  }

  /** What a hold would take now; asks no node and keeps nothing. */
  async dryRun(request: HoldRequest, scope: Scope): Promise<DryRun> {
    const refusal = this.desk.grantRefusal()
    if (refusal !== null) return { status: 'refused', refusal }
    const around = await this.desk.surroundings(request, scope, new CardsMissed())
    const plan = planDraw(request, around)
    if (plan.status === 'refused') return plan
    return { status: 'possible', lots: lotsOf(plan.cards), chancePpm: plan.chance.chancePpm }
  }

  async find(drawId: DrawId): Promise<Draw | null> {
    const draw = await this.desk.store.findDraw(drawId)
    if (draw !== null) await this.desk.written()
    return draw
  }

  list(scope: Scope, filter: DrawFilter, page: PageRequest): Promise<Page<Draw>> {
    return this.desk.store.listDraws(scope, filter, page)
  }

  async #turn(
    call: DrawCall,
    drawId: DrawId,
    work: () => Promise<DrawResult>,
  ): Promise<DrawResult> {
    if (this.#isStopped) throw new AppError('draining', 'the collector is stopping')
    return this.desk.counted(call, () => this.#turns.take(drawId, work))
  }
}

function lotsOf(cards: readonly PlannedCard[]) {
  return [...Map.groupBy(cards, ({ lotId }) => lotId)].map(([lotId, own]) => ({
    lotId,
    siteCode: own[0]?.siteCode ?? '',
    cards: own.length,
  }))
}
