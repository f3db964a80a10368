/**
 * What the storage port is asked and what it answers: scopes and pages, requests with their
 * results, and the rows its reads return. Plain values that can be cloned; instants are UTC epoch
 * milliseconds. Nothing here knows SQL, and nothing here decides.
 */
import type { IdentityStrength, NodeFacts, UnitKind } from '@yiben/shared'
import type { ChildrenHour } from '../model/child.ts'
import type { ForecastHour } from '../model/forecast.ts'
import type {
  AcceleratorId,
  LedgerGeneration,
  NodeId,
  SessionGeneration,
  UnitId,
} from '../model/ids.ts'
import type { Conflict, DeviceProfile, UnitRow } from '../model/inventory.ts'
import type { Deposit, DepositCloseReason, OutboxEntry } from '../model/ledger.ts'
import type {
  CloneSighting,
  EpochChange,
  EpochRow,
  NodeFactsRow,
  NodeRow,
  SessionRow,
} from '../model/node.ts'
import type { LotPromise } from '../model/offer.ts'
import type { ModelAtSite } from '../model/site.ts'
import type {
  ClockStep,
  ClosedWindow,
  NodeHour,
  OpenNode,
  RefusedRow,
  Silence,
  StoredRun,
  UnitHour,
} from '../model/timeline.ts'
import type { StoredLeaseRecord } from './draw-requests.ts'

/** What the asker may see. Every read filters by it; there is no read without one. */
export interface Scope {
  /** GB/T 2260 prefixes (2, 4 or 6 digits); `all` for the whole country. */
  readonly regions: 'all' | readonly string[]
  /** Site codes; `all` for every site of the regions. */
  readonly sites: 'all' | readonly string[]
}

export const SCOPE_ALL: Scope = { regions: 'all', sites: 'all' }

/** A page of a list: rows after `cursor`, at most `limit`; `nextCursor` null at the end. */
export interface PageRequest {
  readonly cursor: string | null
  readonly limit: number
}
export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly nextCursor: string | null
}

// ---- ledger ---------------------------------------------------------------------------------

export interface LedgerState {
  readonly generation: LedgerGeneration
  /** Random id of this ledger's log origin, hex. */
  readonly origin: string
  readonly openedAtMs: number
  /** Number and secret of the key that hashes accelerator ids (hex); members know it. */
  readonly identityKeyNumber: number
  readonly identityKey: string
  /** A demo ledger says so in every answer. */
  readonly isDemo: boolean
}

// ---- tokens ---------------------------------------------------------------------------------

export const ROLES = [
  'admin',
  'operator',
  'regulator',
  'bank',
  'metrics',
  'security',
  'auditor',
] as const
export type Role = (typeof ROLES)[number]

export interface TokenRow {
  readonly tokenId: string
  /** `child`: admits a collector that reports here. */
  readonly kind: 'enroll' | 'access' | 'child'
  readonly secretHash: string
  readonly siteCode: string | null
  readonly role: Role | null
  /** Region prefix an access token is bound to; `null` for all. */
  readonly regionCode: string | null
  readonly cidr: string | null
  readonly usesLeft: number | null
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly revokedAtMs: number | null
  /** Of a child's token only. */
  readonly childName?: string
}

// ---- ingest -----------------------------------------------------------------------------------

/** How long steps of clocks are kept for people to look at: a quarter. */
export const CLOCK_STEPS_KEPT_MS = 92 * 86_400_000

/** One node's folded batches: effect, watermark and entries in one transaction. */
export interface IngestCommit {
  readonly nodeId: NodeId
  readonly sessionGeneration: SessionGeneration
  readonly epoch: string
  readonly expectedWatermark: number
  readonly watermark: number
  readonly watermarkHash: string
  /** The whole new open row (its `changeSeq` is given by the store). */
  readonly open: OpenNode
  readonly closedRuns: readonly StoredRun[]
  /** Whole rows of hours that are complete or were touched late; replace by (unit, hour). */
  readonly unitHours: readonly UnitHour[]
  /** Hours of the node that are over, with the instant they became known. */
  readonly nodeHours: readonly (NodeHour & { readonly knownAtMs: number })[]
  readonly closedWindows: readonly ClosedWindow[]
  readonly refused: readonly RefusedRow[]
  /** Silences of this node that end here, and new ones (units that vanished). */
  readonly silencesEnded: readonly { readonly silenceId: number; readonly toMs: number }[]
  readonly silencesBegun: readonly Omit<Silence, 'silenceId'>[]
  /** Sealed hours this commit has changed: the roller writes corrections. */
  readonly dirtyHours: readonly number[]
  /** What ticks told of steps of the wall clock. Kept for `CLOCK_STEPS_KEPT_MS`. */
  readonly clockSteps: readonly ClockStep[]
  /** What the node did about leases, in its order. */
  readonly leaseRecords: readonly Omit<StoredLeaseRecord, 'recordNumber' | 'nodeId'>[]
  /**
   * Placements of this node that had ended as moved and are now proven past that (C5): the kept one
   * goes on (its validTo, bookedTo and reason become null; sealed hours from its bookedTo on have
   * changed), both are in conflict, the other is not counted. The conflict is left alone where the
   * accelerator already has an open one of these two.
   */
  readonly conflicts: readonly {
    readonly acceleratorId: AcceleratorId
    readonly keptUnitId: UnitId
    readonly otherUnitId: UnitId
    readonly fromMs: number
    readonly openedAtMs: number
  }[]
  readonly outbox: readonly OutboxEntry[]
}
export type IngestResult =
  | { readonly status: 'committed'; readonly changeSeq: number }
  /** Another session of the node has been opened: this one must close. */
  | { readonly status: 'fenced' }
  /** The watermark is not the expected one: load again. */
  | { readonly status: 'stale'; readonly watermark: number }

/** One unit as a facts record brings it, after identity has been decided. */
export interface AdmitUnit {
  readonly index: number
  readonly kind: UnitKind
  readonly parentIndex: number | null
  readonly profile: DeviceProfile
  readonly sharePpm: number
  readonly driverVersion: string | null
  readonly identities: readonly {
    readonly keyNumber: number
    readonly hash: string
    readonly strength: IdentityStrength
  }[]
  /** Known accelerator, or `null` to number a new one. */
  readonly acceleratorId: AcceleratorId | null
  /** This placement goes on (same card, same node), or `null` for a new placement. */
  readonly unitId: UnitId | null
  readonly validFromMs: number
}

/** A facts record with its identity decisions (inventory/identity.ts). */
export interface FactsCommit {
  readonly nodeId: NodeId
  readonly sessionGeneration: SessionGeneration
  readonly epoch: string
  readonly expectedWatermark: number
  readonly watermark: number
  readonly watermarkHash: string
  readonly facts: NodeFacts
  readonly receivedAtMs: number
  readonly units: readonly AdmitUnit[]
  /** Placements that end: here (recut, replaced) or on another node (moved). */
  readonly ended: readonly {
    readonly unitId: UnitId
    readonly validToMs: number
    readonly bookedToMs: number
    readonly reason: 'moved' | 'recut' | 'replaced'
  }[]
  /** Silences that begin (a card the node no longer shows) or end (it is shown again, or elsewhere). */
  readonly silencesBegun: readonly Omit<Silence, 'silenceId'>[]
  readonly silencesEnded: readonly { readonly silenceId: number; readonly toMs: number }[]
  readonly conflicts: readonly {
    readonly acceleratorId: AcceleratorId
    readonly keptUnitId: UnitId
    /** The other claim: the `index` it has among `units`. */
    readonly otherIndex: number
    readonly fromMs: number
  }[]
  /** The claims the decision rested on: hash → unit that held it (or null). */
  readonly expectedClaims: readonly {
    readonly keyNumber: number
    readonly hash: string
    readonly unitId: UnitId | null
  }[]
  readonly outbox: readonly OutboxEntry[]
}
export type FactsResult =
  /** `units` in the order of the commit's `units`. */
  | { readonly status: 'committed'; readonly units: readonly UnitRow[] }
  | { readonly status: 'fenced' }
  | { readonly status: 'stale' }

/** What ingest needs to go on with a node after a connect or a `stale`. */
export interface NodeState {
  readonly node: NodeRow
  readonly epoch: EpochRow | null
  readonly open: OpenNode | null
  /** The latest facts, the epoch they were told in, and the unit behind each of their indexes. */
  readonly facts: NodeFacts | null
  readonly factsEpoch: string | null
  readonly placements: readonly { readonly index: number; readonly unitId: UnitId }[]
  /** Placements still on this node, and those that ended as moved: proof of them may come late. */
  readonly units: readonly UnitRow[]
  /** Not ended. */
  readonly silences: readonly Silence[]
}

// ---- bank, journal, rollup -----------------------------------------------------------------------

export interface DepositChange {
  /** Follower cursor this decision was made at; `stale` when another has moved it. */
  readonly expectedCursor: number
  readonly cursor: number
  readonly openings: readonly Omit<Deposit, 'closedAtMs' | 'closeReason'>[]
  readonly closings: readonly {
    readonly depositId: string
    readonly closedAtMs: number
    readonly reason: DepositCloseReason
  }[]
  /** Deposits that go on in another window: their cards come back from a lease. */
  readonly rewindows: readonly { readonly depositId: string; readonly windowStartMs: number }[]
  /**
   * Models at sites that openings are of: `stale` where more would be deposited than the terms in
   * force at `decidedAtMs` leave.
   */
  readonly models: readonly ModelAtSite[]
  readonly decidedAtMs: number
  readonly outbox: readonly OutboxEntry[]
}

export interface LotPromiseWrite {
  /** Of the promise that this one replaces; `null`: there is none. */
  readonly expectedSaidAtMs: number | null
  readonly promise: LotPromise
  readonly entry: OutboxEntry
}

/** The forecast's state and cursor in one transaction; `stale` when another has moved the cursor. */
export interface ForecastStateWrite {
  readonly expectedCursor: number
  readonly cursor: number
  readonly state: Uint8Array
  readonly writtenAtMs: number
}

export interface ForecastHourWrite {
  readonly hour: ForecastHour
  /** Lists of hours before this are let go. */
  readonly keptFromMs: number
  readonly outbox: readonly OutboxEntry[]
}

export interface JournalHead {
  readonly seq: number
  readonly hash: string
}

/** All that an hour's buckets are computed from, for every unit valid in it. */
export interface HourMaterial {
  readonly hourMs: number
  /**
   * Differs whenever anything below differs (a digest of it will do). `writeBuckets` compares it in
   * its own transaction, so that data arriving between read and write is never sealed away.
   */
  readonly mark: string
  readonly units: readonly {
    readonly unit: UnitRow
    readonly ownerCode: string
    /** `null`: nothing booked in this hour. */
    readonly stats: UnitHour | null
    /** Silent spans clipped to the hour and to what no run covers. */
    readonly silentMs: number
    /** Time of the hour in which the unit was valid. */
    readonly validMs: number
    readonly depositedMs: number
    /** Time under a lease, by what was measured in it; `null` for a card that was not lent. */
    readonly lent: LentTime | null
  }[]
  /** What children have told; left out: nobody reports here. */
  readonly children?: ChildrenHour
}

/** Measured time that a lease makes `lent`. */
export interface LentTime {
  readonly busyMs: number
  readonly occupiedMs: number
  readonly freeMs: number
}

// ---- reads for people ---------------------------------------------------------------------------

export interface NodeListRow {
  readonly node: NodeRow
  /** Ours, for its resource code. */
  readonly number: number
  readonly session: SessionRow | null
  readonly facts: NodeFactsRow | null
  readonly timelineEndMs: number | null
  readonly unitCount: number
}

export interface UnitSpan {
  readonly unit: UnitRow
  /** Closed runs, then the open one, clipped to nothing: as stored, in order of start. */
  readonly runs: readonly StoredRun[]
  readonly silences: readonly Silence[]
  readonly deposits: readonly Deposit[]
  /** Time in which it was lent, as known then; in order, apart from each other. */
  readonly leases: readonly LeaseSpan[]
  readonly timelineEndMs: number | null
}

/** A card was lent in `[fromMs, toMs)`, whatever it did. */
export interface LeaseSpan {
  readonly leaseId: string
  readonly fromMs: number
  readonly toMs: number
}

export interface QualityRows {
  readonly conflicts: readonly Conflict[]
  readonly clones: readonly CloneSighting[]
  readonly refused: readonly Omit<RefusedRow, 'bytes'>[]
  readonly silences: readonly Silence[]
  readonly sessions: readonly SessionRow[]
  /** Spools that were replaced or forked. */
  readonly epochs: readonly EpochChange[]
  /** Steps of the wall clock that moved nothing. */
  readonly clockSteps: readonly ClockStep[]
  /** Where nodes have mended their timeline after a wrong clock. */
  readonly clockGaps: readonly ClockGap[]
  readonly weakIdentities: { readonly total: number; readonly rows: readonly WeakIdentity[] }
}

/** A card placed now that is known by a board or a place only, or by nothing. */
export interface WeakIdentity {
  readonly nodeId: NodeId
  readonly unitId: UnitId
  readonly strongestIdentity: IdentityStrength | null
}

/** Of `[fromMs, toMs)` of a node nothing is known, because its clock had been wrong. */
export interface ClockGap {
  readonly nodeId: NodeId
  readonly fromMs: number
  readonly toMs: number
}

export interface FreeUnit {
  readonly unit: UnitRow
  readonly regionCode: string
  readonly ownerCode: string
  readonly deposit: Deposit
  readonly windowStartMs: number
  readonly ageStartMs: number
  readonly provenToMs: number
}
