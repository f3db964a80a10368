/**
 * Ends leases, card by card: the claim goes over to cleaning at the instant named, what was still
 * promised behind it is broken by its cause, and the node is told where it cannot know (SPEC E10).
 * A card whose lease turns out to have ended earlier gives up the time between (`correctEnd`). Pure.
 */
import { assert } from '@yiben/shared'
import type { Account, ClaimEnd, Draw, LeaseId } from '../model/draw.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import { type Decided, leaseEndedEntry } from './draw-entries.ts'
import type { Ending, LeaseEnd } from './lease-causes.ts'
import { isPromised } from './lease-look.ts'
import { NO_SWAPS, type Swaps, swapLeases } from './lease-swap.ts'
import type { LeaseWork } from './lease-work.ts'

interface EndRow {
  /** Where the rest of the promise goes; `null`: there is none. */
  readonly account: Account | null
  /** The node does not know of it by itself. */
  readonly isTold: boolean
}

const ENDS: Readonly<Record<LeaseEnd, EndRow>> = {
  expired: { account: null, isTold: false },
  // Announced ones were told when they were announced.
  recall: { account: 'broken_recall', isTold: false },
  veto: { account: 'broken_veto', isTold: false },
  owner_claimed: { account: 'broken_recall', isTold: true },
  card_lost: { account: 'broken_card_lost', isTold: true },
  reconfigured: { account: 'broken_reconfigured', isTold: true },
  identity: { account: 'broken_identity', isTold: true },
}

/** `swaps`: cards that take the place of some that end, by ordinal of those. */
export function endLeases(
  work: LeaseWork,
  endings: readonly Ending[],
  decided: Decided,
  swaps: Swaps = NO_SWAPS,
): void {
  const ended: EndedCard[] = []
  const swapped = swapLeases(work, endings, swaps, decided)
  for (const ending of endings) {
    if (swapped.has(ending.ordinal)) continue
    const { ordinal, end, atMs } = ending
    const claim = work.draw.claims[ordinal]
    assert(claim?.state === 'leased' && isPromised(claim), 'only what is lent ends')
    const row = ENDS[end]
    const endedAtMs = Math.min(Math.max(atMs, claim.startMs), claim.untilMs)
    const recallCause = end === 'expired' ? claim.recallCause : ending.cause
    work.setClaim(ordinal, { state: 'cleaning', end, endedAtMs, recallCause })
    if (row.account !== null) {
      work.post(ordinal, { fromMs: endedAtMs, toMs: claim.untilMs }, 'pending', row.account)
    }
    if (row.isTold) work.tellNode(claim.leaseId)
    ended.push({ ordinal, end, endedAtMs, cause: ending.cause, leaseId: claim.leaseId })
  }
  sayEnded(work, ended, decided)
}

/**
 * The node tells late that it had ended the lease before: what was delivered behind that instant was
 * none, and what was broken or returned behind our own end stays so.
 */
export function correctEnd(work: LeaseWork, ending: Ending, decided: Decided): void {
  const { ordinal, end, cause } = ending
  const claim = work.draw.claims[ordinal]
  assert(claim !== undefined && isPromised(claim), 'only what was lent is corrected')
  assert(claim.endedAtMs !== null, 'only what has ended is corrected')
  const { account } = ENDS[end]
  const endedAtMs = Math.max(ending.atMs, claim.startMs)
  if (endedAtMs >= claim.endedAtMs || account === null) return
  work.setClaim(ordinal, { end, endedAtMs, recallCause: cause })
  work.post(ordinal, { fromMs: endedAtMs, toMs: claim.endedAtMs }, 'pending', account)
  sayEnded(work, [{ ordinal, end, endedAtMs, cause, leaseId: claim.leaseId }], decided)
}

interface EndedCard {
  readonly ordinal: number
  readonly leaseId: LeaseId
  readonly end: ClaimEnd
  readonly endedAtMs: number
  readonly cause: string
}

/** One entry per lease, end and instant. */
function sayEnded(work: LeaseWork, ended: readonly EndedCard[], decided: Decided): void {
  const groups = Map.groupBy(ended, ({ leaseId, end, endedAtMs, cause }) =>
    JSON.stringify([leaseId, end, endedAtMs, cause]),
  )
  for (const [first, ...others] of groups.values()) {
    if (first === undefined) continue
    const ordinals = new Set([first, ...others].map(({ ordinal }) => ordinal))
    work.say((draw) => endedEntry(draw, first, ordinals, decided))
  }
}

function endedEntry(
  draw: Draw,
  { leaseId, cause }: EndedCard,
  ordinals: ReadonlySet<number>,
  decided: Decided,
): OutboxEntry {
  const lease = draw.leases.find((one) => one.leaseId === leaseId)
  assert(lease !== undefined, 'a claim names a lease of its draw')
  const claims = draw.claims.filter(({ ordinal }) => ordinals.has(ordinal))
  const entry = leaseEndedEntry(draw, lease, claims, decided)
  return { ...entry, payload: { ...entry.payload, cause } }
}
