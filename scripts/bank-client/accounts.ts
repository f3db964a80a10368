/**
 * What the bank's own book says of its promises, in card-milliseconds, and whether a statement says
 * the same. A statement knows more of the time that was held (run on, idle, interrupted, not proven
 * yet): all that together is what the book calls held.
 */
import type { Json } from './api.ts'
import type { OwnCard, OwnDraw } from './book.ts'

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Figures by name: `promised`, `returned`, `held`, `broken_recall` … */
export type Figures = Readonly<Record<string, number>>

export interface Difference {
  readonly figure: string
  readonly own: number
  readonly told: number
}

/** By which cause an end breaks the promise; `null`: it does not. */
const BREAKS: Readonly<Record<string, string>> = {
  recall: 'recall',
  owner_claimed: 'recall',
  veto: 'veto',
  card_lost: 'card_lost',
  reconfigured: 'reconfigured',
  identity: 'identity',
}
/** Of time that was held, as evidence came to tell. */
const BROKEN_WHILE_HELD: readonly string[] = ['interrupted', 'unproven']

export function ownFigures(draws: readonly OwnDraw[], within: Span): Figures {
  const sums = new Map<string, number>()
  for (const draw of draws) {
    for (const [figure, span] of spansOf(draw)) add(sums, figure, clippedMs(span, within))
    addPlaces(sums, draw, within)
  }
  return Object.fromEntries(sums)
}

export function toldFigures(statement: Json): Figures {
  const sums = new Map<string, number>()
  for (const line of statement.lines) {
    add(sums, 'promised', Number(line.promised_card_ms))
    add(sums, 'returned', Number(line.returned_card_ms))
    for (const part of ['delivered_active', 'delivered_idle', 'unproven', 'pending']) {
      add(sums, 'held', Number(line[`${part}_card_ms`]))
    }
    for (const [cause, ms] of Object.entries(line.broken_card_ms)) {
      add(sums, BROKEN_WHILE_HELD.includes(cause) ? 'held' : `broken_${cause}`, Number(ms))
    }
  }
  return Object.fromEntries(sums)
}

/** To the millisecond; a figure that only one of them has is 0 in the other. */
export function differencesOf(own: Figures, told: Figures): readonly Difference[] {
  const names = [...new Set([...Object.keys(own), ...Object.keys(told)])].sort()
  return names
    .map((figure) => ({ figure, own: own[figure] ?? 0, told: told[figure] ?? 0 }))
    .filter(({ own, told }) => own !== told)
}

function spansOf(draw: OwnDraw): readonly (readonly [string, Span])[] {
  return Object.entries(draw.cards).flatMap(([ordinal, card]) => spansOfCard(draw, ordinal, card))
}

function spansOfCard(
  { booked, cards }: OwnDraw,
  ordinal: string,
  card: OwnCard,
): readonly (readonly [string, Span])[] {
  const { end, startMs: fromMs, swapOf, untilMs } = card
  const endedAtMs = card.endedAtMs ?? untilMs
  // The promise of a booking is that of its places.
  const isPromise = swapOf === null && booked === null
  const promise = isPromise ? [['promised', { fromMs, toMs: untilMs }] as const] : []
  const held = ['held', { fromMs, toMs: endedAtMs }] as const
  if (end === 'returned')
    return [...promise, held, ['returned', { fromMs: endedAtMs, toMs: untilMs }]]
  if (end === 'swap') {
    const next = Object.values(cards).find((other) => other.swapOf === Number(ordinal))
    const toMs = next?.startMs ?? untilMs
    return [...promise, held, ['broken_swap', { fromMs: endedAtMs, toMs }]]
  }
  const cause = BREAKS[end ?? '']
  if (cause === undefined) return [...promise, held]
  return [...promise, held, [`broken_${cause}`, { fromMs: endedAtMs, toMs: untilMs }]]
}

/** Places of a booking that no card has taken, or took late, when nothing is filled any more. */
function addPlaces(sums: Map<string, number>, { booked, cards }: OwnDraw, within: Span): void {
  if (booked === null) return
  const whole = { fromMs: booked.startMs, toMs: booked.untilMs }
  const promisedMs = booked.cards * clippedMs(whole, within)
  const takenMs = Object.values(cards)
    .filter(({ swapOf }) => swapOf === null)
    .reduce(
      (sum, { startMs, untilMs }) => sum + clippedMs({ fromMs: startMs, toMs: untilMs }, within),
      0,
    )
  // An extended booking promises more than its places: its cards tell.
  add(sums, 'promised', Math.max(promisedMs, takenMs))
  add(sums, 'broken_unfilled', Math.max(0, promisedMs - takenMs))
}

function clippedMs({ fromMs, toMs }: Span, within: Span): number {
  return Math.max(0, Math.min(toMs, within.toMs) - Math.max(fromMs, within.fromMs))
}

function add(sums: Map<string, number>, figure: string, ms: number): void {
  if (ms !== 0) sums.set(figure, (sums.get(figure) ?? 0) + ms)
}
