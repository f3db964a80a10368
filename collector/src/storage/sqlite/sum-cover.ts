/** Which sums are kept, as known at an instant; what they cover is ../sum-cover.ts. */
import { GRAINS } from '../sum-columns.ts'
import { type Cover, coverBy, hullOf, type KeptRows, NOTHING, type Span } from '../sum-cover.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'

/** Runs that hold each instant of the spans once, in order. */
export function coverOf(db: Database, spans: readonly Span[], knownAtMs: number): Cover {
  const hull = hullOf(spans)
  return hull === null ? NOTHING : coverBy(spans, keptRows(db, hull, knownAtMs))
}

function keptRows(db: Database, hull: Span, knownAtMs: number): KeptRows {
  const periods = (grain: 'day' | 'month') =>
    db
      .all(
        `SELECT from_ms, to_ms FROM sum_periods
         WHERE grain = ? AND from_ms >= ? AND to_ms <= ? AND known_from_ms <= ?`,
        GRAINS[grain],
        hull.fromMs,
        hull.toMs,
        knownAtMs,
      )
      .map((row) => ({ fromMs: integer(row, 'from_ms'), toMs: integer(row, 'to_ms') }))
  return {
    day: periods('day'),
    month: periods('month'),
    unkept: db
      .all(
        `SELECT s.hour_ms FROM seals s LEFT JOIN sum_periods p
           ON p.grain = ${GRAINS.hour} AND p.from_ms = s.hour_ms AND p.known_from_ms <= ?
         WHERE s.hour_ms >= ? AND s.hour_ms < ? AND s.version = 1 AND s.sealed_at_ms <= ?
           AND p.from_ms IS NULL`,
        knownAtMs,
        hull.fromMs,
        hull.toMs,
        knownAtMs,
      )
      .map((row) => integer(row, 'hour_ms')),
  }
}
