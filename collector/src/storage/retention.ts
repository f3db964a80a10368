/** How far back a timeline is kept, and what a question about what went is answered. */
import { AppError, HOUR_MS } from '@yiben/shared'

/** A day more than a card may have been unheard and still be told apart from one that never was. */
export const LOOK_BACK_MS = 31 * 24 * HOUR_MS
/** Looked at in one call, whether anything of them goes or not. */
export const UNITS_PER_CALL = 500

export function prunedError(keptMs: number): AppError {
  const from = new Date(keptMs).toISOString().replace('.000Z', 'Z')
  const sentence = `what single cards did is kept from ${from} on; figures of hours, days and months are there`
  return new AppError('as_of_pruned', sentence, { fields: { keptFromMs: keptMs } })
}
