/**
 * What one round of samples means for leases: a lent card that the owner's scheduler has given to
 * somebody else is his (C8), and a card that was lent is clean once it was seen free or is somebody
 * else's (C12). Pure.
 */
import { stateOf } from '@yiben/shared'
import type { Possession } from '../owners/owner.ts'
import type { JudgedUnit } from '../sampling/judge.ts'
import type { Lending } from '../verdict/lending.ts'
import { noteClean } from './end-leases.ts'
import type { LeaseBook } from './lease-book.ts'

export interface UnitsSeen {
  /** The run that says so begins at `fromMs`. */
  readonly claimed: readonly { readonly unitId: string; readonly fromMs: number }[]
  readonly clean: (book: LeaseBook) => LeaseBook
}

export interface LookContext {
  /** At the instant of the samples. */
  readonly lendingOf: (index: number) => Lending
  /** Where the run begins that the sample of a unit has found. */
  readonly runStartMs: (index: number) => number
}

export function lookAtUnits(
  judged: readonly JudgedUnit[],
  atMs: number,
  { lendingOf, runStartMs }: LookContext,
): UnitsSeen {
  const inLease = judged.filter(({ unit }) => lendingOf(unit.index) === 'lent')
  const after = judged.filter(({ unit }) => lendingOf(unit.index) === 'overstay')
  const clean = after.filter((one) => isFree(one) || isOthers(one.possession))
  return {
    claimed: inLease
      .filter(({ possession }) => isOthers(possession))
      .map(({ unit }) => ({ unitId: unit.id, fromMs: runStartMs(unit.index) })),
    clean: (book) => {
      const ids = clean.map(({ unit }) => unit.id)
      return ids.length === 0 ? book : noteClean(book, ids, atMs)
    },
  }
}

function isFree({ verdict, row }: JudgedUnit): boolean {
  return stateOf(verdict.code) === 'free' && row.isBanks !== true
}

function isOthers(possession: Possession): boolean {
  return possession.status === 'given' && !possession.toBank
}
