/** Draws made up in a line each, and the facts that decisions on them are made from. */

import {
  type CardToHold,
  decideHold,
  type JointChance,
} from '../../../collector/src/bank/draw-hold.ts'
import { assertDraw } from '../../../collector/src/bank/draw-invariants.ts'
import {
  type Acceptance,
  decidePost,
  type PostFacts,
} from '../../../collector/src/bank/draw-post.ts'
import { canonicalDraw, type DrawInput } from '../../../collector/src/bank/draw-request.ts'
import type { Draw, DrawRequest, Lease } from '../../../collector/src/model/draw.ts'
import type { AcceleratorId, NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import { nodeIdOf, PROFILES } from './capacity-maker.ts'

/** 2026-03-01T12:00:00Z. */
export const NOW_MS = Date.UTC(2026, 2, 1, 12)
export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const PROOF_MS_MAX = 90_000

export const NO_CHANCE: JointChance = {
  chancePpm: null,
  forecastVersion: null,
  forecastBrierPpm: null,
}

export const DECIDED = {
  nowMs: NOW_MS,
  proofMsMax: PROOF_MS_MAX,
  lotIdOf: (nodeId: NodeId) => `l-${nodeId.slice(2)}`,
}

export function requestOf(change: Partial<DrawInput> = {}): DrawRequest {
  const input: DrawInput = {
    drawId: 'draw-1',
    bank: 'bank',
    borrower: 'borrower',
    contract: 'contract-7',
    what: { kind: 'pool', cards: 2 },
    forMs: 8 * HOUR,
    isUnfencedTaken: true,
    ...change,
  }
  const canonical = canonicalDraw(input)
  if (canonical.status !== 'ok') throw new Error(`${canonical.field} ${canonical.sentence}`)
  return canonical.request
}

/** Card `number` is on node `number / 8`. */
export function cardOf(number: number, change: Partial<CardToHold> = {}): CardToHold {
  return {
    unitId: number as UnitId,
    acceleratorId: (1_000 + number) as AcceleratorId,
    nodeId: nodeIdOf(Math.floor(number / 8)),
    depositId: `d-${number.toString(16).padStart(16, '0')}`,
    siteCode: 'A',
    ownerCode: '91110000000000000X',
    profile: PROFILES.H800,
    evidenceClass: 'A',
    windowStartMs: NOW_MS - HOUR,
    provenToMs: NOW_MS - 10 * SECOND,
    sampledAtMs: NOW_MS - 100,
    isFenced: true,
    ...change,
  }
}

export function heldDraw(
  numbers: readonly number[] = [0, 8],
  change: Partial<DrawInput> = {},
): Draw {
  const request = requestOf({ what: { kind: 'pool', cards: numbers.length }, ...change })
  const cards = numbers.map((number) => cardOf(number))
  return decideHold(request, cards, NO_CHANCE, DECIDED).draw
}

/** Every card of the draw has been accepted so long ago. */
export function acceptancesOf(draw: Draw, agoMs = 0): ReadonlyMap<NodeId, Acceptance> {
  const accepted = new Map<NodeId, Acceptance>()
  for (const [nodeId, claims] of Map.groupBy(draw.claims, (claim) => claim.nodeId)) {
    if (nodeId === null) continue
    const unitIds = new Set(claims.flatMap(({ unitId }) => (unitId === null ? [] : [unitId])))
    const askedAtMonotonicMs = MONOTONIC_MS - agoMs
    accepted.set(nodeId, { unitIds, askedAtMonotonicMs, sampledAtMs: NOW_MS - 50, isFenced: true })
  }
  return accepted
}

export const MONOTONIC_MS = 1_000_000

export function postFacts(draw: Draw, change: Partial<PostFacts> = {}): PostFacts {
  return {
    ...DECIDED,
    nowMonotonicMs: MONOTONIC_MS,
    acceptances: acceptancesOf(draw),
    handovers: new Map<NodeId, Lease['handover']>(),
    ...change,
  }
}

/** Of one hour from 2 s after NOW_MS on, unless told otherwise. */
export function postedDraw(
  numbers: readonly number[] = [0, 8],
  change: Partial<DrawInput> = {},
): Draw {
  const held = heldDraw(numbers, { forMs: HOUR, ...change })
  const outcome = decidePost(held, postFacts(held))
  if (outcome.status !== 'decided') throw new Error(`not posted: ${outcome.status}`)
  assertDraw(outcome.change.draw)
  return outcome.change.draw
}
