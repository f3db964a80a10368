/** What the fold goes on from, what it is told, and what comes out of it. */
import type { Goodbye, RecordResult } from '@yiben/shared'
import type { AcceleratorId, NodeId, UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type {
  ClockStep,
  ClosedWindow,
  OpenNode,
  RefusedRow,
  Silence,
  StoredRun,
  UnitHour,
} from '../model/timeline.ts'
import type { IngestCommit } from '../storage/requests.ts'

/** Data is late when its end lies further back than this and the length of its tick. */
export const LATE_AFTER_MS = 120_000
/** The longest tick that counts towards lateness: a gap may span days. */
export const LATE_TICK_MS_MAX = 60_000
/** No record may claim time further ahead of the collector's clock than this. */
export const FUTURE_MS_MAX = 5 * 60_000
/** What the facts of the node say, as far as time is booked by them. */
export interface FoldFacts {
  readonly epoch: string
  readonly revision: number
  readonly bootId: string
}

/** Everything the next record depends on; all of it can be read back from the store. */
export interface FoldState {
  readonly nodeId: NodeId
  /** `null` before the node's first record of time. */
  readonly open: OpenNode | null
  readonly facts: FoldFacts | null
  /** The unit behind each index of those facts. */
  readonly placements: readonly { readonly index: number; readonly unitId: UnitId }[]
  readonly units: readonly UnitRow[]
  /** Of this node, not ended. */
  readonly silences: readonly Silence[]
  /** Hours begun by placements that are not in the open row now (a card that is shown again). */
  readonly hours: readonly UnitHour[]
}

export interface StreamRecord {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly result: RecordResult
}

export interface FoldContext {
  readonly epoch: string
  /** The collector's wall clock at receipt. */
  readonly nowMs: number
  /** Records that end after this are refused. */
  readonly futureLimitMs: number
}

/** A unit that had moved away was proven here after it was first shown elsewhere (C5). */
export interface LateProof {
  readonly unitId: UnitId
  readonly acceleratorId: AcceleratorId
  readonly fromMs: number
}

export interface FoldEffect {
  readonly open: OpenNode
  readonly closedRuns: readonly StoredRun[]
  readonly unitHours: readonly UnitHour[]
  readonly nodeHours: IngestCommit['nodeHours']
  readonly closedWindows: readonly ClosedWindow[]
  /** Refused records, and notes on records that were taken in part. */
  readonly refused: readonly RefusedRow[]
  /** The numbers among them that were not taken at all: told in the ack. */
  readonly refusedSeqs: ReadonlySet<number>
  readonly silencesEnded: readonly { readonly silenceId: number; readonly toMs: number }[]
  /** Complete hours that late data was booked into: sealed ones among them are corrected. */
  readonly dirtyHours: readonly number[]
  readonly clockSteps: readonly ClockStep[]
  readonly leaseRecords: IngestCommit['leaseRecords']
  readonly outbox: readonly OutboxEntry[]
  readonly lateProofs: readonly LateProof[]
  readonly goodbye: Goodbye | null
  readonly state: FoldState
}
