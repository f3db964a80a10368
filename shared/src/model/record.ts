/**
 * Everything that changes the ledger, in the one order in which it happened on the node: a single
 * numbered stream per (node, epoch), in one spool, under one ack (DESIGN 4).
 */
import type { NodeFacts } from './accelerator.ts'
import type { Tick } from './interval.ts'
import type { UnknownCause } from './state.ts'

/** The owner's consent, as configured on the node; a new version is a new record. */
export interface DepositPolicy {
  readonly version: number
  readonly atMs: number
  readonly enabled: boolean
  /** Cards of this node that are never offered, whatever is free. */
  readonly keepCardsPerNode: number
  /** Proven free time before a window may be deposited. Default 15 min. */
  readonly minFreeMs: number
  readonly maxLeaseMs: number
  /** JSON of the calendar inside which cards are lent; `null`: always. */
  readonly calendar: string | null
  /** `null`: the node has not told how lent cards are handed over. */
  readonly handover: Handover | null
}

export const HANDOVER_KINDS = ['manual', 'slurm', 'kubernetes', 'command'] as const
export type HandoverKind = (typeof HANDOVER_KINDS)[number]

/** How a borrower comes to lent cards of the node (DESIGN 5). */
export interface Handover {
  readonly kind: HandoverKind
  /** The owner's scheduler cannot place jobs of its own on lent cards. */
  readonly isFenced: boolean
  /** Where a borrower goes; `null`: told by other means. */
  readonly endpoint: string | null
  /** Partition, namespace or account of the bank there. */
  readonly queue: string | null
}

/** The owner takes units back (`reclaim`) or gives them again (`offer`) on the node itself. */
export interface Veto {
  readonly atMs: number
  readonly kind: 'reclaim' | 'offer' | 'pause' | 'resume'
  /** Unit indexes; empty means every unit of the node. */
  readonly units: readonly number[]
}

/** Stands under the numbers of records that had to be dropped; their time is unknown(lost). */
export interface Lost {
  /** The dropped numbers are [firstSeq, lastSeq]; this record carries number `lastSeq`. */
  readonly firstSeq: number
  readonly lastSeq: number
  readonly startMs: number
  readonly endMs: number
}

/** The node's timeline was cut: nothing is known of [startMs, endMs). First record of an epoch too. */
export interface Gap {
  readonly startMs: number
  readonly endMs: number
  readonly cause: UnknownCause
  readonly bootId: string
}

/** `reboot`: of the machine; one that is switched off is a stop. */
export const GOODBYE_REASONS = ['stop', 'reboot', 'upgrade'] as const

/** A last word before an ordered stop: the silence that follows is not a fault. */
export interface Goodbye {
  readonly atMs: number
  readonly reason: (typeof GOODBYE_REASONS)[number]
}

export const LEASE_EVENTS = ['taken', 'declined', 'ended'] as const

/** What the node did about a notice, or about a lease by itself. */
export interface LeaseRecord {
  /** Instant on the node's timeline that the event names; a veto may name one that has passed. */
  readonly atMs: number
  readonly leaseId: string
  readonly event: (typeof LEASE_EVENTS)[number]
  /** Of the notice that this answers; of the lease as it was when it ended. */
  readonly revision: number
  /** Unit indexes that it is about. */
  readonly units: readonly number[]
  /** Of `declined` and `ended`; `null` for `taken`. A node may know causes that we do not. */
  readonly cause: string | null
}

export type DurableRecord =
  | { readonly kind: 'facts'; readonly facts: NodeFacts }
  | { readonly kind: 'tick'; readonly tick: Tick }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'policy'; readonly policy: DepositPolicy }
  | { readonly kind: 'veto'; readonly veto: Veto }
  | { readonly kind: 'lost'; readonly lost: Lost }
  | { readonly kind: 'goodbye'; readonly goodbye: Goodbye }
  | { readonly kind: 'lease'; readonly lease: LeaseRecord }

export type RecordKind = DurableRecord['kind']
