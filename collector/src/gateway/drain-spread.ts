/** How long agents may take to come back after a drain, so that they do not come all at once. */

/** A handshake, its proof and its session row: what one process takes in without falling behind. */
const MS_PER_NODE = 3
/** A few nodes are spread too: they come through one firewall, and a start is busy with itself. */
const SPREAD_MS_MIN = 10_000
/** DESIGN 10: all are back within 60 s of a start, the wait before it and the slowest handshake included. */
const SPREAD_MS_MAX = 45_000

export function drainSpreadMs(nodes: number): number {
  return Math.min(SPREAD_MS_MAX, Math.max(SPREAD_MS_MIN, nodes * MS_PER_NODE))
}
