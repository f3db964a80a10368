/** Rows of the narrow tables as records of the model, one function each. */
import {
  IDENTITY_STRENGTHS,
  type NodeFacts,
  runCodeOf,
  stateOf,
  TIME_MS_MIN,
  UNIT_KINDS,
  VENDORS,
} from '@yiben/shared'
import type { AcceleratorId, NodeId, SessionGeneration, UnitId } from '../model/ids.ts'
import type { Conflict, DeviceProfile, UnitRow } from '../model/inventory.ts'
import { DEPOSIT_CLOSE_REASONS, type Deposit } from '../model/ledger.ts'
import type {
  CloneSighting,
  EpochChange,
  EpochRow,
  NodeFactsRow,
  NodeRow,
  SessionRow,
} from '../model/node.ts'
import type { ClockStep, RefusedRow, Silence, StoredRun } from '../model/timeline.ts'
import type { AdmitUnit, ClockGap, NodeListRow, WeakIdentity } from './requests.ts'
import {
  flag,
  integer,
  integerOrNull,
  type Row,
  runCodeIn,
  storedJson,
  text,
  textOrNull,
  wordOf,
  wordOrNull,
} from './values.ts'

const NODE_STATUSES = ['active', 'revoked'] as const
const EPOCH_CHANGES = ['replaced', 'forked'] as const
const CLONE_REASONS = ['other_fingerprint', 'old_join_state'] as const
const VALID_TO_REASONS = ['moved', 'recut', 'retired', 'replaced'] as const

/** Columns of `unitOf`, and the tables they come from. */
export const UNIT_COLUMNS = `u.unit_id, u.accelerator_id, u.node_id, n.site_code, u.kind,
  u.parent_unit_id, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts, u.share_ppm,
  u.driver_version, u.strongest_identity, u.valid_from_ms, u.valid_to_ms, u.booked_to_ms,
  u.valid_to_reason, u.is_in_conflict, u.is_counted`
export const UNIT_TABLES = `units u JOIN nodes n ON n.node_id = u.node_id
  JOIN profiles p ON p.profile_id = u.profile_id`

export function unitOf(row: Row): UnitRow {
  return {
    unitId: integer(row, 'unit_id') as UnitId,
    acceleratorId: integer(row, 'accelerator_id') as AcceleratorId,
    nodeId: text(row, 'node_id') as NodeId,
    siteCode: text(row, 'site_code'),
    kind: wordOf(row, 'kind', UNIT_KINDS),
    parentUnitId: integerOrNull(row, 'parent_unit_id') as UnitId | null,
    profile: profileOf(row),
    sharePpm: integer(row, 'share_ppm'),
    driverVersion: textOrNull(row, 'driver_version'),
    strongestIdentity: wordOrNull(row, 'strongest_identity', IDENTITY_STRENGTHS),
    validFromMs: integer(row, 'valid_from_ms'),
    validToMs: integerOrNull(row, 'valid_to_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
    validToReason: wordOrNull(row, 'valid_to_reason', VALID_TO_REASONS),
    isInConflict: flag(row, 'is_in_conflict'),
    isCounted: flag(row, 'is_counted'),
  }
}

/**
 * Profiles are few and rows are many: equal ones are one object, checked once, which also makes
 * long answers smaller on their way between threads.
 */
const PROFILES = new Map<string, DeviceProfile>()
/** Printed names of a whole country, with room; past it the table starts anew. */
const PROFILES_MAX = 10_000

export function profileOf(row: Row): DeviceProfile {
  const key = `${row.vendor}/${row.memory_total_mib}/${row.power_cap_watts}/${row.printed_name}`
  const known = PROFILES.get(key)
  if (known !== undefined) return known
  const profile: DeviceProfile = Object.freeze({
    vendor: wordOf(row, 'vendor', VENDORS),
    name: text(row, 'printed_name'),
    memoryTotalMib: integerOrNull(row, 'memory_total_mib'),
    powerCapWatts: integerOrNull(row, 'power_cap_watts'),
  })
  if (PROFILES.size >= PROFILES_MAX) PROFILES.clear()
  PROFILES.set(key, profile)
  return profile
}

export function nodeOf(row: Row): NodeRow {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    name: text(row, 'name'),
    siteCode: text(row, 'site_code'),
    algorithm: integer(row, 'algorithm'),
    publicKey: text(row, 'public_key'),
    fingerprint: text(row, 'fingerprint'),
    joinState: integer(row, 'join_state'),
    previousJoinState: integer(row, 'previous_join_state'),
    status: wordOf(row, 'status', NODE_STATUSES),
    enrolledAtMs: integer(row, 'enrolled_at_ms'),
  }
}

export function sessionOf(row: Row): SessionRow {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    generation: integer(row, 'generation') as SessionGeneration,
    isConnected: flag(row, 'is_connected'),
    collectorInstance: text(row, 'collector_instance'),
    remoteAddress: text(row, 'remote_address'),
    agentVersion: text(row, 'agent_version'),
    bootId: text(row, 'boot_id'),
    connectedAtMs: integer(row, 'connected_at_ms'),
    lastHeardMs: integer(row, 'last_heard_ms'),
    endedReason: textOrNull(row, 'ended_reason'),
    clockOffsetMs: integerOrNull(row, 'clock_offset_ms'),
  }
}

export function epochOf(row: Row): EpochRow {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    epoch: text(row, 'epoch'),
    previousEpoch: textOrNull(row, 'previous_epoch'),
    isClosed: flag(row, 'is_closed'),
    watermark: integer(row, 'watermark'),
    watermarkHash: textOrNull(row, 'watermark_hash'),
  }
}

export function epochChangeOf(row: Row): EpochChange {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    epoch: text(row, 'epoch'),
    previousEpoch: textOrNull(row, 'previous_epoch'),
    begunAs: wordOf(row, 'begun_as', EPOCH_CHANGES),
    beganAtMs: integer(row, 'began_at_ms'),
  }
}

export function clockStepOf(row: Row): ClockStep {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    epoch: text(row, 'epoch'),
    atMs: integer(row, 'at_ms'),
    stepMs: integer(row, 'step_ms'),
  }
}

export function clockGapOf(row: Row): ClockGap {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    fromMs: integer(row, 'start_ms'),
    toMs: integer(row, 'end_ms'),
  }
}

export function weakIdentityOf(row: Row): WeakIdentity {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    unitId: integer(row, 'unit_id') as UnitId,
    strongestIdentity: wordOrNull(row, 'strongest_identity', IDENTITY_STRENGTHS),
  }
}

export function factsOf(row: Row): NodeFactsRow {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    facts: storedJson<NodeFacts>(text(row, 'facts')),
    receivedAtMs: integer(row, 'received_at_ms'),
  }
}

export function cloneOf(row: Row): CloneSighting {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    fingerprint: text(row, 'fingerprint'),
    remoteAddress: text(row, 'remote_address'),
    reason: wordOf(row, 'reason', CLONE_REASONS),
    seenAtMs: integer(row, 'seen_at_ms'),
  }
}

export function conflictOf(row: Row): Conflict {
  return {
    conflictId: integer(row, 'conflict_id'),
    acceleratorId: integer(row, 'accelerator_id') as AcceleratorId,
    keptUnitId: integer(row, 'kept_unit_id') as UnitId,
    otherUnitId: integer(row, 'other_unit_id') as UnitId,
    fromMs: integer(row, 'from_ms'),
    toMs: integerOrNull(row, 'to_ms'),
    openedAtMs: integer(row, 'opened_at_ms'),
    resolvedAtMs: integerOrNull(row, 'resolved_at_ms'),
    resolvedBy: textOrNull(row, 'resolved_by'),
  }
}

export function runOf(row: Row): StoredRun {
  return {
    unitId: integer(row, 'unit_id') as UnitId,
    startMs: integer(row, 'start_ms'),
    endMs: integer(row, 'end_ms'),
    code: runCodeIn(row, 'code'),
    recordedAtMs: integerOrNull(row, 'recorded_at_ms'),
  }
}

export function silenceOf(row: Row): Silence {
  return {
    silenceId: integer(row, 'silence_id'),
    nodeId: text(row, 'node_id') as NodeId,
    unitId: integerOrNull(row, 'unit_id') as UnitId | null,
    fromMs: integer(row, 'from_ms'),
    toMs: integerOrNull(row, 'to_ms'),
    code: runCodeIn(row, 'code'),
    declaredAtMs: integer(row, 'declared_at_ms'),
  }
}

export function refusedOf(row: Row): Omit<RefusedRow, 'bytes'> {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    epoch: text(row, 'epoch'),
    seq: integer(row, 'seq'),
    code: text(row, 'code'),
    sentence: text(row, 'sentence'),
    refusedAtMs: integer(row, 'refused_at_ms'),
  }
}

export function depositOf(row: Row): Deposit {
  return {
    depositId: text(row, 'deposit_id'),
    unitId: integer(row, 'unit_id') as UnitId,
    nodeId: text(row, 'node_id') as NodeId,
    windowStartMs: integer(row, 'window_start_ms'),
    openedAtMs: integer(row, 'opened_at_ms'),
    consentEndCount: integer(row, 'consent_end_count'),
    closedAtMs: integerOrNull(row, 'closed_at_ms'),
    closeReason: wordOrNull(row, 'close_reason', DEPOSIT_CLOSE_REASONS),
  }
}

export function strongestOf(admit: AdmitUnit): string | null {
  const strengths = admit.identities.map((identity) => identity.strength)
  return (['strong', 'board', 'slot'] as const).find((one) => strengths.includes(one)) ?? null
}

export function nodeListRowOf(row: Row): NodeListRow {
  return {
    node: nodeOf(row),
    number: integer(row, 'number'),
    session: row.session_node === null ? null : sessionOf(row),
    facts: row.facts === null ? null : factsOf(row),
    timelineEndMs: timelineEndOf(row),
    unitCount: integer(row, 'unit_count'),
  }
}

/** An open row that has been told no time yet ends before all time. */
function timelineEndOf(row: Row): number | null {
  const endMs = integerOrNull(row, 'timeline_end_ms')
  return endMs === null || endMs <= TIME_MS_MIN ? null : endMs
}

/** Codes of a run are one byte. */
const RUN_CODES_MAX = 256
export const UNKNOWN_CODES = Array.from({ length: RUN_CODES_MAX }, (_, code) =>
  runCodeOf(code),
).filter((code) => code !== null && stateOf(code) === 'unknown')
export const STRENGTHS = ['strong', 'board', 'slot'] as const

export interface NewConflict {
  readonly acceleratorId: AcceleratorId
  readonly keptUnitId: UnitId
  readonly otherUnitId: UnitId
  readonly fromMs: number
  readonly openedAtMs: number
}
