/**
 * Draws placed here whose cards are of a collector below: what a bank does with them. Every call can be
 * made again. What is asked for is durable before the child hears of it; what the child has not answered
 * is told as `asking` or `posting`, for as long as it takes.
 */
import type { Clock } from '@yiben/shared'
import { refusalOf } from '../bank/draw-refusal.ts'
import { isSameRequest } from '../bank/draw-request.ts'
import { DrawTurns } from '../bank/draw-turns.ts'
import type { ChildLine } from '../model/child-line.ts'
import type { DrawId, DrawRefusal } from '../model/draw.ts'
import { type PlacedDraw, type PlacedStep, placedStateOf } from '../model/placed-draw.ts'
import type { PlacedChange, PlacedFilter } from '../storage/placed-store.ts'
import type { Page, PageRequest } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import type { Courier } from './courier.ts'
import { type Placing, placed, refusedHere, stepAsked } from './decide.ts'
import { placementOf } from './ids.ts'
import { isChild } from './search.ts'

export type PlacedDrawsStore = Pick<
  Store,
  'findDraw' | 'findPlaced' | 'commitPlaced' | 'listPlaced' | 'listChildren'
>

export interface PlacedDrawsOptions {
  readonly store: PlacedDrawsStore
  readonly clock: Clock
  readonly line: Pick<ChildLine, 'drawing'>
  readonly courier: Pick<Courier, 'deliver'>
  readonly onCommitted: () => void
}

export type PlacedResult =
  | {
      readonly status: 'known'
      readonly placed: PlacedDraw
      /** By this call. */
      readonly isNew: boolean
    }
  | {
      readonly status: 'refused'
      readonly refusal: DrawRefusal
      /** As it is, where the id names one that the asker may know. */
      readonly placed: PlacedDraw | null
    }

const UNKNOWN: PlacedResult = {
  status: 'refused',
  refusal: refusalOf('draw_unknown'),
  placed: null,
}
const REUSED: PlacedResult = { status: 'refused', refusal: refusalOf('id_reused'), placed: null }
/** Another call on the draw was quicker, so often in a row. */
const ROUNDS_MAX = 5
const ANY: PlacedFilter = { states: 'all', bank: null, borrower: null, seenBy: null }

export class PlacedDraws {
  readonly #options: PlacedDrawsOptions
  readonly #turns = new DrawTurns()
  /** `null`: not looked at yet. */
  #isUsed: boolean | null = null

  constructor(options: PlacedDrawsOptions) {
    this.#options = options
  }

  find(drawId: DrawId): Promise<PlacedDraw | null> {
    return this.#options.store.findPlaced(drawId)
  }

  /** The store says so too; asked before, so that a ledger which never places is not slower for it. */
  async isPlaced(drawId: DrawId): Promise<boolean> {
    this.#isUsed ??= (await this.list(ANY, { cursor: null, limit: 1 })).rows.length > 0
    return this.#isUsed && (await this.find(drawId)) !== null
  }

  list(filter: PlacedFilter, page: PageRequest): Promise<Page<PlacedDraw>> {
    return this.#options.store.listPlaced(filter, page)
  }

  /** `request` is canonical, and its lots are not of this ledger alone. */
  async hold(placing: Omit<Placing, 'path'>): Promise<PlacedResult> {
    const { drawId } = placing.request
    const isNew = await this.#turns.take(drawId, () => this.#place(placing))
    if (isNew === null) return REUSED
    // What was refused later is not of the hold.
    const isAbout = (draw: PlacedDraw) => placedStateOf(draw) === 'refused'
    return await this.#carried(drawId, { isNew, isAbout })
  }

  async step(drawId: DrawId, step: PlacedStep): Promise<PlacedResult> {
    const known = await this.#turns.take(drawId, () => this.#take(drawId, step))
    return known ?? (await this.#carried(drawId, { isNew: false, isAbout: () => true }))
  }

  /** Whether it is new; `null`: the id names another draw. */
  async #place(whole: Omit<Placing, 'path'>): Promise<boolean | null> {
    const { store } = this.#options
    const { drawId } = whole.request
    if ((await store.findDraw(drawId)) !== null) return null
    const existing = await store.findPlaced(drawId)
    if (existing !== null) return isRetry(existing, whole) ? false : null
    const change = await this.#begun(whole)
    this.#isUsed = true
    if (await this.#commit(change)) return true
    const other = await store.findPlaced(drawId)
    return other !== null && isRetry(other, whole) ? false : null
  }

  /** In the order in which refusals are looked for. */
  async #begun(whole: Omit<Placing, 'path'>): Promise<PlacedChange> {
    const nowMs = this.#nowMs()
    const placement = placementOf(whole.request.what)
    const path = placement.status === 'below' ? placement.path : []
    const placing = { ...whole, path }
    if (placement.status === 'spans') {
      return refusedHere(placing, refusalOf('spans_ledgers'), nowMs)
    }
    if (placement.status === 'nowhere') {
      return refusedHere(placing, refusalOf('lot_unknown'), nowMs)
    }
    const [childId = ''] = path
    const heard = this.#options.line.drawing().find((child) => child.childId === childId)
    if (heard !== undefined && !heard.isOpen) {
      return refusedHere(placing, refusalOf('child_closed'), nowMs)
    }
    if (heard === undefined && !(await isChild(childId, this.#options))) {
      return refusedHere(placing, refusalOf('lot_unknown'), nowMs)
    }
    return placed(placing, nowMs)
  }

  /** What stands in the way, or was done before; `null`: it is being asked. */
  async #take(drawId: DrawId, step: PlacedStep): Promise<PlacedResult | null> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const draw = await this.#options.store.findPlaced(drawId)
      if (draw === null) return UNKNOWN
      const asked = stepAsked(draw, step, this.#nowMs())
      if (asked.status === 'refused') return { ...asked, placed: draw }
      if (asked.status === 'done') return { status: 'known', placed: draw, isNew: false }
      if (asked.status === 'waits' || (await this.#commit(asked.change))) return null
    }
    return null
  }

  /** As it is once the child has answered, or was not heard. */
  async #carried(
    drawId: DrawId,
    {
      isAbout,
      isNew,
    }: { readonly isAbout: (draw: PlacedDraw) => boolean; readonly isNew: boolean },
  ): Promise<PlacedResult> {
    const delivery = await this.#options.courier.deliver(drawId)
    const draw = await this.#options.store.findPlaced(drawId)
    if (draw === null) return UNKNOWN
    const isOpen = draw.steps.length > 0
    const passing = delivery.status === 'passing' && isOpen ? delivery.refusal : null
    const refusal = isOpen ? passing : isAbout(draw) ? draw.refusal : null
    if (refusal !== null) return { status: 'refused', refusal, placed: draw }
    return { status: 'known', placed: draw, isNew }
  }

  async #commit(change: PlacedChange): Promise<boolean> {
    const { status } = await this.#options.store.commitPlaced(change)
    if (status === 'committed') this.#options.onCommitted()
    return status === 'committed'
  }

  #nowMs(): number {
    return Math.round(this.#options.clock.wallMs())
  }
}

function isRetry(existing: PlacedDraw, { request }: Pick<Placing, 'request'>): boolean {
  return isSameRequest(existing.request, request)
}
