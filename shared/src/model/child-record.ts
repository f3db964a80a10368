/**
 * What a collector tells its parent (DESIGN 7), in the same numbered stream, spool and
 * acknowledgement as an agent's records. Every record is absolute: it names the ledger it was first
 * written in (`origin`) and its version there, a higher version takes the place of a lower one, and
 * nothing is ever added up. So records may come again, late, or after a restore, and a parent may
 * pass them on to its own parent as they are.
 */
import type { Identity, Vendor } from './accelerator.ts'
import type { State } from './state.ts'

/**
 * Of one thing in one ledger: compared by generation, then by number. A restored ledger is of a
 * higher generation; within one, numbers are those of its feed and only rise.
 */
export interface RecordVersion {
  readonly generation: number
  readonly number: number
}

/** Negative, 0 or positive as `left` is older than, the same as or newer than `right`. */
export function compareVersions(left: RecordVersion, right: RecordVersion): number {
  return left.generation - right.generation || left.number - right.number
}

interface Reported {
  /** Public key of the ledger that the facts were first written in: raw, lower-case hex. */
  readonly origin: string
  readonly version: RecordVersion
}

/** A collector that reports: the child itself, and each below it. */
export interface CollectorReport extends Reported {
  readonly name: string
  /** Origin it reports to; `null` of one that reports to nobody that is known. */
  readonly parentOrigin: string | null
  readonly programVersion: string
  /** Its parent has not heard from it since this instant; `null`: it is heard. */
  readonly awaySinceMs: number | null
}

/** A site with its terms and declarations, whole. */
export interface SiteReport extends Reported {
  readonly siteCode: string
  readonly name: string
  readonly terms: readonly ReportedTerms[]
  readonly declared: readonly ReportedDeclaration[]
}

/** As `SiteTerms` of the ledger; the terms in force by what is known now, in order. */
export interface ReportedTerms {
  readonly operatorCode: string | null
  readonly operatorName: string | null
  readonly ownerCode: string | null
  readonly ownerName: string | null
  readonly regionCode: string
  readonly validFromMs: number
  readonly validToMs: number | null
}

export interface ReportedDeclaration {
  readonly model: string
  readonly cards: number
  readonly declaredMilliP: bigint
  readonly basis: 'fp16_dense' | 'fp16_sparse' | 'unstated'
  readonly author: string
  readonly declaredAtMs: number
}

/** A node with all whole cards that have ever stood in it; slices are not reported. */
export interface NodeReport extends Reported {
  /** As its own collector calls it; opaque. */
  readonly nodeId: string
  readonly name: string
  readonly siteCode: string
  readonly isRevoked: boolean
  readonly cpuCores: number | null
  readonly cards: readonly ReportedCard[]
}

export interface ReportedCard {
  /** Of the placement, in its ledger. */
  readonly unitNumber: number
  /** Of the accelerator, in its ledger: the same at every place it has stood. */
  readonly acceleratorNumber: number
  readonly vendor: Vendor
  readonly name: string
  readonly memoryTotalMib: number | null
  readonly powerCapWatts: number | null
  readonly identities: readonly Identity[]
  readonly validFromMs: number
  /** Time is booked here up to this instant; `null`: still. */
  readonly bookedToMs: number | null
  readonly endedReason: string | null
  readonly isCounted: boolean
  readonly isInConflict: boolean
}

/**
 * All buckets of a site in one hour. Told once the hour is over, again when it is sealed, and with
 * each correction; the whole of it each time.
 */
export interface HourReport extends Reported {
  readonly siteCode: string
  readonly hourMs: number
  /** Of the hour's seal there; 0: not sealed yet. */
  readonly sealVersion: number
  /** Since when this is what its ledger knows. */
  readonly knownAtMs: number
  readonly buckets: readonly ReportedBucket[]
}

export interface ReportedBucket {
  readonly ownerCode: string
  readonly vendor: Vendor
  readonly name: string
  readonly memoryTotalMib: number | null
  readonly powerCapWatts: number | null
  readonly cards: number
  readonly busyMs: bigint
  readonly allocatedMs: bigint
  readonly occupiedMs: bigint
  readonly freeMs: bigint
  readonly faultyMs: bigint
  readonly unknownMs: bigint
  readonly lentMs: bigint
  readonly depositedMs: bigint
  readonly activeMs: bigint
  readonly givenMs: bigint
  readonly energyJoules: bigint
  readonly samplesExpected: bigint
  readonly samplesGot: bigint
  readonly samplesZero: bigint
  readonly samplesBelowTenth: bigint
}

/** Whole cards of a site that are alike at an instant; told when it changes, at most once a minute. */
export interface CountsReport extends Reported {
  readonly siteCode: string
  readonly atMs: number
  readonly counts: readonly ReportedCount[]
  readonly nodes: readonly ReportedNodeCount[]
}

export interface ReportedCount {
  readonly ownerCode: string
  readonly vendor: Vendor
  readonly name: string
  readonly memoryTotalMib: number | null
  readonly powerCapWatts: number | null
  readonly connection: 'connected' | 'not_connected' | 'lapsed'
  /** `null`: nothing has been told of that instant yet. */
  readonly state: State | null
  readonly isDeposited: boolean
  readonly isSchedulerRead: boolean
  readonly cards: number
}

export interface ReportedNodeCount {
  readonly ownerCode: string
  readonly connection: 'connected' | 'not_connected' | 'lapsed'
  readonly nodes: number
  readonly nodesWithoutCores: number
  readonly cores: number
}

/** The newest checkpoint of a ledger's journal: a signed note (C2SP tlog-checkpoint). */
export interface CheckpointReport extends Reported {
  readonly note: string
}

export type ChildRecord =
  | { readonly kind: 'collector'; readonly collector: CollectorReport }
  | { readonly kind: 'site'; readonly site: SiteReport }
  | { readonly kind: 'node'; readonly node: NodeReport }
  | { readonly kind: 'hour'; readonly hour: HourReport }
  | { readonly kind: 'counts'; readonly counts: CountsReport }
  | { readonly kind: 'checkpoint'; readonly checkpoint: CheckpointReport }

export type ChildRecordKind = ChildRecord['kind']
