/**
 * What `status` tells: every card with its state and, where it is not depositable, why and since
 * when. One document for people and programs; it stays on the node, so raw ids may stand in it.
 * Times are UTC ms on the node's timeline.
 */
import type {
  LinkState,
  LinkStatus,
  MeasuredState,
  OwnerKind,
  ProbeFacts,
  RunName,
  SpoolState,
  UnitKind,
  Vendor,
} from '@yiben/shared'
import { runName, stateOf } from '@yiben/shared'
import type { RunningUnit } from '../leases/lease-book.ts'
import type { DepositProblem, DepositReason } from '../sampling/consent.ts'
import type { IndexedUnit } from '../sampling/facts.ts'
import type { LiveUnit } from '../sampling/live-units.ts'
import type { OwnerOrders } from '../sampling/owner-orders.ts'

export interface UnitStatus {
  readonly index: number
  readonly key: string
  readonly parentKey: string | null
  readonly kind: UnitKind
  readonly vendor: Vendor
  readonly name: string
  readonly pciAddress: string | null
  readonly driverVersion: string | null
  /** `null`: not sampled yet. */
  readonly state: MeasuredState | null
  readonly code: RunName | null
  readonly sinceMs: number | null
  readonly reason: string | null
  readonly utilizationRatio: number | null
  readonly memoryUsedBytes: number | null
  readonly memoryTotalBytes: number | null
  readonly powerWatts: number | null
  readonly temperatureCelsius: number | null
  readonly computeProcesses: number | null
  /** The lease that has it, begun or not; `null`: none. */
  readonly lease: LeaseStatus | null
  /** Nothing stands between this unit and a deposit but the collector's own decision. */
  readonly isDepositable: boolean
  /** Why not, and since when; `null` when it is. */
  readonly notDepositable: {
    readonly reason: DepositReason
    readonly sentence: string
    readonly sinceMs: number | null
  } | null
}

export interface LeaseStatus {
  readonly leaseId: string
  /** Whose jobs may run on it, as the bank names it. */
  readonly account: string
  readonly startMs: number
  readonly untilMs: number
  /** The end is a recall that was announced. */
  readonly isRecalled: boolean
}

export interface CollectorStatus {
  readonly url: string | null
  readonly state: LinkState
  readonly sinceMs: number
  /** Last refusal or failure, as `code: sentence`; `null` while all is well. */
  readonly problem: string | null
  readonly unacknowledgedRecords: number
}

export interface AgentStatus {
  readonly agentVersion: string
  readonly nodeId: string
  readonly atMs: number
  readonly startedAtMs: number | null
  readonly pause: { readonly sinceMs: number; readonly untilMs: number | null } | null
  readonly collector: CollectorStatus
  readonly spool: {
    readonly epoch: string
    readonly lastSeq: number
    readonly ackedSeq: number
    readonly bytesUsed: number
    /** Records in memory because the disk takes none. */
    readonly waitingRecords: number
  }
  readonly clock: { readonly stepMs: number; readonly offsetMs: number | null }
  /** Who gives the cards away, and why that cannot be told now. */
  readonly owner: { readonly kind: OwnerKind; readonly problems: readonly string[] }
  readonly probes: readonly ProbeFacts[]
  /** Why the owner's handover script fails now; empty while all is well. */
  readonly handoverProblems: readonly string[]
  readonly units: readonly UnitStatus[]
}

/** What the agent knows, as it knows it. */
export interface StatusParts
  extends Pick<AgentStatus, 'agentVersion' | 'nodeId' | 'atMs' | 'startedAtMs'>,
    Pick<AgentStatus, 'clock' | 'owner' | 'probes' | 'handoverProblems' | 'units'> {
  readonly orders: OwnerOrders
  readonly spool: SpoolState
  readonly waitingRecords: number
  readonly link: LinkStatus
  readonly collectorUrl: string | null
  readonly monotonicMs: number
}

export function agentStatus(parts: StatusParts): AgentStatus {
  const { orders, spool, link, atMs } = parts
  const { pausedSinceMs, pausedUntilMs } = orders
  const problem = link.lastProblem
  return {
    agentVersion: parts.agentVersion,
    nodeId: parts.nodeId,
    atMs,
    startedAtMs: parts.startedAtMs,
    pause: pausedSinceMs === null ? null : { sinceMs: pausedSinceMs, untilMs: pausedUntilMs },
    collector: {
      url: parts.collectorUrl,
      state: link.state,
      sinceMs: atMs - Math.round(parts.monotonicMs - link.sinceMonotonicMs),
      problem: problem === null ? null : `${problem.code}: ${problem.sentence}`,
      unacknowledgedRecords: link.unacknowledgedRecords,
    },
    spool: {
      epoch: spool.epoch,
      lastSeq: spool.lastSeq,
      ackedSeq: spool.ackedSeq,
      bytesUsed: spool.bytesUsed,
      waitingRecords: parts.waitingRecords,
    },
    clock: parts.clock,
    owner: parts.owner,
    probes: parts.probes,
    handoverProblems: parts.handoverProblems,
    units: parts.units,
  }
}

export interface UnitNow {
  readonly live: LiveUnit | null
  readonly problem: DepositProblem | null
  readonly lent: RunningUnit | null
}

export function unitStatus(
  { index, unit }: IndexedUnit,
  { live, problem, lent }: UnitNow,
): UnitStatus {
  const reading = live?.reading ?? null
  return {
    index,
    key: unit.key,
    parentKey: unit.parentKey,
    kind: unit.kind,
    vendor: unit.vendor,
    name: unit.name,
    pciAddress: unit.pciAddress,
    driverVersion: unit.driverVersion,
    state: live === null ? null : stateOf(live.code),
    code: live === null ? null : runName(live.code),
    sinceMs: live?.sinceMs ?? null,
    reason: live?.verdict.sentence ?? null,
    utilizationRatio: live?.verdict.utilizationRatio ?? null,
    memoryUsedBytes: reading?.memoryUsedBytes ?? null,
    memoryTotalBytes: reading?.memoryTotalBytes ?? unit.memoryTotalBytes,
    powerWatts: reading?.powerWatts ?? null,
    temperatureCelsius: reading?.temperatureCelsius ?? null,
    computeProcesses: reading?.processes?.computeCount ?? null,
    lease: lent === null ? null : leaseStatus(lent),
    isDepositable: problem === null,
    notDepositable: problem,
  }
}

function leaseStatus({ lease, unit }: RunningUnit): LeaseStatus {
  const { leaseId, account, startMs } = lease
  const isRecalled = unit.untilCause === 'recall'
  return { leaseId, account, startMs, untilMs: unit.untilMs, isRecalled }
}
