/**
 * What a new epoch and a new boot make of the book. Pure. An epoch counts its units anew and its
 * stream begins empty: what was told in the one before may never have arrived, so it is told once
 * more. A boot ends every process of a borrower: nothing on the cards is his any more.
 */
import { endWords } from './end-leases.ts'
import {
  isRunning,
  type LeaseBook,
  type LeaseReply,
  NO_INDEX,
  type NodeLease,
} from './lease-book.ts'
import { replyWords } from './take-notice.ts'

export interface EpochFacts {
  readonly epoch: string
  readonly nowMs: number
  /** Index of a unit in the new epoch; `null`: it is not there. */
  readonly indexOf: (unitId: string) => number | null
}

export function beginEpoch(book: LeaseBook, facts: EpochFacts): LeaseBook {
  if (book.epoch === facts.epoch) return book
  const leases = book.leases.map((lease) => renumbered(lease, facts))
  const words = leases.flatMap((lease) => [...replyWords(lease, facts.nowMs), ...endWords(lease)])
  const reclaims = book.words.filter(({ kind }) => kind === 'reclaim')
  return { ...book, epoch: facts.epoch, leases, words: [...words, ...reclaims] }
}

/** A unit that is not there keeps its lease, and ends in silence: no record of this epoch can name it. */
function renumbered(lease: NodeLease, { indexOf }: EpochFacts): NodeLease {
  const units = lease.units.map((unit) => ({ ...unit, index: indexOf(unit.unitId) ?? NO_INDEX }))
  const replies = lease.replies.flatMap((reply): LeaseReply[] => {
    if (reply.unitIds.length === 0) return [{ ...reply, units: [] }]
    const indexes = reply.unitIds.flatMap((id) => indexOf(id) ?? [])
    return indexes.length === 0 ? [] : [{ ...reply, units: indexes }]
  })
  return { ...lease, units, replies }
}

export function beginBoot(book: LeaseBook, bootId: string, nowMs: number): LeaseBook {
  if (book.bootId === bootId) return book
  const leases = book.leases.map((lease) => ({
    ...lease,
    units: lease.units.map((unit) =>
      isRunning(unit) || unit.cleanAtMs !== null ? unit : { ...unit, cleanAtMs: nowMs },
    ),
  }))
  return { ...book, bootId, leases }
}
