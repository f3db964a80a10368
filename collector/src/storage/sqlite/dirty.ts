/** Sealed hours whose figures have changed: the roller reads them and writes corrections. */
import { hourStartMs } from '@yiben/shared'
import type { Database } from './driver.ts'

/**
 * Marks the sealed hours that [fromMs, toMs) touches; without an end, all from `fromMs` on. Hours
 * that are not sealed need no mark: their seal will hold what has changed.
 */
export function markDirty(db: Database, fromMs: number, toMs: number | null): void {
  db.run(
    `INSERT INTO dirty_hours (hour_ms)
     SELECT DISTINCT hour_ms FROM seals WHERE hour_ms >= ? AND (? IS NULL OR hour_ms < ?)
     ON CONFLICT (hour_ms) DO NOTHING`,
    hourStartMs(fromMs),
    toMs,
    toMs,
  )
}
