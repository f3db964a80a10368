/** Claims of several ledgers on one card, and the conflicts they make. */
import type { ChildConflict } from '../model/child.ts'
import { integer, integerOrNull, type Row, textOrNull } from './values.ts'

/** In place of a ledger's number: the card is here. */
export const HERE = 0

/** A card under the number that its ledger gave its place. */
export interface Claim {
  readonly collector: number
  readonly unit: number
  readonly validFromMs: number
  readonly bookedToMs: number | null
}

/** Time in which both claim it; `null`: never. */
export function overlapOf(
  one: Claim,
  other: Claim,
): { readonly fromMs: number; readonly toMs: number | null } | null {
  const fromMs = Math.max(one.validFromMs, other.validFromMs)
  const ends = [one.bookedToMs, other.bookedToMs].filter((end) => end !== null)
  const toMs = ends.length === 0 ? null : Math.min(...ends)
  return toMs !== null && toMs <= fromMs ? null : { fromMs, toMs }
}

export function claimOf(row: Row): Claim {
  return {
    collector: integer(row, 'collector_number'),
    unit: integer(row, 'unit_number'),
    validFromMs: integer(row, 'valid_from_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
  }
}

export function ownClaim(row: Row): Claim {
  return {
    collector: HERE,
    unit: integer(row, 'unit_id'),
    validFromMs: integer(row, 'valid_from_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
  }
}

export function conflictOf(row: Row): Omit<ChildConflict, 'kept' | 'other'> {
  return {
    conflictId: integer(row, 'conflict_id'),
    openedAtMs: integer(row, 'opened_at_ms'),
    resolvedAtMs: integerOrNull(row, 'resolved_at_ms'),
    resolvedBy: textOrNull(row, 'resolved_by'),
  }
}
