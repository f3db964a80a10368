/** What the journal and the change feed say of bookings. */
import { type Draw, isOpenPlace } from '../model/draw.ts'
import type { EntryKind, OutboxEntry } from '../model/ledger.ts'
import { type Decided, lotsOf } from './draw-entries.ts'

/** `ordinals`: the places that it is about, bound now or broken. */
export function bookingEntry(
  kind: Extract<EntryKind, 'draw_booked' | 'draw_bound' | 'draw_broken' | 'draw_voided'>,
  draw: Draw,
  ordinals: readonly number[],
  { lotIdOf, nowMs }: Decided,
): OutboxEntry {
  const { bank, borrower, confidencePpm, contract, drawId, what } = draw.request
  const claims = draw.claims.filter(({ ordinal }) => ordinals.includes(ordinal))
  const nodeIds = claims.map(({ nodeId }) => nodeId).filter((nodeId) => nodeId !== null)
  const leaseIds = claims.map(({ leaseId }) => leaseId).filter((leaseId) => leaseId !== null)
  return {
    kind,
    atMs: nowMs,
    payload: {
      draw_id: drawId,
      bank,
      borrower,
      contract,
      version: draw.version,
      site: what.kind === 'pool' ? what.siteCode : null,
      model: what.kind === 'pool' ? what.model : null,
      cards: what.kind === 'pool' ? what.cards : null,
      confidence_ppm: confidencePpm,
      start_ms: draw.startMs,
      until_ms: draw.untilMs,
      node_ids: [...new Set(nodeIds)],
      lots: lotsOf(claims, lotIdOf),
      leases: [...new Set(leaseIds)],
      ordinals,
      // Of these places each: one that is filled late begins late.
      starts_ms: claims.map((claim) => claim.startMs),
      open_places: draw.claims.filter(isOpenPlace).length,
    },
  }
}
