/**
 * Carries what was placed here to the children, and what they say back. What is open is in the store
 * before it is asked, and is asked until the child has answered: by whoever placed it, when the child
 * connects, and every so often; never given up. What lives is asked after, so that its end comes to be
 * known here.
 *
 * Killed at any line it asks again: a child knows each draw by its id and does each step once.
 */
import { type Clock, errorSentence, type Logger, Rounds, type Service } from '@yiben/shared'
import type { ChildLine } from '../model/child-line.ts'
import type { DrawId, DrawRefusal } from '../model/draw.ts'
import { drawIdOf, type OpenStep, type PlacedDraw } from '../model/placed-draw.ts'
import type { PlacedChange } from '../storage/placed-store.ts'
import type { Store } from '../storage/store.ts'
import { askDecision, askStates, DECISION_WITHIN_MS, type Unanswered } from './asking.ts'
import { answered, news } from './decide.ts'
import { type AskedStep, askedHoldOf, STATES_MAX, type ToldResult } from './words.ts'

const ROUND_MS = 500
const POLL_MS = 5_000
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 30_000
/** Asked of one child at once by rounds: the bank's own calls find room beside them. */
const AT_ONCE_MAX = 16
/** A hold, and a void behind it, with somebody else writing in between. */
const STEPS_PER_DELIVERY_MAX = 8

export type CourierStore = Pick<
  Store,
  'findPlaced' | 'commitPlaced' | 'readOpenPlaced' | 'readLivePlaced'
>

export interface CourierOptions {
  readonly store: CourierStore
  readonly clock: Clock
  readonly line: ChildLine
  readonly log: Logger
  /** A change is durable: its entry is in the outbox. */
  readonly onCommitted: () => void
}

/** How far it has come: nothing is open, or why something is. */
export type Delivery =
  | { readonly status: 'answered' }
  | { readonly status: 'unheard' }
  /** The child cannot say yet, for a reason of its own that passes. */
  | { readonly status: 'passing'; readonly refusal: DrawRefusal }

const ANSWERED: Delivery = { status: 'answered' }
const UNHEARD: Delivery = { status: 'unheard' }

interface Patience {
  readonly waitMs: number
  readonly untilMs: number
}

export class Courier implements Service {
  readonly id = 'placed-draws'
  readonly #options: CourierOptions
  readonly #rounds: Rounds
  readonly #deliveries = new Map<DrawId, Promise<Delivery>>()
  /** Children that are being served; a slow one holds up no other. */
  readonly #serving = new Map<string, Promise<void>>()
  /** Draws whose child was asked in vain. */
  readonly #patience = new Map<DrawId, Patience>()
  readonly #polledAtMs = new Map<string, number>()
  #isStopped = false

  constructor(options: CourierOptions) {
    this.#options = options
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: ROUND_MS,
      round: async () => this.#round(),
      onFailure: (error) =>
        options.log.warn({ code: error.code, reason: error.message }, 'children are not asked now'),
    })
  }

  async run(): Promise<void> {
    await this.#rounds.run()
  }

  /** Asks nothing new, and waits for what is under way: bounded by the answers. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#rounds.stop()
    await Promise.allSettled([...this.#serving.values(), ...this.#deliveries.values()])
  }

  /** A child has connected: what is open there is asked at once. */
  connected(): void {
    this.#patience.clear()
    this.#rounds.wake()
  }

  /** Asks what is open of a draw until it is answered, or the child is not heard. */
  async deliver(drawId: DrawId): Promise<Delivery> {
    const under = this.#deliveries.get(drawId)
    if (under !== undefined) return await under
    const delivery = this.#deliver(drawId).finally(() => this.#deliveries.delete(drawId))
    this.#deliveries.set(drawId, delivery)
    return await delivery
  }

  async #deliver(drawId: DrawId): Promise<Delivery> {
    for (let step = 0; step < STEPS_PER_DELIVERY_MAX; step += 1) {
      const draw = await this.#options.store.findPlaced(drawId)
      const [open] = draw?.steps ?? []
      if (draw === null || open === undefined) {
        this.#patience.delete(drawId)
        return ANSWERED
      }
      if (this.#isStopped) return UNHEARD
      const reply = await this.#ask(draw, open)
      const isAnswer = reply.status !== 'unheard'
      const change = isAnswer ? answered(draw, reply, this.#nowMs()) : null
      if (change === null) {
        this.#beat(drawId)
        return reply.status === 'refused' ? { status: 'passing', refusal: reply.refusal } : UNHEARD
      }
      await this.#commit(change)
    }
    return UNHEARD
  }

  #ask(draw: PlacedDraw, step: OpenStep): Promise<ToldResult | Unanswered> {
    const { line } = this.#options
    const way = { path: draw.path, withinMs: DECISION_WITHIN_MS }
    if (step.kind === 'hold') return askDecision(line, 'hold', askedHoldOf(draw), way)
    return askDecision(line, step.kind, wordsOf(draw, step), way)
  }

  #round(): boolean {
    if (this.#isStopped) return false
    for (const { childId } of this.#options.line.drawing()) {
      if (this.#serving.has(childId)) continue
      const served = this.#serve(childId)
        .catch((error: unknown) => this.#failed(childId, error))
        .finally(() => this.#serving.delete(childId))
      this.#serving.set(childId, served)
    }
    return false
  }

  #failed(childId: string, error: unknown): void {
    const fields = { child_id: childId, err: error, reason: errorSentence(error) }
    this.#options.log.warn(fields, 'draws that were placed here are not carried on for now')
  }

  async #serve(childId: string): Promise<void> {
    await this.#askOpen(childId)
    const nowMs = this.#options.clock.monotonicMs()
    const polledAtMs = this.#polledAtMs.get(childId) ?? Number.NEGATIVE_INFINITY
    if (nowMs - polledAtMs < POLL_MS) return
    this.#polledAtMs.set(childId, nowMs)
    await this.#askLive(childId)
  }

  /** Page by page; ends early where the child says nothing. */
  async #askOpen(childId: string): Promise<void> {
    let afterId: DrawId | null = null
    for (;;) {
      const page = { childIds: [childId], afterId, limit: AT_ONCE_MAX }
      const open = await this.#options.store.readOpenPlaced(page)
      const due = open.map(drawIdOf).filter((drawId) => this.#isDue(drawId))
      const deliveries = await Promise.all(due.map((drawId) => this.deliver(drawId)))
      const isSilent = due.length > 0 && deliveries.every(({ status }) => status === 'unheard')
      const last = open.at(-1)
      if (last === undefined || open.length < AT_ONCE_MAX || isSilent || this.#isStopped) return
      afterId = drawIdOf(last)
    }
  }

  async #askLive(childId: string): Promise<void> {
    let afterId: DrawId | null = null
    for (;;) {
      const page = { childIds: [childId], afterId, limit: STATES_MAX }
      const live: readonly PlacedDraw[] = await this.#options.store.readLivePlaced(page)
      const byPath = Map.groupBy(live, ({ path }) => path.join())
      const heard = await Promise.all([...byPath.values()].map((draws) => this.#askStates(draws)))
      const last = live.at(-1)
      const isHeard = heard.some((one) => one)
      if (last === undefined || live.length < STATES_MAX || !isHeard || this.#isStopped) return
      afterId = drawIdOf(last)
    }
  }

  /** Of draws of one owner; whether it was heard. */
  async #askStates(draws: readonly PlacedDraw[]): Promise<boolean> {
    const [first] = draws
    if (first === undefined) return false
    const { line } = this.#options
    const way = { path: first.path, withinMs: DECISION_WITHIN_MS }
    const known = draws.map((draw) => ({
      draw_id: drawIdOf(draw),
      version: draw.told?.version ?? 0,
    }))
    const reply = await askStates(line, { draws: known }, way)
    if ('status' in reply) return false
    const told = new Map(reply.draws.map(({ draw, draw_id }) => [draw_id, draw]))
    for (const draw of draws) {
      const state = told.get(drawIdOf(draw))
      if (state === null && reply.recovering) await this.#remind(draw)
      const change = state == null ? null : news(draw, state, this.#nowMs())
      if (change !== null) await this.#commit(change)
    }
    return true
  }

  /** A restored ledger takes a live draw back when it is asked for it in its own words. */
  async #remind(draw: PlacedDraw): Promise<void> {
    const way = { path: draw.path, withinMs: DECISION_WITHIN_MS }
    const reply = await askDecision(this.#options.line, 'hold', askedHoldOf(draw), way)
    const change = reply.status === 'done' ? news(draw, reply.draw, this.#nowMs()) : null
    if (change !== null) await this.#commit(change)
  }

  /** Stale: another process, or another answer, was quicker; what it left is looked at again. */
  async #commit(change: PlacedChange): Promise<void> {
    const { status } = await this.#options.store.commitPlaced(change)
    if (status === 'committed') this.#options.onCommitted()
  }

  #isDue(drawId: DrawId): boolean {
    const patience = this.#patience.get(drawId)
    return patience === undefined || this.#options.clock.monotonicMs() >= patience.untilMs
  }

  #beat(drawId: DrawId): void {
    const before = this.#patience.get(drawId)?.waitMs ?? RETRY_MS_MIN / 2
    const waitMs = Math.min(RETRY_MS_MAX, before * 2)
    this.#patience.set(drawId, { waitMs, untilMs: this.#options.clock.monotonicMs() + waitMs })
  }

  #nowMs(): number {
    return Math.round(this.#options.clock.wallMs())
  }
}

function wordsOf(draw: PlacedDraw, step: Exclude<OpenStep, { readonly kind: 'hold' }>): AskedStep {
  const draw_id = drawIdOf(draw)
  switch (step.kind) {
    case 'extend':
      return { draw_id, until_ms: step.untilMs }
    case 'return':
      return { draw_id, cards: step.cards === 'all' ? 'all' : [...step.cards] }
    default:
      return { draw_id }
  }
}
