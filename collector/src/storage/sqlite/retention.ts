/**
 * What single cards did goes after its time: hours of cards, runs, windows and silences that are over,
 * a few rows at a time. Sums over them (buckets, days, months), inventory, deposits, draws, accounts
 * and the journal never go. Before anything is removed it is written down from when on the rest is
 * whole: answers about time before that are refused (`as_of_pruned`), its sealed hours are never
 * computed again.
 *
 * A ledger as of an instant looks back 30 days for when a card was heard last: so rows go only when
 * they are that much older than what is still answered. The last run of a unit always stays.
 */
import { HOUR_MS, hourStartMs } from '@yiben/shared'
import type { UnitId } from '../../model/ids.ts'
import { LOOK_BACK_MS, prunedError, UNITS_PER_CALL } from '../retention.ts'
import type { UpkeepStore } from '../upkeep-store.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'

type RetentionMethods = Pick<SyncStore, 'pruneTimeline' | 'timelineKeptFromMs'>
type Prune = Parameters<UpkeepStore['pruneTimeline']>[0]

/** Row of `counters`: what was told of time before it may be gone. */
const COUNTER = 'timeline_kept_from_ms'

export function retentionMethods(db: Database): RetentionMethods {
  return {
    timelineKeptFromMs: () => keptFromMs(db),
    pruneTimeline: (prune) => {
      const keptMs = keepFrom(db, prune.keptFromMs)
      const budget = { rows: prune.rowsMax }
      if (prune.afterUnitId === null) {
        pruneRefused(db, prune.refusedKeptFromMs, budget)
        pruneHours(db, keptMs - LOOK_BACK_MS, budget)
        if (budget.rows === 0) return { rows: prune.rowsMax, nextUnitId: null, isDone: false }
      }
      const nextUnitId = pruneUnits(db, keptMs - LOOK_BACK_MS, prune.afterUnitId, budget)
      const rows = prune.rowsMax - budget.rows
      return { rows, nextUnitId, isDone: nextUnitId === null }
    },
  }
}

/** 0: nothing has ever gone. */
export function keptFromMs(db: Database): number {
  const row = db.get('SELECT value FROM counters WHERE name = ?', COUNTER)
  return row === undefined ? 0 : integer(row, 'value')
}

/** What is asked of an instant, or of a span from there on, for which there may be no rows any more. */
export function refusePruned(db: Database, atMs: number): void {
  const keptMs = keptFromMs(db)
  if (atMs < keptMs) throw prunedError(keptMs)
}

/** Never moved back, nor past an hour that is to be sealed or corrected. Answers what holds now. */
function keepFrom(db: Database, wishedMs: number): number {
  const row =
    db.get(
      `SELECT (SELECT max(hour_ms) FROM seals) AS sealed, (SELECT min(hour_ms) FROM dirty_hours) AS dirty`,
    ) ?? {}
  const sealedToMs = row.sealed === null ? 0 : integer(row, 'sealed') + HOUR_MS
  const dirtyMs = row.dirty === null ? Number.POSITIVE_INFINITY : integer(row, 'dirty')
  const before = keptFromMs(db)
  const keptMs = Math.max(before, Math.min(hourStartMs(wishedMs), sealedToMs, dirtyMs))
  if (keptMs > before) {
    db.run(
      `INSERT INTO counters (name, value) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      COUNTER,
      keptMs,
    )
  }
  return keptMs
}

/** How many rows may still go in this call. */
interface Budget {
  rows: number
}

function pruneRefused(db: Database, beforeMs: number, budget: Budget): void {
  budget.rows -= db.run(
    `DELETE FROM refused WHERE (node_id, epoch, seq) IN (SELECT node_id, epoch, seq FROM refused
       INDEXED BY refused_time WHERE refused_at_ms < ? ORDER BY refused_at_ms LIMIT ?)`,
    beforeMs,
    budget.rows,
  ).changes
}

function pruneHours(db: Database, beforeMs: number, budget: Budget): void {
  budget.rows -= db.run(
    `DELETE FROM unit_hours WHERE (hour_ms, unit_id) IN (SELECT hour_ms, unit_id FROM unit_hours
       WHERE hour_ms < ? ORDER BY hour_ms, unit_id LIMIT ?)`,
    beforeMs,
    budget.rows,
  ).changes
  budget.rows -= db.run(
    `DELETE FROM silences WHERE silence_id IN (SELECT silence_id FROM silences INDEXED BY silences_to
       WHERE to_ms <= ? ORDER BY to_ms LIMIT ?)`,
    beforeMs,
    budget.rows,
  ).changes
}

/** Answers the unit to go on behind; `null` when all have been looked at. */
function pruneUnits(
  db: Database,
  beforeMs: number,
  after: Prune['afterUnitId'],
  budget: Budget,
): UnitId | null {
  const units = db
    .all(
      // What is placed later has nothing that old.
      'SELECT unit_id FROM units WHERE unit_id > ? AND valid_from_ms < ? ORDER BY unit_id LIMIT ?',
      after ?? 0,
      beforeMs,
      UNITS_PER_CALL,
    )
    .map((row) => integer(row, 'unit_id') as UnitId)
  let done = after
  for (const unitId of units) {
    pruneUnit(db, unitId, beforeMs, budget)
    // Some of this one may be left: it is looked at again.
    if (budget.rows === 0) return done ?? (0 as UnitId)
    done = unitId
  }
  return units.length < UNITS_PER_CALL ? null : done
}

function pruneUnit(db: Database, unitId: UnitId, beforeMs: number, budget: Budget): void {
  budget.rows -= db.run(
    `DELETE FROM runs WHERE unit_id = ? AND start_ms IN (SELECT start_ms FROM runs
       WHERE unit_id = ? AND start_ms < ? AND end_ms <= ?
         AND start_ms < (SELECT max(start_ms) FROM runs WHERE unit_id = ?)
       ORDER BY start_ms LIMIT ?)`,
    unitId,
    unitId,
    beforeMs,
    beforeMs,
    unitId,
    budget.rows,
  ).changes
  budget.rows -= db.run(
    `DELETE FROM closed_windows WHERE unit_id = ? AND start_ms IN (SELECT start_ms
       FROM closed_windows WHERE unit_id = ? AND start_ms < ? AND end_ms <= ?
       ORDER BY start_ms LIMIT ?)`,
    unitId,
    unitId,
    beforeMs,
    beforeMs,
    budget.rows,
  ).changes
}
