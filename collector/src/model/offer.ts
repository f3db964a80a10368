/** What a node offers: its cards under open deposits, and how the windows below them stand. */
import type { NodeId, UnitId } from './ids.ts'
import type { DeviceProfile } from './inventory.ts'

export interface DepositedCard {
  readonly unitId: UnitId
  readonly depositId: string
  readonly profile: DeviceProfile
  readonly windowStartMs: number
  readonly openedAtMs: number
  /** The window of the deposit; `null` once it has ended, though the bank has not looked yet. */
  readonly window: { readonly ageStartMs: number; readonly provenToMs: number } | null
  /** The owner has withdrawn it since, though the bank has not looked yet. */
  readonly isWithheld: boolean
  /** Claimed by two nodes, or not counted here. */
  readonly isDisputed: boolean
  /** Under a live claim of a draw: held, lent, or being cleaned after that. */
  readonly isClaimed: boolean
}

export interface NodeOffer {
  readonly nodeId: NodeId
  readonly siteCode: string
  /** Whole cards that stand in the node now, deposited or not. */
  readonly cardsPlaced: number
  /** Longest lease the owner consents to; `null` while the node has told no policy. */
  readonly leaseMsMax: number | null
  /** When the owner lends, as the node's policy tells it; `null`: always. */
  readonly calendar: string | null
  /** The owner's scheduler cannot place jobs of its own on lent cards of the node. */
  readonly isFenced: boolean
  /** In the order in which they were deposited. */
  readonly cards: readonly DepositedCard[]
}

/** What the journal last said of how long the cards of a lot will last. */
export interface LotPromise {
  readonly lotId: string
  readonly saidAtMs: number
  /** Cards that last, one number for each of `PROMISED_MS` (bank/promises.ts). */
  readonly cards: readonly number[]
}

/** How far a follower of offers has come; all zero before the first look. */
export interface OfferCursor {
  readonly changeSeq: number
  readonly outboxId: number
}

export interface OfferChanges {
  readonly offers: readonly NodeOffer[]
  readonly cursor: OfferCursor
  /** There is more to read at once. */
  readonly hasMore: boolean
}
