/** Collectors that report to this one, as its roster and its ledger know them (DESIGN 7). */
import type { ReportedCard } from '@yiben/shared'
import type { ChildId, SessionGeneration } from './ids.ts'
import type { Bucket } from './ledger.ts'

/** Its session tells nothing for this long: it is away, with all that is below it. */
export const CHILD_AWAY_AFTER_MS = 90_000

export interface ChildRow {
  readonly childId: ChildId
  readonly name: string
  readonly algorithm: number
  /** Raw public key of its ledger, hex: the origin of what it tells of itself. */
  readonly publicKey: string
  /** GB/T 2260, six digits: its sites must lie there; `null`: anywhere. */
  readonly regionCode: string | null
  /** It never connects: what it tells is brought as signed files. */
  readonly isOneWay: boolean
  readonly fingerprint: string
  readonly joinState: number
  readonly previousJoinState: number
  readonly status: 'active' | 'revoked'
  readonly enrolledAtMs: number
}

/** The session of a child as it was last, and how far its stream is taken. */
export interface ChildSession {
  readonly generation: SessionGeneration
  readonly isConnected: boolean
  readonly remoteAddress: string
  readonly programVersion: string
  readonly connectedAtMs: number | null
  /** Of a one-way child: when what it has told last was written. */
  readonly lastHeardMs: number | null
  readonly endedReason: string | null
  /** It has more to tell than it has told, since then; `null`: it has told all. */
  readonly behindSinceMs: number | null
  readonly epoch: string | null
  readonly watermark: number
  readonly watermarkHash: string | null
  readonly olderRecords: number
}

export interface ChildEpochRow {
  readonly epoch: string
  readonly previousEpoch: string | null
  readonly isClosed: boolean
  readonly watermark: number
  /** Record hash at the watermark, hex; `null` at 0. */
  readonly watermarkHash: string | null
}

/** A ledger that something is told of: a child, or a collector below one. */
export interface CollectorRow {
  readonly origin: string
  readonly childId: ChildId
  readonly parentOrigin: string | null
  readonly name: string
  readonly programVersion: string
  /** Nothing has come of it since then; `null`: it is heard. */
  readonly awaySinceMs: number | null
  /** When its own report was taken last; `null`: none has come. */
  readonly reportedAtMs: number | null
  readonly sites: number
  readonly nodes: number
  readonly cards: number
  readonly lastHourMs: number | null
  readonly checkpoint: {
    readonly logOrigin: string
    readonly size: number
    readonly rootHash: string
    readonly receivedAtMs: number
  } | null
}

/** A node of a child with its cards, as it was told last. */
export interface ChildNodeRow {
  readonly origin: string
  readonly nodeId: string
  readonly siteCode: string
  readonly name: string
  readonly isRevoked: boolean
  readonly cpuCores: number | null
  readonly receivedAtMs: number
  readonly cards: readonly (Omit<ReportedCard, 'identities'> & {
    /** Another ledger claims the same card, and that claim counts. */
    readonly isTakenOut: boolean
  })[]
}

/** One side of a conflict between ledgers. */
export interface ChildClaim {
  /** `null`: the card is here. */
  readonly origin: string | null
  readonly unitNumber: number
  readonly nodeId: string
  readonly siteCode: string
  readonly validFromMs: number
  readonly bookedToMs: number | null
}

/** One card that two ledgers claim at once. */
export interface ChildConflict {
  readonly conflictId: number
  /** `null`, here as below: it lies outside of what the asker may see. */
  readonly kept: ChildClaim | null
  /** Not counted while both last. */
  readonly other: ChildClaim | null
  readonly openedAtMs: number
  readonly resolvedAtMs: number | null
  readonly resolvedBy: string | null
}

/** What children have told of an hour, as far as it enters the buckets of this ledger. */
export interface ChildrenHour {
  /** Latest of each site; without version and time. */
  readonly told: readonly ChildBucket[]
  /** Cards of which nothing is told of this hour. */
  readonly untold: readonly UntoldCards[]
  /** Cards that others claim too: their time is in the two lists above, and counts elsewhere. */
  readonly takenOut: readonly TakenOutCard[]
  /** Nothing, or nothing sealed, is told by collectors that are heard: it may be on its way. */
  readonly isAwaited: boolean
  /** Connected children have more to tell than they have told, since then; `null`: none. */
  readonly behindSinceMs: number | null
}

export type ChildBucket = Omit<Bucket, 'hourMs' | 'version' | 'knownAtMs'>
type CardGroup = Pick<Bucket, 'siteCode' | 'ownerCode' | 'profile'>

/** Cards of a site that are alike, and the time of the hour in which they were valid, together. */
export interface UntoldCards extends CardGroup {
  readonly cards: number
  readonly validMs: bigint
}

export interface TakenOutCard extends CardGroup {
  readonly takenMs: bigint
  /** Of all the time in which it was valid in the hour. */
  readonly isWhole: boolean
}
