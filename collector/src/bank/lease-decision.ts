/**
 * One look at a draw, decided: what nodes recorded of its leases first, then what ends, what is clean
 * again, and what the bank is told. Pure: the same draw and facts give the same decision, and a look
 * at what has been decided already gives `null`.
 */
import type { Draw } from '../model/draw.ts'
import type { DrawChange, StoredLeaseRecord } from '../storage/draw-requests.ts'
import { type Ending, endingOf } from './lease-causes.ts'
import { cleanCards } from './lease-cleaning.ts'
import { endLeases } from './lease-end.ts'
import { decideHold } from './lease-holds.ts'
import { isLent, type LeaseLook } from './lease-look.ts'
import { noteLeases } from './lease-notable.ts'
import { applyLeaseRecords } from './lease-records.ts'
import { PROOF_MS_MAX, type Swaps } from './lease-swap.ts'
import { LeaseWork } from './lease-work.ts'

export interface LeaseQuestion {
  readonly draw: Draw
  /** Of its leases, not dealt with yet, in their order. */
  readonly records: readonly StoredLeaseRecord[]
  readonly look: LeaseLook
  /** Cards to take the place of some that end now, accepted by their nodes; default: none. */
  readonly swaps?: Swaps
}

export function decideLeases(question: LeaseQuestion): DrawChange | null {
  const { draw, records, look } = question
  if (draw.state === 'held') return decideHold(draw, look)
  const work = new LeaseWork(draw, look.nowMs)
  applyLeaseRecords(work, records, look, question.swaps)
  const endings = endingsOf(work.draw, look)
  if (endings.length > 0) endLeases(work, endings, look, question.swaps)
  cleanCards(work, look)
  noteLeases(work, look)
  return work.finish(look.nowMs - PROOF_MS_MAX)
}

/** What ends now of what is lent; by time alone where a card is not looked at. */
function endingsOf(draw: Draw, look: LeaseLook): readonly Ending[] {
  const { isKeptInSilence } = draw.request
  return draw.claims.filter(isLent).flatMap((claim) => {
    const card = look.cards.get(claim.ordinal) ?? null
    const ending = endingOf(claim, card, look, isKeptInSilence)
    return ending === null ? [] : [ending]
  })
}
