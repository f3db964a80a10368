/** Entries, deposits, buckets and seals: what the account consists of. */
import type { EntrySeq, LedgerGeneration, NodeId, UnitId } from './ids.ts'
import type { DeviceProfile } from './inventory.ts'

/** Kinds of journal entry; a kind is never renamed, only added. */
export const ENTRY_KINDS = [
  'ledger_opened',
  'node_enrolled',
  'node_revoked',
  'node_key_asked',
  'node_key_changed',
  'clone_seen',
  'child_enrolled',
  'child_revoked',
  'child_conflict_opened',
  'child_conflict_resolved',
  'site_changed',
  'declared',
  'token_created',
  'token_revoked',
  'unit_admitted',
  'unit_ended',
  'conflict_opened',
  'conflict_resolved',
  'policy_changed',
  'veto',
  'deposit_opened',
  'deposit_closed',
  'lot_opened',
  'lot_changed',
  'lot_closed',
  'lot_promised',
  'hour_sealed',
  'hour_corrected',
  'forecast',
  'draw_held',
  'draw_refused',
  'draw_posted',
  'draw_voided',
  'draw_lapsed',
  'draw_extended',
  'draw_booked',
  'draw_bound',
  'draw_broken',
  'lease_ended',
  'lease_recalled',
  'lease_swapped',
  'lease_interrupted',
  'lease_idle',
  'card_cleaned',
  'draw_placed',
  'accounts_settled',
  'statement_issued',
  'lease_adopted',
  'recovery_ended',
  'report_issued',
  'site_facts_changed',
  'code_recorded',
  'audit_sealed',
  'second_factor_reset',
  'liveness_suspended',
  'liveness_resumed',
  'implausible_found',
  'implausible_cleared',
  'adapter_file_made',
  'adapter_file_delivered',
  'adapter_file_answered',
  'adapter_file_resent',
  'adapter_file_given_up',
] as const
export type EntryKind = (typeof ENTRY_KINDS)[number]

/** Which kinds the bank's change feed carries. */
export const FEED_KINDS: readonly EntryKind[] = [
  'deposit_opened',
  'deposit_closed',
  'lot_opened',
  'lot_changed',
  'lot_closed',
  'lot_promised',
  'draw_held',
  'draw_refused',
  'draw_posted',
  'draw_voided',
  'draw_lapsed',
  'draw_extended',
  'draw_booked',
  'draw_bound',
  'draw_broken',
  'lease_ended',
  'lease_recalled',
  'lease_swapped',
  'lease_interrupted',
  'lease_idle',
  'card_cleaned',
  'draw_placed',
  'accounts_settled',
  'statement_issued',
]

/** A decision's entry before it has a number; written in the decision's own transaction. */
export interface OutboxEntry {
  readonly kind: EntryKind
  readonly atMs: number
  /** Plain JSON values: strings, integers, booleans, null, arrays, objects. Amounts as strings. */
  readonly payload: JsonObject
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export interface StoredOutboxEntry extends OutboxEntry {
  readonly outboxId: number
}

/** A numbered, hash-linked entry. */
export interface JournalEntry {
  readonly seq: EntrySeq
  readonly generation: LedgerGeneration
  readonly kind: EntryKind
  readonly atMs: number
  /** Canonical bytes; the hash and the Merkle leaf are over exactly these. */
  readonly bytes: Uint8Array
  /** Hex. */
  readonly previousHash: string
  readonly hash: string
}

/** The owner's right to idle time of one card, put in. One open deposit per unit at most. */
export interface Deposit {
  readonly depositId: string
  readonly unitId: UnitId
  readonly nodeId: NodeId
  readonly windowStartMs: number
  /** At the live edge, never backdated. */
  readonly openedAtMs: number
  /** Ends of the owner's consent that lay behind it (`ConsentEnds`): the next one ends it. */
  readonly consentEndCount: number
  readonly closedAtMs: number | null
  readonly closeReason: DepositCloseReason | null
}

/** What ends a deposit although its card is lent: the owner's word, and a card that is not there. */
export const LENT_CLOSE_REASONS: readonly DepositCloseReason[] = [
  'veto',
  'consent_withdrawn',
  'paused',
  'conflict',
  'unit_ended',
]

export const DEPOSIT_CLOSE_REASONS = [
  'window_ended',
  'veto',
  'consent_withdrawn',
  'silent',
  'conflict',
  'clock',
  'unit_ended',
  'kept_back',
  'paused',
] as const
export type DepositCloseReason = (typeof DEPOSIT_CLOSE_REASONS)[number]

/** Sums over units of one hour × site × owner × profile; integers, exact. */
export interface Bucket {
  readonly hourMs: number
  readonly siteCode: string
  readonly ownerCode: string
  readonly profile: DeviceProfile
  /** 1 when sealed first; each correction writes the next one, whole. */
  readonly version: number
  /** From when on this version is what the ledger knows. */
  readonly knownAtMs: number
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

export interface Seal {
  readonly hourMs: number
  readonly sealedAtMs: number
  readonly version: number
}
