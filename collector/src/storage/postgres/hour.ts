/**
 * Everything an hour's buckets are computed from. Statistics come from the stored hour or, while
 * the hour is still open, from the open row; silent, deposited and lent time is cut out of runs,
 * for those units that have any.
 */
import { HOUR_MS } from '@yiben/shared'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { Silence, StoredRun, UnitHour } from '../../model/timeline.ts'
import { coveredMs, type Span, withOpenRun } from '../evidence.ts'
import { unitHourOf } from '../hour-columns.ts'
import {
  depositedMs,
  lentTime,
  markOf,
  spanOf,
  type UnitMaterial,
  validSpan,
} from '../hour-material.ts'
import { openOf } from '../open-row.ts'
import type { HourMaterial } from '../requests.ts'
import { depositOf, unitOf } from '../rows.ts'
import { ownerOf } from '../site-rows.ts'
import { integer, text } from '../values.ts'
import { childrenHour } from './children-material.ts'
import type { Database } from './driver.ts'
import { OpenRows, readClosedRuns, readNodeSilences } from './evidence.ts'
import { lentInHour } from './lent-spans.ts'
import { OPEN_COLUMNS, OPEN_TABLES } from './open-row.ts'
import { termsAt } from './sites.ts'
import { sql } from './sql.ts'
import { UNIT_COLUMNS, UNIT_TABLES } from './units.ts'

export async function readHour(db: Database, hourMs: number): Promise<HourMaterial> {
  const hour: Span = { fromMs: hourMs, toMs: hourMs + HOUR_MS }
  const openRows = new OpenRows(db)
  const stats = await readStats(db, hour, openRows)
  const silentNodes = await readSilentNodes(db, hour)
  const deposited = await readDeposited(db, hour)
  const leased = await lentInHour(db, hourMs)
  const terms = await termsAt(db, hourMs)
  const placed = (
    await db.all(sql`
      SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES} WHERE u.valid_from_ms < ${hour.toMs}
        AND (u.booked_to_ms IS NULL OR u.booked_to_ms > ${hour.fromMs}) ORDER BY u.unit_id`)
  ).map(unitOf)
  const needRuns = placed.filter(
    ({ nodeId, unitId }) => silentNodes.has(nodeId) || deposited.has(unitId) || leased.has(unitId),
  )
  await openRows.load(needRuns.map(({ nodeId }) => nodeId))
  const closed = await readClosedRuns(
    db,
    needRuns.map(({ unitId }) => unitId),
    hour,
  )
  const silences = await readNodeSilences(db, [...silentNodes], hour, Number.MAX_SAFE_INTEGER)
  const units = placed.map((unit): UnitMaterial => {
    const valid = validSpan(unit, hour)
    const runs = () =>
      withOpenRun(closed.get(unit.unitId) ?? [], openRows.runOf(unit.nodeId, unit.unitId), hour)
    const deposits = deposited.get(unit.unitId)
    const leases = leased.get(unit.unitId)
    const silent = silences.get(unit.nodeId)
    return {
      unit,
      ownerCode: ownerOf(terms.get(unit.siteCode)),
      stats: stats.get(unit.unitId) ?? null,
      silentMs: silent === undefined ? 0 : silentMs(unit.unitId, valid, silent, runs()),
      validMs: valid.toMs - valid.fromMs,
      depositedMs: deposits === undefined ? 0 : depositedMs(valid, runs(), deposits, leases ?? []),
      lent: leases === undefined ? null : lentTime(valid, runs(), leases),
    }
  })
  const own = { hourMs, mark: markOf(units), units }
  const told = await childrenHour(db, hourMs, terms)
  return told === null ? own : { ...own, ...told, mark: `${own.mark}.${told.mark}` }
}

/** The open row's hour holds all that the stored one does, so it comes last. */
async function readStats(
  db: Database,
  hour: Span,
  openRows: OpenRows,
): Promise<ReadonlyMap<UnitId, UnitHour>> {
  const stats = new Map<UnitId, UnitHour>()
  for (const row of await db.all(sql`SELECT * FROM unit_hours WHERE hour_ms = ${hour.fromMs}`)) {
    const one = unitHourOf(row)
    stats.set(one.unitId, one)
  }
  const open = await db.all(
    sql`SELECT ${OPEN_COLUMNS} FROM ${OPEN_TABLES} WHERE o.timeline_end_ms >= ${hour.fromMs}
       AND o.timeline_end_ms <= ${hour.toMs}`,
  )
  for (const row of open) {
    const node = openOf(row)
    openRows.add(node)
    for (const unit of node.units) {
      if (unit.hour.hourMs === hour.fromMs) stats.set(unit.unitId, unit.hour)
    }
  }
  return stats
}

async function readSilentNodes(db: Database, hour: Span): Promise<ReadonlySet<NodeId>> {
  const rows = await db.all(
    sql`SELECT DISTINCT node_id FROM silences
     WHERE from_ms < ${hour.toMs} AND (to_ms IS NULL OR to_ms > ${hour.fromMs})`,
  )
  return new Set(rows.map((row) => text(row, 'node_id') as NodeId))
}

async function readDeposited(
  db: Database,
  hour: Span,
): Promise<ReadonlyMap<UnitId, readonly Span[]>> {
  const byUnit = new Map<UnitId, Span[]>()
  const rows = await db.all(
    sql`SELECT * FROM deposits WHERE closed_at_ms IS NULL AND opened_at_ms < ${hour.toMs}
     UNION ALL SELECT * FROM deposits WHERE closed_at_ms > ${hour.fromMs}
       AND opened_at_ms < ${hour.toMs}`,
  )
  for (const row of rows) {
    const { unitId, openedAtMs, closedAtMs } = depositOf(row)
    const spans = byUnit.get(unitId) ?? []
    spans.push({ fromMs: openedAtMs, toMs: closedAtMs ?? hour.toMs })
    byUnit.set(unitId, spans)
  }
  return byUnit
}

/** Of the unit and its node; a run that covers the time tells more than a silence does. */
function silentMs(
  unitId: UnitId,
  valid: Span,
  silences: readonly Silence[],
  runs: readonly StoredRun[],
): number {
  const spans = silences
    .filter((one) => one.unitId === null || one.unitId === unitId)
    .filter((one) => one.fromMs < valid.toMs && (one.toMs === null || one.toMs > valid.fromMs))
    .map((one) => ({ fromMs: one.fromMs, toMs: one.toMs ?? valid.toMs }))
  return coveredMs(valid, spans, runs.map(spanOf))
}

/**
 * Start of the first hour in which any unit was valid or of which a child has told, and no later
 * than the first child came that has sites.
 */
export async function firstHourMs(db: Database): Promise<number | null> {
  const row = await db.get(sql`
    SELECT min(first_ms) AS first FROM (SELECT min(valid_from_ms) AS first_ms FROM units
      UNION ALL SELECT min(hour_ms) FROM child_hours
      UNION ALL SELECT min(k.enrolled_at_ms) FROM site_origins o
        JOIN child_collectors c ON c.collector_number = o.collector_number
        JOIN children k ON k.child_number = c.child_number) told`)
  if (row === undefined || row.first === null) return null
  const first = integer(row, 'first')
  return first - (first % HOUR_MS)
}
