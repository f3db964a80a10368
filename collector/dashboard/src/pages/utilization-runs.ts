/**
 * One card's runs for the eye: by civil day, in steps short enough to see and few enough to draw;
 * its leases; its time by state. The exact runs stand in the table. Pure.
 */
import type { SegmentAnswer } from '../../../src/api/answers/segments.ts'
import { STATES, type StateName } from '../states.ts'
import type { Span } from './utilization-range.ts'

const DAY_MS = 86_400_000
/** Steps of one day: of two minutes each. */
const STEPS_PER_DAY = 720

export interface DayPiece extends Span {
  /** Place of the day in the list of days. */
  readonly day: number
  readonly state: StateName
}

/** Civil days that the span touches, each from its midnight in the zone, oldest first. */
export function daysOf({ fromMs, toMs }: Span, offsetMs: number): readonly number[] {
  const first = Math.floor((fromMs + offsetMs) / DAY_MS)
  const end = Math.ceil((toMs + offsetMs) / DAY_MS)
  return Array.from({ length: Math.max(0, end - first) }, (_, index) => {
    return (first + index) * DAY_MS - offsetMs
  })
}

/**
 * In each step the state that had most of it (of equals the one told first), neighbours joined;
 * where nothing was told there is no piece.
 */
export function dayPieces(
  segments: readonly SegmentAnswer[],
  days: readonly number[],
): readonly DayPiece[] {
  const stepMs = DAY_MS / STEPS_PER_DAY
  const pieces: DayPiece[] = []
  const timed = segments.map(({ from, to, state }) => {
    return { fromMs: Date.parse(from), toMs: Date.parse(to), state }
  })
  let index = 0
  for (const [day, dayMs] of days.entries()) {
    for (let step = 0; step < STEPS_PER_DAY; step += 1) {
      const fromMs = dayMs + step * stepMs
      const toMs = fromMs + stepMs
      while ((timed[index]?.toMs ?? Number.POSITIVE_INFINITY) <= fromMs) index += 1
      const state = mostOf(timed, index, { fromMs, toMs })
      const last = pieces.at(-1)
      if (state === null) continue
      if (last !== undefined && last.day === day && last.state === state && last.toMs === fromMs) {
        pieces[pieces.length - 1] = { ...last, toMs }
      } else pieces.push({ day, state, fromMs, toMs })
    }
  }
  return pieces
}

function mostOf(
  timed: readonly (Span & { readonly state: StateName })[],
  first: number,
  { fromMs, toMs }: Span,
): StateName | null {
  const times = new Map<StateName, number>()
  for (let index = first; index < timed.length; index += 1) {
    const one = timed[index]
    if (one === undefined || one.fromMs >= toMs) break
    const ms = Math.min(one.toMs, toMs) - Math.max(one.fromMs, fromMs)
    if (ms > 0) times.set(one.state, (times.get(one.state) ?? 0) + ms)
  }
  let most: StateName | null = null
  let mostMs = 0
  for (const [state, ms] of times) {
    if (ms > mostMs) [most, mostMs] = [state, ms]
  }
  return most
}

/** A span cut at midnights, for lanes that run beside the days. */
export function dayParts(
  { fromMs, toMs }: Span,
  days: readonly number[],
): readonly (Span & { readonly day: number })[] {
  return days.flatMap((dayMs, day) => {
    const part = { day, fromMs: Math.max(fromMs, dayMs), toMs: Math.min(toMs, dayMs + DAY_MS) }
    return part.fromMs < part.toMs ? [part] : []
  })
}

/** Time under a lease, joined where pieces follow each other. */
export function leaseSpans(segments: readonly SegmentAnswer[]): readonly Span[] {
  const spans: { fromMs: number; toMs: number }[] = []
  for (const { state, from, to } of segments) {
    if (state !== 'lent') continue
    const [fromMs, toMs] = [Date.parse(from), Date.parse(to)]
    const last = spans.at(-1)
    if (last !== undefined && last.toMs === fromMs) last.toMs = toMs
    else spans.push({ fromMs, toMs })
  }
  return spans
}

/** Milliseconds by state; what no segment tells is in none. */
export function timeByState(
  segments: readonly SegmentAnswer[],
): Readonly<Record<StateName, number>> {
  const sums = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<StateName, number>
  for (const { state, from, to } of segments) sums[state] += Date.parse(to) - Date.parse(from)
  return sums
}
