/**
 * Draws as rows and back. A draw is one row, its leases and claims one row each; `due_at_ms` is the
 * only thing kept that could be computed, so that what is due is found by an index.
 */
import { assert, type LeaseRecord } from '@yiben/shared'
import {
  ACCOUNTS,
  CLAIM_ENDS,
  CLAIM_STATES,
  type Claim,
  DRAW_STATES,
  DRAW_STATES_FINAL,
  type Draw,
  type DrawRefusal,
  type DrawRequest,
  type DrawState,
  FILL_MS,
  type GrantEvidence,
  isOpenPlace,
  type Lease,
  type Posting,
} from '../model/draw.ts'
import type { AcceleratorId, NodeId, UnitId } from '../model/ids.ts'
import { drawIdOf, type PlacedDraw, placedStateOf } from '../model/placed-draw.ts'
import type { OpenNode } from '../model/timeline.ts'
import type { BookedCards, DrawChange, GrantCard, StoredLeaseRecord } from './draw-requests.ts'
import { depositOf, profileOf, unitOf } from './rows.ts'
import {
  integer,
  integerOrNull,
  type Row,
  storedJson,
  text,
  textOrNull,
  type Value,
  wordOf,
  wordOrNull,
} from './values.ts'

/** A row with the number that its leases and claims name. */
export interface NumberedDraw {
  readonly drawNumber: number
  readonly draw: Draw
}

export function drawOf(
  row: Row,
  parts: { readonly leases: readonly Row[]; readonly claims: readonly Row[] },
): Draw {
  const refusal = textOrNull(row, 'refusal')
  return {
    version: integer(row, 'version'),
    request: storedJson<DrawRequest>(text(row, 'request')),
    state: wordOf(row, 'state', DRAW_STATES),
    refusal: refusal === null ? null : storedJson<DrawRefusal>(refusal),
    createdAtMs: integer(row, 'created_at_ms'),
    holdUntilMs: integerOrNull(row, 'hold_until_ms'),
    startMs: integerOrNull(row, 'start_ms'),
    untilMs: integerOrNull(row, 'until_ms'),
    endedAtMs: integerOrNull(row, 'ended_at_ms'),
    leases: parts.leases.map(leaseOf),
    claims: parts.claims.map(claimOf),
  }
}

function leaseOf(row: Row): Lease {
  const handover = textOrNull(row, 'handover')
  return {
    leaseId: text(row, 'lease_id'),
    nodeId: text(row, 'node_id') as NodeId,
    startMs: integer(row, 'start_ms'),
    untilMs: integer(row, 'until_ms'),
    revision: integer(row, 'revision'),
    confirmedRevision: integer(row, 'confirmed_revision'),
    interruptedAtMs: integerOrNull(row, 'interrupted_at_ms'),
    idleSinceMs: integerOrNull(row, 'idle_since_ms'),
    handover: handover === null ? null : storedJson<Lease['handover']>(handover),
  }
}

export function claimOf(row: Row): Claim {
  const evidence = textOrNull(row, 'evidence')
  return {
    ordinal: integer(row, 'ordinal'),
    leaseId: textOrNull(row, 'lease_id'),
    unitId: integerOrNull(row, 'unit_id') as UnitId | null,
    acceleratorId: integerOrNull(row, 'accelerator_id') as AcceleratorId | null,
    nodeId: textOrNull(row, 'node_id') as NodeId | null,
    depositId: textOrNull(row, 'deposit_id'),
    siteCode: text(row, 'site_code'),
    ownerCode: text(row, 'owner_code'),
    profile: profileOf(row),
    state: wordOf(row, 'state', CLAIM_STATES),
    heldAtMs: integer(row, 'held_at_ms'),
    startMs: integerOrNull(row, 'start_ms'),
    untilMs: integerOrNull(row, 'until_ms'),
    recallAtMs: integerOrNull(row, 'recall_at_ms'),
    recallCause: textOrNull(row, 'recall_cause'),
    endedAtMs: integerOrNull(row, 'ended_at_ms'),
    end: wordOrNull(row, 'end_kind', CLAIM_ENDS),
    cleanAtMs: integerOrNull(row, 'clean_at_ms'),
    swapOf: integerOrNull(row, 'swap_of'),
    evidence: evidence === null ? null : storedJson<GrantEvidence>(evidence),
  }
}

/** Columns of a draw that change, in the order of `drawParams`. */
export const DRAW_COLUMNS = [
  'version',
  'state',
  'refusal',
  'hold_until_ms',
  'start_ms',
  'until_ms',
  'ended_at_ms',
  'due_at_ms',
] as const

export function drawParams(draw: Draw): Value[] {
  return [
    draw.version,
    draw.state,
    draw.refusal === null ? null : JSON.stringify(draw.refusal),
    draw.holdUntilMs,
    draw.startMs,
    draw.untilMs,
    draw.endedAtMs,
    dueAtMsOf(draw),
  ]
}

/** When something happens to the draw by time alone; `null`: nothing does. */
export function dueAtMsOf(draw: Draw): number | null {
  if (draw.state === 'held') return draw.holdUntilMs
  if (draw.state === 'booked') return draw.startMs
  if (draw.state !== 'posted' && draw.state !== 'ended') return null
  const ends = draw.claims.flatMap((claim) => {
    const { state, untilMs, recallAtMs } = claim
    if (isOpenPlace(claim)) return [(claim.startMs ?? 0) + FILL_MS]
    return state === 'leased' && untilMs !== null ? [Math.min(untilMs, recallAtMs ?? untilMs)] : []
  })
  return ends.length === 0 ? null : Math.min(...ends)
}

/** Columns of a lease behind its draw and its id, in the order of `leaseParams`. */
export const LEASE_COLUMNS = [
  'ordinal',
  'node_id',
  'start_ms',
  'until_ms',
  'revision',
  'confirmed_revision',
  'interrupted_at_ms',
  'idle_since_ms',
  'handover',
] as const

export function leaseParams(lease: Lease, ordinal: number): Value[] {
  return [
    ordinal,
    lease.nodeId,
    lease.startMs,
    lease.untilMs,
    lease.revision,
    lease.confirmedRevision,
    lease.interruptedAtMs,
    lease.idleSinceMs,
    lease.handover === null ? null : JSON.stringify(lease.handover),
  ]
}

/** Columns of a claim that never change: the card, and what it was claimed as. */
export const CARD_COLUMNS = [
  'unit_id',
  'accelerator_id',
  'node_id',
  'deposit_id',
  'site_code',
  'owner_code',
  'held_at_ms',
  'swap_of',
] as const

export function cardParams(claim: Claim): Value[] {
  return [
    claim.unitId,
    claim.acceleratorId,
    claim.nodeId,
    claim.depositId,
    claim.siteCode,
    claim.ownerCode,
    claim.heldAtMs,
    claim.swapOf,
  ]
}

/** Columns of a claim that change, in the order of `claimParams`. */
export const CLAIM_COLUMNS = [
  'lease_id',
  'state',
  'start_ms',
  'until_ms',
  'recall_at_ms',
  'recall_cause',
  'ended_at_ms',
  'end_kind',
  'clean_at_ms',
  'evidence',
] as const

export function claimParams(claim: Claim): Value[] {
  return [
    claim.leaseId,
    claim.state,
    claim.startMs,
    claim.untilMs,
    claim.recallAtMs,
    claim.recallCause,
    claim.endedAtMs,
    claim.end,
    claim.cleanAtMs,
    claim.evidence === null ? null : JSON.stringify(claim.evidence),
  ]
}

/** Equal requests are equal texts, whatever the order of their fields. */
export function requestText(request: DrawRequest): string {
  return JSON.stringify(withSortedKeys(request))
}

/** A request is three levels deep. */
function withSortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withSortedKeys)
  const sorted: Record<string, unknown> = {}
  const fields = new Map(Object.entries(value))
  for (const key of [...fields.keys()].sort()) sorted[key] = withSortedKeys(fields.get(key))
  return sorted
}

export function postingOf(row: Row): Posting {
  return {
    drawId: text(row, 'draw_id'),
    ordinal: integer(row, 'ordinal'),
    fromMs: integer(row, 'from_ms'),
    toMs: integer(row, 'to_ms'),
    from: wordOf(row, 'from_account', ACCOUNTS),
    to: wordOf(row, 'to_account', ACCOUNTS),
    knownAtMs: integer(row, 'known_at_ms'),
  }
}

export function leaseRecordOf(row: Row): StoredLeaseRecord {
  return {
    recordNumber: integer(row, 'record_number'),
    nodeId: text(row, 'node_id') as NodeId,
    unitIds: storedJson<readonly UnitId[]>(text(row, 'unit_ids')),
    record: storedJson<LeaseRecord>(text(row, 'record')),
    receivedAtMs: integer(row, 'received_at_ms'),
  }
}

export function endedFirst(claims: readonly Claim[]): readonly Claim[] {
  const isEnded = ({ state }: Claim) => state === 'ended'
  return [...claims.filter(isEnded), ...claims.filter((claim) => !isEnded(claim))]
}

export function isChanged(row: Row, columns: readonly string[], params: readonly Value[]): boolean {
  return columns.some((column, position) => row[column] !== params[position])
}

export function assertKept<Key>(stored: Iterable<Key>, told: ReadonlySet<Key>): void {
  for (const key of stored) assert(told.has(key), 'leases and claims of a draw are kept')
}

export function assertWhole({ draw, expectedVersion, postings, residues }: DrawChange): void {
  const { drawId } = draw.request
  assert(draw.version === expectedVersion + 1, 'a change makes a version of its own')
  assert(
    !DRAW_STATES_FINAL.includes(draw.state) || draw.claims.every(({ state }) => state === 'ended'),
    'a draw that is over claims no card',
  )
  assert(
    [...postings, ...residues].every((one) => one.drawId === drawId),
    'a change moves the accounts of its own draw',
  )
}

/** As the index `draws_live` has it. */
export const LIVE_STATES: readonly DrawState[] = ['held', 'booked', 'posted']

export type Booked = Omit<BookedCards, 'cardsMax'>

/** Draws looked at together. */
export const DRAWS_PER_LOOK = 500
/** A broken ledger has one cause, and thousands of rows that show it. */
export const FINDINGS_MAX = 100

/** Of one draw: the same card twice. */
export function doCollide(one: Claim, other: Claim): boolean {
  if (one.acceleratorId === null || one.acceleratorId !== other.acceleratorId) return false
  if (one.state !== 'ended' && other.state !== 'ended') return true
  const left = spanOf(one)
  const right = spanOf(other)
  if (left === null || right === null) return false
  return left.fromMs < right.toMs && right.fromMs < left.toMs
}

/** What was promised, up to its end; `null` where that is nothing. */
export function spanOf({ acceleratorId, startMs, untilMs, endedAtMs }: Claim) {
  const toMs = endedAtMs ?? untilMs
  if (acceleratorId === null || startMs === null || toMs === null || toMs <= startMs) return null
  return { fromMs: startMs, toMs }
}

/** What is kept beside the whole, to find it by. */
export function rowOf(placed: PlacedDraw) {
  const { actor, path, request, steps, told, version } = placed
  const isOpen = steps.length > 0
  const isOver = told === null || DRAW_STATES_FINAL.includes(told.state)
  return {
    drawId: drawIdOf(placed),
    version,
    childId: path[0] ?? '',
    state: placedStateOf(placed),
    bank: request.bank,
    borrower: request.borrower,
    actor,
    isOpen,
    isLive: !isOpen && !isOver,
    sites: JSON.stringify(told?.siteCodes ?? []),
    draw: JSON.stringify(placed),
  }
}

export function placedOf(row: Row): PlacedDraw {
  return storedJson<PlacedDraw>(text(row, 'draw'))
}

/** `openOf`: the open row of a node. */
export function cardOf(
  row: Row,
  openOf: (nodeId: NodeId) => OpenNode | null,
): Omit<GrantCard, 'ownerCode'> | null {
  const unit = unitOf(row)
  const open = openOf(unit.nodeId)
  const told = open?.units.find(({ unitId }) => unitId === unit.unitId)
  if (open === null || told === undefined) return null
  return {
    unit,
    deposit: textOrNull(row, 'deposit_id') === null ? null : depositOf(row),
    window: told.window,
    evidence: told.evidence,
    policy: open.policy,
  }
}
