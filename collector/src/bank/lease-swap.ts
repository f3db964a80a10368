/**
 * Another card in the place of one that its owner takes back or that is lost, where a pool draw asked
 * for it with notice (C16, SPEC E11). Pure; which card, and whether its node lends it, is found out
 * before by a `SwapPlanner`.
 *
 *   old card    start ──── end ─ ─ ─ gap: broken_swap ─ ─ ─ new start ─ ─ ─ swapped ─ ─ ─ until
 *   new card                                                   └──────── pending ──────── until
 */
import { assert } from '@yiben/shared'
import type { Claim, ClaimEnd, Draw, Lease, LeaseId } from '../model/draw.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import type { Decided } from './draw-entries.ts'
import type { CardToHold } from './draw-hold.ts'
import { LEASE_LEAD_MS } from './draw-post.ts'
import type { Ending } from './lease-causes.ts'
import { leaseEntry } from './lease-entries.ts'
import { LEASES_PER_NODE_MAX, leaseIdOf } from './lease-id.ts'
import { isPromised, type LentClaim } from './lease-look.ts'
import type { LeaseWork } from './lease-work.ts'

/** As for a post: a card whose proof is older is not lent. */
export const PROOF_MS_MAX = 90_000
/** What is left of a promise must be worth a borrower's move. */
const LEFT_MS_MIN = 60_000

/** Ends that another card can make good. */
const SWAPPABLE: readonly ClaimEnd[] = [
  'recall',
  'veto',
  'owner_claimed',
  'card_lost',
  'reconfigured',
  'identity',
]

export interface Replacement {
  readonly card: CardToHold
  readonly handover: Lease['handover']
}

/** By ordinal of the claim whose place it takes. */
export type Swaps = ReadonlyMap<number, Replacement>

export const NO_SWAPS: Swaps = new Map()

export interface SwapPlanner {
  /**
   * Cards of the same kind to take the place of these, each accepted by its node a moment ago for
   * what is left of the promise; those for which there is none are left out.
   */
  replacementsFor(draw: Draw, dropped: readonly Claim[]): Promise<Swaps>
}

/** Claims that this decision ends and that another card could go on for. */
export function claimsToSwap(before: Draw, change: DrawChange, nowMs: number): readonly Claim[] {
  const { swap, what } = before.request
  if (swap !== 'with_notice' || what.kind !== 'pool') return []
  return before.claims.filter((claim) => {
    const after = change.draw.claims[claim.ordinal]
    const end = claim.state === 'leased' ? (after?.end ?? null) : null
    const leftMs = (claim.untilMs ?? nowMs) - nowMs
    return end !== null && SWAPPABLE.includes(end) && leftMs > LEFT_MS_MIN
  })
}

/** Answers the ordinals that were swapped; their old cards go over to cleaning. */
export function swapLeases(
  work: LeaseWork,
  endings: readonly Ending[],
  swaps: Swaps,
  decided: Decided,
): ReadonlySet<number> {
  const soonestMs = decided.nowMs + LEASE_LEAD_MS
  const swapped = new Set<number>()
  const leases = new Map<string, LeaseId>()
  for (const ending of endings) {
    const replacement = swaps.get(ending.ordinal)
    const claim = work.draw.claims[ending.ordinal]
    if (replacement === undefined || claim === undefined || !isPromised(claim)) continue
    // Not before the place begins: a booking is bound ahead of its start.
    const startMs = Math.max(soonestMs, claim.startMs)
    if (!SWAPPABLE.includes(ending.end) || startMs >= claim.untilMs) continue
    const key = `${replacement.card.nodeId} ${startMs}`
    const leaseId = leases.get(key) ?? addLease(work, claim, replacement, startMs)
    if (leaseId === null) continue
    leases.set(key, leaseId)
    swapCard(work, { claim, ending, replacement, leaseId, startMs }, decided)
    swapped.add(ending.ordinal)
  }
  return swapped
}

/** `null`: the draw has had as many leases on that node as there can be. */
function addLease(
  work: LeaseWork,
  { untilMs }: LentClaim,
  { card, handover }: Replacement,
  startMs: number,
): LeaseId | null {
  const { request, leases } = work.draw
  const before = leases.filter(({ nodeId }) => nodeId === card.nodeId).length
  if (before >= LEASES_PER_NODE_MAX) return null
  const leaseId = leaseIdOf(request.drawId, card.nodeId, before)
  work.addLease({
    leaseId,
    nodeId: card.nodeId,
    startMs,
    untilMs,
    revision: 0,
    confirmedRevision: 0,
    interruptedAtMs: null,
    idleSinceMs: null,
    handover,
  })
  work.tellNode(leaseId)
  return leaseId
}

interface Swapped {
  readonly claim: LentClaim
  readonly ending: Ending
  readonly replacement: Replacement
  readonly leaseId: LeaseId
  readonly startMs: number
}

function swapCard(work: LeaseWork, swapped: Swapped, decided: Decided): void {
  const { claim, ending, leaseId, startMs } = swapped
  const { untilMs } = claim
  const endedAtMs = Math.max(claim.startMs, Math.min(ending.atMs, startMs))
  const end = 'swap' as const
  work.setClaim(claim.ordinal, { state: 'cleaning', end, endedAtMs, recallCause: ending.cause })
  work.post(claim.ordinal, { fromMs: endedAtMs, toMs: startMs }, 'pending', 'broken_swap')
  work.post(claim.ordinal, { fromMs: startMs, toMs: untilMs }, 'pending', 'swapped')
  work.tellNode(claim.leaseId)
  const added = claimOf(work.draw, swapped, decided.nowMs)
  work.addClaim(added)
  work.post(added.ordinal, { fromMs: startMs, toMs: untilMs }, 'swapped', 'pending')
  work.say((draw) => {
    const lease = draw.leases.find((one) => one.leaseId === claim.leaseId)
    assert(lease !== undefined, 'a claim names a lease of its draw')
    const payload = {
      cause: ending.cause,
      ended_at_ms: endedAtMs,
      new_lease_id: leaseId,
      new_node_id: added.nodeId,
      new_ordinal: added.ordinal,
      new_start_ms: startMs,
    }
    return leaseEntry('lease_swapped', { draw, lease, ordinals: [claim.ordinal] }, payload, decided)
  })
}

function claimOf(draw: Draw, swapped: Swapped, nowMs: number): Claim {
  const { claim, leaseId, replacement, startMs } = swapped
  const { card } = replacement
  return {
    ordinal: draw.claims.length,
    leaseId,
    unitId: card.unitId,
    acceleratorId: card.acceleratorId,
    nodeId: card.nodeId,
    depositId: card.depositId,
    siteCode: card.siteCode,
    ownerCode: card.ownerCode,
    profile: card.profile,
    state: 'leased',
    heldAtMs: nowMs,
    startMs,
    untilMs: claim.untilMs,
    recallAtMs: null,
    recallCause: null,
    endedAtMs: null,
    end: null,
    cleanAtMs: null,
    swapOf: claim.ordinal,
    evidence: {
      sampledAtMs: card.sampledAtMs,
      evidenceClass: card.evidenceClass,
      windowStartMs: card.windowStartMs,
      provenToMs: card.provenToMs,
      isFenced: card.isFenced,
      // Of the draw as a whole it was promised before; nothing is said anew of one card.
      chancePpm: null,
      forecastVersion: null,
      forecastBrierPpm: null,
    },
  }
}
