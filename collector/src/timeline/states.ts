/**
 * The seven states as people see them: a projection of measured evidence and, where there is one, a
 * lease (DESIGN 2.2, two axes). Nothing here is stored.
 */
import { type RunCode, STATES, type State, stateOf } from '@yiben/shared'

/** What of a lease matters to an instant it covers. */
export interface CoveringLease {
  readonly leaseId: string
}

/**
 * `lent` where a lease covers the instant and the evidence does not speak against it: what is not
 * known, faulty or allocated to somebody else is not lent.
 */
export function project(evidence: RunCode, lease: CoveringLease | null): State {
  const state = stateOf(evidence)
  if (lease === null) return state
  return state === 'unknown' || state === 'faulty' || state === 'allocated' ? state : 'lent'
}

/** Card-ms by state; bigint, because a country's sums pass 2^53. */
export type StateTotals = Record<State, bigint>

export function zeroTotals(): StateTotals {
  return { busy: 0n, allocated: 0n, occupied: 0n, free: 0n, faulty: 0n, unknown: 0n, lent: 0n }
}

export function addTotals(into: StateTotals, more: Readonly<StateTotals>): void {
  for (const state of STATES) into[state] += more[state]
}

/** All seven together: wall time of everything that was added. */
export function wallTotal(totals: Readonly<StateTotals>): bigint {
  return STATES.reduce((sum, state) => sum + totals[state], 0n)
}
