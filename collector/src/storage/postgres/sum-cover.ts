/**
 * Which kept sums cover spans of time as known at an instant: what is kept, for
 * ../sum-cover.ts.
 */
import { GRAINS } from '../sum-columns.ts'
import { type Cover, coverBy, hullOf, NOTHING, type Span } from '../sum-cover.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/** Runs that hold each instant of the spans once, in order. */
export async function coverOf(
  db: Database,
  spans: readonly Span[],
  knownAtMs: number,
): Promise<Cover> {
  const hull = hullOf(spans)
  if (hull === null) return NOTHING
  const periods = async (grain: 'day' | 'month') => {
    const rows = await db.all(sql`
      SELECT from_ms, to_ms FROM sum_periods WHERE grain = ${GRAINS[grain]}
        AND from_ms >= ${hull.fromMs} AND to_ms <= ${hull.toMs} AND known_from_ms <= ${knownAtMs}`)
    return rows.map((row) => ({ fromMs: integer(row, 'from_ms'), toMs: integer(row, 'to_ms') }))
  }
  const unkept = await db.all(sql`
    SELECT s.hour_ms FROM seals s LEFT JOIN sum_periods p
      ON p.grain = ${GRAINS.hour} AND p.from_ms = s.hour_ms AND p.known_from_ms <= ${knownAtMs}
    WHERE s.hour_ms >= ${hull.fromMs} AND s.hour_ms < ${hull.toMs} AND s.version = 1
      AND s.sealed_at_ms <= ${knownAtMs} AND p.from_ms IS NULL`)
  return coverBy(spans, {
    day: await periods('day'),
    month: await periods('month'),
    unkept: unkept.map((row) => integer(row, 'hour_ms')),
  })
}
