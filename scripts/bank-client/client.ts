/**
 * A small bank: it writes down what it wants before it asks, asks until it is answered, and believes
 * of its draws what the feed and the answers tell. Killed at any line it goes on with `resume`.
 */
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Difference,
  differencesOf,
  type Figures,
  ownFigures,
  type Span,
  toldFigures,
} from './accounts.ts'
import { type Api, type Json, Refused } from './api.ts'
import {
  type Book,
  drawShown,
  type Intent,
  isOver,
  loadBook,
  type OwnDraw,
  saveBook,
  withChange,
  withDraw,
} from './book.ts'
import { REFUSALS } from './refusals.ts'

const PAGE_CHANGES = 500
const PAGE_ROWS = 100
const HOUR_MS = 3_600_000
/** Of what is known ten seconds ago; then a little for decisions under way. */
const STATEMENT_TRIES_MAX = 15
const STATEMENT_WAIT_MS = 1_500
const RECOVERY_LOOK_MS = 1_000
const RECOVERY_LOOKS_MAX = 900

export interface BankOptions {
  readonly api: Api
  /** The book. */
  readonly file: string
  /** As draws name it. */
  readonly bank: string
  /** Between two looks at a statement that does not agree yet. */
  readonly statementWaitMs?: number
}

export interface Reconciliation {
  readonly span: { readonly from: string; readonly to: string }
  readonly own: Figures
  readonly told: Figures
  /** Empty: the book and the collector's statement agree to the millisecond. */
  readonly differences: readonly Difference[]
  /** Draws that one of the two knows otherwise, card by card; empty: they agree. */
  readonly draws: readonly string[]
  readonly knownAt: string
}

export class BankClient {
  readonly #api: Api
  readonly #file: string
  readonly #bank: string
  readonly #statementWaitMs: number
  #book: Book

  constructor(options: BankOptions) {
    this.#api = options.api
    this.#statementWaitMs = options.statementWaitMs ?? STATEMENT_WAIT_MS
    this.#file = options.file
    this.#bank = options.bank
    this.#book = loadBook(options.file)
  }

  get book(): Book {
    return this.#book
  }

  drawOf(drawId: string): OwnDraw {
    const draw = this.#book.draws[drawId]
    if (draw === undefined) throw new Error(`this book knows no draw ${drawId}`)
    return draw
  }

  /** Asks for cards; the id is written down before, so that no crash makes two draws of one. */
  async hold(drawId: string, request: object): Promise<Json> {
    const known = this.#book.draws[drawId]
    const words = { ...request, draw_id: drawId, bank: this.#bank }
    if (known === undefined) this.#keep(withDraw(this.#book, drawId, { request: words }))
    return await this.#step(drawId, { step: 'hold', body: known?.request ?? words })
  }

  post(drawId: string): Promise<Json> {
    return this.#step(drawId, { step: 'post', body: {} })
  }

  void(drawId: string): Promise<Json> {
    return this.#step(drawId, { step: 'void', body: {} })
  }

  extend(drawId: string, until: string): Promise<Json> {
    return this.#step(drawId, { step: 'extend', body: { until } })
  }

  return(drawId: string, cards?: readonly number[]): Promise<Json> {
    return this.#step(drawId, { step: 'return', body: cards === undefined ? {} : { cards } })
  }

  /** Asks again for what had no answer when this program was last ended. */
  async resume(): Promise<readonly string[]> {
    const open = Object.entries(this.#book.draws).filter(([, { intent }]) => intent !== null)
    for (const [drawId, { intent }] of open) {
      if (intent === null) continue
      await this.#step(drawId, intent).catch((error: unknown) => {
        // It is told with the draw, and never asked again.
        if (!(error instanceof Refused)) throw error
      })
    }
    return open.map(([drawId]) => drawId)
  }

  /** What has changed since, up to now; waits up to `waitMs` for the first news. */
  async follow(waitMs = 0): Promise<number> {
    if (this.#book.cursor === null) await this.snapshot()
    let count = 0
    for (let wait = waitMs; ; wait = 0) {
      const query = `after=${this.#book.cursor}&limit=${PAGE_CHANGES}&wait=${Math.round(wait)}ms`
      const page = await this.#api.get(`/v1/changes?${query}`).catch(async (error: unknown) => {
        if (!(error instanceof Refused) || error.code !== 'cursor_expired') throw error
        await this.#forgotten()
        return null
      })
      if (page === null) continue
      const book = page.changes.reduce(withChange, this.#book)
      this.#keep({ ...(await this.#withPlaced(book, page.changes)), cursor: page.next })
      count += page.changes.length
      if (page.changes.length === 0) return count
    }
  }

  /** Of draws that a collector below grants the feed tells that something is new; here is what. */
  async #withPlaced(book: Book, changes: readonly Json[]): Promise<Book> {
    const placed = changes.filter(({ kind }) => kind === 'draw_placed')
    let known = book
    for (const drawId of new Set<string>(placed.map(({ draw }) => draw.draw_id))) {
      const own = known.draws[drawId]
      const shown = own === undefined ? null : await this.#shown(drawId)
      if (own === undefined || shown === null) continue
      // What is wanted is asked again all the same: whether it has arrived there nobody else knows.
      known = withDraw(known, drawId, drawShown(own, shown))
    }
    return known
  }

  /** Everything anew: what is on offer, and each own draw as it stands. */
  async snapshot(): Promise<void> {
    const lots: Record<string, number> = {}
    let cursor = ''
    let after: string | null = null
    do {
      const page: Json = await this.#api.get(`/v1/changes/snapshot?limit=${PAGE_ROWS}${cursor}`)
      after ??= page.after
      for (const { lot_id: lotId } of page.deposits) lots[lotId] = (lots[lotId] ?? 0) + 1
      cursor = page.next_cursor === null ? '' : `&cursor=${encodeURIComponent(page.next_cursor)}`
    } while (cursor !== '')
    // What happens from here on is in the feed, whether an answer shows it already or not.
    let book: Book = { ...this.#book, lots }
    for (const [drawId, own] of Object.entries(book.draws)) {
      if (own.state === 'asked' || (isOver(own) && own.intent === null)) continue
      const shown = await this.#shown(drawId)
      const as = shown === null ? { state: 'lost' } : drawShown(own, shown)
      book = withDraw(book, drawId, as)
    }
    this.#keep({ ...book, cursor: after })
  }

  /** A restored collector is told of every live draw, by its own id; then it grants again. */
  async replay(): Promise<void> {
    for (let look = 0; look < RECOVERY_LOOKS_MAX; look += 1) {
      const recovery = await this.#api.get('/v1/recovery')
      if (!recovery.recovering) return
      if (recovery.bank === 'awaited') {
        for (const [, own] of Object.entries(this.#book.draws)) {
          if (isOver(own)) continue
          await this.#api.post('/v1/draws', own.request).catch((error: unknown) => {
            // Not shown by its node yet, or not at all: the end of the recovery decides.
            if (!(error instanceof Refused)) throw error
          })
        }
        await this.#api.post('/v1/recovery/replayed')
      }
      await delay(RECOVERY_LOOK_MS)
    }
    throw new Error('the collector is still recovering: an administrator can end that')
  }

  /** Own book, list of draws and statement of the borrower against each other. */
  async reconcile(borrower: string): Promise<Reconciliation> {
    await this.follow()
    const draws = Object.values(this.#book.draws).filter(
      ({ isPlaced, request }) =>
        isPlaced !== true && (request as { borrower?: string }).borrower === borrower,
    )
    const span = hoursOf(draws)
    const own = ownFigures(draws, span)
    const from = new Date(span.fromMs).toISOString()
    const to = new Date(span.toMs).toISOString()
    const path = `/v1/borrowers/${encodeURIComponent(borrower)}/statement?from=${from}&to=${to}`
    for (let tried = 1; ; tried += 1) {
      const statement = await this.#api.get(path)
      const told = toldFigures(statement)
      const differences = differencesOf(own, told)
      // A statement is of ten seconds ago: what was decided since is not in it yet.
      if (differences.length > 0 && tried < STATEMENT_TRIES_MAX) {
        await delay(this.#statementWaitMs)
        continue
      }
      const knownAt = statement.known_at
      const known = await this.#drawDifferences(borrower)
      return { span: { from, to }, own, told, differences, draws: known, knownAt }
    }
  }

  /** Written down, asked, and answered: or refused by name. */
  async #step(drawId: string, intent: Intent): Promise<Json> {
    this.#keep(withDraw(this.#book, drawId, { intent }))
    const path = intent.step === 'hold' ? '/v1/draws' : `/v1/draws/${drawId}/${intent.step}`
    try {
      const answer = await this.#again(() => this.#api.post(path, intent.body))
      // A collector below has not answered: the same words again tell what it has said.
      const isOpen = (answer.placed?.waiting_for ?? null) !== null
      const state = { state: answer.state, refusal: null, isPlaced: answer.placed !== undefined }
      this.#keep(withDraw(this.#book, drawId, { ...state, intent: isOpen ? intent : null }))
      return answer
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.#refused(drawId, intent, error)
      throw error
    }
  }

  /** A restored collector is told what it has forgotten, and asked once more. */
  async #again(ask: () => Promise<Json>): Promise<Json> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof Refused) || REFUSALS[error.code]?.remedy !== 'replay') throw error
      await this.replay()
      return await ask()
    }
  }

  /** The step is over, unless what was said is not of this draw: then it is asked again. */
  #refused(drawId: string, { step }: Intent, { code, problem }: Refused): void {
    const remedy = REFUSALS[code]?.remedy
    const isAnswer = remedy !== undefined && remedy !== 'wait' && remedy !== 'replay'
    if (!isAnswer && problem.status !== 400) return
    const states = { draw_unknown: 'lost', hold_lapsed: 'lapsed' } as Record<string, string>
    const state = step === 'hold' ? 'refused' : states[code]
    const change = { intent: null, refusal: code, ...(state === undefined ? {} : { state }) }
    this.#keep(withDraw(this.#book, drawId, change))
  }

  /** The ledger of the cursor is no more (or too old): perhaps the collector was restored. */
  async #forgotten(): Promise<void> {
    await this.replay()
    await this.snapshot()
  }

  async #shown(drawId: string): Promise<Json | null> {
    try {
      return await this.#api.get(`/v1/draws/${drawId}`)
    } catch (error) {
      if (error instanceof Refused && error.code === 'draw_unknown') return null
      throw error
    }
  }

  /** Every draw that the collector lists for this bank and borrower, and every own one, compared. */
  async #drawDifferences(borrower: string): Promise<readonly string[]> {
    const wrong: string[] = []
    const listed = new Set<string>()
    const asked = new URLSearchParams({ bank: this.#bank, borrower, limit: String(PAGE_ROWS) })
    let cursor = ''
    do {
      const page: Json = await this.#api.get(`/v1/draws?${asked}${cursor}`)
      for (const { draw_id: drawId } of page.draws) listed.add(drawId)
      cursor = page.next_cursor === null ? '' : `&cursor=${encodeURIComponent(page.next_cursor)}`
    } while (cursor !== '')
    for (const drawId of listed) {
      const own = this.#book.draws[drawId]
      if (own === undefined) wrong.push(`${drawId}: not in the book`)
      else wrong.push(...cardsOtherwise(drawId, own, drawShown(own, await this.#shown(drawId))))
    }
    for (const [drawId, own] of Object.entries(this.#book.draws)) {
      const isOwn = (own.request as { borrower?: string }).borrower === borrower
      const isAsked = own.isPlaced !== true && !['asked', 'refused', 'lost'].includes(own.state)
      if (isOwn && isAsked && !listed.has(drawId)) wrong.push(`${drawId}: not with the collector`)
    }
    return wrong
  }

  #keep(book: Book): void {
    this.#book = book
    saveBook(this.#file, book)
  }
}

function cardsOtherwise(drawId: string, own: OwnDraw, shown: OwnDraw): readonly string[] {
  const ordinals = new Set([...Object.keys(own.cards), ...Object.keys(shown.cards)])
  return [...ordinals].flatMap((ordinal) => {
    const [mine, theirs] = [own.cards[ordinal], shown.cards[ordinal]]
    const isSame =
      mine?.startMs === theirs?.startMs &&
      mine?.untilMs === theirs?.untilMs &&
      mine?.endedAtMs === theirs?.endedAtMs &&
      mine?.end === theirs?.end
    return isSame ? [] : [`${drawId}: card ${ordinal}`]
  })
}

/** Full hours around all that was promised. */
function hoursOf(draws: readonly OwnDraw[]): Span {
  const cards = draws.flatMap((draw) => [
    ...Object.values(draw.cards),
    ...(draw.booked === null ? [] : [draw.booked]),
  ])
  const nowMs = Date.now()
  const fromMs = cards.length === 0 ? nowMs : Math.min(...cards.map(({ startMs }) => startMs))
  const toMs = cards.length === 0 ? nowMs : Math.max(...cards.map(({ untilMs }) => untilMs))
  return {
    fromMs: Math.floor(fromMs / HOUR_MS) * HOUR_MS,
    toMs: Math.floor(toMs / HOUR_MS + 1) * HOUR_MS,
  }
}
