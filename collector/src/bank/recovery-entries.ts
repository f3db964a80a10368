/** What the journal says of a recovery (SPEC, Recovery). */
import type { Draw, Lease } from '../model/draw.ts'
import type { OutboxEntry } from '../model/ledger.ts'

/** Figures of a recovery that ended by itself; a command that ends it knows none. */
interface RecoveryCounts {
  readonly nodesTold: number
  readonly nodesMissing: number
  readonly leasesAdopted: number
}

export function recoveryEndedEntry(end: {
  readonly by: string
  readonly why: 'complete' | 'by_name'
  readonly atMs: number
  readonly counts?: RecoveryCounts
}): OutboxEntry {
  const { by, why, atMs, counts } = end
  const figures =
    counts === undefined
      ? {}
      : {
          nodes_told: counts.nodesTold,
          nodes_missing: counts.nodesMissing,
          leases_adopted: counts.leasesAdopted,
        }
  return { kind: 'recovery_ended', atMs, payload: { by, why, ...figures } }
}

/** A lease that a node has shown, signed by us, and that this ledger had forgotten. */
export function leaseAdoptedEntry(draw: Draw, lease: Lease, atMs: number): OutboxEntry {
  const claims = draw.claims.filter(({ leaseId }) => leaseId === lease.leaseId)
  return {
    kind: 'lease_adopted',
    atMs,
    payload: {
      draw_id: draw.request.drawId,
      bank: draw.request.bank,
      borrower: draw.request.borrower,
      lease_id: lease.leaseId,
      node_id: lease.nodeId,
      unit_ids: claims.flatMap(({ unitId }) => (unitId === null ? [] : [unitId])),
      start_ms: lease.startMs,
      until_ms: lease.untilMs,
      revision: lease.revision,
    },
  }
}
