/**
 * How a unit stands with the bank over time, and what that makes of a measured code. Pure.
 *
 * A lease changes no measurement: a lent card is busy or quiet as measured. What a job of the bank's
 * own holds is the borrower's within a lease, and given away outside one. What still runs when a
 * lease is over is `overstay` until the card was seen free, or was given to somebody else (C11, C12).
 */
import { type RunCode, runCode, stateOf } from '@yiben/shared'

export type Lending = 'none' | 'lent' | 'overstay'

/** From `fromMs` on, UTC ms on the node's timeline, until the next one. */
export interface LendingSegment {
  readonly fromMs: number
  readonly lending: Lending
}

/** Ascending; before the first one the unit is not lent. */
export type LendingPlan = readonly LendingSegment[]

export const NEVER_LENT: LendingPlan = []

export function lendingAt(plan: LendingPlan, atMs: number): Lending {
  return plan.findLast(({ fromMs }) => fromMs <= atMs)?.lending ?? 'none'
}

/** Instants after `afterMs` at which a lease begins or ends: ticks are cut there. */
export function leaseEdges(plan: LendingPlan, afterMs: number): number[] {
  return plan
    .filter((segment, position) => {
      const before = plan[position - 1]?.lending ?? 'none'
      return segment.fromMs > afterMs && (segment.lending === 'lent') !== (before === 'lent')
    })
    .map(({ fromMs }) => fromMs)
}

/** `isBanks`: the owner's scheduler has given the unit to a job of the bank's own. */
export function bookedCode(measured: RunCode, lending: Lending, isBanks: boolean): RunCode {
  const state = stateOf(measured)
  if (lending === 'lent') return measured
  if (lending === 'overstay') {
    if (state === 'busy') return runCode('busy/overstay')
    return state === 'occupied' || (state === 'free' && isBanks)
      ? runCode('occupied/overstay')
      : measured
  }
  const isQuiet = state === 'free' || state === 'occupied'
  return isBanks && isQuiet ? runCode('allocated/scheduler') : measured
}
