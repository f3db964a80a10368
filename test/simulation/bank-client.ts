/**
 * The bank of the simulated world: draws cards, posts, extends, returns, and asks again with the same
 * id whenever it has heard nothing. What it was answered it remembers in a book of its own, and holds
 * the ledger to it: a promise that was made is kept or broken in the open, never forgotten, never
 * changed, and no card is promised twice at one instant.
 */
import { AppError, errorSentence } from '@yiben/shared'
import type { DrawResult } from '../../collector/src/bank/draw-desk.ts'
import type { Claim, Draw, DrawId, DrawRequest } from '../../collector/src/model/draw.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { Chance } from './faults.ts'
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
}

export class SimBank {
  readonly #world: SimWorld
  readonly #chance: Chance
  readonly #known = new Map<DrawId, Known>()
  readonly #problems: string[] = []
  #isStopped = false
  #draws = 0
  /** How often it was answered what; a world in which nothing is granted proves nothing. */
  readonly answers = { held: 0, posted: 0, extended: 0, returned: 0, refused: 0, unheard: 0 }

  constructor(world: SimWorld) {
    this.#world = world
    this.#chance = new Chance(world.fate.random)
  }

  start(): void {
    if (this.#isStopped) return
    this.#world.fate.clock.after(this.#chance.whole(3, 25) * SECOND_MS, () => {
      void this.#act().then(() => this.start())
    })
  }

  /** Leases run to their end. */
  stop(): void {
    this.#isStopped = true
  }

  /** Found since the last look: in answers, and between its book and the ledger. */
  async problems(): Promise<string[]> {
    const found = this.#problems.splice(0)
    const spans: Span[] = []
    for (const { posted } of this.#known.values()) {
      if (posted === null) continue
      const { drawId } = posted.request
      const draw = await this.#world.store.findDraw(drawId)
      if (draw === null || !POSTED.includes(draw.state)) {
        found.push(`draw ${drawId} was posted, the ledger says ${draw?.state ?? 'nothing'}`)
        continue
      }
      found.push(...differences(posted, draw), ...accountProblems(this.#world, draw))
      spans.push(...draw.claims.flatMap(spanOf(drawId)))
    }
    return [...found, ...doubleGrants(spans)]
  }

  async #act(): Promise<void> {
    const under = [...this.#known.values()].filter(({ isOver }) => !isOver)
    const isNew = under.length === 0 || (under.length < DRAWS_MAX && this.#chance.isHeads)
    const known = isNew ? this.#newDraw() : this.#chance.of(under)
    if (known.held === null) await this.#hold(known)
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
    const known: Known = { request, held: null, posted: null, isOver: false }
    this.#known.set(drawId, known)
    return known
  }

  async #hold(known: Known): Promise<void> {
    const result = await this.#ask((draws) => draws.hold(known.request, SCOPE_ALL))
    if (result === null) return
    if (result.status === 'done') {
      this.answers.held += 1
      known.held = result.draw
      // An answer that was never heard may have been followed by a post that was not heard either.
      if (POSTED.includes(result.draw.state)) known.posted = result.draw
    } else this.#refused(known, result)
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
    if (refusal.code === 'draw_unknown' && known.held !== null) {
      this.#problems.push(`draw ${known.request.drawId} was held, and is unknown`)
    }
    if (refusal.code === 'id_reused') {
      this.#problems.push(`draw ${known.request.drawId} is said to be another one`)
    }
    const isPassing = ['recovering', 'clock_accused', 'deposits_suspended'].includes(refusal.code)
    if (known.posted === null) known.isOver = !isPassing
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

interface Span {
  readonly drawId: DrawId
  readonly acceleratorId: number
  readonly startMs: number
  readonly endMs: number
}

function spanOf(drawId: DrawId) {
  return ({ acceleratorId, endedAtMs, startMs, untilMs }: Claim): Span[] => {
    if (acceleratorId === null || startMs === null || untilMs === null) return []
    const endMs = endedAtMs ?? untilMs
    return endMs > startMs ? [{ drawId, acceleratorId, startMs, endMs }] : []
  }
}

/** Looked at pair by pair, as nobody else does. */
function doubleGrants(spans: readonly Span[]): string[] {
  return [...Map.groupBy(spans, ({ acceleratorId }) => acceleratorId)].flatMap(([card, own]) => {
    const ordered = [...own].sort((left, right) => left.startMs - right.startMs)
    return ordered.flatMap((span, at) => {
      const before = ordered[at - 1]
      if (before === undefined || before.endMs <= span.startMs) return []
      return [`card ${card} is promised twice at ${span.startMs}: ${before.drawId}, ${span.drawId}`]
    })
  })
}

/** What was once promised stays: the start, each card, and no end before the one that was promised. */
function differences(before: Draw, after: Draw): string[] {
  const { drawId } = before.request
  const problems: string[] = []
  if (after.startMs !== before.startMs) problems.push(`draw ${drawId} begins at another time`)
  if ((after.untilMs ?? 0) < (before.untilMs ?? 0)) problems.push(`draw ${drawId} is cut`)
  for (const claim of before.claims) {
    const now = after.claims.find(({ ordinal }) => ordinal === claim.ordinal)
    if (now?.acceleratorId !== claim.acceleratorId) {
      problems.push(`draw ${drawId}: claim ${claim.ordinal} has another card than was promised`)
    }
    if (claim.endedAtMs !== null && (now?.endedAtMs ?? Infinity) > claim.endedAtMs) {
      problems.push(`draw ${drawId}: claim ${claim.ordinal} ends later than was said`)
    }
  }
  return problems
}

/** Double entry, added up: whatever was promised of a card lies in the accounts, once. */
function accountProblems({ db }: SimWorld, draw: Draw): string[] {
  const { drawId } = draw.request
  const rows = db.all(
    `SELECT p.* FROM postings p JOIN draws d ON d.draw_number = p.draw_number
     WHERE d.draw_id = ? ORDER BY p.posting_number`,
    drawId,
  )
  return draw.claims.flatMap(({ ordinal, startMs, swapOf, untilMs }) => {
    if (startMs === null || untilMs === null || swapOf !== null) return []
    const balance = new Map<string, number>()
    for (const row of rows.filter((one) => one.ordinal === ordinal)) {
      const ms = Number(row.to_ms) - Number(row.from_ms)
      const [from, to] = [String(row.from_account), String(row.to_account)]
      balance.set(from, (balance.get(from) ?? 0) - ms)
      balance.set(to, (balance.get(to) ?? 0) + ms)
    }
    const promisedMs = -(balance.get('promised') ?? 0)
    const others = [...balance].filter(([account]) => account !== 'promised')
    const problems = others
      .filter(([, ms]) => ms < 0)
      .map(([account, ms]) => `draw ${drawId}: claim ${ordinal} has ${ms} ms in ${account}`)
    if (promisedMs === untilMs - startMs) return problems
    const should = untilMs - startMs
    return [
      ...problems,
      `draw ${drawId}: claim ${ordinal} promised ${should}, posted ${promisedMs}`,
    ]
  })
}
