/**
 * How much of what waits the writer takes in one transaction. Reads that decide see what was written
 * before them, and are answered with it; one at the head waits for no write.
 */
import { METHODS, type MethodKind } from '../methods.ts'
import type { Call } from './core.ts'

/** So many that a transaction stays in the order of one fsync of a poor disk. */
const GROUP_CALLS_MAX = 64
const GROUPED: ReadonlySet<MethodKind> = new Set(['write', 'decide'])

/** At least one where any waits. */
export function groupSize(waiting: readonly Pick<Call, 'method'>[]): number {
  const [first] = waiting
  if (first === undefined) return 0
  if (METHODS[first.method] !== 'write') return 1
  const end = waiting.findIndex(({ method }) => !GROUPED.has(METHODS[method]))
  return Math.min(end === -1 ? waiting.length : end, GROUP_CALLS_MAX)
}
