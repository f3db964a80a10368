/**
 * The decision that makes a hold a lease (SPEC, Draws): every node has accepted no more than 5 s ago,
 * or nothing is decided and the nodes to ask are named. The lease begins at a stated instant ahead
 * of now, so that nodes hear of it before. Pure.
 */
import { assert } from '@yiben/shared'
import type { Claim, Draw, DrawRefusal, Lease, Posting } from '../model/draw.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import { postedEntry } from './draw-entries.ts'
import { changeOf, type HoldDecided } from './draw-hold.ts'
import { assertStep } from './draw-invariants.ts'
import { isLapsed } from './draw-lapse.ts'
import { refusalOf } from './draw-refusal.ts'
import { leaseIdOf } from './lease-id.ts'

/** From post to the start of the lease: notices reach their nodes meanwhile. */
export const LEASE_LEAD_MS = 2_000
/** DESIGN 5: an older acceptance is asked for again (C7). */
export const ACCEPTANCE_MS_MAX = 5_000

/** A node would lend these cards; monotonic, of this process, from when it was asked. */
export interface Acceptance {
  readonly unitIds: ReadonlySet<UnitId>
  readonly askedAtMonotonicMs: number
  readonly sampledAtMs: number
  readonly isFenced: boolean
}

export type Acceptances = ReadonlyMap<NodeId, Acceptance>

export interface PostFacts extends HoldDecided {
  readonly nowMonotonicMs: number
  readonly acceptances: Acceptances
  /** How lent cards of each node are handed over. */
  readonly handovers: ReadonlyMap<NodeId, Lease['handover']>
}

export type PostOutcome =
  | { readonly status: 'decided'; readonly change: DrawChange }
  /** It was posted before. */
  | { readonly status: 'done' }
  /** These nodes have to be asked, or asked again. */
  | { readonly status: 'unaccepted'; readonly nodeIds: readonly NodeId[] }
  | { readonly status: 'refused'; readonly refusal: DrawRefusal }

/**
 * `draw` may hold other cards than the stored one (`withCardsReplaced`). Refusals in order:
 * `wrong_state` (or what the hold was refused for), `hold_lapsed`.
 */
export function decidePost(draw: Draw, facts: PostFacts): PostOutcome {
  const { nowMs, proofMsMax } = facts
  if (draw.state === 'posted' || draw.state === 'ended') return { status: 'done' }
  if (draw.state === 'refused' && draw.refusal !== null) {
    return { status: 'refused', refusal: draw.refusal }
  }
  if (draw.state === 'lapsed' || (draw.state === 'held' && isLapsed(draw, nowMs))) {
    return { status: 'refused', refusal: refusalOf('hold_lapsed') }
  }
  if (draw.state !== 'held') return { status: 'refused', refusal: refusalOf('wrong_state') }
  const nodeIds = unacceptedNodes(draw.claims, facts)
  if (nodeIds.length > 0) return { status: 'unaccepted', nodeIds }

  const after = posted(draw, facts)
  const lent = after.claims.filter(({ state }) => state === 'leased')
  const change = {
    ...changeOf(draw.version, after),
    mustBeFree: lent.map(({ ordinal }) => ordinal),
    provenSinceMs: nowMs - proofMsMax,
    postings: lent.map((claim) => promiseOf(after, claim, nowMs)),
    outbox: [postedEntry(after, facts)],
  }
  return { status: 'decided', change }
}

/** Nodes that have not accepted, of late, all of their cards among these that are live. */
export function unacceptedNodes(
  claims: readonly Claim[],
  { acceptances, nowMonotonicMs }: Pick<PostFacts, 'acceptances' | 'nowMonotonicMs'>,
): readonly NodeId[] {
  const lacking = claims.filter(({ nodeId, state, unitId }) => {
    if (state === 'ended' || nodeId === null || unitId === null) return false
    const acceptance = acceptances.get(nodeId)
    if (acceptance === undefined || !acceptance.unitIds.has(unitId)) return true
    return nowMonotonicMs - acceptance.askedAtMonotonicMs > ACCEPTANCE_MS_MAX
  })
  return nodesOf({ claims: lacking })
}

/** Nodes with a live claim of the draw, in the order of their first card. */
export function nodesOf({ claims }: Pick<Draw, 'claims'>): readonly NodeId[] {
  const live = claims.filter(({ state }) => state !== 'ended')
  return [...new Set(live.map(({ nodeId }) => nodeId).filter((nodeId) => nodeId !== null))]
}

function posted(draw: Draw, facts: PostFacts): Draw {
  const startMs = facts.nowMs + LEASE_LEAD_MS
  const untilMs = startMs + draw.request.forMs
  const leases = nodesOf(draw).map(
    (nodeId): Lease => ({
      leaseId: leaseIdOf(draw.request.drawId, nodeId),
      nodeId,
      startMs,
      untilMs,
      revision: 1,
      confirmedRevision: 0,
      interruptedAtMs: null,
      idleSinceMs: null,
      handover: facts.handovers.get(nodeId) ?? null,
    }),
  )
  const leaseIds = new Map(leases.map(({ leaseId, nodeId }) => [nodeId, leaseId]))
  const claims = draw.claims.map((claim): Claim => {
    if (claim.state === 'ended' || claim.nodeId === null) return claim
    const acceptance = facts.acceptances.get(claim.nodeId)
    const leaseId = leaseIds.get(claim.nodeId)
    assert(acceptance !== undefined && leaseId !== undefined, 'what is lent has been accepted')
    const { sampledAtMs, isFenced } = acceptance
    const evidence = claim.evidence === null ? null : { ...claim.evidence, sampledAtMs, isFenced }
    return { ...claim, state: 'leased', leaseId, startMs, untilMs, evidence }
  })
  const after: Draw = {
    ...draw,
    version: draw.version + 1,
    state: 'posted',
    holdUntilMs: null,
    startMs,
    untilMs,
    leases,
    claims,
  }
  // Cards put in place of others are part of this step: it is judged against the draw without them.
  assertStep(draw, after)
  return after
}

function promiseOf(draw: Draw, { ordinal, startMs, untilMs }: Claim, nowMs: number): Posting {
  assert(startMs !== null && untilMs !== null, 'what is lent is promised')
  return {
    drawId: draw.request.drawId,
    ordinal,
    fromMs: startMs,
    toMs: untilMs,
    from: 'promised',
    to: 'pending',
    knownAtMs: nowMs,
  }
}
