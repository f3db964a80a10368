/**
 * Stored evidence: what each unit did with every second, in measured states.
 *
 * Per node one `open` row holds the open run of each unit and the running hour; closed runs and
 * hour statistics are appended. Runs of a unit never overlap and never leave a hole: where nothing
 * is known a run or a silence says so, with its reason. All times UTC epoch ms, half-open.
 */
import type { DepositPolicy, EvidenceClass, RunCode } from '@yiben/shared'
import type { NodeId, UnitId } from './ids.ts'

export interface StoredRun {
  readonly unitId: UnitId
  readonly startMs: number
  readonly endMs: number
  readonly code: RunCode
  /**
   * When it became known, for what arrived late (a spool that was away); `null` for a run known as
   * it happened (its parts are known within two minutes of their time). A late and a live part are
   * never joined into one run.
   */
  readonly recordedAtMs: number | null
}

/** Statistics of one unit in one UTC hour; the states sum to what has been booked of the hour. */
export interface UnitHour {
  readonly unitId: UnitId
  readonly hourMs: number
  readonly busyMs: number
  readonly allocatedMs: number
  readonly occupiedMs: number
  readonly freeMs: number
  readonly faultyMs: number
  readonly unknownMs: number
  /** Part of freeMs with evidence class B (possession alone). */
  readonly classBMs: number
  readonly activeMs: number
  readonly givenMs: number
  readonly samplesExpected: number
  readonly samplesGot: number
  readonly samplesZero: number
  readonly samplesBelowTenth: number
  /** Samples that carried a utilization; the sum is over these. */
  readonly samplesUtilization: number
  readonly utilizationSumPermille: number
  readonly utilizationMaxPermille: number | null
  readonly memoryUsedMibMax: number | null
  readonly energyJoules: number | null
  readonly temperatureCelsiusMax: number | null
}

/** A free window that has not ended. Gaps of at most 90 s within one boot do not end it. */
export interface OpenWindow {
  /** First instant proven free: the window is named `unit@startMs`. */
  readonly startMs: number
  /** Age counts from here: the start, or the end of the last gap longer than 30 s. */
  readonly ageStartMs: number
  /** End of the last proven free run in it. */
  readonly provenToMs: number
  /** Card-ms proven free in it. */
  readonly provenMs: number
}

export interface OpenUnit {
  readonly unitId: UnitId
  /** Index in this epoch's facts. */
  readonly index: number
  readonly runStartMs: number
  readonly runCode: RunCode
  readonly runRecordedAtMs: number | null
  readonly window: OpenWindow | null
  readonly depositable: boolean
  /** Since when the owner withholds it; `null` while it consents (then `depositable` is true). */
  readonly withheld: Withheld | null
  readonly consentEnds: ConsentEnds
  readonly evidence: EvidenceClass
  readonly hour: UnitHour
}

/**
 * `veto`, `pause`: from the instant of the node's own record on. `bit`: a tick came without the
 * depositable bit (calendar, configuration), from its start on. Set by the fold, read by the bank.
 */
export interface Withheld {
  readonly sinceMs: number
  readonly by: 'veto' | 'pause' | 'bit'
}

/** When the owner's consent ended, and how; it may have been given back since. */
export interface ConsentEnd {
  readonly sinceMs: number
  readonly by: Withheld['by'] | 'policy'
}

export interface ConsentEnds {
  /** How often consent has ended since the unit entered the open row. */
  readonly count: number
  /** The latest of them, oldest first; who missed an earlier one does not know its instant. */
  readonly latest: readonly ConsentEnd[]
}

export interface OpenNode {
  readonly nodeId: NodeId
  readonly epoch: string
  readonly bootId: string
  readonly factsRevision: number
  /** Everything before is booked; equals the end of every open run. */
  readonly timelineEndMs: number
  readonly units: readonly OpenUnit[]
  readonly policy: DepositPolicy | null
  /** Processor time of the running hour; `null`: no tick of it told any. */
  readonly cpu: NodeHour | null
  /** Bumped by the store with each write: followers read by it. */
  readonly changeSeq: number
}

/** Processor time of one node in one UTC hour, in core-milliseconds; never card time. */
export interface NodeHour {
  readonly hourMs: number
  readonly cpuBusyMs: number
  /** Cores × the time of which ticks told them. */
  readonly cpuTotalMs: number
  readonly toldMs: number
}

/** A free window that has ended, kept for the forecast. */
export interface ClosedWindow {
  readonly unitId: UnitId
  readonly startMs: number
  readonly ageStartMs: number
  readonly endMs: number
  readonly provenMs: number
  /** What ended it. */
  readonly endCode: RunCode
}

/**
 * Time of which a node (or one unit of it) has told nothing: stored, with its reason, never a
 * remainder. Where runs arrive later they take its place from their `recordedAtMs` on.
 */
export interface Silence {
  readonly silenceId: number
  readonly nodeId: NodeId
  /** `null`: all units of the node. */
  readonly unitId: UnitId | null
  readonly fromMs: number
  /** End of the silent time; `null` while it lasts. */
  readonly toMs: number | null
  readonly code: RunCode
  readonly declaredAtMs: number
}

/**
 * A step of a node's wall clock against its own timeline: evidence for people, nothing was moved by
 * it (C2). `atMs` is the end of the tick that told it.
 */
export interface ClockStep {
  readonly nodeId: NodeId
  readonly epoch: string
  readonly atMs: number
  readonly stepMs: number
}

/** A record the collector would not take; its time is unknown(refused). */
export interface RefusedRow {
  readonly nodeId: NodeId
  readonly epoch: string
  readonly seq: number
  readonly code: string
  readonly sentence: string
  /** At most 4 KiB of it. */
  readonly bytes: Uint8Array
  readonly refusedAtMs: number
}
