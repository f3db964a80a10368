/**
 * What single cards did goes after its time: hours of cards and runs by whole months (months.ts),
 * windows and silences that are over a few rows at a time, and so do hours and runs from before
 * there were months. Sums over them (buckets, days, months), inventory, deposits, draws, accounts
 * and the journal never go. Before anything is removed it is written down from when on the
 * rest is whole: answers about time before that are refused (`as_of_pruned`), its sealed hours are
 * never computed again.
 *
 * A ledger as of an instant looks back 30 days for when a card was heard last: so rows go only when
 * they are that much older than what is still answered. The last run of a unit always stays.
 */
import { HOUR_MS, hourStartMs } from '@yiben/shared'
import type { UnitId } from '../../model/ids.ts'
import { LOOK_BACK_MS, prunedError, UNITS_PER_CALL } from '../retention.ts'
import type { Store } from '../store.ts'
import type { UpkeepStore } from '../upkeep-store.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { dropMonth, roomAhead, TIMED_TABLES } from './months.ts'
import { sql } from './sql.ts'

type Prune = Parameters<UpkeepStore['pruneTimeline']>[0]

/** Row of `counters`: what was told of time before it may be gone. */
const COUNTER = 'timeline_kept_from_ms'

/** How many rows may still go in this call. */
interface Budget {
  rows: number
}

type RetentionMethods = Pick<Store, 'pruneTimeline' | 'timelineKeptFromMs'>

export function retentionMethods(db: Database): RetentionMethods {
  return {
    timelineKeptFromMs: async () => await keptFromMs(db),
    pruneTimeline: async (prune) => {
      const keptMs = await keepFrom(db, prune.keptFromMs)
      const budget = { rows: prune.rowsMax }
      if (prune.afterUnitId === null) {
        await roomAhead(db)
        const rows = await pruneMonth(db, keptMs - LOOK_BACK_MS)
        // At once: the table is ours alone until this is committed.
        if (rows !== null) return { rows, nextUnitId: null, isDone: false }
        await pruneRefused(db, prune.refusedKeptFromMs, budget)
        await pruneHours(db, keptMs - LOOK_BACK_MS, budget)
        if (budget.rows === 0) return { rows: prune.rowsMax, nextUnitId: null, isDone: false }
      }
      const nextUnitId = await pruneUnits(db, keptMs - LOOK_BACK_MS, prune.afterUnitId, budget)
      const rows = prune.rowsMax - budget.rows
      return { rows, nextUnitId, isDone: nextUnitId === null }
    },
  }
}

/** 0: nothing has ever gone. */
export async function keptFromMs(db: Database): Promise<number> {
  const row = await db.get(sql`SELECT value FROM counters WHERE name = ${COUNTER}`)
  return row === undefined ? 0 : integer(row, 'value')
}

/**
 * What is asked of an instant, or of a span from there on, for which there may be no rows any more.
 */
export async function refusePruned(db: Database, atMs: number): Promise<void> {
  const keptMs = await keptFromMs(db)
  if (atMs < keptMs) throw prunedError(keptMs)
}

/** Never moved back, nor past an hour that is to be sealed or corrected. Answers what holds now. */
async function keepFrom(db: Database, wishedMs: number): Promise<number> {
  const row =
    (await db.get(
      sql`SELECT (SELECT max(hour_ms) FROM seals) AS sealed, (SELECT min(hour_ms)
        FROM dirty_hours) AS dirty`,
    )) ?? {}
  const sealedToMs = row.sealed === null ? 0 : integer(row, 'sealed') + HOUR_MS
  const dirtyMs = row.dirty === null ? Number.POSITIVE_INFINITY : integer(row, 'dirty')
  const before = await keptFromMs(db)
  const keptMs = Math.max(before, Math.min(hourStartMs(wishedMs), sealedToMs, dirtyMs))
  if (keptMs > before) {
    await db.run(
      sql`INSERT INTO counters (name, value) VALUES (${COUNTER}, ${keptMs})
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    )
  }
  return keptMs
}

async function pruneRefused(db: Database, beforeMs: number, budget: Budget): Promise<void> {
  budget.rows -= (
    await db.run(
      sql`DELETE FROM refused WHERE (node_id, epoch, seq) IN (SELECT node_id, epoch, seq
        FROM refused
       WHERE refused_at_ms < ${beforeMs} ORDER BY refused_at_ms LIMIT ${budget.rows})`,
    )
  ).changes
}

/** One, if any is due: how many rows went with it. */
async function pruneMonth(db: Database, beforeMs: number): Promise<number | null> {
  for (const table of TIMED_TABLES) {
    const rows = await dropMonth(db, table, beforeMs)
    if (rows !== null) return rows
  }
  return null
}

async function pruneHours(db: Database, beforeMs: number, budget: Budget): Promise<void> {
  budget.rows -= (
    await db.run(
      sql`DELETE FROM unit_hours_before WHERE (hour_ms, unit_id) IN (SELECT hour_ms, unit_id
        FROM unit_hours_before
       WHERE hour_ms < ${beforeMs} ORDER BY hour_ms LIMIT ${budget.rows})`,
    )
  ).changes
  budget.rows -= (
    await db.run(
      sql`DELETE FROM silences WHERE silence_id IN (SELECT silence_id FROM silences
       WHERE to_ms <= ${beforeMs} ORDER BY to_ms LIMIT ${budget.rows})`,
    )
  ).changes
}

/** Answers the unit to go on behind; `null` when all have been looked at. */
async function pruneUnits(
  db: Database,
  beforeMs: number,
  after: Prune['afterUnitId'],
  budget: Budget,
): Promise<UnitId | null> {
  const units = (
    await db.all(
      sql`SELECT unit_id FROM units WHERE unit_id > ${after ?? 0} ORDER BY unit_id
        LIMIT ${UNITS_PER_CALL}`,
    )
  ).map((row) => integer(row, 'unit_id') as UnitId)
  await pruneOf(db, units, beforeMs, budget)
  // Some of these may be left: they are looked at again.
  if (budget.rows === 0) return after ?? (0 as UnitId)
  return units.length < UNITS_PER_CALL ? null : (units.at(-1) ?? null)
}

async function pruneOf(
  db: Database,
  units: readonly UnitId[],
  beforeMs: number,
  budget: Budget,
): Promise<void> {
  const runs = await db.run(sql`
    DELETE FROM runs_before d USING (SELECT r.unit_id, r.start_ms
      FROM unnest(${units}::bigint[]) asked (unit_id) JOIN runs_before r ON r.unit_id = asked.unit_id
      WHERE r.start_ms < ${beforeMs} AND r.end_ms <= ${beforeMs}
        AND r.start_ms < (SELECT max(l.start_ms) FROM runs l WHERE l.unit_id = asked.unit_id)
      ORDER BY r.unit_id, r.start_ms LIMIT ${budget.rows}) old
    WHERE d.unit_id = old.unit_id AND d.start_ms = old.start_ms`)
  budget.rows -= runs.changes
  const windows = await db.run(sql`
    DELETE FROM closed_windows d USING (SELECT w.unit_id, w.start_ms FROM closed_windows w
      WHERE w.unit_id = ANY(${units}::bigint[]) AND w.start_ms < ${beforeMs}
        AND w.end_ms <= ${beforeMs} ORDER BY w.unit_id, w.start_ms LIMIT ${budget.rows}) old
    WHERE d.unit_id = old.unit_id AND d.start_ms = old.start_ms`)
  budget.rows -= windows.changes
}
