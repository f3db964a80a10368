/**
 * The decision to hold cards: every node has accepted, so that a hold is there whole or not at all.
 * Also the memory of a refusal, and other cards in place of those that a node will not lend after
 * all. Pure; cards are looked at once more by the store as it writes (`mustBeFree`).
 */
import { assert, type EvidenceClass } from '@yiben/shared'
import type { Claim, Draw, DrawRefusal, DrawRequest, GrantEvidence } from '../model/draw.ts'
import type { AcceleratorId, NodeId, UnitId } from '../model/ids.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import { type Decided, heldEntry, refusedEntry } from './draw-entries.ts'
import { assertStep } from './draw-invariants.ts'
import { isPassing } from './draw-refusal.ts'

/** A card that was chosen, with what its grant rests on. */
export interface CardToHold {
  readonly unitId: UnitId
  readonly acceleratorId: AcceleratorId
  readonly nodeId: NodeId
  readonly depositId: string
  readonly siteCode: string
  readonly ownerCode: string
  readonly profile: DeviceProfile
  readonly evidenceClass: EvidenceClass
  readonly windowStartMs: number
  readonly provenToMs: number
  /** Of the node's acceptance. */
  readonly sampledAtMs: number
  readonly isFenced: boolean
}

/** What the forecast says of all the cards together; all `null` without one. */
export interface JointChance {
  readonly chancePpm: number | null
  readonly forecastVersion: string | null
  readonly forecastBrierPpm: number | null
}

export interface HoldDecided extends Decided {
  /** Older proof of a card is silence. */
  readonly proofMsMax: number
}

export function decideHold(
  request: DrawRequest,
  cards: readonly CardToHold[],
  chance: JointChance,
  decided: HoldDecided,
): DrawChange {
  const { nowMs, proofMsMax } = decided
  const draw: Draw = {
    ...newDraw(request, nowMs),
    state: 'held',
    holdUntilMs: nowMs + request.holdMs,
    claims: cards.map((card, ordinal) => heldClaim(card, { ordinal, chance, nowMs })),
  }
  assertStep(null, draw)
  return {
    ...changeOf(0, draw),
    mustBeFree: draw.claims.map(({ ordinal }) => ordinal),
    provenSinceMs: nowMs - proofMsMax,
    outbox: [heldEntry(draw, decided)],
  }
}

/** Kept, so that a retry of the id is refused likewise. */
export function decideRefused(
  request: DrawRequest,
  refusal: DrawRefusal,
  decided: Decided,
): DrawChange {
  assert(!isPassing(refusal), 'what says nothing of the request is not kept with it')
  const draw: Draw = {
    ...newDraw(request, decided.nowMs),
    state: 'refused',
    refusal,
    endedAtMs: decided.nowMs,
  }
  assertStep(null, draw)
  return { ...changeOf(0, draw), outbox: [refusedEntry(draw, decided)] }
}

/**
 * The hold with other cards in place of some; its version is left to the decision that writes it.
 * A place given up is never used again.
 */
export function withCardsReplaced(
  draw: Draw,
  dropped: readonly number[],
  cards: readonly CardToHold[],
  { chance, nowMs }: { readonly chance: JointChance; readonly nowMs: number },
): Draw {
  assert(draw.state === 'held', 'cards of a hold alone are replaced behind the promise')
  assert(dropped.length === cards.length, 'as many cards come as go')
  const claims = draw.claims.map((claim): Claim => {
    if (!dropped.includes(claim.ordinal)) return withChance(claim, chance)
    assert(claim.state === 'held', 'a card that is held gives up its place')
    return { ...claim, state: 'ended', end: 'voided', endedAtMs: nowMs }
  })
  const added = cards.map((card, index) =>
    heldClaim(card, { ordinal: claims.length + index, chance, nowMs }),
  )
  return { ...draw, claims: [...claims, ...added] }
}

/** A change that moves nothing but the draw itself. */
export function changeOf(expectedVersion: number, draw: Draw): DrawChange {
  return {
    expectedVersion,
    draw,
    mustBeFree: [],
    provenSinceMs: 0,
    booked: [],
    postings: [],
    residues: [],
    outbox: [],
  }
}

function newDraw(request: DrawRequest, nowMs: number): Omit<Draw, 'state'> {
  return {
    version: 1,
    request,
    refusal: null,
    createdAtMs: nowMs,
    holdUntilMs: null,
    startMs: null,
    untilMs: null,
    endedAtMs: null,
    leases: [],
    claims: [],
  }
}

/** A card under a hold, with what that rests on. */
export function heldClaim(
  card: CardToHold,
  held: { readonly ordinal: number; readonly chance: JointChance; readonly nowMs: number },
): Claim {
  const { unitId, acceleratorId, nodeId, depositId, siteCode, ownerCode, profile } = card
  return {
    ordinal: held.ordinal,
    leaseId: null,
    unitId,
    acceleratorId,
    nodeId,
    depositId,
    siteCode,
    ownerCode,
    profile,
    state: 'held',
    heldAtMs: held.nowMs,
    startMs: null,
    untilMs: null,
    recallAtMs: null,
    recallCause: null,
    endedAtMs: null,
    end: null,
    cleanAtMs: null,
    swapOf: null,
    evidence: evidenceOf(card, held.chance),
  }
}

function evidenceOf(card: CardToHold, chance: JointChance): GrantEvidence {
  const { sampledAtMs, evidenceClass, windowStartMs, provenToMs, isFenced } = card
  return { sampledAtMs, evidenceClass, windowStartMs, provenToMs, isFenced, ...chance }
}

function withChance(claim: Claim, chance: JointChance): Claim {
  if (claim.state === 'ended' || claim.evidence === null) return claim
  return { ...claim, evidence: { ...claim.evidence, ...chance } }
}
