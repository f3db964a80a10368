/** Spans of which a node or a unit has told nothing: begun, ended, and read by span. */
import { assert } from '@yiben/shared'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { ClosedWindow, Silence } from '../../model/timeline.ts'
import { silenceOf } from '../rows.ts'
import type { Store } from '../store.ts'
import { integer, integerOrNull, text } from '../values.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { putOpens, readOpens } from './open-row.ts'
import { addToOutbox } from './outbox.ts'
import { sql } from './sql.ts'
import { readUnitsById } from './units.ts'

type NewSilence = Omit<Silence, 'silenceId'>

type SilenceMethods = Pick<Store, 'beginSilences'>

export function silenceMethods(db: Database): SilenceMethods {
  return {
    beginSilences: async (silences, closedWindows, outbox) => {
      const begun = await newSilences(db, silences)
      await insertSilences(db, begun)
      await endWindows(db, new Set(begun.map(({ nodeId }) => nodeId)), closedWindows)
      addToOutbox(db, outbox)
    },
  }
}

export async function insertSilences(db: Database, silences: readonly NewSilence[]): Promise<void> {
  if (silences.length === 0) return
  await db.run(sql`
    INSERT INTO silences (node_id, unit_id, from_ms, to_ms, code, declared_at_ms)
    SELECT * FROM unnest(${silences.map(({ nodeId }) => nodeId)}::text[],
      ${silences.map(({ unitId }) => unitId)}::bigint[],
      ${silences.map(({ fromMs }) => fromMs)}::bigint[],
      ${silences.map(({ toMs }) => toMs)}::bigint[],
      ${silences.map(({ code }) => code)}::bigint[],
      ${silences.map(({ declaredAtMs }) => declaredAtMs)}::bigint[])`)
  for (const { fromMs, toMs } of silences) if (toMs !== null) await markDirty(db, fromMs, toMs)
  const open = silences.filter(({ toMs }) => toMs === null)
  if (open.length > 0) await markDirty(db, Math.min(...open.map(({ fromMs }) => fromMs)), null)
}

export async function endSilences(
  db: Database,
  ends: readonly { readonly silenceId: number; readonly toMs: number }[],
): Promise<void> {
  if (ends.length === 0) return
  await db.run(sql`
    UPDATE silences s SET to_ms = greatest(e.to_ms, s.from_ms)
    FROM unnest(${ends.map(({ silenceId }) => silenceId)}::bigint[],
      ${ends.map(({ toMs }) => toMs)}::bigint[]) e (silence_id, to_ms)
    WHERE s.silence_id = e.silence_id AND s.to_ms IS NULL`)
  await markDirty(db, Math.min(...ends.map(({ toMs }) => toMs)), null)
}

export async function openSilences(db: Database, nodeId: NodeId): Promise<readonly Silence[]> {
  const rows = await db.all(sql`
    SELECT * FROM silences WHERE node_id = ${nodeId} AND to_ms IS NULL ORDER BY silence_id`)
  return rows.map(silenceOf)
}

/** One that is there already is replaced; of two of one name the last stands. */
export async function insertClosedWindows(
  db: Database,
  all: readonly ClosedWindow[],
): Promise<void> {
  if (all.length === 0) return
  const byName = new Map(all.map((window) => [`${window.unitId}@${window.startMs}`, window]))
  const windows = [...byName.values()]
  await db.run(sql`
    INSERT INTO closed_windows (unit_id, start_ms, age_start_ms, end_ms, proven_ms, end_code)
    SELECT * FROM unnest(${windows.map(({ unitId }) => unitId)}::bigint[],
      ${windows.map(({ startMs }) => startMs)}::bigint[],
      ${windows.map(({ ageStartMs }) => ageStartMs)}::bigint[],
      ${windows.map(({ endMs }) => endMs)}::bigint[],
      ${windows.map(({ provenMs }) => provenMs)}::bigint[],
      ${windows.map(({ endCode }) => endCode)}::bigint[])
    ON CONFLICT (unit_id, start_ms) DO UPDATE SET age_start_ms = excluded.age_start_ms,
      end_ms = excluded.end_ms, proven_ms = excluded.proven_ms, end_code = excluded.end_code`)
}

/**
 * Not when the node is silent already, nor when it has told more than the decision knew of. Nothing
 * is taken from these nodes meanwhile: their spools are locked, as ingest locks them.
 */
async function newSilences(
  db: Database,
  silences: readonly NewSilence[],
): Promise<readonly NewSilence[]> {
  const nodeIds = [...new Set(silences.map(({ nodeId }) => nodeId))]
  await db.run(sql`
    SELECT 1 FROM epochs WHERE node_id = ANY(${nodeIds}::text[]) AND NOT is_closed
    ORDER BY node_id, epoch FOR NO KEY UPDATE`)
  const silent = new Set(
    (
      await db.all(sql`
        SELECT node_id, unit_id FROM silences
        WHERE node_id = ANY(${nodeIds}::text[]) AND to_ms IS NULL`)
    ).map((row) => nameOf(text(row, 'node_id'), integerOrNull(row, 'unit_id'))),
  )
  const toldToMs = new Map(
    (
      await db.all(sql`
        SELECT node_id, timeline_end_ms FROM open_nodes WHERE node_id = ANY(${nodeIds}::text[])`)
    ).map((row) => [text(row, 'node_id'), integer(row, 'timeline_end_ms')]),
  )
  return silences.filter(({ fromMs, nodeId, unitId }) => {
    const name = nameOf(nodeId, unitId)
    if (silent.has(name)) return false
    const isNew = unitId !== null || (toldToMs.get(nodeId) ?? fromMs) <= fromMs
    if (isNew) silent.add(name)
    return isNew
  })
}

function nameOf(nodeId: string, unitId: number | null): string {
  return `${nodeId}/${unitId}`
}

/** Takes the windows that end out of the open rows, and lets followers look at these nodes. */
async function endWindows(
  db: Database,
  nodeIds: ReadonlySet<NodeId>,
  closedWindows: readonly ClosedWindow[],
): Promise<void> {
  const units = await readUnitsById(
    db,
    closedWindows.map(({ unitId }) => unitId),
  )
  const ending = closedWindows.filter(({ unitId }) => {
    const unit = units.get(unitId)
    assert(unit !== undefined, 'a window belongs to a known unit')
    return nodeIds.has(unit.nodeId)
  })
  await insertClosedWindows(db, ending)
  const ended = new Set<UnitId>(ending.map(({ unitId }) => unitId))
  const opens = await readOpens(db, [...nodeIds])
  await putOpens(
    db,
    opens.map((open) => ({
      ...open,
      units: open.units.map((unit) => (ended.has(unit.unitId) ? { ...unit, window: null } : unit)),
    })),
  )
}
