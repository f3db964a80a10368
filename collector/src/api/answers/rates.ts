/**
 * Busy rate and allocation rate, never as one number (DESIGN 6): x ÷ (all − unknown), with the
 * bounds [x ÷ all, (x + unknown) ÷ all] between which the truth lies. Exact on integers, then cut
 * to parts per million.
 */
import { z } from 'zod'
import { ratioOut } from '../schemas.ts'

export const rateSchema = z.object({ rate: ratioOut, lower: ratioOut, upper: ratioOut })
export type Rate = z.infer<typeof rateSchema>

/** `part` was measured within what is known; it can exceed it by a rounding of samples only. */
export function rateOf(part: bigint, all: bigint, unknown: bigint): Rate {
  const known = all - unknown
  return {
    rate: ratio(part, known),
    lower: ratio(part, all),
    upper: ratio(part + unknown, all),
  }
}

/** Rounded down; `null` of nothing, never more than 1. */
export function ratio(part: bigint, whole: bigint): number | null {
  if (whole <= 0n) return null
  // The same as below, sooner: most shares of a table are one of the two.
  if (part === 0n) return 0
  if (part >= whole) return 1
  return Number((part * 1_000_000n) / whole) / 1_000_000
}
