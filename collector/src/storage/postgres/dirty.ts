/** Sealed hours whose figures have changed: the roller reads them and writes corrections. */
import { hourStartMs } from '@yiben/shared'
import type { Database } from './driver.ts'
import { share } from './locks.ts'
import { keptFromMs } from './retention.ts'
import { sql } from './sql.ts'

/**
 * Marks the sealed hours that [fromMs, toMs) touches; without an end, all from `fromMs` on. Hours
 * that are not sealed need no mark: their seal will hold what has changed. An hour that is being
 * sealed at this moment is waited for. Hours of which rows may be gone stay as they were sealed.
 */
export async function markDirty(db: Database, fromMs: number, toMs: number | null): Promise<void> {
  await share(db, 'seals')
  const keptMs = Math.max(hourStartMs(fromMs), await keptFromMs(db))
  const end = toMs === null ? sql`` : sql`AND hour_ms < ${toMs}`
  await db.run(sql`
    INSERT INTO dirty_hours (hour_ms)
    SELECT DISTINCT hour_ms FROM seals WHERE hour_ms >= ${keptMs} ${end}
    ORDER BY hour_ms ON CONFLICT (hour_ms) DO NOTHING`)
}

/** The sealed ones among single hours. */
export async function markHoursDirty(db: Database, hours: readonly number[]): Promise<void> {
  if (hours.length === 0) return
  await share(db, 'seals')
  await db.run(sql`
    INSERT INTO dirty_hours (hour_ms)
    SELECT DISTINCT hour_ms FROM seals WHERE hour_ms = ANY(${hours.map(hourStartMs)}::bigint[])
      AND hour_ms >= ${await keptFromMs(db)}
    ORDER BY hour_ms ON CONFLICT (hour_ms) DO NOTHING`)
}
