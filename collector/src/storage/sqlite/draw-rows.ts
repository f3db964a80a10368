/**
 * Draws as rows and back. A draw is one row, its leases and claims one row each; `due_at_ms` is the
 * only thing kept that could be computed, so that what is due is found by an index.
 */
import type { LeaseRecord } from '@yiben/shared'
import {
  ACCOUNTS,
  CLAIM_ENDS,
  CLAIM_STATES,
  type Claim,
  DRAW_STATES,
  type Draw,
  type DrawRefusal,
  type DrawRequest,
  FILL_MS,
  type GrantEvidence,
  isOpenPlace,
  type Lease,
  type Posting,
} from '../../model/draw.ts'
import type { AcceleratorId, NodeId, UnitId } from '../../model/ids.ts'
import type { StoredLeaseRecord } from '../draw-requests.ts'
import type { Database, Row, Value } from './driver.ts'
import { profileOf } from './rows.ts'
import {
  integer,
  integerOrNull,
  storedJson,
  text,
  textOrNull,
  wordOf,
  wordOrNull,
} from './values.ts'

/** A row with the number that its leases and claims name. */
export interface NumberedDraw {
  readonly drawNumber: number
  readonly draw: Draw
}

/** Claims with their profile, as `claimOf` reads them; `c` is the claim. */
export const CLAIMS = `SELECT c.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
  FROM claims c JOIN profiles p ON p.profile_id = c.profile_id`

/** The draws of these rows, whole, in their order. */
export function drawsOf(db: Database, rows: readonly Row[]): readonly NumberedDraw[] {
  if (rows.length === 0) return []
  const numbers = JSON.stringify(rows.map((row) => integer(row, 'draw_number')))
  const among = 'draw_number IN (SELECT value FROM json_each(?))'
  const leases = Map.groupBy(
    db.all(`SELECT * FROM leases WHERE ${among} ORDER BY draw_number, ordinal`, numbers),
    (row) => row.draw_number,
  )
  const claims = Map.groupBy(
    db.all(`${CLAIMS} WHERE c.${among} ORDER BY c.draw_number, c.ordinal`, numbers),
    (row) => row.draw_number,
  )
  return rows.map((row) => {
    const drawNumber = integer(row, 'draw_number')
    const parts = { leases: leases.get(drawNumber) ?? [], claims: claims.get(drawNumber) ?? [] }
    return { drawNumber, draw: drawOf(row, parts) }
  })
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
