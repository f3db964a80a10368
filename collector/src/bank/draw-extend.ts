/**
 * The decision to lend for longer: every node that still lends is asked again, and all accept or
 * nothing changes. Cards whose owner has announced an end are left as they are. Pure.
 */
import { assert } from '@yiben/shared'
import type { Claim, Draw, DrawRefusal, Lease, Posting } from '../model/draw.ts'
import type { NodeId } from '../model/ids.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import { type Decided, extendedEntry } from './draw-entries.ts'
import { changeOf } from './draw-hold.ts'
import { assertDraw, assertStep } from './draw-invariants.ts'
import { type Acceptances, unacceptedNodes } from './draw-post.ts'
import { refusalOf } from './draw-refusal.ts'
import { LEASE_MS_MAX } from './draw-request.ts'

export interface ExtendFacts extends Decided {
  /** The new end of the promise, of all cards alike. */
  readonly untilMs: number
  readonly nowMonotonicMs: number
  readonly acceptances: Acceptances
  /** Longest lease that each node's owner consents to now; a node without a policy lends nothing. */
  readonly leaseMsMax: ReadonlyMap<NodeId, number>
}

export type ExtendOutcome =
  | { readonly status: 'decided'; readonly change: DrawChange }
  /** It lasts until then already. */
  | { readonly status: 'done' }
  | { readonly status: 'unaccepted'; readonly nodeIds: readonly NodeId[] }
  | { readonly status: 'refused'; readonly refusal: DrawRefusal }

type Extensible = Claim & { readonly startMs: number; readonly untilMs: number }

/** Refusals in order: `wrong_state` (nothing is lent any more, or for longer already), `too_long`. */
export function decideExtend(draw: Draw, facts: ExtendFacts): ExtendOutcome {
  const { nowMs, untilMs } = facts
  const extensible = extensibleOf(draw, nowMs)
  if (draw.state !== 'posted' || extensible.length === 0) {
    return { status: 'refused', refusal: refusalOf('wrong_state') }
  }
  const shorter = extensible.filter((claim) => claim.untilMs < untilMs)
  if (shorter.length === 0) {
    if (extensible.every((claim) => claim.untilMs === untilMs)) return { status: 'done' }
    return { status: 'refused', refusal: refusalOf('wrong_state', { sentence: NOT_LONGER }) }
  }
  if (shorter.some((claim) => !isConsented(claim, facts))) {
    return { status: 'refused', refusal: refusalOf('too_long') }
  }
  const nodeIds = unacceptedNodes(shorter, facts)
  if (nodeIds.length > 0) return { status: 'unaccepted', nodeIds }

  const ordinals = shorter.map(({ ordinal }) => ordinal)
  const after = extended(draw, ordinals, facts)
  return {
    status: 'decided',
    change: {
      ...changeOf(draw.version, after),
      postings: shorter.map((claim) => promiseOf(draw, claim, facts)),
      outbox: [extendedEntry(after, ordinals, facts)],
    },
  }
}

const NOT_LONGER = 'the draw lasts longer than that: an end is brought forward by returning cards'

/** Lent now, and not announced to end before. */
export function extensibleOf({ claims }: Pick<Draw, 'claims'>, nowMs: number): Extensible[] {
  return claims.filter((claim): claim is Extensible => {
    const isLent = claim.state === 'leased' && claim.startMs !== null && claim.untilMs !== null
    return isLent && claim.untilMs > nowMs && claim.recallAtMs === null
  })
}

function isConsented({ nodeId, startMs }: Extensible, { leaseMsMax, untilMs }: ExtendFacts) {
  const ownersMs = nodeId === null ? undefined : leaseMsMax.get(nodeId)
  return untilMs - startMs <= Math.min(ownersMs ?? 0, LEASE_MS_MAX)
}

function extended(draw: Draw, ordinals: readonly number[], { untilMs }: ExtendFacts): Draw {
  assertDraw(draw)
  const claims = draw.claims.map((claim) =>
    ordinals.includes(claim.ordinal) ? { ...claim, untilMs } : claim,
  )
  const touched = new Set(
    claims.filter(({ ordinal }) => ordinals.includes(ordinal)).map(({ leaseId }) => leaseId),
  )
  const leases = draw.leases.map((lease): Lease => {
    return touched.has(lease.leaseId) ? { ...lease, untilMs, revision: lease.revision + 1 } : lease
  })
  assert(draw.untilMs !== null, 'a posted draw has an end')
  const endMs = Math.max(draw.untilMs, untilMs)
  const after = { ...draw, version: draw.version + 1, untilMs: endMs, leases, claims }
  assertStep(draw, after)
  return after
}

function promiseOf(draw: Draw, claim: Extensible, { nowMs, untilMs }: ExtendFacts): Posting {
  return {
    drawId: draw.request.drawId,
    ordinal: claim.ordinal,
    fromMs: claim.untilMs,
    toMs: untilMs,
    from: 'promised',
    to: 'pending',
    knownAtMs: nowMs,
  }
}
