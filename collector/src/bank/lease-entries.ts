/** What the journal and the feed say of leases between their beginning and their end. */
import type { Draw, Lease } from '../model/draw.ts'
import type { EntryKind, JsonObject, OutboxEntry } from '../model/ledger.ts'
import { type Decided, lotsOf } from './draw-entries.ts'

/** About a lease, and of its cards those named. */
export function leaseEntry(
  kind: EntryKind,
  about: {
    readonly draw: Draw
    readonly lease: Pick<Lease, 'leaseId' | 'nodeId'>
    readonly ordinals: readonly number[]
  },
  payload: JsonObject,
  { nowMs, lotIdOf }: Decided,
): OutboxEntry {
  const { draw, lease, ordinals } = about
  const claims = draw.claims.filter(({ ordinal }) => ordinals.includes(ordinal))
  return {
    kind,
    atMs: nowMs,
    payload: {
      draw_id: draw.request.drawId,
      version: draw.version,
      lease_id: lease.leaseId,
      node_id: lease.nodeId,
      lots: lotsOf(claims, lotIdOf),
      ordinals,
      ...payload,
    },
  }
}
