/**
 * What a notice of the collector makes of the book. Pure; the signature was checked before.
 *
 * A notice of `lend` or `extend` is the whole lease: what it no longer names has been returned. One
 * of `return` or `recall` ends what it names at its `endMs`. The highest revision counts; a lower
 * one, or the same again, changes nothing, whenever it comes. Every notice that counts is answered
 * unit by unit with `taken` or `declined`.
 *
 * Statuses of a refusal in the order checked: `unknown_epoch`, `unknown_unit`, `ended` (the term is
 * over), how the unit's lease ended here before (`veto`, `recall` …; only one that had expired while
 * the word was on its way goes on), what the owner says now (`not_consented`, `veto`, `paused`,
 * `calendar`).
 */
import type { LeaseNotice, LeaseRecord } from '@yiben/shared'
import { endDue, endWords, noteClean, withCall, withLease } from './end-leases.ts'
import {
  isRunning,
  LEASES_MAX,
  type LeaseBook,
  type LeaseReply,
  type LeaseWord,
  type LentUnit,
  leaseOf,
  type NodeLease,
  type StatedEnd,
} from './lease-book.ts'

/** A collector that goes on asking has lost the answer: told again, but not more often than this. */
export const REPLY_AGAIN_MS = 60_000
/** A lease that is over is remembered for longer than its records may wait in the spool. */
const KEPT_MS = 8 * 24 * 3_600_000

export interface NoticeFacts {
  readonly nowMs: number
  /** Ids of the units on record by index of the book's epoch; `null`: there is none. */
  readonly unitIdOf: (index: number) => string | null
  /** What the owner says to this lease of this unit now; `null`: nothing against it. */
  readonly refusalOf: (unitId: string, startMs: number, endMs: number) => string | null
}

export function takeNotice(book: LeaseBook, notice: LeaseNotice, facts: NoticeFacts): LeaseBook {
  const known = book.leases.find(({ leaseId }) => leaseId === notice.leaseId) ?? null
  if (known !== null && notice.revision <= known.revision) {
    return repeated(book, notice, known, facts.nowMs)
  }
  const isLending = notice.kind === 'lend' || notice.kind === 'extend'
  if (notice.epoch !== book.epoch) {
    // Its indexes mean nothing here; what is known already waits for a notice of this epoch.
    if (known !== null || !isLending) return book
    return replied(book, refusedLease(notice, 'unknown_epoch'), facts.nowMs)
  }
  const taken = isLending
    ? takeLease(book, notice, known, facts)
    : takeEnd(book, notice, known, facts)
  return forgotten(endDue(taken, facts.nowMs), facts.nowMs)
}

function repeated(
  book: LeaseBook,
  notice: LeaseNotice,
  known: NodeLease,
  nowMs: number,
): LeaseBook {
  const isAsked = notice.revision === known.revision && notice.epoch === book.epoch
  if (!isAsked || nowMs - known.repliedAtMs < REPLY_AGAIN_MS) return book
  const next = replied(book, known, nowMs)
  return { ...next, words: [...next.words, ...endWords(known)] }
}

function takeLease(
  book: LeaseBook,
  notice: LeaseNotice,
  known: NodeLease | null,
  facts: NoticeFacts,
): LeaseBook {
  const named = notice.units.map((index) => ({ index, unitId: idOf(index, known, facts) }))
  if (named.length === 0 || named.some(({ unitId }) => unitId === null)) {
    return replied(book, { ...refusedLease(notice, 'unknown_unit'), ...kept(known) }, facts.nowMs)
  }
  const asked = named.flatMap(({ index, unitId }) => (unitId === null ? [] : [{ index, unitId }]))
  const judged = asked.map((unit) => ({ ...unit, cause: causeAgainst(unit, notice, known, facts) }))
  const taken = judged.filter(({ cause }) => cause === null)
  const ids = taken.map(({ unitId }) => unitId)
  const lease: NodeLease = {
    leaseId: notice.leaseId,
    account: notice.account,
    revision: notice.revision,
    startMs: known?.startMs ?? notice.startMs,
    endMs: notice.endMs,
    units: [
      ...unitsLeft(known, notice, facts.nowMs).filter(({ unitId }) => !ids.includes(unitId)),
      ...taken.map(lentUnit(notice, known)),
    ],
    replies: repliesOf(judged),
    repliedAtMs: facts.nowMs,
    lent: taken.length > 0 ? notice : (known?.lent ?? null),
    newest: notice,
  }
  const atMs = Math.min(notice.startMs, facts.nowMs)
  const before = noteClean(endElsewhere(book, lease.leaseId, ids, atMs), ids, facts.nowMs)
  return withCalls(replied(before, lease, facts.nowMs), lease, { known, ids })
}

/** What the owner, or an end before, says against this unit; `null`: it is lent. */
function causeAgainst(
  { unitId }: { readonly unitId: string },
  { startMs, endMs }: LeaseNotice,
  known: NodeLease | null,
  { nowMs, refusalOf }: NoticeFacts,
): string | null {
  if (endMs <= nowMs || endMs <= startMs) return 'ended'
  const before = known?.units.find((unit) => unit.unitId === unitId) ?? null
  if (before !== null && before.end !== null && before.end !== 'expire') return before.end
  if (before?.isReclaimed === true && endMs > before.untilMs) return 'recall'
  return refusalOf(unitId, known?.startMs ?? startMs, endMs)
}

function lentUnit(notice: LeaseNotice, known: NodeLease | null) {
  return ({ index, unitId }: { readonly index: number; readonly unitId: string }): LentUnit => ({
    unitId,
    index,
    untilMs: notice.endMs,
    untilCause: 'expire',
    isReclaimed: known?.units.find((unit) => unit.unitId === unitId)?.isReclaimed ?? false,
    endedAtMs: null,
    end: null,
    cleanAtMs: null,
  })
}

/**
 * Units of the lease that the notice does not take anew: what ended stays as it was, what it names
 * and the owner refuses keeps its former end, what it names no more has been returned.
 */
function unitsLeft(known: NodeLease | null, notice: LeaseNotice, nowMs: number): LentUnit[] {
  return (known?.units ?? []).map((unit) =>
    isRunning(unit) && !notice.units.includes(unit.index)
      ? { ...unit, untilMs: Math.min(unit.untilMs, nowMs), untilCause: 'return' }
      : unit,
  )
}

function takeEnd(
  book: LeaseBook,
  notice: LeaseNotice,
  known: NodeLease | null,
  facts: NoticeFacts,
): LeaseBook {
  const cause: StatedEnd = notice.kind === 'recall' ? 'recall' : 'return'
  const isMeant = (unit: LentUnit) =>
    isRunning(unit) && (notice.units.length === 0 || notice.units.includes(unit.index))
  const units = (known?.units ?? []).map((unit) =>
    isMeant(unit) && notice.endMs <= unit.untilMs
      ? { ...unit, untilMs: notice.endMs, untilCause: cause }
      : unit,
  )
  const reply: LeaseReply = { event: 'taken', unitIds: [], units: notice.units, cause: null }
  const lease: NodeLease = {
    leaseId: notice.leaseId,
    account: known?.account ?? notice.account,
    revision: notice.revision,
    startMs: known?.startMs ?? notice.startMs,
    endMs: known?.endMs ?? notice.endMs,
    units,
    replies: [reply],
    repliedAtMs: facts.nowMs,
    lent: known?.lent ?? null,
    newest: notice,
  }
  return replied(book, lease, facts.nowMs)
}

/** A unit the collector lends has been given back by whoever had it: its word may still be on its way. */
function endElsewhere(
  book: LeaseBook,
  leaseId: string,
  unitIds: readonly string[],
  atMs: number,
): LeaseBook {
  let next = book
  for (const unitId of unitIds) {
    const found = leaseOf(next, unitId)
    if (found === null || found.lease.leaseId === leaseId) continue
    const units = found.lease.units.map((unit) =>
      unit.unitId === unitId && isRunning(unit)
        ? { ...unit, untilMs: Math.min(unit.untilMs, atMs), untilCause: 'return' as const }
        : unit,
    )
    next = endDue(withLease(next, { ...found.lease, units }), atMs)
  }
  return next
}

function refusedLease(notice: LeaseNotice, cause: string): NodeLease {
  return {
    leaseId: notice.leaseId,
    account: notice.account,
    revision: notice.revision,
    startMs: notice.startMs,
    endMs: notice.endMs,
    units: [],
    replies: [{ event: 'declined', unitIds: [], units: [], cause }],
    repliedAtMs: 0,
    lent: null,
    newest: notice,
  }
}

/** What a lease keeps when a notice about it is refused whole. */
function kept(known: NodeLease | null): Partial<NodeLease> {
  if (known === null) return {}
  const { startMs, endMs, units, account, lent } = known
  return { startMs, endMs, units, account, lent }
}

/** The reply into the book and into what is to be told. */
function replied(book: LeaseBook, lease: NodeLease, nowMs: number): LeaseBook {
  const next = withLease(book, { ...lease, repliedAtMs: nowMs })
  return { ...next, words: [...next.words, ...replyWords(lease, nowMs)] }
}

export function replyWords({ leaseId, revision, replies }: NodeLease, atMs: number): LeaseWord[] {
  return replies.map(({ event, units, cause }) => {
    const record: LeaseRecord = { atMs, leaseId, event, revision, units, cause }
    return { kind: 'lease', record }
  })
}

interface JudgedIndex {
  readonly index: number
  readonly unitId: string
  readonly cause: string | null
}

/** One `taken`, and one `declined` for each cause. */
function repliesOf(judged: readonly JudgedIndex[]): LeaseReply[] {
  return [...Map.groupBy(judged, ({ cause }) => cause)].map(([cause, units]) => ({
    event: cause === null ? 'taken' : 'declined',
    unitIds: units.map(({ unitId }) => unitId),
    units: units.map(({ index }) => index),
    cause,
  }))
}

function withCalls(
  book: LeaseBook,
  { leaseId, account, endMs }: NodeLease,
  { known, ids }: { readonly known: NodeLease | null; readonly ids: readonly string[] },
): LeaseBook {
  const running = new Set(
    (known?.units ?? []).flatMap((unit) => (isRunning(unit) ? [unit.unitId] : [])),
  )
  const call = { leaseId, account, untilMs: endMs }
  const fresh = ids.filter((id) => !running.has(id))
  const lent = withCall(book, { ...call, event: 'lend', unitIds: fresh })
  const isLonger = known !== null && known.endMs !== endMs
  const longer = isLonger ? ids.filter((id) => running.has(id)) : []
  return withCall(lent, { ...call, event: 'extend', unitIds: longer })
}

/** A unit of the lease keeps its index while the card itself is away. */
function idOf(index: number, known: NodeLease | null, { unitIdOf }: NoticeFacts): string | null {
  return known?.units.find((unit) => unit.index === index)?.unitId ?? unitIdOf(index)
}

/** What is long over is forgotten; what runs, and what still stands on a card, never. */
function forgotten(book: LeaseBook, nowMs: number): LeaseBook {
  const isOver = ({ units }: NodeLease) => units.every((unit) => unit.cleanAtMs !== null)
  const oldest = book.leases.filter(isOver).sort((one, other) => one.endMs - other.endMs)
  const excess = Math.max(0, book.leases.length - LEASES_MAX)
  const gone = new Set(
    oldest
      .filter(({ endMs }, position) => position < excess || endMs < nowMs - KEPT_MS)
      .map(({ leaseId }) => leaseId),
  )
  if (gone.size === 0) return book
  return { ...book, leases: book.leases.filter(({ leaseId }) => !gone.has(leaseId)) }
}
