/**
 * How often a probe may be asked: at the configured period, or more slowly when its tool is so
 * expensive that it would cost more than its share of a core, up to once a minute.
 */

/** The agent is a guest: no vendor's tool takes more of one core, unless its owner says so. */
export const CORE_SHARE_MAX = 0.02
const PERIOD_MS_MAX = 60_000
/** Weight of the newest cost: one slow call does not change the cadence by itself for long. */
const NEWEST_WEIGHT = 0.3

/** `costMs` is CPU time per call. The result is a whole multiple of the base period. */
export function stretchedPeriodMs(
  basePeriodMs: number,
  costMs: number,
  coreShareMax = CORE_SHARE_MAX,
): number {
  const needed = costMs / coreShareMax
  if (needed <= basePeriodMs) return basePeriodMs
  const multiple = Math.ceil(needed / basePeriodMs) * basePeriodMs
  return Math.max(basePeriodMs, Math.min(PERIOD_MS_MAX, multiple))
}

/** Moving average of the cost per call; `null` before the first. */
export function smoothedCostMs(beforeMs: number | null, newestMs: number): number {
  if (beforeMs === null) return newestMs
  return beforeMs * (1 - NEWEST_WEIGHT) + newestMs * NEWEST_WEIGHT
}
