/**
 * Everything an hour's buckets are computed from. Statistics come from the stored hour or, while
 * the hour is still open, from the open row; silent, deposited and lent time is cut out of runs, for
 * those units that have any.
 */
import { HOUR_MS } from '@yiben/shared'
import type { UnitId } from '../../model/ids.ts'
import type { UnitRow } from '../../model/inventory.ts'
import type { StoredRun, UnitHour } from '../../model/timeline.ts'
import { coveredMs, type Span } from '../evidence.ts'
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
import { depositOf, UNIT_COLUMNS, UNIT_TABLES, unitOf } from '../rows.ts'
import { ownerOf } from '../site-rows.ts'
import { integer, text } from '../values.ts'
import { childrenHour } from './children-material.ts'
import type { Database } from './driver.ts'
import { OpenRows, readRuns, readSilences } from './evidence.ts'
import { lentInHour } from './lent-spans.ts'
import { OPEN_COLUMNS } from './open-row.ts'
import { termsAt } from './sites.ts'

export function readHour(db: Database, hourMs: number): HourMaterial {
  const hour: Span = { fromMs: hourMs, toMs: hourMs + HOUR_MS }
  const openRows = new OpenRows(db)
  const stats = readStats(db, hour, openRows)
  const silentNodes = readSilentNodes(db, hour)
  const deposited = readDeposited(db, hour)
  const leased = lentInHour(db, hourMs)
  const terms = termsAt(db, hourMs)
  const units = db
    .all(
      `SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES} WHERE u.valid_from_ms < ?
         AND (u.booked_to_ms IS NULL OR u.booked_to_ms > ?) ORDER BY u.unit_id`,
      hour.toMs,
      hour.fromMs,
    )
    .map(unitOf)
    .map((unit): UnitMaterial => {
      const valid = validSpan(unit, hour)
      const runs = () => readRuns(db, unit.unitId, hour, openRows.runOf(unit.nodeId, unit.unitId))
      const deposits = deposited.get(unit.unitId)
      const leases = leased.get(unit.unitId)
      return {
        unit,
        ownerCode: ownerOf(terms.get(unit.siteCode)),
        stats: stats.get(unit.unitId) ?? null,
        silentMs: silentNodes.has(unit.nodeId) ? silentMs(db, unit, valid, runs()) : 0,
        validMs: valid.toMs - valid.fromMs,
        depositedMs:
          deposits === undefined ? 0 : depositedMs(valid, runs(), deposits, leases ?? []),
        lent: leases === undefined ? null : lentTime(valid, runs(), leases),
      }
    })
  const own = { hourMs, mark: markOf(units), units }
  const told = childrenHour(db, hourMs, terms)
  return told === null ? own : { ...own, ...told, mark: `${own.mark}.${told.mark}` }
}

/** The open row's hour holds all that the stored one does, so it comes last. */
function readStats(db: Database, hour: Span, openRows: OpenRows): ReadonlyMap<UnitId, UnitHour> {
  const stats = new Map<UnitId, UnitHour>()
  for (const row of db.all('SELECT * FROM unit_hours WHERE hour_ms = ?', hour.fromMs)) {
    const one = unitHourOf(row)
    stats.set(one.unitId, one)
  }
  const open = db.all(
    `SELECT ${OPEN_COLUMNS} FROM open_nodes o WHERE o.timeline_end_ms >= ?
       AND o.timeline_end_ms <= ?`,
    hour.fromMs,
    hour.toMs,
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

function readSilentNodes(db: Database, hour: Span): ReadonlySet<string> {
  const rows = db.all(
    `SELECT DISTINCT node_id FROM silences
     WHERE from_ms < ? AND (to_ms IS NULL OR to_ms > ?)`,
    hour.toMs,
    hour.fromMs,
  )
  return new Set(rows.map((row) => text(row, 'node_id')))
}

function readDeposited(db: Database, hour: Span): ReadonlyMap<UnitId, readonly Span[]> {
  const byUnit = new Map<UnitId, Span[]>()
  const rows = db.all(
    `SELECT * FROM deposits WHERE closed_at_ms IS NULL AND opened_at_ms < ?
     UNION ALL SELECT * FROM deposits WHERE closed_at_ms > ? AND opened_at_ms < ?`,
    hour.toMs,
    hour.fromMs,
    hour.toMs,
  )
  for (const row of rows) {
    const { unitId, openedAtMs, closedAtMs } = depositOf(row)
    const spans = byUnit.get(unitId) ?? []
    spans.push({ fromMs: openedAtMs, toMs: closedAtMs ?? hour.toMs })
    byUnit.set(unitId, spans)
  }
  return byUnit
}

function silentMs(db: Database, unit: UnitRow, valid: Span, runs: readonly StoredRun[]): number {
  const silences = readSilences(db, unit, valid, Number.MAX_SAFE_INTEGER)
  const spans = silences.map((one) => ({ fromMs: one.fromMs, toMs: one.toMs ?? valid.toMs }))
  return coveredMs(valid, spans, runs.map(spanOf))
}

/**
 * Start of the first hour in which any unit was valid or of which a child has told, and no later than
 * the first child came that has sites.
 */
export function firstHourMs(db: Database): number | null {
  const row = db.get(
    `SELECT min(first_ms) AS first FROM (SELECT min(valid_from_ms) AS first_ms FROM units
       UNION ALL SELECT min(hour_ms) FROM child_hours
       UNION ALL SELECT min(k.enrolled_at_ms) FROM site_origins o
         JOIN child_collectors c ON c.collector_number = o.collector_number
         JOIN children k ON k.child_number = c.child_number)`,
  )
  if (row === undefined || row.first === null) return null
  const first = integer(row, 'first')
  return first - (first % HOUR_MS)
}
