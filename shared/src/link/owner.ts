/** What the link needs of the program it belongs to, and what it tells it. */
import type { SpoolState } from '../spool/spool.ts'
import type { ChildAsk } from '../wire/ask-messages.ts'
import type { Heartbeat, RefusedRecord, ToNodeMessage, Welcome } from '../wire/messages.ts'

/** The collector's clock against the node's timeline: evidence, never applied to stamps. */
export interface TimeMeasure {
  /** Collector time minus node timeline, ms. */
  readonly offsetMs: number
  /** Half the round trip: the offset may be wrong by this much either way. */
  readonly uncertaintyMs: number
}

/**
 * The answer took half the round trip to come; the other half is what may be wrong with that. Times
 * of the question and the answer are monotonic, `timelineMs` is the node's timeline at the answer.
 */
export function timeMeasureOf(options: {
  readonly serverTimeMs: number
  readonly timelineMs: number
  readonly askedAtMs: number
  readonly answeredAtMs: number
}): TimeMeasure {
  const halfTripMs = (options.answeredAtMs - options.askedAtMs) / 2
  return {
    offsetMs: Math.round(options.serverTimeMs + halfTripMs - options.timelineMs),
    uncertaintyMs: Math.ceil(halfTripMs),
  }
}

export interface EpochChange {
  readonly before: SpoolState
  readonly after: SpoolState
  readonly sentence: string
}

/** Called from the link's own turn; must return soon and not throw. */
export interface LinkOwner {
  /** Samples since the last call, and which units are still free. */
  heartbeat(): Heartbeat
  /** UTC ms on the node's own timeline; `null` where there is none (yet). */
  timelineNowMs(): number | null
  /** The handshake is done: settings, node id, and after enrolling the identity key. */
  onWelcome(welcome: Welcome): void
  onTime(measure: TimeMeasure): void
  /** Acknowledged all the same: their time is booked unknown(refused) at the collector. */
  onRefused(records: readonly RefusedRecord[]): void
  /** Append the facts anew, under the next revision. */
  onNeedFacts(): void
  /**
   * The spool has just begun a new, empty epoch: append what every epoch starts with (the gap, the
   * facts, the policy) before anything else. A disk failure may be thrown.
   */
  onNewEpoch(change: EpochChange): void
  /** The link is up, before any record is sent; what is said now is the first that is heard. */
  onOnline?(): void
  /** Draws; ignored where absent. */
  onLeaseMessage?(
    message: Extract<ToNodeMessage, { readonly kind: 'lease_query' | 'lease_notice' }>,
  ): void
  /** Keys and authorities; ignored where absent. */
  onKeyMessage?(message: KeyMessage): void
  /** A parent asks about draws; ignored where absent. */
  onChildAsk?(ask: ChildAsk): void
  /** Nobody there knows this node's key: whether it will show another one when it comes back. */
  takeOtherKey?(): boolean
}

export type KeyMessage = Extract<ToNodeMessage, { readonly kind: 'trust_roots' | 'rotate_key' }>

/** A key that was changed just before a backup which is the ledger now is not known there yet. */
export function isOtherKeyLeft(owner: LinkOwner, code: string): boolean {
  return code === 'node_unknown' && owner.takeOtherKey?.() === true
}

/** Hands on what is the owner's business; `false` for anything else. */
export function tellOwner(owner: LinkOwner, message: ToNodeMessage): boolean {
  switch (message.kind) {
    case 'need_facts':
      owner.onNeedFacts()
      return true
    case 'lease_query':
    case 'lease_notice':
      owner.onLeaseMessage?.(message)
      return true
    case 'trust_roots':
    case 'rotate_key':
      owner.onKeyMessage?.(message)
      return true
    case 'child_ask':
      owner.onChildAsk?.(message.childAsk)
      return true
    default:
      return false
  }
}
