/** Postings, runs and claims for tests of the accounts. */
import { type RunName, runCode } from '@yiben/shared'
import type { Account, Claim, Posting } from '../../../collector/src/model/draw.ts'
import type { AcceleratorId, NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import type { StoredRun } from '../../../collector/src/model/timeline.ts'
import { unitRow } from '../timeline/support.ts'

export const UNIT = 1 as UnitId

export function posting(
  span: readonly [number, number],
  from: Account,
  to: Account,
  change: Partial<Posting> = {},
): Posting {
  const [fromMs, toMs] = span
  return { drawId: 'draw-1', ordinal: 0, fromMs, toMs, from, to, knownAtMs: 0, ...change }
}

export function run(
  name: RunName,
  startMs: number,
  endMs: number,
  recordedAtMs: number | null = null,
): StoredRun {
  return { unitId: UNIT, startMs, endMs, code: runCode(name), recordedAtMs }
}

/** A card of the lease `[startMs, untilMs)`, running unless told otherwise. */
export function claimOf(startMs: number, untilMs: number, change: Partial<Claim> = {}): Claim {
  const { profile, siteCode } = unitRow(1)
  return {
    ordinal: 0,
    leaseId: 'e-0000000000000001',
    unitId: UNIT,
    acceleratorId: 1 as AcceleratorId,
    nodeId: 'n-0000000000000001' as NodeId,
    depositId: 'd-1',
    siteCode,
    ownerCode: 'OWNER-1',
    profile,
    state: 'leased',
    heldAtMs: startMs,
    startMs,
    untilMs,
    recallAtMs: null,
    recallCause: null,
    endedAtMs: null,
    end: null,
    cleanAtMs: null,
    swapOf: null,
    evidence: null,
    ...change,
  }
}

/** Card-ms per account that holds any. */
export function sums(
  spans: readonly { readonly fromMs: number; readonly toMs: number; readonly account: Account }[],
): Partial<Record<Account, number>> {
  const totals: Partial<Record<Account, number>> = {}
  for (const { fromMs, toMs, account } of spans) {
    totals[account] = (totals[account] ?? 0) + (toMs - fromMs)
  }
  return totals
}
