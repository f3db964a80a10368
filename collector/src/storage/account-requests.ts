/**
 * What the port is asked of accounts and what it answers: claims that are due to be settled,
 * settlements, sums for statements, records of sites. Plain values that can be cloned; amounts are
 * card-milliseconds.
 */
import type { Account, Claim, DrawId, Posting } from '../model/draw.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { UnitSpan } from './requests.ts'

/** A claim with time that evidence may still move, as it stands in one snapshot. */
export interface UnsettledClaim {
  readonly drawId: DrawId
  readonly claim: Claim
  /** All of them, in the order of their numbers. */
  readonly postings: readonly Posting[]
  readonly lastPostingNumber: number
  /** Of its card, over what is unsettled; `null`: nothing is. */
  readonly span: UnitSpan | null
}

export interface Settlement {
  readonly drawId: DrawId
  readonly ordinal: number
  /** Last posting that it was decided on. */
  readonly expectedPostingNumber: number
  readonly postings: readonly Posting[]
  /** When to look again; `null`: nothing of it is open any more. */
  readonly next: {
    readonly dueAtMs: number
    /** Live edge of its node that was seen; and the end of what is open and has passed. */
    readonly lookedToMs: number
    readonly openToMs: number
  } | null
}

/** Whose promises: given by an owner, or to a borrower, or all (of one bank, where it is named). */
export interface AccountFilter {
  readonly ownerCode: string | null
  readonly borrower: string | null
  readonly bank: string | null
}

/** Card-ms of alike cards that went from one account to another. */
export interface AccountMove {
  readonly siteCode: string
  readonly ownerCode: string
  readonly profile: DeviceProfile
  readonly from: Account
  readonly to: Account
  readonly ms: bigint
}

export interface ResidueSum {
  readonly siteCode: string
  readonly ownerCode: string
  readonly profile: DeviceProfile
  readonly ms: bigint
}

export interface AccountSums {
  readonly moves: readonly AccountMove[]
  readonly residues: readonly ResidueSum[]
}

/** What became of a draw's promise as a whole, also outside the range. */
export interface DrawMoves {
  readonly drawId: DrawId
  /** It was asked for to begin later. */
  readonly isBooking: boolean
  readonly moves: readonly { readonly from: Account; readonly to: Account; readonly ms: bigint }[]
}

/** How the leases of a site ended in the 90 days before an instant. */
export interface SiteRecord {
  readonly siteCode: string
  /** Cards of leases that ended, and of them those that ended as promised or by the borrower. */
  readonly cardsEnded: number
  readonly cardsKept: number
  /** Leases that the owner's scheduler ended: each once, however many cards. */
  readonly ownerClaims30Days: number
  readonly ownerClaims90Days: number
}

/** A promised claim with all that its accounts are checked by. */
export interface BookedClaim {
  readonly drawId: DrawId
  readonly claim: Claim
  readonly postings: readonly Posting[]
  /** What the ledger takes for lent; `null` for a slot without a card. */
  readonly lent: { readonly fromMs: number; readonly toMs: number } | null
}
