/**
 * Up to which instant everything is told that will be told in time. The forecast is told of changes in
 * the order of their time, and nodes tell their minutes one after the other: it waits for the slowest
 * of them, but not for one that has stopped, nor for the few that lag far behind. Pure; UTC epoch ms.
 */

/** A node that has told nothing new for so long is not waited for (C19: it is silent by then). */
export const LAG_MS_MAX = 120_000
/** Where more nodes than this share lag, it is the collector that catches up, and all are waited for. */
const LAGGARD_SHARE_MAX = 0.1

export interface NodeProgress {
  /** Everything before is told. */
  readonly endMs: number
  /** When that was last seen to grow, by the monotonic clock. */
  readonly progressedMs: number
}

export interface Instant {
  readonly wallMs: number
  readonly monotonicMs: number
}

export function settledMs(nodes: Iterable<NodeProgress>, now: Instant): number {
  const laggardMs = now.wallMs - LAG_MS_MAX
  let waitedFor = 0
  let laggards = 0
  let slowestMs = now.wallMs
  for (const { endMs, progressedMs } of nodes) {
    if (now.monotonicMs - progressedMs >= LAG_MS_MAX) continue
    waitedFor += 1
    if (endMs < laggardMs) laggards += 1
    slowestMs = Math.min(slowestMs, endMs)
  }
  if (waitedFor === 0) return laggardMs
  return laggards > waitedFor * LAGGARD_SHARE_MAX ? slowestMs : Math.max(slowestMs, laggardMs)
}
