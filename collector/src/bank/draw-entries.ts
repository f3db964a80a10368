/**
 * What the journal and the change feed say of a draw. The bank is shown lots, which are opaque;
 * nodes and cards are named for those who follow inside. A draw's cards are written as columns: one
 * of 1,024 cards on as many nodes fits the bound of an entry.
 */
import type { Claim, Draw, DrawId, Lease } from '../model/draw.ts'
import type { NodeId } from '../model/ids.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { EntryKind, JsonObject, OutboxEntry } from '../model/ledger.ts'

/** The opaque id of a node's cards of one kind (`lots.ts`). */
export type LotNaming = (nodeId: NodeId, profile: DeviceProfile) => string

export interface Decided {
  readonly nowMs: number
  readonly lotIdOf: LotNaming
}

/** The cards of a hold, and what each rests on. */
export function heldEntry(draw: Draw, decided: Decided): OutboxEntry {
  const { request } = draw
  return entryOf('draw_held', draw, decided, {
    hold_until_ms: draw.holdUntilMs,
    for_ms: request.forMs,
    swap: request.swap,
    ...cardsOf(draw.claims.filter(isLive), decided),
    ...evidenceOf(draw.claims.filter(isLive)),
  })
}

export function refusedEntry(draw: Draw, decided: Decided): OutboxEntry {
  return entryOf('draw_refused', draw, decided, {
    code: draw.refusal?.code ?? null,
    reason: draw.refusal?.reason ?? null,
    ...nodesOf(draw.claims),
  })
}

/** Also the evidence: cards may have been swapped since the hold, and nodes have been asked anew. */
export function postedEntry(draw: Draw, decided: Decided): OutboxEntry {
  const live = draw.claims.filter(isLive)
  return entryOf('draw_posted', draw, decided, {
    start_ms: draw.startMs,
    until_ms: draw.untilMs,
    leases: draw.leases.map(({ leaseId }) => leaseId),
    ...cardsOf(live, decided),
    ...evidenceOf(live),
  })
}

/** A hold that is over without a lease. */
export function releasedEntry(
  kind: 'draw_voided' | 'draw_lapsed',
  draw: Draw,
  decided: Decided,
): OutboxEntry {
  return entryOf(kind, draw, decided, nodesOf(draw.claims))
}

/** `ordinals`: of the cards that are promised for longer; those with a recall announced are not. */
export function extendedEntry(
  draw: Draw,
  ordinals: readonly number[],
  decided: Decided,
): OutboxEntry {
  return entryOf('draw_extended', draw, decided, {
    until_ms: draw.untilMs,
    ordinals,
    ...nodesOf(draw.claims.filter(({ ordinal }) => ordinals.includes(ordinal))),
  })
}

/** Cards of one lease that have ended in one way at one instant. */
export function leaseEndedEntry(
  draw: Draw,
  { leaseId, nodeId }: Pick<Lease, 'leaseId' | 'nodeId'>,
  claims: readonly Claim[],
  { nowMs, lotIdOf }: Decided,
): OutboxEntry {
  const [first] = claims
  return {
    kind: 'lease_ended',
    atMs: nowMs,
    payload: {
      draw_id: draw.request.drawId,
      version: draw.version,
      lease_id: leaseId,
      node_id: nodeId,
      lots: lotsOf(claims, lotIdOf),
      ordinals: claims.map(({ ordinal }) => ordinal),
      end: first?.end ?? null,
      ended_at_ms: first?.endedAtMs ?? null,
    },
  }
}

function entryOf(
  kind: EntryKind,
  draw: Draw,
  { nowMs }: Decided,
  payload: JsonObject,
): OutboxEntry {
  return { kind, atMs: nowMs, payload: { ...partiesOf(draw), version: draw.version, ...payload } }
}

function partiesOf({ request }: Draw): {
  readonly draw_id: DrawId
  readonly bank: string
  readonly borrower: string
  readonly contract: string
} {
  const { drawId, bank, borrower, contract } = request
  return { draw_id: drawId, bank, borrower, contract }
}

function nodesOf(claims: readonly Claim[]) {
  const nodeIds = claims.map(({ nodeId }) => nodeId).filter((nodeId) => nodeId !== null)
  return { node_ids: [...new Set(nodeIds)] }
}

/** As columns in the order of the claims: ordinal, card and deposit. */
function cardsOf(claims: readonly Claim[], { lotIdOf }: Decided) {
  return {
    ...nodesOf(claims),
    lots: lotsOf(claims, lotIdOf),
    ordinals: claims.map(({ ordinal }) => ordinal),
    unit_ids: claims.map(({ unitId }) => unitId),
    deposit_ids: claims.map(({ depositId }) => depositId),
  }
}

/** The joint chance is one for all of them. */
function evidenceOf(claims: readonly Claim[]) {
  const evidence = claims.map((claim) => claim.evidence)
  const [first] = evidence
  return {
    sampled_at_ms: evidence.map((one) => one?.sampledAtMs ?? null),
    evidence_classes: evidence.map((one) => one?.evidenceClass ?? null),
    free_since_ms: evidence.map((one) => one?.windowStartMs ?? null),
    fenced: evidence.map((one) => one?.isFenced ?? null),
    chance_ppm: first?.chancePpm ?? null,
    forecast_version: first?.forecastVersion ?? null,
    forecast_brier_ppm: first?.forecastBrierPpm ?? null,
  }
}

export function lotsOf(claims: readonly Claim[], lotIdOf: LotNaming) {
  const cards = new Map<string, number>()
  for (const { nodeId, profile } of claims) {
    if (nodeId === null) continue
    const lotId = lotIdOf(nodeId, profile)
    cards.set(lotId, (cards.get(lotId) ?? 0) + 1)
  }
  return [...cards].map(([lot_id, count]) => ({ lot_id, cards: count }))
}

function isLive({ state }: Claim): boolean {
  return state !== 'ended'
}
