/**
 * The decision to give cards back before their end: whole, or card by card. The lease ends now, or
 * at its start where that is still to come; the card is cleaning from then on. Pure.
 *
 *   promised      start ─────────── now ───────── recall announced ───────── until
 *   accounts        pending          │  returned   │   broken_recall (the owner would have ended it)
 */
import type { Claim, Draw, DrawRefusal, Lease, Posting } from '../model/draw.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import { type Decided, leaseEndedEntry } from './draw-entries.ts'
import { changeOf } from './draw-hold.ts'
import { assertDraw, assertStep } from './draw-invariants.ts'
import { refusalOf } from './draw-refusal.ts'
import type { DrawOutcome } from './draw-void.ts'
import { isBlameless } from './lease-notable.ts'

type Returnable = Claim & { readonly startMs: number; readonly untilMs: number }

/**
 * `ordinals`: those cards, or all. Cards that are no longer lent stay as they are, so that a retry
 * changes nothing. Refusals in order: `wrong_state` (nothing was ever lent), `card_unknown`.
 */
export function decideReturn(
  draw: Draw,
  ordinals: readonly number[] | 'all',
  decided: Decided,
): DrawOutcome {
  if (draw.state !== 'posted' && draw.state !== 'ended') return refused(refusalOf('wrong_state'))
  const named = draw.claims.filter(
    ({ ordinal }) => ordinals === 'all' || ordinals.includes(ordinal),
  )
  if (ordinals !== 'all' && named.length !== new Set(ordinals).size) {
    return refused(refusalOf('card_unknown'))
  }
  const lent = named.filter((claim): claim is Returnable => isReturnable(claim, decided.nowMs))
  if (lent.length === 0) return { status: 'done' }

  const after = returned(draw, lent, decided.nowMs)
  const change = {
    ...changeOf(draw.version, after),
    postings: lent.flatMap((claim) => postingsOf(draw, claim, decided.nowMs)),
    outbox: entriesOf(after, lent, decided),
  }
  return { status: 'decided', change }
}

/** One that has reached its end expires, whoever looks first. */
function isReturnable({ state, startMs, untilMs, recallAtMs }: Claim, nowMs: number): boolean {
  if (state !== 'leased' || startMs === null || untilMs === null) return false
  return Math.max(nowMs, startMs) < Math.min(untilMs, recallAtMs ?? untilMs)
}

function returned(draw: Draw, lent: readonly Returnable[], nowMs: number): Draw {
  assertDraw(draw)
  const ordinals = new Set(lent.map(({ ordinal }) => ordinal))
  const claims = draw.claims.map((claim): Claim => {
    if (!ordinals.has(claim.ordinal)) return claim
    const endedAtMs = Math.max(nowMs, claim.startMs ?? nowMs)
    return { ...claim, state: 'cleaning', end: 'returned', endedAtMs }
  })
  const touched = new Set(lent.map(({ leaseId }) => leaseId))
  const leases = draw.leases.map((lease): Lease => {
    return touched.has(lease.leaseId) ? { ...lease, revision: lease.revision + 1 } : lease
  })
  const after = { ...draw, version: draw.version + 1, leases, claims }
  assertStep(draw, after)
  return after
}

function postingsOf(draw: Draw, claim: Returnable, nowMs: number): readonly Posting[] {
  const { startMs, untilMs, ordinal } = claim
  const recallAtMs = claim.recallAtMs ?? untilMs
  const { drawId } = draw.request
  const moved = { drawId, ordinal, from: 'pending' as const, knownAtMs: nowMs }
  const kept: Posting = {
    ...moved,
    fromMs: Math.max(nowMs, startMs),
    toMs: recallAtMs,
    to: 'returned',
  }
  if (recallAtMs === untilMs) return [kept]
  return [kept, { ...moved, fromMs: recallAtMs, toMs: untilMs, to: 'broken_recall' }]
}

/** One per lease and instant: cards of one lease end together, they began together. */
function entriesOf(
  after: Draw,
  lent: readonly Returnable[],
  decided: Decided,
): readonly OutboxEntry[] {
  return after.leases.flatMap((lease) => {
    const ordinals = lent
      .filter(({ leaseId }) => leaseId === lease.leaseId)
      .map((one) => one.ordinal)
    if (ordinals.length === 0) return []
    const ended = after.claims.filter(({ ordinal }) => ordinals.includes(ordinal))
    const entry = leaseEndedEntry(after, lease, ended, decided)
    // Given back soon after an interruption: the borrower's right (C1).
    const is_blameless = isBlameless(lease, decided.nowMs)
    return [{ ...entry, payload: { ...entry.payload, is_blameless } }]
  })
}

function refused(refusal: DrawRefusal): DrawOutcome {
  return { status: 'refused', refusal }
}
