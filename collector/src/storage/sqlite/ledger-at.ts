/**
 * The evidence of every unit at one instant, as known at another (C14). For a unit a run that
 * covers the instant wins; else a silence declared by then; else nothing has been told yet.
 */

import type { UnitRow } from '../../model/inventory.ts'
import type { StoredRun } from '../../model/timeline.ts'
import type { Scope, UnitAt } from '../requests.ts'
import type { Database } from './driver.ts'
import { lastRunBefore, OpenRows, readSilences } from './evidence.ts'
import { OPEN_COLUMNS, openOf } from './open-row.ts'
import { UNIT_COLUMNS, UNIT_TABLES, unitOf } from './rows.ts'
import { inScope, sitesInScope } from './scope.ts'
import { ownerOf, termsAt } from './sites.ts'

interface Instants {
  readonly atMs: number
  readonly knownAtMs: number
}

export function readLedgerAt(
  db: Database,
  scope: Scope,
  asOfMs: number,
  knownAtMs: number,
): readonly UnitAt[] {
  const sites = sitesInScope(db, scope)
  const terms = termsAt(db, asOfMs)
  const openRows = readOpenRows(db, sites)
  const at = { atMs: asOfMs, knownAtMs }
  return db
    .all(
      `SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES} WHERE u.valid_from_ms <= ?
         AND (u.booked_to_ms IS NULL OR u.booked_to_ms > ?) AND u.known_from_ms <= ?
         AND ${inScope('n.site_code')} ORDER BY u.unit_id`,
      asOfMs,
      asOfMs,
      knownAtMs,
      sites,
      sites,
    )
    .map((row): UnitAt => {
      const unit = unitOf(row)
      const site = terms.get(unit.siteCode)
      return {
        unit,
        ownerCode: ownerOf(site),
        operatorCode: site?.operatorCode ?? '',
        regionCode: site?.regionCode ?? '',
        ...evidenceAt(db, unit, openRows.runOf(unit.nodeId, unit.unitId), at),
        isDeposited: isDepositedAt(db, unit, asOfMs),
      }
    })
}

/** One scan instead of one look-up per node: nearly every node in scope is asked about. */
function readOpenRows(db: Database, sites: string | null): OpenRows {
  const openRows = new OpenRows(db)
  const rows = db.all(
    `SELECT ${OPEN_COLUMNS} FROM open_nodes o JOIN nodes n ON n.node_id = o.node_id
     WHERE ${inScope('n.site_code')}`,
    sites,
    sites,
  )
  for (const row of rows) openRows.add(openOf(row))
  return openRows
}

function evidenceAt(
  db: Database,
  unit: UnitRow,
  openRun: StoredRun | null,
  at: Instants,
): Pick<UnitAt, 'run' | 'provenToMs'> {
  const last = lastRunBefore(db, unit.unitId, openRun, at)
  const provenToMs = last === null ? null : provenToOf(last, at.knownAtMs)
  if (last !== null && provenToMs !== null && provenToMs > at.atMs) return { run: last, provenToMs }
  return { run: silenceAt(db, unit, at), provenToMs }
}

/** A run that was known as it happened was known up to the instant of knowledge only. */
function provenToOf(run: StoredRun, knownAtMs: number): number {
  return run.recordedAtMs === null ? Math.min(run.endMs, knownAtMs + 1) : run.endMs
}

/** The silence that covers the instant, as a run under its code; one that lasts ends when asked. */
function silenceAt(db: Database, unit: UnitRow, at: Instants): StoredRun | null {
  const span = { fromMs: at.atMs, toMs: at.atMs + 1 }
  const silence = readSilences(db, unit, span, at.knownAtMs).at(-1)
  if (silence === undefined) return null
  return {
    unitId: unit.unitId,
    startMs: silence.fromMs,
    endMs: silence.toMs ?? Math.max(at.atMs + 1, at.knownAtMs),
    code: silence.code,
    recordedAtMs: null,
  }
}

function isDepositedAt(db: Database, unit: UnitRow, atMs: number): boolean {
  const row = db.get(
    `SELECT 1 AS deposited FROM deposits WHERE unit_id = ? AND opened_at_ms <= ?
       AND (closed_at_ms IS NULL OR closed_at_ms > ?) LIMIT 1`,
    unit.unitId,
    atMs,
    atMs,
  )
  return row !== undefined
}
