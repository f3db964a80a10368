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
}

export interface NodeOffer {
  readonly nodeId: NodeId
  readonly siteCode: string
  /** Whole cards that stand in the node now, deposited or not. */
  readonly cardsPlaced: number
  /** Longest lease the owner consents to; `null` while the node has told no policy. */
  readonly leaseMsMax: number | null
  /** In the order in which they were deposited. */
  readonly cards: readonly DepositedCard[]
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
