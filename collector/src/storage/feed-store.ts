/**
 * What the storage port promises of the feed: whatever a parent is told of this ledger and of those
 * below it (DESIGN 7), each thing once, under the number of its last change. Numbers are given in the
 * transaction of the change and only rise: who reads on after a cursor misses nothing, and who reads
 * again reads the same or newer.
 */
import type { ChildRecord } from '@yiben/shared'

/**
 * How far each lane has been read: the last number of it, 0 for nothing. Collectors are read before
 * all else, sites, nodes and checkpoints before hours and counts.
 */
export interface FeedCursor {
  readonly collectors: number
  readonly facts: number
  readonly hours: number
}
export const FEED_START: FeedCursor = { collectors: 0, facts: 0, hours: 0 }

/** Nothing more was there to be read. */
export function isSameCursor(left: FeedCursor, right: FeedCursor): boolean {
  return (
    left.collectors === right.collectors && left.facts === right.facts && left.hours === right.hours
  )
}

export interface FeedPage {
  /** Whole things as they are now; collectors after those that they report to. */
  readonly records: readonly ChildRecord[]
  /** Where to read on; the same as before when there is nothing more. */
  readonly next: FeedCursor
}

/** What is told of this collector and of instants, and kept nowhere else. Its version is given here. */
export type MadeRecord =
  | {
      readonly kind: 'collector'
      readonly collector: Made<Extract<ChildRecord, { readonly kind: 'collector' }>['collector']>
    }
  /** Of an hour that is over; left out where it has been sealed meanwhile. */
  | {
      readonly kind: 'hour'
      readonly hour: Made<Extract<ChildRecord, { readonly kind: 'hour' }>['hour']>
    }
  | {
      readonly kind: 'counts'
      readonly counts: Made<Extract<ChildRecord, { readonly kind: 'counts' }>['counts']>
    }
type Made<Report> = Omit<Report, 'version'>

export interface FeedStore {
  /**
   * On: from now on every change is fed, and everything that is there. Off: nothing is, and the feed
   * is emptied; numbers go on where they were. `same` where it is so already.
   */
  turnFeed(isOn: boolean): Promise<{ readonly status: 'turned' | 'same' }>
  isFeedOn(): Promise<boolean>
  /**
   * What comes next after the cursor, of about `limit` things. `origin`: the identity key of this
   * ledger. Of a lane nothing is read while one before it has more.
   */
  readFeed(origin: string, after: FeedCursor, limit: number): Promise<FeedPage>
  /** How many things have changed after the cursor, counted up to 100,000 a lane. */
  countFeed(after: FeedCursor): Promise<number>
  /** In the place of those of the same collector, hour or site that were made before. */
  feedMade(records: readonly MadeRecord[]): Promise<void>
  /** Sites of this ledger itself, not told by a child; by code. */
  readOwnSites(): Promise<readonly string[]>
  /**
   * The nation's key for ids of accelerators, as a parent handed it down. `kept`: the ledger has nodes,
   * whose ids are under its own key.
   */
  adoptIdentityKey(key: {
    readonly number: number
    readonly key: string
  }): Promise<{ readonly status: 'adopted' | 'same' | 'kept' }>
}
