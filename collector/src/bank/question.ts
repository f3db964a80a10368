/** All that one look at a node's deposits rests on: rows as read, guards and settings as of now. */
import type { CardClaim } from '../model/draw.ts'
import type { UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { Deposit } from '../model/ledger.ts'
import type { ClosedWindow, OpenNode } from '../model/timeline.ts'
import type { Lots } from './lots.ts'

/** What liveness says of the node and of the collector itself. */
export interface NodeGuards {
  readonly isSuspended: boolean
  readonly depositsSuspended: boolean
  /** The collector's own clock is in doubt: offsets say nothing about nodes (C4). */
  readonly isClockAccused: boolean
  /** Collector time minus node timeline; `null` while it has not been measured. */
  readonly clockOffsetMs: number | null
}

export interface DepositSettings {
  /** A proof must be younger than this to open a deposit; an older one is silence. */
  readonly proofMsMax: number
  readonly clockOffsetMsMax: number
  /** A card is watched for so long where it stands before it is deposited. */
  readonly observingMs: number
}

/** DESIGN 2.3 and 5: 90 s of proof, 5 s of clock offset, a day of observing. */
export const DEPOSIT_SETTINGS: DepositSettings = {
  proofMsMax: 90_000,
  clockOffsetMsMax: 5_000,
  observingMs: 86_400_000,
}

export interface DepositQuestion {
  readonly open: OpenNode
  readonly units: readonly UnitRow[]
  /** Of this node. */
  readonly openDeposits: readonly Deposit[]
  /** Of those deposits whose window is no longer open (`endedWindowKeys`). */
  readonly closedWindows: readonly ClosedWindow[]
  /** On cards of this node; read after `open`, so that they are never older. */
  readonly claims: readonly CardClaim[]
  /** Cards of this node of which something was told that a person has to look at first. */
  readonly implausible: ReadonlySet<UnitId>
  /** The calendar of the node's policy is one that this program understands. */
  readonly isCalendarReadable: boolean
  /** Cards of a model that may be deposited besides those that are; of other models: any number. */
  readonly siteRoom: ReadonlyMap<string, number>
  /** Ids of deposits that are more than the site's owner lets be deposited. */
  readonly siteExcess: ReadonlySet<string>
  /** The whole node is declared silent, or was found so when the collector started. */
  readonly isSilent: boolean
  readonly nowMs: number
  /**
   * Now, for the age of a proof that a deposit rests on: `nowMs`, and no later than the wall clock at
   * the first sight of it with monotonic time since, so that a step of the collector's clock makes
   * no proof old (C4).
   */
  readonly proofNowMs: number
  readonly guards: NodeGuards
  readonly settings: DepositSettings
  readonly lots: Pick<Lots, 'idOf' | 'kindOf'>
  /** `d-` and 16 hex digits, never the same twice. */
  readonly mintDepositId: () => string
}
