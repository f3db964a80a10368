/**
 * What the storage port is asked of draws and what it answers: decisions to be written, cards as
 * grants rest on them, what nodes told of leases. Plain values that can be cloned; instants are UTC
 * epoch milliseconds.
 */
import type { DepositPolicy, EvidenceClass, LeaseRecord } from '@yiben/shared'
import type { Draw, DrawState, Posting, Residue } from '../model/draw.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { Deposit, OutboxEntry } from '../model/ledger.ts'
import type { OpenWindow } from '../model/timeline.ts'

/** One decision on one draw: written whole, or not at all. */
export interface DrawChange {
  /** Version that the decision was made on; 0: the draw is new. */
  readonly expectedVersion: number
  /** As it is from now on, with `version` one higher. */
  readonly draw: Draw
  /**
   * Claims by ordinal whose card must be offered now, looked at in the same transaction: its deposit
   * open, counted, in no conflict, its live edge free and consented, proven since `provenSinceMs`.
   */
  readonly mustBeFree: readonly number[]
  readonly provenSinceMs: number
  /** Cards booked per hour, to be added (negative: taken off). */
  readonly booked: readonly BookedCards[]
  readonly postings: readonly Posting[]
  readonly residues: readonly Residue[]
  readonly outbox: readonly OutboxEntry[]
}

/** Of one kind of card at one site in one hour, at one confidence. */
export interface BookedCards {
  readonly siteCode: string
  readonly kindKey: string
  readonly hourMs: number
  /** One of the confidences that the forecast gives quantiles for, in ppm. */
  readonly confidencePpm: number
  readonly cards: number
  /** What the forecast says is free with that confidence: no more is booked in all. */
  readonly cardsMax: number
}

export type DrawCommitResult =
  | { readonly status: 'committed' }
  /** The draw has another version, or a new one's id exists: read it again. */
  | { readonly status: 'stale' }
  /** These claims' cards are under another live claim, or were until after this one's start. */
  | { readonly status: 'taken'; readonly ordinals: readonly number[] }
  | { readonly status: 'not_free'; readonly ordinals: readonly number[] }
  | { readonly status: 'over_booked'; readonly hourMs: number }

/** A decision as it was committed; numbered in that order, without a gap. */
export interface DrawCopy {
  readonly number: number
  /** JSON of the `DrawChange`. */
  readonly change: string
}

/** What a grant of one card rests on, as it is stored. */
export interface GrantCard {
  readonly unit: UnitRow
  /** Credit code of who deposits at its site; empty while none is stated. */
  readonly ownerCode: string
  /** The one that is open. */
  readonly deposit: Deposit | null
  readonly window: OpenWindow | null
  readonly evidence: EvidenceClass
  /** As its node told it last. */
  readonly policy: DepositPolicy | null
}

/** What nodes told of leases, in the order in which it was committed. */
export interface StoredLeaseRecord {
  readonly recordNumber: number
  readonly nodeId: NodeId
  readonly unitIds: readonly UnitId[]
  readonly record: LeaseRecord
  readonly receivedAtMs: number
}

export interface DrawFilter {
  readonly states: readonly DrawState[] | 'all'
  readonly bank: string | null
  readonly borrower: string | null
}
