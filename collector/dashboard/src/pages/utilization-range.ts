/**
 * The span a page speaks of, kept in its address: the last 7, 30 or 90 days, or two civil days. Sums
 * are of full hours, so that its ends are. Pure.
 */
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export const RANGES = ['7d', '30d', '90d'] as const
/** A named range, or `2026-03-01..2026-03-08` with the last day in it. */
export type RangeName = string

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

const DEFAULT_DAYS = 7
/** The interface answers at most 400 days. */
const DAYS_MAX = 366
/** Up to here hours can be shown one by one; beyond it days are. */
const HOURS_SHOWN_MAX = 168
/** Hours are asked for in pieces, so that no answer keeps anyone waiting. */
const PIECE_DAYS = 7
/** Weeks a heat map is made of at most: enough to show a week's pattern. */
const HEAT_DAYS_MAX = 28

export function spanOf(name: RangeName | null, endMs: number): Span {
  const custom = customSpan(name)
  if (custom !== null) return { ...custom, toMs: Math.min(custom.toMs, hourCeil(endMs)) }
  const days = /^(7|30|90)d$/.test(name ?? '') ? Number.parseInt(name ?? '', 10) : DEFAULT_DAYS
  const toMs = Math.floor(endMs / HOUR_MS) * HOUR_MS
  return { fromMs: toMs - days * DAY_MS, toMs }
}

/** Civil days of the ledger's zone; `null` where the text names none, or not that way round. */
function customSpan(name: RangeName | null): Span | null {
  const match = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/.exec(name ?? '')
  if (match === null) return null
  const fromMs = Date.parse(`${match[1]}T00:00:00+08:00`)
  const lastMs = Date.parse(`${match[2]}T00:00:00+08:00`)
  if (Number.isNaN(fromMs) || Number.isNaN(lastMs) || lastMs < fromMs) return null
  return { fromMs, toMs: Math.min(lastMs + DAY_MS, fromMs + DAYS_MAX * DAY_MS) }
}

export function customName(firstDay: string, lastDay: string): RangeName {
  return `${firstDay}..${lastDay}`
}

/** Grains in which the states of a span can be shown, finest first. */
export function grainsOf({ fromMs, toMs }: Span): readonly ('hour' | 'day')[] {
  return (toMs - fromMs) / HOUR_MS <= HOURS_SHOWN_MAX ? ['hour', 'day'] : ['day']
}

/** The last weeks of the span in pieces of a week, oldest first, without overlap. */
export function heatPieces({ fromMs, toMs }: Span): readonly Span[] {
  const pieces: Span[] = []
  const { fromMs: startMs } = lastDays({ fromMs, toMs }, HEAT_DAYS_MAX)
  // Bounded: at most four weeks.
  for (let endMs = toMs; endMs > startMs; endMs -= PIECE_DAYS * DAY_MS) {
    pieces.unshift({ fromMs: Math.max(startMs, endMs - PIECE_DAYS * DAY_MS), toMs: endMs })
  }
  return pieces
}

/** The end of a span, at most so many days of it. */
export function lastDays({ fromMs, toMs }: Span, days: number): Span {
  return { fromMs: Math.max(fromMs, toMs - days * DAY_MS), toMs }
}

/** A span as the interface takes it. */
export function spanQuery({ fromMs, toMs }: Span): { readonly from: string; readonly to: string } {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
}

function hourCeil(atMs: number): number {
  return Math.ceil(atMs / HOUR_MS) * HOUR_MS
}
