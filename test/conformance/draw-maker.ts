/** Draws as decisions would make them, over a small fleet whose cards are free and deposited. */
import type { DepositPolicy, LeaseRecord } from '@yiben/shared'
import type {
  Claim,
  ClaimEnd,
  Draw,
  DrawRequest,
  Lease,
  Posting,
} from '../../collector/src/model/draw.ts'
import type { NodeId } from '../../collector/src/model/ids.ts'
import type { UnitRow } from '../../collector/src/model/inventory.ts'
import type { OutboxEntry } from '../../collector/src/model/ledger.ts'
import type { BookedCards, DrawChange } from '../../collector/src/storage/draw-requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { type Fleet, H800, HOUR, MINUTE, NO_DECISION, T0, type TestNode } from './fleet.ts'

export const CONSENTING: DepositPolicy = {
  version: 1,
  atMs: T0,
  enabled: true,
  keepCardsPerNode: 0,
  minFreeMs: 0,
  maxLeaseMs: 4 * HOUR,
  calendar: null,
  handover: null,
}

/** A consenting node whose cards are all deposited, free from T0 to T0 + 1 min. */
export async function depositedNode(fleet: Fleet, siteCode: string, cards = 1): Promise<TestNode> {
  const node = await fleet.start(siteCode, cards)
  node.open = { ...node.open, policy: CONSENTING }
  await fleet.book(node, 'free/proven', T0 + MINUTE)
  await depositAll(fleet.store, node)
  return node
}

export async function depositAll(store: Store, { nodeId, units }: TestNode): Promise<void> {
  const expectedCursor = await store.readCursor('bank')
  const { status } = await store.commitDeposits({
    ...NO_DECISION,
    expectedCursor,
    cursor: expectedCursor + 1,
    openings: units.map(({ unitId }) => ({
      depositId: depositIdOf(unitId),
      unitId,
      nodeId,
      windowStartMs: T0,
      openedAtMs: T0,
      consentEndCount: 0,
    })),
  })
  if (status !== 'committed') throw new Error(status)
}

export function depositIdOf(unitId: number): string {
  return `d-${unitId}`
}

export function requestOf(drawId: string, changes: Partial<DrawRequest> = {}): DrawRequest {
  return {
    drawId,
    bank: 'bank-1',
    borrower: 'borrower-1',
    contract: 'contract-1',
    what: { kind: 'cards', lots: [{ lotId: 'l-1', cards: 1 }] },
    startMs: null,
    forMs: HOUR,
    holdMs: 30_000,
    swap: 'never',
    confidencePpm: null,
    isUnfencedTaken: true,
    isKeptInSilence: false,
    ...changes,
  }
}

/** Version 1: a hold on these cards. */
export function heldDraw(
  drawId: string,
  units: readonly UnitRow[],
  changes: Partial<DrawRequest> = {},
): Draw {
  return {
    version: 1,
    request: requestOf(drawId, changes),
    state: 'held',
    refusal: null,
    createdAtMs: T0 + MINUTE,
    holdUntilMs: T0 + MINUTE + 30_000,
    startMs: null,
    untilMs: null,
    endedAtMs: null,
    leases: [],
    claims: units.map((unit, ordinal) => claimOn(unit, ordinal)),
  }
}

export function claimOn(unit: UnitRow, ordinal: number): Claim {
  return {
    ordinal,
    leaseId: null,
    unitId: unit.unitId,
    acceleratorId: unit.acceleratorId,
    nodeId: unit.nodeId,
    depositId: depositIdOf(unit.unitId),
    siteCode: unit.siteCode,
    ownerCode: 'owner-1',
    profile: H800,
    state: 'held',
    heldAtMs: T0 + MINUTE,
    startMs: null,
    untilMs: null,
    recallAtMs: null,
    recallCause: null,
    endedAtMs: null,
    end: null,
    cleanAtMs: null,
    swapOf: null,
    evidence: {
      sampledAtMs: T0 + MINUTE,
      evidenceClass: 'A',
      windowStartMs: T0,
      provenToMs: T0 + MINUTE,
      isFenced: false,
      chancePpm: 900_000,
      forecastVersion: null,
      forecastBrierPpm: null,
    },
  }
}

/** The next version: everything that is held is lent for `[startMs, untilMs)`. */
export function postedDraw(draw: Draw, startMs = T0 + 2 * MINUTE, untilMs = startMs + HOUR): Draw {
  const live = draw.claims.filter(({ state }) => state !== 'ended')
  const nodeIds = [...new Set(live.flatMap(({ nodeId }) => nodeId ?? []))]
  const leaseIdOf = (nodeId: NodeId | null) => `e-${draw.request.drawId}-${nodeId}`
  return {
    ...next(draw),
    state: 'posted',
    holdUntilMs: null,
    startMs,
    untilMs,
    leases: nodeIds.map((nodeId) => leaseOf(leaseIdOf(nodeId), nodeId, startMs, untilMs)),
    claims: draw.claims.map((claim) =>
      claim.state === 'ended'
        ? claim
        : { ...claim, state: 'leased', leaseId: leaseIdOf(claim.nodeId), startMs, untilMs },
    ),
  }
}

function leaseOf(leaseId: string, nodeId: NodeId, startMs: number, untilMs: number): Lease {
  return {
    leaseId,
    nodeId,
    startMs,
    untilMs,
    revision: 1,
    confirmedRevision: 0,
    interruptedAtMs: null,
    idleSinceMs: null,
    handover: { kind: 'slurm', endpoint: 'login.example', queue: 'bank' },
  }
}

/** The next version: what is lent has ended, and is clean or not yet. */
export function endedDraw(
  draw: Draw,
  endedAtMs: number,
  how: { readonly isClean?: boolean; readonly end?: ClaimEnd } = {},
): Draw {
  const { isClean = true, end = 'returned' } = how
  return {
    ...next(draw),
    state: isClean ? 'ended' : 'posted',
    holdUntilMs: null,
    endedAtMs: isClean ? endedAtMs : null,
    claims: draw.claims.map((claim) =>
      claim.state === 'ended' && claim.unitId === null
        ? claim
        : {
            ...claim,
            state: isClean ? 'ended' : 'cleaning',
            endedAtMs,
            end,
            cleanAtMs: isClean ? endedAtMs : null,
          },
    ),
  }
}

export function voidedDraw(draw: Draw, atMs = T0 + 2 * MINUTE): Draw {
  return {
    ...next(draw),
    state: 'voided',
    holdUntilMs: null,
    endedAtMs: atMs,
    claims: draw.claims.map((claim) => ({
      ...claim,
      state: 'ended',
      endedAtMs: atMs,
      end: 'voided',
    })),
  }
}

/** Version 1: hours to come, no card yet. */
export function bookedDraw(drawId: string, startMs: number): Draw {
  return {
    ...heldDraw(drawId, [], { startMs, confidencePpm: 800_000 }),
    state: 'booked',
    holdUntilMs: null,
    startMs,
    untilMs: startMs + HOUR,
  }
}

export function next(draw: Draw): Draw {
  return { ...draw, version: draw.version + 1 }
}

/** A change to this draw, made on the version before. */
export function changeTo(draw: Draw, changes: Partial<DrawChange> = {}): DrawChange {
  return {
    expectedVersion: draw.version - 1,
    draw,
    mustBeFree: [],
    provenSinceMs: 0,
    booked: [],
    postings: [],
    residues: [],
    outbox: [],
    ...changes,
  }
}

export async function commit(store: Store, ...draws: readonly Draw[]): Promise<readonly string[]> {
  return (await store.commitDraws(draws.map((draw) => changeTo(draw)))).map(({ status }) => status)
}

export function bookingOf(changes: Partial<BookedCards> = {}): BookedCards {
  return {
    siteCode: 'BJ-01',
    kindKey: '["nvidia",80,"H800 SXM"]',
    hourMs: T0 + 24 * HOUR,
    confidencePpm: 800_000,
    cards: 1,
    cardsMax: 8,
    ...changes,
  }
}

export function postingOf(draw: Draw, ordinal: number, changes: Partial<Posting> = {}): Posting {
  const fromMs = draw.startMs ?? T0
  return {
    drawId: draw.request.drawId,
    ordinal,
    fromMs,
    toMs: draw.untilMs ?? fromMs + HOUR,
    from: 'promised',
    to: 'pending',
    knownAtMs: T0 + MINUTE,
    ...changes,
  }
}

export function drawEntry(kind: OutboxEntry['kind'], draw: Draw): OutboxEntry {
  const nodeIds = [...new Set(draw.claims.flatMap(({ nodeId }) => nodeId ?? []))]
  return { kind, atMs: T0 + MINUTE, payload: { draw_id: draw.request.drawId, node_ids: nodeIds } }
}

export function leaseRecordOf(changes: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    atMs: T0 + MINUTE,
    leaseId: 'e-1',
    event: 'taken',
    revision: 1,
    units: [0],
    cause: null,
    ...changes,
  }
}
