/** The time one card was lent, and the reach under which its length is found. */
import { assert } from '@yiben/shared'
import type { Claim, ClaimEnd } from '../model/draw.ts'
import { integer, type Row, textOrNull } from './values.ts'

/** Powers of two up to 49 days: a lease is no longer than 31 (`draw-request.ts`). */
export const REACHES_MS = Array.from({ length: 33 }, (_, power) => 2 ** power)

/** Of a lease whose owner may have announced something before. */
const GOOD_ENDS: readonly ClaimEnd[] = ['expired', 'returned']

export interface LentSpan {
  readonly startMs: number
  readonly endMs: number
  readonly endKind: string | null
}

/** `null`: it was never promised. One that ended before it began lasted no time. */
export function spanOf(claim: Claim): LentSpan | null {
  const { startMs, untilMs, endedAtMs, end, recallCause } = claim
  if (startMs === null || untilMs === null) return null
  const endMs = Math.max(startMs, Math.min(untilMs, endedAtMs ?? untilMs))
  // Also where another card took its place (C8).
  const isOwners = recallCause === 'owner_claimed' && end !== null && !GOOD_ENDS.includes(end)
  return { startMs, endMs, endKind: isOwners ? 'owner_claimed' : end }
}

export function lentSpanOf(row: Row): LentSpan {
  return {
    startMs: integer(row, 'start_ms'),
    endMs: integer(row, 'end_ms'),
    endKind: textOrNull(row, 'end_kind'),
  }
}

export function knownFromMs(row: Row): number {
  return integer(row, 'known_from_ms')
}

export function isSame(left: LentSpan, right: LentSpan): boolean {
  return (
    left.startMs === right.startMs && left.endMs === right.endMs && left.endKind === right.endKind
  )
}

export function reachOf(lengthMs: number): number {
  const reach = REACHES_MS.find((one) => one >= lengthMs)
  assert(reach !== undefined, 'a lease is shorter than the longest reach')
  return reach
}
