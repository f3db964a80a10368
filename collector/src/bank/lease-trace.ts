/**
 * What a lent card has done, folded from its runs as they are told: all that a look at its lease
 * asks of the past, so that no run is read twice. A node's time is told in order and never rewritten:
 * a trace only ever grows at its end. Pure; UTC epoch ms.
 */
import { causeOf, type RunCode, stateOf, type UnknownCause } from '@yiben/shared'
import type { StoredRun } from '../model/timeline.ts'

/** Faulty for longer is a card lost (DESIGN 5), as silence is. */
export const LOST_MS = 600_000

/** Unknown time in which the card was certainly not at work for its borrower. */
const INTERRUPTIONS: ReadonlySet<string> = new Set<UnknownCause>([
  'restart',
  'reboot',
  'suspend',
  'stopped',
  'upgrade',
  'paused',
])

export interface Interruption {
  readonly cause: string
  readonly startMs: number
  readonly endMs: number
}

export interface CardTrace {
  /** Of the lease's start, or of its end where the card is being cleaned. */
  readonly fromMs: number
  /** Everything before has been told. */
  readonly toMs: number
  /** First instant at which it was allocated to somebody else. */
  readonly allocatedAtMs: number | null
  readonly faultySinceMs: number | null
  /** When a fault had first lasted for `LOST_MS`. */
  readonly lostAtMs: number | null
  readonly latestInterruption: Interruption | null
  /** Since when nothing ran on it, and how much of that time is proven idle. */
  readonly idleSinceMs: number
  readonly idleMs: number
  /** First instant at which it was free. */
  readonly freeAtMs: number | null
  /** Until when it was seen in use before it was free; `fromMs`: never. */
  readonly usedToMs: number
}

export function traceFrom(fromMs: number): CardTrace {
  return {
    fromMs,
    toMs: fromMs,
    allocatedAtMs: null,
    faultySinceMs: null,
    lostAtMs: null,
    latestInterruption: null,
    idleSinceMs: fromMs,
    idleMs: 0,
    freeAtMs: null,
    usedToMs: fromMs,
  }
}

/** `runs`: in order, all that was told between the trace's end and `toMs`. */
export function extendTrace(
  trace: CardTrace,
  runs: readonly Pick<StoredRun, 'startMs' | 'endMs' | 'code'>[],
  toMs: number,
): CardTrace {
  let grown = trace
  for (const run of runs) {
    const fromMs = Math.max(run.startMs, grown.toMs)
    const endMs = Math.min(run.endMs, toMs)
    if (endMs > fromMs) grown = withRun(grown, { code: run.code, fromMs, endMs })
  }
  return { ...grown, toMs: Math.max(grown.toMs, toMs) }
}

interface Piece {
  readonly code: RunCode
  readonly fromMs: number
  readonly endMs: number
}

function withRun(trace: CardTrace, piece: Piece): CardTrace {
  const { code, fromMs, endMs } = piece
  const state = stateOf(code)
  const isUsed = (state === 'busy' || state === 'occupied') && trace.freeAtMs === null
  const isIdle = state === 'free' || state === 'occupied' || state === 'allocated'
  return {
    ...trace,
    ...faultOf(trace, piece),
    toMs: endMs,
    allocatedAtMs: trace.allocatedAtMs ?? (state === 'allocated' ? fromMs : null),
    latestInterruption: interruptionOf(trace, piece),
    idleSinceMs: state === 'busy' ? endMs : trace.idleSinceMs,
    idleMs: state === 'busy' ? 0 : trace.idleMs + (isIdle ? endMs - fromMs : 0),
    freeAtMs: trace.freeAtMs ?? (state === 'free' ? fromMs : null),
    usedToMs: isUsed ? endMs : trace.usedToMs,
  }
}

function faultOf(trace: CardTrace, { code, fromMs, endMs }: Piece) {
  if (stateOf(code) !== 'faulty') return { faultySinceMs: null }
  const isGoingOn = trace.faultySinceMs !== null && trace.toMs === fromMs
  const faultySinceMs = isGoingOn ? trace.faultySinceMs : fromMs
  const hasLasted = faultySinceMs !== null && endMs - faultySinceMs >= LOST_MS
  const lostAtMs = trace.lostAtMs ?? (hasLasted ? faultySinceMs + LOST_MS : null)
  return { faultySinceMs, lostAtMs }
}

function interruptionOf(trace: CardTrace, { code, fromMs, endMs }: Piece): Interruption | null {
  const cause = causeOf(code)
  const before = trace.latestInterruption
  if (stateOf(code) !== 'unknown' || !INTERRUPTIONS.has(cause)) return before
  const isGoingOn = before !== null && before.endMs === fromMs
  return { cause, startMs: isGoingOn ? before.startMs : fromMs, endMs }
}
