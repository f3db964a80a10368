/**
 * The id of a lease follows from its draw and its node, so that after a restore a bank that comes
 * back with the id of its draw finds what nodes say is lent to it (SPEC R10), though the ledger has
 * forgotten both.
 *
 *   e- <tag of the draw, 8 hex digits> <of draw, node and ordinal, 8 hex digits>
 *
 * A node learns from it that two leases are of one draw, and not of which.
 */
import { createHash } from 'node:crypto'
import type { DrawId, LeaseId } from '../model/draw.ts'
import type { NodeId } from '../model/ids.ts'

const DRAW_LABEL = 'yiben.lease-draw.v1'
const LEASE_LABEL = 'yiben.lease-id.v1'
const PREFIX = 'e-'
const PART_DIGITS = 8
/** Leases that one draw has had on one node, one after the other, by swaps. */
export const LEASES_PER_NODE_MAX = 16

/** `ordinal`: how many leases the draw has had on this node before. */
export function leaseIdOf(drawId: DrawId, nodeId: NodeId, ordinal = 0): LeaseId {
  return `${PREFIX}${drawTagOf(drawId)}${partOf([LEASE_LABEL, drawId, nodeId, ordinal])}`
}

/** What all leases of a draw have in common; other draws may have it by chance. */
export function drawTagOf(drawId: DrawId): string {
  return partOf([DRAW_LABEL, drawId])
}

export function drawTagIn(leaseId: LeaseId): string {
  return leaseId.slice(PREFIX.length, PREFIX.length + PART_DIGITS)
}

/** Whether this lease can be one of this draw. Bounded by `LEASES_PER_NODE_MAX`. */
export function isLeaseOf(leaseId: LeaseId, drawId: DrawId, nodeId: NodeId): boolean {
  if (drawTagIn(leaseId) !== drawTagOf(drawId)) return false
  for (let ordinal = 0; ordinal < LEASES_PER_NODE_MAX; ordinal += 1) {
    if (leaseIdOf(drawId, nodeId, ordinal) === leaseId) return true
  }
  return false
}

function partOf(content: readonly (string | number)[]): string {
  const digest = createHash('sha256').update(JSON.stringify(content), 'utf8').digest('hex')
  return digest.slice(0, PART_DIGITS)
}
