/**
 * Circuit breaker of one probe, as pure functions of values: after three failures in a row the tool
 * is left alone for a while, then tried once; each further failure doubles the rest, up to ten
 * minutes. A driver in trouble is not made worse by asking it every ten seconds.
 *
 *   closed --3 failures--> open --rest over--> half-open --success--> closed
 *                            ^----------failure----------'
 */

const FAILURES_TO_OPEN = 3
export const REST_MS_FIRST = 30_000
export const REST_MS_MAX = 10 * 60_000
/** The rest is shortened by up to this part of it, so that a fleet does not ask in step. */
const JITTER_RATIO = 0.2

export interface Breaker {
  readonly failuresInRow: number
  /** `null`: closed. Else no call before this instant; at and after it one is tried. */
  readonly openUntilMs: number | null
  /** How often it has opened without a success in between. */
  readonly openings: number
}

export const CLOSED_BREAKER: Breaker = { failuresInRow: 0, openUntilMs: null, openings: 0 }

export function mayCall(breaker: Breaker, nowMs: number): boolean {
  return breaker.openUntilMs === null || nowMs >= breaker.openUntilMs
}

export function afterSuccess(): Breaker {
  return CLOSED_BREAKER
}

/** `fraction` in [0, 1) is the jitter. */
export function afterFailure(breaker: Breaker, nowMs: number, fraction: number): Breaker {
  const failuresInRow = breaker.failuresInRow + 1
  const isTrial = breaker.openUntilMs !== null
  if (!isTrial && failuresInRow < FAILURES_TO_OPEN) return { ...breaker, failuresInRow }
  const restMs = Math.min(REST_MS_MAX, REST_MS_FIRST * 2 ** Math.min(breaker.openings, 16))
  const jitteredMs = Math.round(restMs * (1 - JITTER_RATIO * fraction))
  return { failuresInRow, openUntilMs: nowMs + jitteredMs, openings: breaker.openings + 1 }
}
