/**
 * The seven states as people see them: a projection of measured evidence and, where there is one, a
 * lease (DESIGN 2.2, two axes). Nothing here is stored.
 */
import { isLendable, type RunCode, STATES, type State, stateOf } from '@yiben/shared'

/** What of a lease matters: the time it covers, half-open. */
export interface CoveringLease {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * `lent` where a lease covers the instant and the evidence does not speak against it: what is not
 * known, faulty or allocated to somebody else is not lent.
 */
export function project(evidence: RunCode, isLeased: boolean): State {
  const state = stateOf(evidence)
  return isLeased && isLendable(state) ? 'lent' : state
}

export interface ProjectedPart {
  readonly fromMs: number
  readonly toMs: number
  readonly state: State
}

/**
 * A piece of evidence cut where leases begin and end, in order of time. `leases`: in order, apart
 * from each other.
 */
export function projectPiece(
  piece: { readonly fromMs: number; readonly toMs: number; readonly code: RunCode },
  leases: readonly CoveringLease[],
): readonly ProjectedPart[] {
  const parts: ProjectedPart[] = []
  let cursorMs = piece.fromMs
  const cut = (toMs: number, isLeased: boolean) => {
    if (toMs <= cursorMs) return
    const state = project(piece.code, isLeased)
    const last = parts.at(-1)
    if (last?.state === state) parts[parts.length - 1] = { ...last, toMs }
    else parts.push({ fromMs: cursorMs, toMs, state })
    cursorMs = toMs
  }
  for (const lease of leases) {
    if (lease.toMs <= cursorMs) continue
    if (lease.fromMs >= piece.toMs) break
    cut(lease.fromMs, false)
    cut(Math.min(lease.toMs, piece.toMs), true)
  }
  cut(piece.toMs, false)
  return parts
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
