/**
 * What a node has to hear of a lease: always the whole of it as it is now, under its newest revision,
 * so that whatever was lost on the way does not matter (SPEC E13). Pure.
 *
 *   cards lent still            lend, or extend once it was taken: exactly those; a card that is named
 *                               no more has ended. All of them recalled: recall, to the instant
 *   none lent any more          return where the bank gave all back, else recall: all of them, to the
 *                               last of their ends
 */
import type { Claim, Draw, Lease } from '../model/draw.ts'
import type { NoticeToNode } from '../model/node-link.ts'
import { isLent, isPromised, type LentClaim } from './lease-look.ts'

/** A node's clock may be behind by this: until then it believes in a lease that has ended. */
const AFTER_END_MS = 10_000

/** Its node has not confirmed the newest revision, and could still act on it. */
export function isNoticeDue(
  { revision, confirmedRevision, untilMs }: Lease,
  nowMs: number,
): boolean {
  return revision > confirmedRevision && nowMs < untilMs + AFTER_END_MS
}

/** `isForgotten`: the node has said that it knows nothing of the lease. */
export function noticeOf(draw: Draw, lease: Lease, isForgotten = false): NoticeToNode | null {
  const claims = draw.claims.filter((claim): claim is LentClaim => {
    return claim.leaseId === lease.leaseId && claim.unitId !== null && isPromised(claim)
  })
  if (claims.length === 0) return null
  const lent = claims.filter(isLent)
  const about = {
    nodeId: lease.nodeId,
    leaseId: lease.leaseId,
    startMs: lease.startMs,
    revision: lease.revision,
    account: draw.request.drawId,
  }
  if (lent.length === 0) return { ...about, ...overOf(claims) }
  const recalls = lent.flatMap(({ recallAtMs }) => (recallAtMs === null ? [] : [recallAtMs]))
  if (recalls.length === lent.length && lease.confirmedRevision > 0 && !isForgotten) {
    const cause = lent[0]?.recallCause ?? ''
    return { ...about, kind: 'recall', unitIds: unitsOf(lent), endMs: Math.max(...recalls), cause }
  }
  const isFirst = lease.confirmedRevision === 0 || isForgotten
  const endMs = recalls.length === lent.length ? Math.max(...recalls) : lease.untilMs
  const kind = isFirst ? 'lend' : 'extend'
  return { ...about, kind, unitIds: unitsOf(lent), endMs, cause: '' }
}

function overOf(claims: readonly LentClaim[]) {
  const isReturned = claims.every(({ end }) => end === 'returned' || end === 'expired')
  const ends = claims.map(({ endedAtMs, untilMs }) => endedAtMs ?? untilMs)
  const last = claims.findLast(({ end }) => end !== 'returned' && end !== 'expired')
  return {
    kind: isReturned ? ('return' as const) : ('recall' as const),
    unitIds: unitsOf(claims),
    endMs: Math.max(...ends),
    cause: isReturned ? '' : (last?.recallCause ?? last?.end ?? ''),
  }
}

function unitsOf(claims: readonly Claim[]) {
  return claims.flatMap(({ unitId }) => (unitId === null ? [] : [unitId]))
}
