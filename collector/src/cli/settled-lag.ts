/** How far back of now everything is settled: told, or declared silent. */
import type { CollectorConfig } from '../config.ts'

/**
 * A tick, its way, and the time to be declared silent: 2 min where silence is 90 s, and in
 * proportion where real processes are tested in seconds.
 */
export function settledLagMs({ liveness }: Pick<CollectorConfig, 'liveness'>): number {
  return Math.ceil((liveness.silentMs * 4) / 3)
}
