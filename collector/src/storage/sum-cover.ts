/**
 * Which kept sums cover spans of time as known at an instant: of each span months as far as they
 * fit, then days, then hours. Spans need not be days or months, nor of one time zone.
 */
import { HOUR_MS } from '@yiben/shared'
import type { Grain } from './sum-columns.ts'

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Periods of one source that follow one another: `unkept` are hours without sums. */
export interface Run extends Span {
  readonly source: Grain | 'unkept'
  /** Place in the list of spans of all of it; `null`: each of its periods is a span of its own. */
  readonly span: number | null
  readonly periods: number
}

/** Which periods of a hull are kept as known at the instant, and which of its hours are not. */
export interface KeptRows {
  readonly day: readonly Span[]
  readonly month: readonly Span[]
  readonly unkept: readonly number[]
}

export interface Cover {
  readonly runs: readonly Run[]
  readonly spanAt: ReadonlyMap<number, number>
}

export const NOTHING: Cover = { runs: [], spanAt: new Map() }

export function hullOf(spans: readonly Span[]): Span | null {
  const first = spans[0]
  const last = spans.at(-1)
  if (first === undefined || last === undefined) return null
  return { fromMs: first.fromMs, toMs: last.toMs }
}

export function coverBy(spans: readonly Span[], rows: KeptRows): Cover {
  const kept = new KeptPeriods(rows)
  const pieces = spans.flatMap((span, index) => piecesOf(span, index, kept))
  const spanAt = new Map(spans.map(({ fromMs }, index) => [fromMs, index]))
  return { runs: joined(pieces, spans), spanAt }
}

class KeptPeriods {
  readonly #ends: Readonly<Record<'day' | 'month', ReadonlyMap<number, number>>>
  readonly #unkept: ReadonlySet<number>

  constructor({ day, month, unkept }: KeptRows) {
    const endsOf = (periods: readonly Span[]) =>
      new Map(periods.map(({ fromMs, toMs }) => [fromMs, toMs]))
    this.#ends = { day: endsOf(day), month: endsOf(month) }
    this.#unkept = new Set(unkept)
  }

  /** The longest that begins at the instant and ends by the other. */
  at(atMs: number, untilMs: number): { readonly source: Run['source']; readonly toMs: number } {
    for (const grain of ['month', 'day'] as const) {
      const toMs = this.#ends[grain].get(atMs)
      if (toMs !== undefined && toMs <= untilMs) return { source: grain, toMs }
    }
    return { source: this.#unkept.has(atMs) ? 'unkept' : 'hour', toMs: atMs + HOUR_MS }
  }
}

type Piece = Run & { readonly span: number }

function piecesOf({ fromMs, toMs }: Span, span: number, kept: KeptPeriods): readonly Piece[] {
  const pieces: Piece[] = []
  let atMs = fromMs
  // Bounded: each step is an hour at least.
  while (atMs < toMs) {
    const next = kept.at(atMs, toMs)
    const before = pieces.at(-1)
    if (before?.source === next.source) {
      pieces[pieces.length - 1] = { ...before, toMs: next.toMs, periods: before.periods + 1 }
    } else pieces.push({ ...next, fromMs: atMs, span, periods: 1 })
    atMs = next.toMs
  }
  return pieces
}

/** Spans that are one period each are read together. */
function joined(pieces: readonly Piece[], spans: readonly Span[]): readonly Run[] {
  const runs: Run[] = []
  for (const piece of pieces) {
    const before = runs.at(-1)
    const span = spans[piece.span]
    const isSpan = piece.periods === 1 && piece.fromMs === span?.fromMs && piece.toMs === span.toMs
    const follows = before?.source === piece.source && before.toMs === piece.fromMs
    if (isSpan && follows && before.span === null) {
      runs[runs.length - 1] = { ...before, toMs: piece.toMs, periods: before.periods + 1 }
    } else runs.push(isSpan ? { ...piece, span: null } : piece)
  }
  return runs
}
