/**
 * What a node shows of its leases, made into claims of a ledger that has forgotten them (SPEC,
 * Recovery). Pure. A node shows notices that the collector once signed: the last that lent, and the
 * newest. Times are UTC epoch ms.
 */
import { assert, type LeaseNotice } from '@yiben/shared'
import type { Claim, Draw, DrawRequest, Lease, LeaseId, Posting } from '../model/draw.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import { assertStep } from './draw-invariants.ts'
import { leaseAdoptedEntry } from './recovery-entries.ts'

/** Stands in a draw's names where nobody has said what they are. */
const UNKNOWN_PARTY = 'unknown'
const ADOPTED_PREFIX = 'adopted:'

/** One lease of one node, as its notices leave it. */
export interface ShownLease {
  readonly leaseId: LeaseId
  readonly nodeId: NodeId
  readonly epoch: string
  readonly revision: number
  readonly startMs: number
  readonly account: string
  /** Index in `epoch` → end of what is lent of it; those that are over are left out. */
  readonly endMsByIndex: ReadonlyMap<number, number>
}

/** With its cards. */
export interface PlacedLease extends Omit<ShownLease, 'endMsByIndex' | 'epoch'> {
  readonly cards: readonly { readonly unit: UnitRow; readonly endMs: number }[]
  /** Credit code of who deposits at the node's site; empty: nobody has said. */
  readonly ownerCode: string
}

/** Leases of which something is still lent at `nowMs`. A notice that lends names all that is lent. */
export function shownLeases(
  nodeId: NodeId,
  notices: readonly LeaseNotice[],
  nowMs: number,
): readonly ShownLease[] {
  const byLease = Map.groupBy(notices, ({ leaseId }) => leaseId)
  return [...byLease].flatMap(([leaseId, own]) => {
    const ordered = [...own].sort((left, right) => left.revision - right.revision)
    const ends = new Map<number, number>()
    for (const { endMs, kind, units } of ordered) {
      const isLending = kind === 'lend' || kind === 'extend'
      if (isLending) ends.clear()
      const named = isLending || units.length > 0 ? units : [...ends.keys()]
      for (const index of named) {
        if (isLending) ends.set(index, endMs)
        else if (ends.has(index)) ends.set(index, Math.min(endMs, ends.get(index) ?? endMs))
      }
    }
    const newest = ordered.at(-1)
    if (newest === undefined) return []
    const { account, epoch, revision, startMs } = newest
    const alive = [...ends].filter(([, endMs]) => endMs > Math.max(nowMs, startMs))
    if (alive.length === 0) return []
    const endMsByIndex = new Map(alive)
    return [{ leaseId, nodeId, epoch, revision, startMs, account, endMsByIndex }]
  })
}

/** `null` while the node has not told which cards these are. */
export function placedLease(
  { endMsByIndex, epoch, ...shown }: ShownLease,
  node: {
    readonly factsEpoch: string | null
    readonly placements: readonly { readonly index: number; readonly unitId: UnitId }[]
    readonly units: readonly UnitRow[]
  },
  ownerCode: string,
): PlacedLease | null {
  if (node.factsEpoch !== epoch) return null
  const cards = [...endMsByIndex].flatMap(([index, endMs]) => {
    const unitId = node.placements.find((one) => one.index === index)?.unitId
    const unit = node.units.find((one) => one.unitId === unitId)
    return unit === undefined ? [] : [{ unit, endMs }]
  })
  return cards.length === endMsByIndex.size ? { ...shown, cards, ownerCode } : null
}

/** Of a lease that no bank has named a draw for. */
export function unnamedRequest({ account, cards, leaseId, startMs }: PlacedLease): DrawRequest {
  const untilMs = Math.max(...cards.map(({ endMs }) => endMs))
  return {
    drawId: `${ADOPTED_PREFIX}${leaseId}`,
    bank: UNKNOWN_PARTY,
    borrower: account === '' ? UNKNOWN_PARTY : account,
    contract: UNKNOWN_PARTY,
    what: { kind: 'cards', lots: [] },
    startMs: null,
    forMs: untilMs - startMs,
    holdMs: 0,
    swap: 'never',
    confidencePpm: null,
    isUnfencedTaken: true,
    isKeptInSilence: false,
  }
}

/** A draw that is posted: as it was before the ledger forgot it, as far as its nodes know. */
export function adoptedDraw(
  request: DrawRequest,
  leases: readonly PlacedLease[],
  nowMs: number,
): DrawChange {
  const [first, ...others] = leases
  assert(first !== undefined, 'a draw is adopted by its leases')
  const empty: Draw = {
    version: 0,
    request,
    state: 'posted',
    refusal: null,
    createdAtMs: nowMs,
    holdUntilMs: null,
    startMs: Math.min(...leases.map(({ startMs }) => startMs)),
    untilMs: Math.max(...leases.flatMap(({ cards }) => cards.map(({ endMs }) => endMs))),
    endedAtMs: null,
    leases: [],
    claims: [],
  }
  const draw = others.reduce(withLease(nowMs), withLease(nowMs)(empty, first))
  return changeOf(null, { ...draw, version: 1 }, leases, nowMs)
}

/** A lease of the same draw that another node shows later. */
export function joinedDraw(draw: Draw, lease: PlacedLease, nowMs: number): DrawChange {
  const untilMs = Math.max(draw.untilMs ?? 0, ...lease.cards.map(({ endMs }) => endMs))
  const after = withLease(nowMs)({ ...draw, untilMs, version: draw.version + 1 }, lease)
  return changeOf(draw, after, [lease], nowMs)
}

function withLease(nowMs: number) {
  return (draw: Draw, placed: PlacedLease): Draw => {
    // The draw keeps its promised start; a lease of it that began sooner is adopted from there on.
    const startMs = Math.max(placed.startMs, draw.startMs ?? placed.startMs)
    const lease: Lease = {
      leaseId: placed.leaseId,
      nodeId: placed.nodeId,
      startMs,
      untilMs: Math.max(...placed.cards.map(({ endMs }) => endMs)),
      revision: placed.revision,
      confirmedRevision: placed.revision,
      interruptedAtMs: null,
      idleSinceMs: null,
      handover: null,
    }
    const claims = placed.cards.map(
      ({ unit, endMs }, position): Claim => ({
        ordinal: draw.claims.length + position,
        leaseId: placed.leaseId,
        unitId: unit.unitId,
        acceleratorId: unit.acceleratorId,
        nodeId: placed.nodeId,
        depositId: null,
        siteCode: unit.siteCode,
        ownerCode: placed.ownerCode,
        profile: unit.profile,
        state: 'leased',
        heldAtMs: nowMs,
        startMs,
        untilMs: endMs,
        recallAtMs: null,
        recallCause: null,
        endedAtMs: null,
        end: null,
        cleanAtMs: null,
        swapOf: null,
        evidence: null,
      }),
    )
    return { ...draw, leases: [...draw.leases, lease], claims: [...draw.claims, ...claims] }
  }
}

function changeOf(
  before: Draw | null,
  draw: Draw,
  adopted: readonly PlacedLease[],
  nowMs: number,
): DrawChange {
  assertStep(before, draw)
  const ids = new Set(adopted.map(({ leaseId }) => leaseId))
  const claims = draw.claims.filter(({ leaseId }) => leaseId !== null && ids.has(leaseId))
  return {
    expectedVersion: draw.version - 1,
    draw,
    mustBeFree: [],
    provenSinceMs: 0,
    booked: [],
    postings: claims.map((claim) => promiseOf(draw, claim, nowMs)),
    residues: [],
    outbox: draw.leases
      .filter(({ leaseId }) => ids.has(leaseId))
      .map((lease) => leaseAdoptedEntry(draw, lease, nowMs)),
  }
}

function promiseOf(draw: Draw, { ordinal, startMs, untilMs }: Claim, nowMs: number): Posting {
  assert(startMs !== null && untilMs !== null, 'what is lent is promised')
  return {
    drawId: draw.request.drawId,
    ordinal,
    fromMs: startMs,
    toMs: untilMs,
    from: 'promised',
    to: 'pending',
    knownAtMs: nowMs,
  }
}
