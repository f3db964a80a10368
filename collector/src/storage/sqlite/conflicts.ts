/**
 * Two claims to one accelerator: opened by ingest, resolved by a person. What a unit's two flags
 * say follows from the conflicts alone.
 */
import { assert } from '@yiben/shared'
import type { UnitId } from '../../model/ids.ts'
import type { Conflict } from '../../model/inventory.ts'
import { numberCursor, pageLimit, pageOf } from '../paging.ts'
import type { Page, PageRequest, Scope } from '../requests.ts'
import { conflictOf, type NewConflict } from '../rows.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { markChanged } from './open-row.ts'
import { addToOutbox } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'
import { nodesOf, readUnit } from './units.ts'

type ConflictMethods = Pick<SyncStore, 'resolveConflict' | 'listConflicts' | 'findConflict'>

export function conflictMethods(db: Database): ConflictMethods {
  return {
    listConflicts: (scope, openOnly, page) => listConflicts(db, scope, openOnly, page),
    findConflict: (scope, conflictId) => findConflict(db, scope, conflictId),

    resolveConflict: (change) => {
      const row = db.get('SELECT * FROM conflicts WHERE conflict_id = ?', change.conflictId)
      if (row === undefined) return { status: 'not_found' }
      const conflict = conflictOf(row)
      const units = [conflict.keptUnitId, conflict.otherUnitId]
      if (!units.includes(change.keepUnitId)) return { status: 'not_found' }
      if (conflict.resolvedAtMs !== null) return { status: 'already_resolved' }
      const otherUnitId = units.find((unitId) => unitId !== change.keepUnitId)
      assert(otherUnitId !== undefined, 'a conflict has two claims')
      db.run(
        `UPDATE conflicts SET kept_unit_id = ?, other_unit_id = ?, resolved_at_ms = ?,
           resolved_by = ? WHERE conflict_id = ?`,
        change.keepUnitId,
        otherUnitId,
        change.atMs,
        change.by,
        change.conflictId,
      )
      refreshFlags(db, units)
      markUnitsDirty(db, units)
      addToOutbox(db, change.outbox)
      return { status: 'resolved' }
    },
  }
}

/** Either claim's site may see it. */
const IN_SCOPE = `EXISTS (SELECT 1 FROM units u JOIN nodes n ON n.node_id = u.node_id
  WHERE u.unit_id IN (c.kept_unit_id, c.other_unit_id) AND ${inScope('n.site_code')})`

function listConflicts(
  db: Database,
  scope: Scope,
  openOnly: boolean,
  page: PageRequest,
): Page<Conflict> {
  const sites = sitesInScope(db, scope)
  const limit = pageLimit(page)
  const rows = db
    .all(
      `SELECT c.* FROM conflicts c WHERE c.conflict_id < ? AND (? = 0 OR c.resolved_at_ms IS NULL)
         AND ${IN_SCOPE} ORDER BY c.conflict_id DESC LIMIT ?`,
      page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page),
      openOnly ? 1 : 0,
      sites,
      sites,
      limit + 1,
    )
    .map(conflictOf)
  return pageOf(rows, limit, (conflict) => String(conflict.conflictId))
}

function findConflict(db: Database, scope: Scope, conflictId: number): Conflict | null {
  const sites = sitesInScope(db, scope)
  const row = db.get(
    `SELECT c.* FROM conflicts c WHERE c.conflict_id = ? AND ${IN_SCOPE}`,
    conflictId,
    sites,
    sites,
  )
  return row === undefined ? null : conflictOf(row)
}

/** Nothing new where the same two are in conflict already. */
export function openConflict(db: Database, conflict: NewConflict): void {
  const { keptUnitId, otherUnitId } = conflict
  const known = db.get(
    `SELECT conflict_id FROM conflicts WHERE resolved_at_ms IS NULL
       AND ((kept_unit_id = ? AND other_unit_id = ?) OR (kept_unit_id = ? AND other_unit_id = ?))`,
    keptUnitId,
    otherUnitId,
    otherUnitId,
    keptUnitId,
  )
  if (known !== undefined) return
  db.run(
    `INSERT INTO conflicts (accelerator_id, kept_unit_id, other_unit_id, from_ms, opened_at_ms)
     VALUES (?, ?, ?, ?, ?)`,
    conflict.acceleratorId,
    keptUnitId,
    otherUnitId,
    conflict.fromMs,
    conflict.openedAtMs,
  )
  refreshFlags(db, [keptUnitId, otherUnitId])
  markUnitsDirty(db, [otherUnitId])
}

/** The placement has ended: so has the overlap, but not the question whose time counts. */
export function endConflicts(db: Database, unitId: UnitId, toMs: number): void {
  db.run(
    `UPDATE conflicts SET to_ms = max(?, from_ms)
     WHERE to_ms IS NULL AND (kept_unit_id = ? OR other_unit_id = ?)`,
    toMs,
    unitId,
    unitId,
  )
}

/** A claim that stops or begins to count does so in all its hours, not only in the overlap. */
function markUnitsDirty(db: Database, unitIds: readonly UnitId[]): void {
  for (const unitId of unitIds) {
    const unit = readUnit(db, unitId)
    assert(unit !== null, 'a conflict is between known units')
    markDirty(db, unit.validFromMs, null)
  }
}

/** The bank looks at both nodes again. */
function refreshFlags(db: Database, unitIds: readonly UnitId[]): void {
  for (const unitId of unitIds) {
    db.run(
      `UPDATE units SET
         is_in_conflict = EXISTS (SELECT 1 FROM conflicts c WHERE c.resolved_at_ms IS NULL
           AND (c.kept_unit_id = units.unit_id OR c.other_unit_id = units.unit_id)),
         is_counted = NOT EXISTS (SELECT 1 FROM conflicts c
           WHERE c.other_unit_id = units.unit_id)
       WHERE unit_id = ?`,
      unitId,
    )
  }
  markChanged(db, nodesOf(db, unitIds))
}
