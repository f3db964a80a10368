/**
 * The bank of the simulated world: draws cards, posts, extends, returns, and asks again with the same
 * id whenever it has heard nothing. What it was answered it remembers in a book of its own, and holds
 * the ledger to it: a promise that was made is kept or broken in the open, never forgotten, never
 * changed, and no card is promised twice at one instant.
 */
import { AppError, errorSentence } from '@yiben/shared'
import type { DrawResult } from '../../collector/src/bank/draw-desk.ts'
import type { Draw, DrawId, DrawRequest } from '../../collector/src/model/draw.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import {
  accountProblems,
  adoptionProblems,
  claimedSpans,
  differences,
  doubleGrants,
  type LostDraw,
  type Span,
  spansOf,
} from './bank-checks.ts'
import { Chance } from './chance.ts'
import type { SimWorld } from './world.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
/** As any client, it waits so long for an answer, and asks again. */
const ANSWER_MS_MAX = 15_000
/** Draws that it has under way at once. */
const DRAWS_MAX = 6
/** States of a draw that was posted. */
const POSTED: readonly Draw['state'][] = ['posted', 'ended']

type HoldRequest = DrawRequest & { readonly startMs: null }

/** What it knows of one draw, from answers only. */
interface Known {
  readonly request: HoldRequest
  held: Draw | null
  posted: Draw | null
  /** Refused, voided or returned: nothing more is asked of it. */
  isOver: boolean
  /** It was posted in a ledger that was lost, and the one that is there has not been heard on it. */
  lost: LostDraw | null
}

export class SimBank {
  readonly #world: SimWorld
  readonly #chance: Chance
  readonly #known = new Map<DrawId, Known>()
  readonly #problems: string[] = []
  #isStopped = false
  #draws = 0
  /** How often it was answered what; a world in which nothing is granted proves nothing. */
  readonly answers = {
    held: 0,
    posted: 0,
    extended: 0,
    returned: 0,
    found: 0,
    refused: 0,
    unheard: 0,
  }

  constructor(world: SimWorld) {
    this.#world = world
    this.#chance = new Chance(world.fate.random)
    world.beforeLoss.push(() => this.#loseLedger())
  }

  start(): void {
    this.#world.fate.clock.after(this.#chance.whole(3, 25) * SECOND_MS, () => {
      void this.#act().then(() => this.start())
    })
  }

  /** Leases run to their end; a collector that is restored still hears of them. */
  stop(): void {
    this.#isStopped = true
  }

  /** Found since the last look: in answers, and between its book and the ledger. */
  async problems(): Promise<string[]> {
    const found = this.#problems.splice(0)
    const spans: Span[] = []
    for (const { lost, posted, request } of this.#known.values()) {
      if (posted === null) continue
      const { drawId } = request
      const draw = await this.#world.store.findDraw(drawId)
      const isThere = draw !== null && POSTED.includes(draw.state)
      if (isThere) found.push(...accountProblems(this.#world, draw))
      if (lost !== null) {
        // Until it has been asked for again it is what it was when it was lost.
        spans.push(...lost.spans)
      } else if (isThere) {
        spans.push(...spansOf(this.#world, draw))
        found.push(...differences(posted, draw))
      } else found.push(`draw ${drawId} was posted, the ledger says ${draw?.state ?? 'nothing'}`)
    }
    const claimed = claimedSpans(this.#world)
    return [...found, ...doubleGrants(spans), ...doubleGrants(claimed)]
  }

  /** What is lent now must be found again; what has ended is not asked for any more. */
  async #loseLedger(): Promise<void> {
    for (const known of this.#known.values()) {
      const draw = await this.#world.store.findDraw(known.request.drawId)
      known.held = null
      // What was lost before and not found again is still what it was then.
      if (known.posted === null || known.lost !== null) continue
      const startMs = draw?.startMs ?? known.posted.startMs
      known.lost = { startMs, spans: draw === null ? [] : spansOf(this.#world, draw) }
    }
  }

  async #act(): Promise<void> {
    if (this.#isRecovering()) {
      await this.#replay()
      return
    }
    if (this.#isStopped) return
    const under = [...this.#known.values()].filter(({ isOver }) => !isOver)
    const isNew = under.length === 0 || (under.length < DRAWS_MAX && this.#chance.isHeads)
    const known = isNew ? this.#newDraw() : this.#chance.of(under)
    // What was not found while recovering is asked for once more.
    if (known.held === null || known.lost !== null) await this.#hold(known)
    else if (known.posted === null) await this.#post(known)
    else await this.#change(known, known.posted)
  }

  #newDraw(): Known {
    this.#draws += 1
    const drawId = `draw-${this.#draws}`
    const request: HoldRequest = {
      drawId,
      bank: 'bank',
      borrower: 'lab',
      contract: 'c-1',
      what: {
        kind: 'pool',
        vendor: null,
        model: null,
        isDomestic: null,
        memoryGibMin: null,
        siteCode: null,
        regionCode: null,
        hub: null,
        cards: this.#chance.whole(1, 4),
        cardsMin: null,
        cardsPerNode: null,
        isSameSite: false,
      },
      startMs: null,
      forMs: this.#chance.whole(1, 6) * MINUTE_MS,
      holdMs: 60_000,
      swap: this.#chance.isHeads ? 'never' : 'before_start',
      confidencePpm: null,
      isUnfencedTaken: true,
      isKeptInSilence: this.#chance.isHeads,
    }
    const known: Known = { request, held: null, posted: null, isOver: false, lost: null }
    this.#known.set(drawId, known)
    return known
  }

  async #hold(known: Known): Promise<void> {
    const result = await this.#ask((draws) => draws.hold(known.request, SCOPE_ALL))
    if (result === null) return
    if (result.status === 'done') {
      this.answers.held += 1
      this.#heard(known, result.draw)
    } else this.#refused(known, result)
  }

  #heard(known: Known, draw: Draw): void {
    const { lost } = known
    const isPosted = POSTED.includes(draw.state)
    if (lost === null && known.posted !== null) return
    known.held = draw
    // A ledger that is recovering has not heard of every end yet.
    if (!this.#isRecovering()) known.lost = null
    if (lost !== null && isPosted) {
      this.answers.found += 1
      this.#problems.push(...adoptionProblems(lost, draw, spansOf(this.#world, draw)))
    }
    // An answer that was never heard may have been followed by a post that was not heard either;
    // of a posted draw that no node has shown nothing is left but the request.
    known.posted = isPosted ? draw : null
    known.isOver = draw.state === 'ended'
  }

  #isRecovering(): boolean {
    const { collector } = this.#world
    return collector.isAlive && collector.life.collector.recovery.isRecovering()
  }

  /** Every draw that may still be lent, with the same words; and then that this was all. */
  async #replay(): Promise<void> {
    const { collector } = this.#world
    for (const known of this.#known.values()) {
      if (!known.isOver && collector.isAlive) await this.#hold(known)
    }
    if (collector.isAlive) collector.life.collector.recovery.bankTold()
  }

  async #post(known: Known): Promise<void> {
    const { drawId } = known.request
    const isVoid = this.#chance.whole(0, 8) === 0
    const result = await this.#ask((draws) => (isVoid ? draws.void(drawId) : draws.post(drawId)))
    if (result === null) return
    if (result.status === 'refused') this.#refused(known, result)
    else if (POSTED.includes(result.draw.state)) {
      this.answers.posted += 1
      known.posted = result.draw
    } else known.isOver = true
  }

  async #change(known: Known, posted: Draw): Promise<void> {
    const { drawId } = known.request
    const live = posted.claims.filter(({ state }) => state === 'leased')
    const kind = this.#chance.whole(0, 4)
    const result = await this.#ask((draws) => {
      if (kind === 0) return draws.post(drawId)
      if (kind === 1) return draws.hold(known.request, SCOPE_ALL)
      if (kind === 2) return draws.extend(drawId, (posted.untilMs ?? 0) + MINUTE_MS)
      const [first] = live
      const isWhole = first === undefined || this.#chance.isHeads
      return draws.return(drawId, isWhole ? 'all' : [first.ordinal])
    })
    if (result === null) return
    if (result.status === 'refused') {
      this.#refused(known, result)
      return
    }
    if (kind === 2) this.answers.extended += 1
    if (kind === 3) this.answers.returned += 1
    this.#problems.push(...differences(posted, result.draw))
    known.posted = result.draw
    known.isOver = result.draw.state === 'ended'
  }

  /** What passes by itself is asked again; what is said of the draw is final. */
  #refused(known: Known, { draw, refusal }: Extract<DrawResult, { status: 'refused' }>): void {
    this.answers.refused += 1
    if (refusal.code === 'draw_unknown' && known.held !== null && known.lost === null) {
      this.#problems.push(`draw ${known.request.drawId} was held, and is unknown`)
    }
    if (refusal.code === 'id_reused') {
      this.#problems.push(`draw ${known.request.drawId} is said to be another one`)
    }
    const isPassing = ['recovering', 'clock_accused', 'deposits_suspended'].includes(refusal.code)
    if (known.posted === null || known.lost !== null) known.isOver = !isPassing
    else known.isOver = draw?.state === 'ended'
  }

  /** `null`: nothing was heard, and whatever was asked may have happened. */
  async #ask(
    question: (draws: SimWorld['collector']['life']['collector']['draws']) => Promise<DrawResult>,
  ): Promise<DrawResult | null> {
    const { collector, fate } = this.#world
    if (!collector.isAlive) return null
    const late = new Promise<null>((resolve) =>
      fate.clock.after(ANSWER_MS_MAX, () => resolve(null)),
    )
    try {
      const result = await Promise.race([question(collector.life.collector.draws), late])
      if (result === null) this.answers.unheard += 1
      return result
    } catch (error) {
      // A fault of the collector's own: it ends this world, by name.
      if (!(error instanceof AppError)) this.#problems.push(errorSentence(error))
      this.answers.unheard += 1
      return null
    }
  }
}
