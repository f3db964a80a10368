/** Sealed hours whose figures have changed: the roller reads them and writes corrections. */
import { hourStartMs } from '@yiben/shared'
import type { Database } from './driver.ts'
import { keptFromMs } from './retention.ts'

/**
 * Marks the sealed hours that [fromMs, toMs) touches; without an end, all from `fromMs` on. Hours
 * that are not sealed need no mark: their seal will hold what has changed. Hours of which rows may
 * be gone stay as they were sealed.
 */
export function markDirty(db: Database, fromMs: number, toMs: number | null): void {
  db.run(
    `INSERT INTO dirty_hours (hour_ms)
     SELECT DISTINCT hour_ms FROM seals WHERE hour_ms >= ? AND (? IS NULL OR hour_ms < ?)
     ON CONFLICT (hour_ms) DO NOTHING`,
    Math.max(hourStartMs(fromMs), keptFromMs(db)),
    toMs,
    toMs,
  )
}
