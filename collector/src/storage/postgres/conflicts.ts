/**
 * Two claims to one accelerator: opened by ingest, resolved by a person. What a unit's two flags
 * say follows from the conflicts alone.
 */
import { assert } from '@yiben/shared'
import type { UnitId } from '../../model/ids.ts'
import type { Conflict } from '../../model/inventory.ts'
import { numberCursor, pageLimit, pageOf } from '../paging.ts'
import type { Page, PageRequest, Scope } from '../requests.ts'
import type { NewConflict } from '../rows.ts'
import { conflictOf } from '../rows.ts'
import type { Store } from '../store.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox, markChanged } from './outbox.ts'
import { inScope, type SeenSites, sitesInScope } from './scope.ts'
import { type Sql, sql } from './sql.ts'
import { nodesOf, readUnit } from './units.ts'

type ConflictMethods = Pick<Store, 'resolveConflict' | 'listConflicts' | 'findConflict'>

export function conflictMethods(db: Database): ConflictMethods {
  return {
    listConflicts: async (scope, openOnly, page) => await listConflicts(db, scope, openOnly, page),
    findConflict: async (scope, conflictId) => await findConflict(db, scope, conflictId),

    resolveConflict: async (change) => {
      await lock(db, 'inventory')
      const row = await db.get(
        sql`SELECT * FROM conflicts WHERE conflict_id = ${change.conflictId}`,
      )
      if (row === undefined) return { status: 'not_found' }
      const conflict = conflictOf(row)
      const units = [conflict.keptUnitId, conflict.otherUnitId]
      if (!units.includes(change.keepUnitId)) return { status: 'not_found' }
      if (conflict.resolvedAtMs !== null) return { status: 'already_resolved' }
      const otherUnitId = units.find((unitId) => unitId !== change.keepUnitId)
      assert(otherUnitId !== undefined, 'a conflict has two claims')
      await db.run(
        sql`UPDATE conflicts SET kept_unit_id = ${change.keepUnitId},
          other_unit_id = ${otherUnitId}, resolved_at_ms = ${change.atMs},
           resolved_by = ${change.by} WHERE conflict_id = ${change.conflictId}`,
      )
      await refreshFlags(db, units)
      await markUnitsDirty(db, units)
      addToOutbox(db, change.outbox)
      return { status: 'resolved' }
    },
  }
}

/** Either claim's site may see it. */
function isSeen(sites: SeenSites): Sql {
  return sql`EXISTS (SELECT 1 FROM units u JOIN nodes n ON n.node_id = u.node_id
    WHERE u.unit_id IN (c.kept_unit_id, c.other_unit_id) AND ${inScope(sql`n.site_code`, sites)})`
}

async function listConflicts(
  db: Database,
  scope: Scope,
  openOnly: boolean,
  page: PageRequest,
): Promise<Page<Conflict>> {
  const sites = await sitesInScope(db, scope)
  const limit = pageLimit(page)
  const before = page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page)
  const open = openOnly ? sql`AND c.resolved_at_ms IS NULL` : sql``
  const rows = await db.all(sql`
    SELECT c.* FROM conflicts c WHERE c.conflict_id < ${before} ${open} AND ${isSeen(sites)}
    ORDER BY c.conflict_id DESC LIMIT ${limit + 1}`)
  return pageOf(rows.map(conflictOf), limit, (conflict) => String(conflict.conflictId))
}

async function findConflict(
  db: Database,
  scope: Scope,
  conflictId: number,
): Promise<Conflict | null> {
  const sites = await sitesInScope(db, scope)
  const row = await db.get(
    sql`SELECT c.* FROM conflicts c WHERE c.conflict_id = ${conflictId} AND ${isSeen(sites)}`,
  )
  return row === undefined ? null : conflictOf(row)
}

/** Nothing new where the same two are in conflict already. */
export async function openConflict(db: Database, conflict: NewConflict): Promise<void> {
  const { keptUnitId, otherUnitId } = conflict
  const known = await db.get(
    sql`SELECT conflict_id FROM conflicts WHERE resolved_at_ms IS NULL
       AND ((kept_unit_id = ${keptUnitId} AND other_unit_id = ${otherUnitId})
         OR (kept_unit_id = ${otherUnitId} AND other_unit_id = ${keptUnitId}))`,
  )
  if (known !== undefined) return
  await db.run(
    sql`INSERT INTO conflicts (accelerator_id, kept_unit_id, other_unit_id, from_ms, opened_at_ms)
     VALUES (${conflict.acceleratorId}, ${keptUnitId}, ${otherUnitId}, ${conflict.fromMs},
       ${conflict.openedAtMs})`,
  )
  await refreshFlags(db, [keptUnitId, otherUnitId])
  await markUnitsDirty(db, [otherUnitId])
}

/** The placement has ended: so has the overlap, but not the question whose time counts. */
export async function endConflicts(db: Database, unitId: UnitId, toMs: number): Promise<void> {
  await db.run(
    sql`UPDATE conflicts SET to_ms = greatest(${toMs}, from_ms)
     WHERE to_ms IS NULL AND (kept_unit_id = ${unitId} OR other_unit_id = ${unitId})`,
  )
}

/** A claim that stops or begins to count does so in all its hours, not only in the overlap. */
async function markUnitsDirty(db: Database, unitIds: readonly UnitId[]): Promise<void> {
  for (const unitId of unitIds) {
    const unit = await readUnit(db, unitId)
    assert(unit !== null, 'a conflict is between known units')
    await markDirty(db, unit.validFromMs, null)
  }
}

/** The bank looks at both nodes again. */
async function refreshFlags(db: Database, unitIds: readonly UnitId[]): Promise<void> {
  for (const unitId of unitIds) {
    await db.run(
      sql`UPDATE units SET
         is_in_conflict = EXISTS (SELECT 1 FROM conflicts c WHERE c.resolved_at_ms IS NULL
           AND (c.kept_unit_id = units.unit_id OR c.other_unit_id = units.unit_id)),
         is_counted = NOT EXISTS (SELECT 1 FROM conflicts c
           WHERE c.other_unit_id = units.unit_id)
       WHERE unit_id = ${unitId}`,
    )
  }
  markChanged(db, await nodesOf(db, unitIds))
}
