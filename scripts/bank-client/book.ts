/**
 * The bank's own book: what it has asked for, and what the change feed has told of it since, card by
 * card. Pure but for reading and writing its file, which is written whole: a crash leaves the old
 * book or the new one, each with the cursor that belongs to it. Times are UTC epoch milliseconds.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import type { Json } from './api.ts'

/** What has been decided and has no answer yet: asked again, in the same words, until it has one. */
export interface Intent {
  readonly step: 'hold' | 'post' | 'void' | 'extend' | 'return'
  readonly body: object
}

export interface OwnCard {
  readonly startMs: number
  readonly untilMs: number
  readonly endedAtMs: number | null
  readonly end: string | null
  /** Seen free again after the lease. */
  readonly isClean: boolean
  /** The card whose place it took: the promise is that one's. */
  readonly swapOf: number | null
}

export interface OwnDraw {
  readonly request: object
  readonly intent: Intent | null
  /** As last told: `held`, `booked`, `posted`, `ended` … */
  readonly state: string
  /** Name of the refusal that ended it, or of the last step that was refused. */
  readonly refusal: string | null
  /** A collector below the one that is asked grants it: its accounts are there. */
  readonly isPlaced?: boolean
  /** By ordinal. */
  readonly cards: Readonly<Record<string, OwnCard>>
  /** Of a booking that has begun or was broken: what was promised. */
  readonly booked: {
    readonly cards: number
    readonly startMs: number
    readonly untilMs: number
  } | null
}

export interface Book {
  /** Of the change feed; `null`: a snapshot is due. */
  readonly cursor: string | null
  /** Cards on offer by lot, as the feed tells them. */
  readonly lots: Readonly<Record<string, number>>
  readonly draws: Readonly<Record<string, OwnDraw>>
}

export const EMPTY_BOOK: Book = { cursor: null, lots: {}, draws: {} }
const STATES_OVER: readonly string[] = [
  'ended',
  'voided',
  'lapsed',
  'broken',
  'refused',
  // A restored collector knows nothing of it, and no node shows it.
  'lost',
]

export function loadBook(file: string): Book {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : EMPTY_BOOK
}

export function saveBook(file: string, book: Book): void {
  const fresh = `${file}.new`
  const opened = openSync(fresh, 'w', 0o600)
  writeSync(opened, `${JSON.stringify(book, null, 1)}\n`)
  fsyncSync(opened)
  closeSync(opened)
  renameSync(fresh, file)
}

export function isOver({ state }: OwnDraw): boolean {
  return STATES_OVER.includes(state)
}

export function withDraw(book: Book, drawId: string, change: Partial<OwnDraw>): Book {
  const known = book.draws[drawId] ?? NEW_DRAW
  return { ...book, draws: { ...book.draws, [drawId]: { ...known, ...change } } }
}

const NEW_DRAW: OwnDraw = {
  request: {},
  intent: null,
  state: 'asked',
  refusal: null,
  cards: {},
  booked: null,
}

/** What the feed tells, in its order; draws of others are left alone. */
export function withChange(book: Book, change: Json): Book {
  const { draw, kind, lot } = change
  if (lot !== undefined && lot.lot_id !== null) return withLot(book, lot)
  const own = draw === undefined ? undefined : book.draws[draw.draw_id]
  return own === undefined ? book : withDraw(book, draw.draw_id, drawAfter(own, kind, draw))
}

function withLot(book: Book, { cards, lot_id: lotId }: Json): Book {
  const { [lotId]: _before, ...others } = book.lots
  return { ...book, lots: cards === 0 ? others : { ...others, [lotId]: cards } }
}

const STATE_AFTER: Readonly<Record<string, string>> = {
  draw_held: 'held',
  draw_refused: 'refused',
  draw_posted: 'posted',
  draw_voided: 'voided',
  draw_lapsed: 'lapsed',
  draw_booked: 'booked',
  draw_bound: 'posted',
}

function drawAfter(own: OwnDraw, kind: string, told: Json): OwnDraw {
  const state = STATE_AFTER[kind] ?? own.state
  switch (kind) {
    case 'draw_posted':
      return {
        ...own,
        state,
        cards: withCards(own, told.ordinals, () => freshCard(told.start, told.until)),
      }
    case 'draw_bound':
      return { ...own, state, booked: bookedOf(told), cards: withBound(own, told) }
    case 'draw_broken':
      // Places that found no card; without any card at all the booking is broken as a whole.
      return {
        ...own,
        state: Object.keys(own.cards).length === 0 ? 'broken' : state,
        booked: bookedOf(told),
      }
    case 'draw_extended':
      return {
        ...own,
        cards: withCards(own, told.ordinals, (card) => ({ ...card, untilMs: msOf(told.until) })),
      }
    case 'lease_ended':
      return {
        ...own,
        cards: withCards(own, told.ordinals, (card) => ended(card, told.end, told.ended_at)),
      }
    case 'lease_swapped':
      return { ...own, cards: withSwapped(own, told) }
    case 'card_cleaned': {
      const cards = withCards(own, told.ordinals, (card) => ({ ...card, isClean: true }))
      const isEnded = Object.values(cards).every(({ isClean }) => isClean)
      return { ...own, cards, state: isEnded ? 'ended' : state }
    }
    case 'draw_refused':
      return { ...own, state, refusal: told.code }
    default:
      return { ...own, state }
  }
}

/** As `GET /v1/draws/{id}` shows it: after a snapshot the feed goes on from there. */
export function drawShown(own: OwnDraw, shown: Json): OwnDraw {
  const cards: Record<string, OwnCard> = {}
  for (const card of shown.cards) {
    if (card.start === null || card.end === 'unfilled') continue
    const { clean_at: cleanAt, end, ended_at: endedAt, ordinal, swap_of: swapOf } = card
    const isFilled = shown.cards[swapOf ?? -1]?.end === 'unfilled'
    cards[ordinal] = {
      startMs: msOf(card.start),
      untilMs: msOf(card.until),
      endedAtMs: endedAt === null ? null : msOf(endedAt),
      end,
      isClean: cleanAt !== null || card.state === 'ended',
      swapOf: isFilled ? null : swapOf,
    }
  }
  const booked = placesShown(shown) ?? own.booked
  const isPlaced = shown.placed !== undefined
  return { ...own, state: shown.state, refusal: refusalIn(shown), cards, booked, isPlaced }
}

/** Of the draw, or of the last step that a collector below has refused. */
function refusalIn({ placed, refusal }: Json): string | null {
  return (refusal ?? placed?.refusal)?.code ?? null
}

/** Of a booking that had places without a card. */
function placesShown(shown: Json): OwnDraw['booked'] {
  if (!shown.cards.some(({ end }: Json) => end === 'unfilled')) return null
  const places = shown.cards.filter(({ swap_of: swapOf }: Json) => swapOf === null)
  return { cards: places.length, startMs: msOf(shown.start), untilMs: msOf(shown.until) }
}

function bookedOf({ cards, start, until }: Json): OwnDraw['booked'] {
  return { cards, startMs: msOf(start), untilMs: msOf(until) }
}

function withCards(
  { cards }: OwnDraw,
  ordinals: readonly number[],
  change: (card: OwnCard) => OwnCard,
): OwnDraw['cards'] {
  const changed = ordinals.map((ordinal) => [ordinal, change(cards[ordinal] ?? NO_CARD)] as const)
  return { ...cards, ...Object.fromEntries(changed) }
}

const NO_CARD: OwnCard = {
  startMs: 0,
  untilMs: 0,
  endedAtMs: null,
  end: null,
  isClean: false,
  swapOf: null,
}

function freshCard(start: string, until: string): OwnCard {
  return { ...NO_CARD, startMs: msOf(start), untilMs: msOf(until) }
}

function withBound(own: OwnDraw, told: Json): OwnDraw['cards'] {
  const bound = told.ordinals.map((ordinal: number, index: number) => [
    ordinal,
    freshCard(told.starts[index] ?? told.start, told.until),
  ])
  return { ...own.cards, ...Object.fromEntries(bound) }
}

function ended(card: OwnCard, end: string, endedAt: string): OwnCard {
  return { ...card, end, endedAtMs: msOf(endedAt) }
}

/** The other card goes on where this one ended; the promise stays one. */
function withSwapped(own: OwnDraw, told: Json): OwnDraw['cards'] {
  const [ordinal] = told.ordinals
  const before = own.cards[ordinal] ?? NO_CARD
  const after = {
    ...freshCard(told.new_start, told.new_start),
    untilMs: before.untilMs,
    swapOf: ordinal,
  }
  return {
    ...own.cards,
    [ordinal]: ended(before, 'swap', told.ended_at),
    [told.new_ordinal]: after,
  }
}

export function msOf(instant: string): number {
  return Date.parse(instant)
}
