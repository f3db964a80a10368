/** All that one look at the claims of a draw rests on: facts of their cards, guards and now. */
import type { Claim } from '../model/draw.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { OpenUnit } from '../model/timeline.ts'
import type { Decided } from './draw-entries.ts'
import type { CardTrace } from './lease-trace.ts'

export interface CardLook {
  /** `null`: the card is not in what its node tells now. */
  readonly unit: OpenUnit | null
  /** `null`: no placement of this number stands, or stood and moved. */
  readonly row: UnitRow | null
  /** When the card was cut otherwise while it was claimed. */
  readonly recutAtMs: number | null
  /** Everything before has been told of it. */
  readonly toldToMs: number
  /** Of the lease, or of the time since its end; `null` for a hold. */
  readonly trace: CardTrace | null
  /** The node has told at once that it left free, was vetoed or failed: no record yet. */
  readonly hasLeftFree: boolean
}

export interface LeaseLook extends Decided {
  /** By ordinal; a claim that is not there is not looked at. */
  readonly cards: ReadonlyMap<number, CardLook>
  /** Since when this process has been here to hear nodes: its own absence is nobody's silence. */
  readonly listeningSinceMs: number
  /** Not while the collector suspects its links or its clock: then silence ends nothing. */
  readonly isSilenceJudged: boolean
}

/** A claim with a promise. */
export type LentClaim = Claim & {
  readonly leaseId: string
  readonly startMs: number
  readonly untilMs: number
}

export function isLent(claim: Claim): claim is LentClaim {
  return claim.state === 'leased' && isPromised(claim)
}

export function isPromised(claim: Claim): claim is LentClaim {
  return claim.leaseId !== null && claim.startMs !== null && claim.untilMs !== null
}

/** For how long nothing has been told that this process could have heard. */
export function silentSinceMs(card: CardLook, look: LeaseLook): number {
  return Math.max(card.toldToMs, look.listeningSinceMs)
}
