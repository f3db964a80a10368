/**
 * What a parent asks about draws, answered: of this ledger's own cards exactly as a bank of its own would
 * be answered, by the same checks and into the same journal; of cards of a collector below, handed down
 * and up again, with nothing kept here. A parent names its draws by ids of its own, and can touch no
 * others: what it names is another draw here (ids.ts).
 *
 * New draws are taken only where the configuration consents. Draws that were granted before go on.
 */
import { ASK_BODY_BYTES_MAX, type ChildAsk, type Clock } from '@yiben/shared'
import type { z } from 'zod'
import { capacityBody } from '../api/answers/capacity.ts'
import { drawAnswerOf, type Viewer } from '../api/answers/draws.ts'
import type { ApiContext } from '../api/context.ts'
import { searchCapacity } from '../bank/capacity.ts'
import type { DrawResult } from '../bank/draw-desk.ts'
import { refusalOf } from '../bank/draw-refusal.ts'
import { canonicalDraw } from '../bank/draw-request.ts'
import type { ChildLine } from '../model/child-line.ts'
import type { Draw, DrawId } from '../model/draw.ts'
import type { Scope } from '../storage/requests.ts'
import { askDecision, askStates } from './asking.ts'
import { drawIdBelow } from './ids.ts'
import { CapacityBelow, capacityRequestOf, isChild } from './search.ts'
import {
  type AskedCapacity,
  type AskedHold,
  type AskedStates,
  type AskedStep,
  askedCapacitySchema,
  askedHoldSchema,
  askedStatesSchema,
  askedStepSchema,
  type DrawTold,
  LEDGERS_TOLD_MAX,
  LOTS_TOLD_MAX,
  packed,
  type ResultWords,
  refusalTold,
  type ToldCapacity,
  type ToldStates,
  unpacked,
} from './words.ts'

/** On the way up and down each collector leaves the one above it this much of the time. */
const HOP_MS = 300
const WITHIN_MS_MIN = 100

type Words = ResultWords | ToldStates | ToldCapacity

/** What this collector lets its parent draw. */
export interface Consent {
  /** Codes; empty: every site. */
  readonly siteCodes: readonly string[]
  /** Cards of one draw. */
  readonly cardsMax: number
  /** Length of a lease. */
  readonly forMsMax: number
}

export interface AnswererOptions {
  /** Identity key of the parent, as it was enrolled at. */
  readonly parentKey: string
  /** `null`: it may draw nothing new. */
  readonly consent: Consent | null
  readonly clock: Clock
  /** How this ledger is called at its parent. */
  readonly name: string
  readonly context: () => ApiContext
  /** Those that report here. */
  readonly line: () => ChildLine
}

export interface Answered {
  readonly status: 'answered' | 'unheard' | 'closed'
  readonly body: Uint8Array
}

const UNHEARD: Answered = { status: 'unheard', body: new Uint8Array(0) }
const CLOSED: Answered = { status: 'closed', body: new Uint8Array(0) }

export class Answerer {
  readonly isOpen: boolean
  readonly #options: AnswererOptions
  readonly #consent: Consent | null
  #below: CapacityBelow | null = null

  constructor(options: AnswererOptions) {
    this.#options = options
    this.#consent = options.consent
    this.isOpen = options.consent !== null
  }

  /** Rejects with what is in the way just now: the parent asks again. */
  async answer(ask: ChildAsk): Promise<Answered> {
    switch (ask.kind) {
      case 'capacity':
        return this.#with(askedCapacitySchema, ask, (asked) => this.#capacity(asked, ask))
      case 'hold':
        return this.#with(askedHoldSchema, ask, (asked) => this.#hold(asked, ask))
      case 'states':
        return this.#with(askedStatesSchema, ask, (asked) => this.#states(asked, ask))
      default:
        return this.#with(askedStepSchema, ask, (asked) => this.#step(asked, ask))
    }
  }

  async #with<Asked>(
    schema: z.ZodType<Asked>,
    { body }: ChildAsk,
    take: (asked: Asked) => Promise<Words | Answered>,
  ): Promise<Answered> {
    const asked = unpacked(schema, body)
    if (asked === null) return UNHEARD
    const words = await take(asked)
    if ('body' in words) return words
    const answer = packed(words)
    // Longer than a frame takes: the parent would close the line over it.
    return answer.length > ASK_BODY_BYTES_MAX ? UNHEARD : { status: 'answered', body: answer }
  }

  async #hold(asked: AskedHold, ask: ChildAsk): Promise<ResultWords | Answered> {
    const consent = this.#consent
    const bar = barOf(asked, consent)
    // One that was granted, and whose answer was lost, is answered whatever is allowed by now.
    if (consent === null || bar !== null) return (await this.#known(asked, ask)) ?? bar ?? CLOSED
    const drawId = this.#idHere(asked.draw_id)
    const scope = scopeWithin(asked.scope, consent)
    if (ask.path.length > 0) {
      return this.#handDown('hold', { ...asked, draw_id: drawId, scope: mutable(scope) }, ask)
    }
    const canonical = canonicalDraw({
      drawId,
      bank: asked.bank,
      borrower: asked.borrower,
      contract: asked.contract,
      what: {
        kind: 'cards',
        lots: asked.lots.map((lot) => ({ lotId: lot.lot_id, cards: lot.cards })),
      },
      forMs: asked.for_ms,
      holdMs: asked.hold_ms,
      swap: asked.swap,
      confidencePpm: asked.confidence_ppm,
      isUnfencedTaken: asked.unfenced,
      isKeptInSilence: asked.keep_in_silence,
    })
    if (canonical.status === 'invalid') return notAllowed(canonical.field)
    const { control } = this.#options.context()
    const request = { ...canonical.request, startMs: null }
    return this.#told(asked.draw_id, await control.draws().hold(request, scope))
  }

  /** As it is, where there is such a draw. */
  async #known(
    { draw_id }: Pick<AskedHold, 'draw_id'>,
    ask: ChildAsk,
  ): Promise<ResultWords | Answered | null> {
    const states = await this.#states({ draws: [{ draw_id, version: 0 }] }, ask)
    if ('body' in states) return states
    const draw = states.draws[0]?.draw ?? null
    if (draw?.state === 'refused' && draw.refusal !== null) {
      return { status: 'refused', refusal: draw.refusal, draw }
    }
    return draw === null ? null : { status: 'done', draw }
  }

  async #step(asked: AskedStep, ask: ChildAsk): Promise<ResultWords | Answered> {
    const drawId = this.#idHere(asked.draw_id)
    const { kind } = ask
    if (kind === 'capacity' || kind === 'hold' || kind === 'states') return UNHEARD
    if (ask.path.length > 0) return this.#handDown(kind, { ...asked, draw_id: drawId }, ask)
    const draws = this.#options.context().control.draws()
    switch (kind) {
      case 'extend':
        return this.#told(asked.draw_id, await draws.extend(drawId, asked.until_ms ?? 0))
      case 'return':
        return this.#told(asked.draw_id, await draws.return(drawId, asked.cards ?? 'all'))
      default:
        return this.#told(asked.draw_id, await draws[kind](drawId))
    }
  }

  async #states(asked: AskedStates, ask: ChildAsk): Promise<ToldStates | Answered> {
    const { context, line } = this.#options
    const idsAbove = new Map(asked.draws.map(({ draw_id }) => [this.#idHere(draw_id), draw_id]))
    if (ask.path.length > 0) {
      const draws = asked.draws.map((one) => ({ ...one, draw_id: this.#idHere(one.draw_id) }))
      const told = await askStates(line(), { draws }, this.#wayDown(ask))
      if ('status' in told) return UNHEARD
      return { ...told, draws: told.draws.flatMap((one) => renamed(one, idsAbove)) }
    }
    const { control } = context()
    const draws: ToldStates['draws'] = []
    for (const { draw_id, version } of asked.draws) {
      const draw = await control.draws().find(this.#idHere(draw_id))
      if (draw?.version === version) continue
      draws.push({ draw_id, draw: draw === null ? null : this.#answerOf(draw_id, draw) })
    }
    return { draws, recovering: control.recovery().isRecovering() }
  }

  async #capacity(asked: AskedCapacity, ask: ChildAsk): Promise<ToldCapacity | Answered> {
    const consent = this.#consent
    if (consent === null) return CLOSED
    const scope = scopeWithin(asked.scope, consent)
    const { clock, context, line, name } = this.#options
    const { store } = context()
    this.#below ??= new CapacityBelow({ store, clock, line: line() })
    const { withinMs } = this.#wayDown(ask)
    const [own, below] = await Promise.all([
      this.#ownPlace(asked, scope, name),
      this.#below.search({
        asked: { ...asked, scope: mutable(scope) },
        hops: asked.hops,
        withinMs,
      }),
    ])
    return { places: withinBounds([own, ...below.places]), unheard: below.unheard }
  }

  async #ownPlace(
    asked: AskedCapacity,
    scope: Scope,
    name: string,
  ): Promise<ToldCapacity['places'][number]> {
    const context = this.#options.context()
    const { view, lagMs } = await context.capacity.upToDate()
    const request = capacityRequestOf(asked)
    const found = searchCapacity(view, request, {
      nowMs: context.clock.wallMs(),
      isSuspended: context.isSuspended,
      scope,
      outlook: context.outlook(),
    })
    const { asker } = this.#viewer(scope)
    const shown = { request, hours: null, limit: asked.limit }
    const { lots, lots_total } = capacityBody(context, asker, shown, { ...found, lagMs })
    return {
      path: [],
      name,
      satisfied: found.isServed,
      cards: found.total.cards,
      nano_tflops: String(found.total.nanoTflops),
      lots_total,
      lots,
      available: {
        cards: found.available.cards,
        nano_tflops: String(found.available.nanoTflops),
      },
      suspended_cards: found.suspendedCards,
      probability: found.chance,
    }
  }

  /** Nothing is kept here: asked again it is handed down again. */
  async #handDown(
    kind: Parameters<typeof askDecision>[1],
    asked: AskedHold | AskedStep,
    ask: ChildAsk,
  ): Promise<ResultWords | Answered> {
    const [childId = ''] = ask.path
    if (kind === 'hold' && !(await this.#isChild(childId))) {
      return { status: 'refused', refusal: refusalTold(refusalOf('lot_unknown')), draw: null }
    }
    const told = await askDecision(this.#options.line(), kind, asked, this.#wayDown(ask))
    if (told.status === 'unheard') return UNHEARD
    if (told.status === 'closed') return kind === 'hold' ? CLOSED : UNHEARD
    const idAbove = unpacked(askedStepSchema, ask.body)?.draw_id ?? ''
    if (told.status === 'done') return { ...told, draw: { ...told.draw, draw_id: idAbove } }
    const draw = told.draw === null ? null : { ...told.draw, draw_id: idAbove }
    return { ...told, refusal: refusalTold(told.refusal), draw }
  }

  async #isChild(childId: string): Promise<boolean> {
    const { context, line } = this.#options
    return await isChild(childId, { line: line(), store: context().store })
  }

  #wayDown({ path, withinMs }: ChildAsk) {
    return { path, withinMs: Math.max(WITHIN_MS_MIN, withinMs - HOP_MS) }
  }

  #told(idAbove: DrawId, result: DrawResult): ResultWords {
    if (result.status === 'done') {
      return { status: 'done', draw: this.#answerOf(idAbove, result.draw) }
    }
    const draw = result.draw === null ? null : this.#answerOf(idAbove, result.draw)
    return { status: 'refused', refusal: refusalTold(result.refusal), draw }
  }

  /** As a bank sees it, under the id that the parent knows it by. */
  #answerOf(idAbove: DrawId, draw: Draw): DrawTold {
    const viewer = this.#viewer({ regions: 'all', sites: 'all' })
    const answer = drawAnswerOf(this.#options.context(), viewer, draw)
    return { ...answer, draw_id: idAbove, state: draw.state }
  }

  #viewer(scope: Scope): Viewer {
    const asker = { actor: 'parent', role: 'bank', scope, login: null } as const
    return { asker, sites: 'all' }
  }

  #idHere(idAbove: DrawId): DrawId {
    return drawIdBelow(this.#options.parentKey, idAbove)
  }
}

/** Why a new draw is turned away, whatever cards there are; `null`: it may be asked for. */
function barOf(asked: AskedHold, consent: Consent | null): ResultWords | Answered | null {
  if (consent === null) return CLOSED
  const cards = asked.lots.reduce((sum, lot) => sum + lot.cards, 0)
  if (cards > consent.cardsMax) return notAllowed('cards')
  return asked.for_ms > consent.forMsMax ? notAllowed('hours') : null
}

function notAllowed(reason: string): ResultWords {
  const refusal = refusalTold(refusalOf('child_closed', { reason }))
  return { status: 'refused', refusal, draw: null }
}

function renamed(
  { draw, draw_id }: ToldStates['draws'][number],
  idsAbove: ReadonlyMap<DrawId, DrawId>,
): ToldStates['draws'] {
  const idAbove = idsAbove.get(draw_id)
  if (idAbove === undefined) return []
  return [{ draw_id: idAbove, draw: draw === null ? null : { ...draw, draw_id: idAbove } }]
}

/** Lots of the nearest come first; that there are more is told with each ledger. */
function withinBounds(places: ToldCapacity['places']): ToldCapacity['places'] {
  let left = LOTS_TOLD_MAX
  return places.slice(0, LEDGERS_TOLD_MAX).map((place) => {
    const lots = place.lots.slice(0, left)
    left -= lots.length
    return { ...place, lots }
  })
}

/** Of what the asker may see, what this collector consents to. */
function scopeWithin({ regions, sites }: Scope, { siteCodes }: Consent): Scope {
  if (siteCodes.length === 0) return { regions, sites }
  const within = sites === 'all' ? siteCodes : siteCodes.filter((code) => sites.includes(code))
  return { regions, sites: within }
}

function mutable({ regions, sites }: Scope) {
  return {
    regions: regions === 'all' ? ('all' as const) : [...regions],
    sites: sites === 'all' ? ('all' as const) : [...sites],
  }
}
