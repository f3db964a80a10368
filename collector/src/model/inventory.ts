/** Accelerators, their identities and their placements on nodes. */
import type { Identity, UnitKind, Vendor } from '@yiben/shared'
import type { AcceleratorId, NodeId, UnitId } from './ids.ts'

/** Printed name and memory of a unit; the catalogue makes a model and P of it on reading. */
export interface DeviceProfile {
  readonly vendor: Vendor
  readonly name: string
  readonly memoryTotalMib: number | null
  readonly powerCapWatts: number | null
}

/** One accelerator (or slice) on one node, from its first proof to its last. */
export interface UnitRow {
  readonly unitId: UnitId
  readonly acceleratorId: AcceleratorId
  readonly nodeId: NodeId
  readonly siteCode: string
  readonly kind: UnitKind
  readonly parentUnitId: UnitId | null
  readonly profile: DeviceProfile
  readonly sharePpm: number
  readonly driverVersion: string | null
  readonly strongestIdentity: 'strong' | 'board' | 'slot' | null
  /** First proof here. */
  readonly validFromMs: number
  /** Last proof here, once it is known to have left; `null` while it is in the node's facts. */
  readonly validToMs: number | null
  /**
   * Time is booked here up to this instant: `validToMs`, or for a card that moved the moment it was
   * first proven elsewhere (the way between is unknown at the old place, C5); `null` = still.
   */
  readonly bookedToMs: number | null
  readonly validToReason: 'moved' | 'recut' | 'retired' | 'replaced' | null
  /** An unresolved identity conflict: counted once, not depositable. */
  readonly isInConflict: boolean
  /** In a conflict the first claim keeps counting, the others do not. */
  readonly isCounted: boolean
}

/** What the ledger knows of an id that a node now shows. */
export interface IdentityClaim {
  readonly identity: Identity
  readonly acceleratorId: AcceleratorId
  /** The placement that holds it now; `null` when its last placement has ended. */
  readonly unit: UnitRow | null
  /** End of its last run that is not unknown: a reboot that was told proves no card. */
  readonly provenToMs: number | null
  /** End of all that its node has told of it, unknown time included; no other place gets that. */
  readonly toldToMs: number | null
}

export interface Conflict {
  readonly conflictId: number
  readonly acceleratorId: AcceleratorId
  /** The claim that keeps counting. */
  readonly keptUnitId: UnitId
  readonly otherUnitId: UnitId
  /** Overlap of proven time as known; `toMs` null while both go on. */
  readonly fromMs: number
  readonly toMs: number | null
  readonly openedAtMs: number
  readonly resolvedAtMs: number | null
  readonly resolvedBy: string | null
}
