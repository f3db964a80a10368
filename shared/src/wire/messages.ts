/**
 * The messages of the wire as plain typed values. Ids, keys and fingerprints are lower-case hex, as
 * the model has them; hashes, nonces, signatures and secrets are bytes. `null` is absent.
 */
import type { ChildAnswer, ChildAsk } from './ask-messages.ts'
import type { KeyChange, RotateKey, TrustRoots } from './key-messages.ts'

export const ROLES = ['agent', 'collector'] as const
export type LinkRole = (typeof ROLES)[number]

export interface Hello {
  readonly wireVersion: number
  readonly role: LinkRole
  readonly capabilities: readonly string[]
  readonly programVersion: string
  /** Suite of the node key and of the proof, see `algorithms.ts`. */
  readonly algorithm: number
  readonly nodeKey: string
  readonly fingerprint: string
  readonly instance: string
  readonly epoch: string
  readonly previousEpoch: string | null
  readonly bootId: string
  readonly lastSeq: number
  readonly ackedSeq: number
  readonly ackedHash: Uint8Array | null
  readonly joinState: number
  /** Both set only when enrolling. */
  readonly enrollTokenId: string | null
  readonly nodeName: string | null
  readonly ledgerGeneration: number
}

export interface Proof {
  readonly signature: Uint8Array
  readonly enrollSecret: Uint8Array | null
}

export interface Batch {
  /** Number of `records[0]`; the others follow without a gap. */
  readonly firstSeq: number
  /** 8 bytes; `null` before the first record of an epoch. */
  readonly previousHash: Uint8Array | null
  readonly records: readonly Uint8Array[]
  /** `records[0]` is a lost record that also stands for this many numbers before `firstSeq`. */
  readonly lostCount: number
}

export interface Heartbeat {
  /** Samples taken since the heartbeat before. */
  readonly samples: number
  /** Bit per unit in facts order, lowest first: its last sample was free. */
  readonly freeUnits: Uint8Array
}

export const EVENT_KINDS = ['left_free', 'veto', 'fault'] as const
export type EventKind = (typeof EVENT_KINDS)[number]

export interface LiveEvent {
  readonly units: readonly number[]
  readonly kind: EventKind
  readonly atMs: number
}

export interface LeaseAnswer {
  readonly queryId: string
  readonly accepted: boolean
  /** Of a refusal; empty when accepted. */
  readonly reason: string
  /** Of the fresh sample that the answer rests on; 0: none was taken. */
  readonly sampledAtMs: number
  /** The owner's scheduler cannot place jobs of its own on these cards. */
  readonly isFenced: boolean
  /** Units that stand in the way; empty: all of them. */
  readonly declinedUnits: readonly number[]
}

export interface Challenge {
  readonly nonce: Uint8Array
  readonly serverTimeMs: number
  readonly algorithm: number
  readonly collectorKey: string
  readonly signature: Uint8Array
}

/** `null`: the node keeps its own. */
export interface Settings {
  readonly samplePeriodMs: number | null
  readonly tickMs: number | null
  readonly heartbeatMs: number | null
}

export interface Welcome {
  readonly nodeId: string
  readonly watermark: number
  readonly watermarkHash: Uint8Array | null
  readonly ledgerGeneration: number
  readonly nextJoinState: number
  readonly serverTimeMs: number
  readonly settings: Settings
  readonly windowFrames: number
  readonly windowBytes: number
  /** Only in answer to an enrollment: the nation's key for hashing accelerator ids. */
  readonly identityKey: { readonly number: number; readonly key: Uint8Array } | null
  readonly capabilities: readonly string[]
}

export interface Refusal {
  /** A code of `errors.ts`, or one a newer peer knows. */
  readonly code: string
  readonly sentence: string
  /** 0: do not come back by yourself. */
  readonly retryAfterMs: number
}

export interface RefusedRecord {
  readonly seq: number
  readonly code: string
  readonly sentence: string
}

export interface Ack {
  readonly watermark: number
  readonly refused: readonly RefusedRecord[]
  /** 0: as before. */
  readonly windowFrames: number
  readonly windowBytes: number
  /** `null`: not told this time. */
  readonly serverTimeMs: number | null
}

export interface Drain {
  readonly reconnectAfterMs: number
  readonly jitterMs: number
}

/** Will you lend these, as things are now? */
export interface LeaseQuery {
  readonly queryId: string
  /** Unit indexes of the epoch named. */
  readonly units: readonly number[]
  /** When the lease would begin. */
  readonly startMs: number
  readonly untilMs: number
  readonly epoch: string
}

export const LEASE_NOTICE_KINDS = ['lend', 'extend', 'return', 'recall'] as const

export type LeaseNoticeKind = (typeof LEASE_NOTICE_KINDS)[number]

/** A lease as the collector has it: the highest revision counts, the kind says what changed. */
export interface LeaseNotice {
  readonly leaseId: string
  readonly kind: LeaseNoticeKind
  /** Lent still (lend, extend), or ended at `endMs` (return, recall). Indexes of the epoch named. */
  readonly units: readonly number[]
  readonly startMs: number
  readonly endMs: number
  /** From 1. */
  readonly revision: number
  readonly epoch: string
  /** Whose jobs may run on it, opaque to the node; empty: not told. */
  readonly account: string
  /** Of a recall; empty otherwise. */
  readonly cause: string
  readonly algorithm: number
  /** See `lease-notice.ts`. */
  readonly signature: Uint8Array
}

export type ToCollectorMessage =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'proof'; readonly proof: Proof }
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat }
  | { readonly kind: 'event'; readonly event: LiveEvent }
  | { readonly kind: 'lease_answer'; readonly leaseAnswer: LeaseAnswer }
  | { readonly kind: 'leases'; readonly leases: readonly LeaseNotice[] }
  | { readonly kind: 'key_change'; readonly keyChange: KeyChange }
  | { readonly kind: 'trust_known'; readonly version: number }
  | { readonly kind: 'child_answer'; readonly childAnswer: ChildAnswer }

/** What a node says besides its records; lost with the connection. */
export type LiveMessage = Extract<
  ToCollectorMessage,
  {
    readonly kind:
      | 'event'
      | 'lease_answer'
      | 'leases'
      | 'key_change'
      | 'trust_known'
      | 'child_answer'
  }
>

export type ToNodeMessage =
  | { readonly kind: 'challenge'; readonly challenge: Challenge }
  | { readonly kind: 'welcome'; readonly welcome: Welcome }
  | { readonly kind: 'refusal'; readonly refusal: Refusal }
  | { readonly kind: 'ack'; readonly ack: Ack }
  | { readonly kind: 'lease_query'; readonly leaseQuery: LeaseQuery }
  | { readonly kind: 'lease_notice'; readonly leaseNotice: LeaseNotice }
  | { readonly kind: 'need_facts' }
  | { readonly kind: 'drain'; readonly drain: Drain }
  | { readonly kind: 'trust_roots'; readonly trustRoots: TrustRoots }
  | { readonly kind: 'rotate_key'; readonly rotateKey: RotateKey }
  | { readonly kind: 'child_ask'; readonly childAsk: ChildAsk }

/** A message of a newer peer: ignored unless an agreed capability requires it. */
export interface UnknownMessage {
  readonly kind: 'unknown'
}

/** No message at all: the connection is closed with this code. */
export interface UndecodableFrame {
  readonly kind: 'undecodable'
  readonly code: 'frame_too_large' | 'frame_undecodable'
  readonly sentence: string
}
