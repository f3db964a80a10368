/**
 * The double entry check: of one claim, that every promised millisecond lies in exactly one account,
 * that its accounts sum to zero with their other side, and that nothing was delivered behind its end.
 * Pure; a fault is a sentence with its span.
 */
import { positionOf } from '../model/accounts.ts'
import type { Account } from '../model/draw.ts'
import type { BookedClaim } from '../storage/account-requests.ts'

export interface AccountFault {
  readonly drawId: string
  readonly ordinal: number
  readonly fromMs: number
  readonly toMs: number
  readonly sentence: string
}

/** What only time under the lease can be. */
const UNDER_LEASE: readonly Account[] = [
  'delivered_active',
  'delivered_idle',
  'pending',
  'unproven',
  'broken_interrupted',
  'broken_unproven',
]

/** In no order of time; empty for a claim that is in order. */
export function accountFaults(booked: BookedClaim): readonly AccountFault[] {
  const { claim, drawId, postings } = booked
  const faults: AccountFault[] = []
  const report = (fromMs: number, toMs: number, sentence: string) =>
    faults.push({ drawId, ordinal: claim.ordinal, fromMs, toMs, sentence })
  const position = positionOf(postings)
  for (const { posting, fromMs, toMs, found } of position.faults) {
    const place = found === null ? 'was promised nowhere' : `lies in ${found}`
    report(fromMs, toMs, `moved from ${posting.from} to ${posting.to}, but it ${place}`)
  }
  const { startMs, untilMs } = claim
  if (startMs === null || untilMs === null) return faults
  for (const hole of holesIn(position.spans, startMs, untilMs)) {
    report(hole.fromMs, hole.toMs, 'promised, but in no account')
  }
  const endMs = Math.max(startMs, claim.endedAtMs ?? untilMs)
  for (const span of position.spans) {
    if (span.fromMs < startMs || span.toMs > untilMs) {
      report(span.fromMs, span.toMs, `in ${span.account}, but outside the promise`)
    }
    // A place that no card was found for yet is open up to the end of the promise.
    const isOpenPlace = claim.unitId === null && span.account === 'pending'
    if (span.toMs > endMs && UNDER_LEASE.includes(span.account) && !isOpenPlace) {
      report(Math.max(span.fromMs, endMs), span.toMs, `in ${span.account}, behind the end`)
    }
  }
  const heldMs = position.spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
  const entered = enteredMs(postings)
  if (heldMs !== entered)
    report(startMs, untilMs, `${entered} ms promised, ${heldMs} ms accounted for`)
  checkLent(booked, endMs, report)
  return faults
}

/** Time in which the card counts as lent, in the ledger and in its rollups. */
function checkLent(
  { claim, lent }: BookedClaim,
  endMs: number,
  report: (fromMs: number, toMs: number, sentence: string) => void,
): void {
  const { startMs, unitId } = claim
  if (startMs === null || unitId === null) return
  if (lent !== null && lent.fromMs === startMs && lent.toMs === endMs) return
  report(startMs, endMs, 'under a lease, but the ledger does not take just this for lent')
}

/** What has come in from the other side: what owners promised, or another claim left to this one. */
function enteredMs(postings: BookedClaim['postings']): number {
  return postings
    .filter(({ from, to }) => from === 'promised' || (from === 'swapped' && to === 'pending'))
    .reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
}

function holesIn(
  spans: readonly { readonly fromMs: number; readonly toMs: number }[],
  startMs: number,
  untilMs: number,
): readonly { readonly fromMs: number; readonly toMs: number }[] {
  const holes: { fromMs: number; toMs: number }[] = []
  let cursorMs = startMs
  for (const { fromMs, toMs } of spans) {
    if (fromMs > cursorMs) holes.push({ fromMs: cursorMs, toMs: Math.min(fromMs, untilMs) })
    cursorMs = Math.max(cursorMs, toMs)
  }
  if (cursorMs < untilMs) holes.push({ fromMs: cursorMs, toMs: untilMs })
  return holes
}
