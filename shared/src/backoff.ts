/** How long to wait before the next attempt: full jitter, so that a fleet does not return at once. */

export interface BackoffPolicy {
  /** Upper edge of the first wait, ms. */
  readonly firstMs: number
  /** Upper edge of every wait, ms. */
  readonly maxMs: number
}

/** Doublings past which the edge cannot grow: keeps the power finite however long it goes on. */
const DOUBLINGS_MAX = 30

/**
 * A delay in [0, edge), where the edge doubles with each attempt up to `maxMs`. `attempt` counts
 * failures so far, from 1; `fraction` is uniform in [0, 1).
 */
export function backoffDelayMs(policy: BackoffPolicy, attempt: number, fraction: number): number {
  const doublings = Math.min(Math.max(attempt, 1) - 1, DOUBLINGS_MAX)
  const edgeMs = Math.min(policy.maxMs, policy.firstMs * 2 ** doublings)
  return Math.floor(edgeMs * fraction)
}
