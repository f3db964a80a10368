/**
 * What ends leases on the node, with or without a collector in reach: their stated end, the owner's
 * hand, the owner's scheduler, a handover that failed. Pure. It promises that a unit's lease ends
 * once, never after its stated end, and that every end is told with the revision as it was (C8, C9,
 * C22). What comes to an end here may be told of the past.
 */
import {
  CALLS_MAX,
  type HandoverCall,
  type HandoverEvent,
  isRunning,
  type LeaseBook,
  type LeaseEnd,
  type LeaseWord,
  type LentUnit,
  NO_INDEX,
  type NodeLease,
} from './lease-book.ts'

const EVENT_OF_END: Readonly<Record<LeaseEnd, HandoverEvent>> = {
  expire: 'expire',
  return: 'return',
  recall: 'recall',
  veto: 'veto',
  owner_claimed: 'recall',
  handover_failed: 'recall',
}

/** Where and why a unit ends now; `null`: it goes on. */
type Ending = { readonly atMs: number; readonly end: LeaseEnd } | null

/** Ends that are due, each at the instant stated for it. */
export function endDue(book: LeaseBook, nowMs: number): LeaseBook {
  return endUnits(book, ({ unit }) =>
    unit.untilMs <= nowMs ? { atMs: unit.untilMs, end: unit.untilCause } : null,
  )
}

/** The owner takes cards back, or the agent lets go of them. `unitIds` null: all. */
export function endByVeto(
  book: LeaseBook,
  unitIds: readonly string[] | null,
  atMs: number,
): LeaseBook {
  return endUnits(book, ({ unit }) =>
    unitIds === null || unitIds.includes(unit.unitId) ? { atMs, end: 'veto' } : null,
  )
}

/** The owner's scheduler has given a lent card to somebody else, in a run that began at `fromMs`. */
export function endByClaim(book: LeaseBook, unitId: string, fromMs: number): LeaseBook {
  return endUnits(book, ({ unit, lease }) =>
    unit.unitId === unitId ? { atMs: Math.max(fromMs, lease.startMs), end: 'owner_claimed' } : null,
  )
}

/** The owner's script refused the lease. */
export function endByHandover(book: LeaseBook, call: HandoverCall, atMs: number): LeaseBook {
  return endUnits(book, ({ unit, lease }) =>
    lease.leaseId === call.leaseId && call.unitIds.includes(unit.unitId)
      ? { atMs, end: 'handover_failed' }
      : null,
  )
}

/**
 * The owner announces that leases end at `atMs`: told at once as an end that lies ahead, which the
 * end itself will repeat unless something ends the lease before.
 */
export function announceRecall(
  book: LeaseBook,
  unitIds: readonly string[] | null,
  atMs: number,
): LeaseBook {
  const isMeant = (unit: LentUnit) =>
    isRunning(unit) && (unitIds === null || unitIds.includes(unit.unitId))
  let next = book
  for (const lease of book.leases) {
    if (!lease.units.some(isMeant)) continue
    const units = lease.units.map((unit) => (isMeant(unit) ? recalled(unit, atMs) : unit))
    next = withLease(next, { ...lease, units })
    const sooner = lease.units.filter((unit) => isMeant(unit) && unit.untilMs > atMs)
    if (sooner.length > 0) next = tellEnd(next, lease, sooner, { atMs, end: 'recall' })
  }
  return next
}

/** One that ends before the recall does so as stated, and is the owner's from then on. */
function recalled(unit: LentUnit, atMs: number): LentUnit {
  if (unit.untilMs <= atMs) return { ...unit, isReclaimed: true }
  return { ...unit, untilMs: atMs, untilCause: 'recall', isReclaimed: true }
}

/** Units that were seen free or given to somebody else: what is on them now is not the borrower's. */
export function noteClean(book: LeaseBook, unitIds: readonly string[], atMs: number): LeaseBook {
  const isMeant = (unit: LentUnit) =>
    unitIds.includes(unit.unitId) &&
    unit.cleanAtMs === null &&
    unit.endedAtMs !== null &&
    unit.endedAtMs <= atMs
  if (!book.leases.some(({ units }) => units.some(isMeant))) return book
  const leases = book.leases.map((lease) =>
    lease.units.some(isMeant)
      ? {
          ...lease,
          units: lease.units.map((unit) => (isMeant(unit) ? { ...unit, cleanAtMs: atMs } : unit)),
        }
      : lease,
  )
  return { ...book, leases }
}

/** One after the other, in the order of their instants. */
function endUnits(
  book: LeaseBook,
  endingOf: (of: { readonly lease: NodeLease; readonly unit: LentUnit }) => Ending,
): LeaseBook {
  const groups = new Map<string, Group>()
  for (const lease of book.leases) {
    for (const unit of lease.units) {
      if (!isRunning(unit)) continue
      const asked = endingOf({ lease, unit })
      if (asked === null) continue
      // Whatever asks for an end, the stated one is the last there can be.
      const ending =
        asked.atMs > unit.untilMs ? { atMs: unit.untilMs, end: unit.untilCause } : asked
      const key = [lease.leaseId, ending.atMs, ending.end].join('|')
      const group = groups.get(key) ?? { leaseId: lease.leaseId, ending, units: [] }
      group.units.push(unit)
      groups.set(key, group)
    }
  }
  return [...groups.values()]
    .sort((one, other) => one.ending.atMs - other.ending.atMs)
    .reduce(endGroup, book)
}

interface Group {
  readonly leaseId: string
  readonly ending: NonNullable<Ending>
  readonly units: LentUnit[]
}

function endGroup(book: LeaseBook, { leaseId, ending, units: ended }: Group): LeaseBook {
  const lease = book.leases.find((one) => one.leaseId === leaseId)
  if (lease === undefined) return book
  const ids = new Set(ended.map(({ unitId }) => unitId))
  const units = lease.units.map((unit) =>
    ids.has(unit.unitId) ? { ...unit, endedAtMs: ending.atMs, end: ending.end } : unit,
  )
  let next = tellEnd(withLease(book, { ...lease, units }), lease, ended, ending)
  const reclaimed = ended.filter(({ isReclaimed }) => isReclaimed).map(({ unitId }) => unitId)
  if (reclaimed.length > 0) {
    const word = { kind: 'reclaim' as const, unitIds: reclaimed, atMs: ending.atMs }
    next = { ...next, words: [...next.words, word] }
  }
  return withCall(next, {
    event: EVENT_OF_END[ending.end],
    leaseId,
    account: lease.account,
    unitIds: [...ids],
    untilMs: ending.atMs,
  })
}

function tellEnd(
  book: LeaseBook,
  lease: NodeLease,
  units: readonly LentUnit[],
  ending: NonNullable<Ending>,
): LeaseBook {
  const indexes = units.flatMap(({ index }) => (index === NO_INDEX ? [] : [index]))
  if (indexes.length === 0) return book
  return { ...book, words: [...book.words, endWord(lease, indexes, ending)] }
}

function endWord(
  { leaseId, revision }: NodeLease,
  units: readonly number[],
  { atMs, end }: NonNullable<Ending>,
): LeaseWord {
  const record = { atMs, leaseId, event: 'ended' as const, revision, units, cause: end }
  return { kind: 'lease', record }
}

/** All that has ended of a lease, told again. */
export function endWords(lease: NodeLease): LeaseWord[] {
  return lease.units.flatMap(({ index, endedAtMs, end }) =>
    endedAtMs === null || end === null || index === NO_INDEX
      ? []
      : [endWord(lease, [index], { atMs: endedAtMs, end })],
  )
}

export function withLease(book: LeaseBook, lease: NodeLease): LeaseBook {
  const isKnown = book.leases.some(({ leaseId }) => leaseId === lease.leaseId)
  const leases = isKnown
    ? book.leases.map((one) => (one.leaseId === lease.leaseId ? lease : one))
    : [...book.leases, lease]
  return { ...book, leases }
}

export function withCall(book: LeaseBook, call: HandoverCall): LeaseBook {
  if (call.unitIds.length === 0) return book
  return { ...book, calls: [...book.calls, call].slice(-CALLS_MAX) }
}
