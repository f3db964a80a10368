/**
 * What this node knows of its leases: a value, and questions to it. Pure. Decisions about it are in
 * `take-notice.ts` (what the collector says) and `end-leases.ts` (what ends by itself or by the
 * owner); `node-leases.ts` keeps it on disk and acts on it.
 *
 * A unit is named by its id on this node, which outlives an epoch; `index` is its number in the
 * epoch of the book. Times are UTC ms on the node's timeline, intervals half-open. The book is
 * bounded: no unit is lent twice at once, and of leases that are over the newest are kept.
 */
import type { LeaseNotice, LeaseRecord } from '@yiben/shared'
import type { LendingPlan, LendingSegment } from '../verdict/lending.ts'

/** Why the time of a lease on a unit is over; `handover_failed`: the owner's script said no. */
export const LEASE_ENDS = [
  'expire',
  'return',
  'recall',
  'veto',
  'owner_claimed',
  'handover_failed',
] as const
export type LeaseEnd = (typeof LEASE_ENDS)[number]
/** Ends at an instant stated before. */
export const STATED_ENDS = ['expire', 'return', 'recall'] as const
export type StatedEnd = (typeof STATED_ENDS)[number]

export interface LentUnit {
  readonly unitId: string
  /** `NO_INDEX`: the unit was not there when the epoch began. */
  readonly index: number
  /** Lent up to here, and what that end will be called. */
  readonly untilMs: number
  readonly untilCause: StatedEnd
  /** Recalled by the owner on this node: the card is taken back when the lease ends. */
  readonly isReclaimed: boolean
  /** `null`: not ended yet. */
  readonly endedAtMs: number | null
  readonly end: LeaseEnd | null
  /** When it was seen free, or given to somebody else, after its end. */
  readonly cleanAtMs: number | null
}

/** What a notice was answered with; told again to a collector that keeps asking. */
export interface LeaseReply {
  readonly event: 'taken' | 'declined'
  readonly unitIds: readonly string[]
  /** As the records name them; empty: the whole notice. */
  readonly units: readonly number[]
  readonly cause: string | null
}

export interface NodeLease {
  readonly leaseId: string
  readonly account: string
  /** Highest that was answered. */
  readonly revision: number
  readonly startMs: number
  /** As the last notice that lent says; what the single units make of it is theirs. */
  readonly endMs: number
  readonly units: readonly LentUnit[]
  readonly replies: readonly LeaseReply[]
  readonly repliedAtMs: number
  /** The newest notice that lent and the newest of all, as signed; `null`: nothing was ever lent. */
  readonly lent: LeaseNotice | null
  readonly newest: LeaseNotice
}

/** What the collector is still to be told; in the order in which it happened. */
export type LeaseWord =
  | { readonly kind: 'lease'; readonly record: LeaseRecord }
  /** Cards whose recall with notice is over are the owner's again. */
  | { readonly kind: 'reclaim'; readonly unitIds: readonly string[]; readonly atMs: number }

export const HANDOVER_EVENTS = ['lend', 'extend', 'return', 'recall', 'expire', 'veto'] as const
export type HandoverEvent = (typeof HANDOVER_EVENTS)[number]

/** One call of the owner's script that is still to be made. */
export interface HandoverCall {
  readonly event: HandoverEvent
  readonly leaseId: string
  readonly account: string
  readonly unitIds: readonly string[]
  readonly untilMs: number
}

export interface LeaseBook {
  readonly epoch: string
  readonly bootId: string
  readonly leases: readonly NodeLease[]
  readonly words: readonly LeaseWord[]
  readonly calls: readonly HandoverCall[]
}

/** Running and over; a node of 1,024 slices, each lent for itself, and as many before. */
export const LEASES_MAX = 2048
/** Calls of a script that never succeeds; the oldest go. */
export const CALLS_MAX = 256

/** Of no unit: indexes begin at 0. */
export const NO_INDEX = -1

export function emptyBook(epoch: string, bootId: string): LeaseBook {
  return { epoch, bootId, leases: [], words: [], calls: [] }
}

/** Not ended, whether begun or not. */
export function isRunning(unit: LentUnit): boolean {
  return unit.endedAtMs === null
}

/** The lease that has the unit, begun or not; there is at most one. */
export function leaseOf(book: LeaseBook, unitId: string): RunningUnit | null {
  for (const lease of book.leases) {
    const unit = lease.units.find((one) => one.unitId === unitId && isRunning(one))
    if (unit !== undefined) return { lease, unit }
  }
  return null
}

export interface RunningUnit {
  readonly lease: NodeLease
  readonly unit: LentUnit
}

export function runningLeases(book: LeaseBook): NodeLease[] {
  return book.leases.filter(({ units }) => units.some(isRunning))
}

/** The next instant at which a lease begins or ends by itself; `null` for none. */
export function nextLeaseEdgeMs(book: LeaseBook, nowMs: number): number | null {
  const edges = book.leases.flatMap(({ startMs, units }) =>
    units.filter(isRunning).flatMap(({ untilMs }) => (startMs > nowMs ? [startMs] : [untilMs])),
  )
  return edges.length === 0 ? null : Math.min(...edges)
}

/** How the unit stands with the bank over time, the ends that lie ahead included. */
export function lendingPlan(book: LeaseBook, unitId: string): LendingPlan {
  const segments: LendingSegment[] = []
  for (const { startMs, units } of book.leases) {
    for (const unit of units) {
      const endMs = unit.endedAtMs ?? unit.untilMs
      if (unit.unitId !== unitId || endMs <= startMs) continue
      segments.push({ fromMs: startMs, lending: 'lent' }, { fromMs: endMs, lending: 'overstay' })
      if (unit.cleanAtMs !== null) {
        segments.push({ fromMs: Math.max(unit.cleanAtMs, endMs), lending: 'none' })
      }
    }
  }
  // Stable: where one lease ends as another begins, the later in the book has the last word.
  return segments.sort((one, other) => one.fromMs - other.fromMs)
}

/** What this node believes to be lent, in the collector's own signed words. */
export function signedNotices(book: LeaseBook): LeaseNotice[] {
  return runningLeases(book).flatMap(({ lent, newest }) =>
    lent === null || lent.revision === newest.revision ? [newest] : [lent, newest],
  )
}
