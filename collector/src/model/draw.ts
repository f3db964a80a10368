/**
 * A draw, and all that hangs on it: what was asked for, the leases of its nodes, the claims on single
 * cards. Decisions take the whole of it and give the whole back; the store writes it under its
 * version, so that of two decisions on one draw one is stale. Times are UTC epoch ms, half-open.
 *
 *   held ──▶ posted ──▶ ended          booked ──▶ posted (bound to cards at the start)
 *     ├────▶ voided                       ├─────▶ voided
 *     ├────▶ lapsed                       └─────▶ broken
 *     └────▶ refused (a card was claimed by its owner before the post)
 *   refused: nothing was granted; the answer is kept for a retry of the same id
 *
 *   claim: held ──▶ leased ──▶ cleaning ──▶ ended
 *            └─────────┴──────────────────────▲
 */
import type { HandoverKind } from '@yiben/shared'
import type { AcceleratorId, NodeId, UnitId } from './ids.ts'
import type { DeviceProfile } from './inventory.ts'

/** Chosen by the client, never used for another draw: `[A-Za-z0-9._:-]`, 1 to 64 characters. */
export type DrawId = string
/** `e-` and 16 hex digits; made of draw and node by `leaseIdOf` (bank/lease-id.ts), never at random. */
export type LeaseId = string

export const SWAPS = ['never', 'before_start', 'with_notice'] as const
export type Swap = (typeof SWAPS)[number]

/** Cards of lots that the client names. */
export interface NamedCards {
  readonly kind: 'cards'
  readonly lots: readonly { readonly lotId: string; readonly cards: number }[]
}

/** Cards of a kind, bound by the collector. `null`: it does not matter. */
export interface PoolOfCards {
  readonly kind: 'pool'
  readonly vendor: string | null
  /** Model of the catalogue. */
  readonly model: string | null
  readonly isDomestic: boolean | null
  readonly memoryGibMin: number | null
  readonly siteCode: string | null
  /** GB/T 2260 prefix. */
  readonly regionCode: string | null
  readonly hub: string | null
  readonly cards: number
  /** A booking is bound with no fewer than this at its start; `null`: all of them. */
  readonly cardsMin: number | null
  readonly cardsPerNode: number | null
  readonly isSameSite: boolean
}

/** As the client sent it, defaults filled in. Two requests with equal fields are the same. */
export interface DrawRequest {
  readonly drawId: DrawId
  readonly bank: string
  readonly borrower: string
  readonly contract: string
  readonly what: NamedCards | PoolOfCards
  /** `null`: as soon as it is posted; an instant in the future makes it a booking. */
  readonly startMs: number | null
  /** Length of the lease. */
  readonly forMs: number
  readonly holdMs: number
  readonly swap: Swap
  /** Joint chance that the client asks for, in ppm; of a booking the quantile. `null`: none. */
  readonly confidencePpm: number | null
  /** Also cards that the owner's scheduler can still place jobs on. */
  readonly isUnfencedTaken: boolean
  /** A lease outlives any silence of its node, instead of breaking after 10 min. */
  readonly isKeptInSilence: boolean
}

export const DRAW_STATES = [
  'held',
  'booked',
  'posted',
  'ended',
  'voided',
  'lapsed',
  'broken',
  'refused',
] as const
export type DrawState = (typeof DRAW_STATES)[number]
/** Nothing more can happen to it, but for what late evidence moves in its accounts. */
export const DRAW_STATES_FINAL: readonly DrawState[] = [
  'ended',
  'voided',
  'lapsed',
  'broken',
  'refused',
]

export const CLAIM_STATES = ['held', 'leased', 'cleaning', 'ended'] as const
export type ClaimState = (typeof CLAIM_STATES)[number]

/** Why a claim is over. The first four end it in good order, the others break it. */
export const CLAIM_ENDS = [
  /** Of a hold. */
  'voided',
  'lapsed',
  /** Of a lease. */
  'expired',
  'returned',
  /** By the owner: with notice, by his own hand on the node, by his scheduler. */
  'recall',
  'veto',
  'owner_claimed',
  /** Silent for too long, faulty or gone. */
  'card_lost',
  'reconfigured',
  'identity',
  /** Another card took its place. */
  'swap',
  /** A booking found no card for this slot. */
  'unfilled',
] as const
export type ClaimEnd = (typeof CLAIM_ENDS)[number]

/** What a grant rested on, kept with it. */
export interface GrantEvidence {
  /** Of the sample that the node's acceptance rested on. */
  readonly sampledAtMs: number | null
  readonly evidenceClass: 'A' | 'B'
  readonly windowStartMs: number
  readonly provenToMs: number
  readonly isFenced: boolean
  /** Chance in ppm that all of the draw lasts as long as promised; `null`: no forecast. */
  readonly chancePpm: number | null
  readonly forecastVersion: string | null
  /** Brier score of that forecast of late, in ppm. */
  readonly forecastBrierPpm: number | null
}

/** One card, or one slot of a booking that found none. */
export interface Claim {
  /** Position in the draw, from 0; never reused. */
  readonly ordinal: number
  readonly leaseId: LeaseId | null
  /** `null`: a slot that no card was bound to. */
  readonly unitId: UnitId | null
  readonly acceleratorId: AcceleratorId | null
  readonly nodeId: NodeId | null
  readonly depositId: string | null
  readonly siteCode: string
  /** Credit code of who deposited it at the time of the grant. */
  readonly ownerCode: string
  readonly profile: DeviceProfile
  readonly state: ClaimState
  readonly heldAtMs: number
  /** Promised `[startMs, untilMs)`; `null` while it is only held. */
  readonly startMs: number | null
  readonly untilMs: number | null
  /** An announced end before `untilMs` (a recall with notice), with its cause. */
  readonly recallAtMs: number | null
  readonly recallCause: string | null
  /** When it ended; never after `untilMs`. */
  readonly endedAtMs: number | null
  readonly end: ClaimEnd | null
  /**
   * When the card was seen free again; `null` while it is cleaning, or was never lent. Of a place
   * without a card: when another card took it or it was given up.
   */
  readonly cleanAtMs: number | null
  /** Ordinal of the claim whose place it took. */
  readonly swapOf: number | null
  readonly evidence: GrantEvidence | null
}

/** How a claim stands to a card and its deposit: what the bank asks before it decides on either. */
export interface CardClaim {
  /** Of the node asked about; its accelerator is under the claim. */
  readonly unitId: UnitId
  readonly depositId: string | null
  readonly state: ClaimState
  readonly endedAtMs: number | null
  readonly cleanAtMs: number | null
}

/** Cards that become free so long after a booking's start still take its open places (C17). */
export const FILL_MS = 15 * 60_000

export type OpenPlace = Claim & { readonly startMs: number; readonly untilMs: number }

/** A place of a bound booking that no card has taken yet, and that has not been given up. */
export function isOpenPlace(claim: Claim): claim is OpenPlace {
  return claim.end === 'unfilled' && claim.cleanAtMs === null && claim.startMs !== null
}

/** A posted draw as one node sees it. */
export interface Lease {
  readonly leaseId: LeaseId
  readonly nodeId: NodeId
  readonly startMs: number
  readonly untilMs: number
  /** Of the newest notice; 0: none was due. */
  readonly revision: number
  /** The highest revision that the node's own records have answered. */
  readonly confirmedRevision: number
  /** When the bank was last told of an interruption: returned soon after it, free of blame (C1). */
  readonly interruptedAtMs: number | null
  /** Since when nothing runs on any of its cards, as the bank was last told (C18). */
  readonly idleSinceMs: number | null
  readonly handover: {
    readonly kind: HandoverKind
    readonly endpoint: string | null
    readonly queue: string | null
  } | null
}

export interface Draw {
  /** Rises by one with each change. */
  readonly version: number
  readonly request: DrawRequest
  readonly state: DrawState
  /** Of `refused` and `broken`; otherwise `null`. */
  readonly refusal: DrawRefusal | null
  readonly createdAtMs: number
  /** A hold lapses then; `null` once it is none. */
  readonly holdUntilMs: number | null
  /** The lease as promised when it was posted or booked; `null` while held. */
  readonly startMs: number | null
  readonly untilMs: number | null
  readonly endedAtMs: number | null
  readonly leases: readonly Lease[]
  readonly claims: readonly Claim[]
}

/**
 * Why nothing is granted or changed, in the order in which it is looked for. The first three are of
 * the collector itself and are not remembered: the same request may be granted later.
 */
export const DRAW_REFUSALS = [
  /** The collector was restored and does not know yet what is lent. */
  'recovering',
  /** It doubts its own clock, or its own links. */
  'clock_accused',
  'deposits_suspended',
  /** Of the draw that the id names. */
  'id_reused',
  'draw_unknown',
  'wrong_state',
  'hold_lapsed',
  'card_unknown',
  /** Of what is asked for of collectors below this one. */
  'spans_ledgers',
  'child_closed',
  /** Of what is asked for, from what the collector knows. */
  'too_far',
  'lot_unknown',
  'unfenced',
  'too_long',
  'node_suspended',
  'not_enough',
  'not_sure_enough',
  'over_booked',
  /** Another draw was quicker. */
  'taken',
  /** From what the nodes say now. */
  'node_unreachable',
  'declined',
] as const
export type DrawRefusalCode = (typeof DRAW_REFUSALS)[number]

export interface DrawRefusal {
  readonly code: DrawRefusalCode
  /** For a person; names no node. */
  readonly sentence: string
  /** Reason a node gave, e.g. `veto`, `allocated`; `null` where no node was asked. */
  readonly reason: string | null
  readonly cardsAvailable: number | null
}

// ---- accounts ----------------------------------------------------------------------------------

/** Where promised card time has gone. Every promised millisecond lies in exactly one of them. */
export const BROKEN_CAUSES = [
  'recall',
  'veto',
  'card_lost',
  'interrupted',
  'unproven',
  'swap',
  'unfilled',
  'reconfigured',
  'identity',
] as const

export const ACCOUNTS = [
  /** What the owner has promised: the other side of all the others. */
  'promised',
  /** Not come yet, or not told yet. */
  'pending',
  /** Held by the borrower and run on, or not run on. */
  'delivered_active',
  'delivered_idle',
  'returned',
  /** The node was silent: evidence may still come. */
  'unproven',
  /** Taken over by the claim that took this one's place. */
  'swapped',
  ...BROKEN_CAUSES.map((cause) => `broken_${cause}` as const),
] as const
export type Account = (typeof ACCOUNTS)[number]

/** `[fromMs, toMs)` of one card's time moves from one account to another; never changed after. */
export interface Posting {
  readonly drawId: DrawId
  readonly ordinal: number
  readonly fromMs: number
  readonly toMs: number
  readonly from: Account
  readonly to: Account
  readonly knownAtMs: number
}

/** What a card did after its lease until it was seen free (C12); beside the accounts, not in them. */
export interface Residue {
  readonly drawId: DrawId
  readonly ordinal: number
  readonly fromMs: number
  readonly toMs: number
}
