/** Conflicts between ledgers as people see and resolve them. */
import type { ChildClaim, ChildConflict } from '../../model/child.ts'
import { conflictOf, HERE } from '../children-claims.ts'
import type { Scope } from '../requests.ts'
import type { Store } from '../store.ts'
import type { Row } from '../values.ts'
import { integer, integerOrNull, text } from '../values.ts'
import { originOf } from './children-claims.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { sitesInScope } from './scope.ts'
import { sql } from './sql.ts'

type ConflictMethods = Pick<Store, 'findChildConflict' | 'resolveChildConflict'>

export function childConflictMethods(db: Database): ConflictMethods {
  return {
    findChildConflict: async (scope, conflictId) => {
      const row = await db.get(sql`SELECT * FROM child_conflicts WHERE conflict_id = ${conflictId}`)
      return row === undefined ? null : ((await inScope(db, scope, [row]))[0] ?? null)
    },

    resolveChildConflict: async (change) => {
      await lock(db, 'children')
      const row = await db.get(
        sql`SELECT * FROM child_conflicts WHERE conflict_id = ${change.conflictId}`,
      )
      if (row === undefined) return { status: 'not_found' }
      if (row.resolved_at_ms !== null) return { status: 'already_resolved' }
      if (change.keep === 'other' && integer(row, 'kept_collector') === HERE) {
        return { status: 'is_here' }
      }
      if (change.keep === 'other') await swap(db, row)
      await db.run(
        sql`UPDATE child_conflicts SET resolved_at_ms = ${change.atMs}, resolved_by = ${change.by}
          WHERE conflict_id = ${change.conflictId}`,
      )
      const kept = await claimOf(db, row, 'kept')
      const other = await claimOf(db, row, 'other')
      await markDirty(db, Math.max(kept.validFromMs, other.validFromMs), null)
      addToOutbox(db, change.outbox)
      return { status: 'resolved' }
    },
  }
}

/** Newest first; unresolved, or resolved since then. */
export async function conflictsSince(
  db: Database,
  scope: Scope,
  sinceMs: number,
  limit: number,
): Promise<readonly ChildConflict[]> {
  const rows = await db.all(
    sql`SELECT * FROM child_conflicts WHERE resolved_at_ms IS NULL OR resolved_at_ms >= ${sinceMs}
     ORDER BY conflict_id DESC LIMIT ${limit}`,
  )
  return await inScope(db, scope, rows)
}

/** Either claim's site may see it. */
async function inScope(
  db: Database,
  scope: Scope,
  rows: readonly Row[],
): Promise<readonly ChildConflict[]> {
  const scoped = await sitesInScope(db, scope)
  const sites = scoped === null ? null : new Set(scoped)
  const seen = (claim: ChildClaim) => (sites === null || sites.has(claim.siteCode) ? claim : null)
  const conflicts: ChildConflict[] = []
  for (const row of rows) {
    const kept = seen(await claimOf(db, row, 'kept'))
    const other = seen(await claimOf(db, row, 'other'))
    if (kept !== null || other !== null) conflicts.push({ ...conflictOf(row), kept, other })
  }
  return conflicts
}

async function swap(db: Database, row: Row): Promise<void> {
  await db.run(
    sql`UPDATE child_conflicts SET kept_collector = ${integer(row, 'other_collector')},
      kept_unit = ${integer(row, 'other_unit')},
      other_collector = ${integer(row, 'kept_collector')},
       other_unit = ${integer(row, 'kept_unit')}
         WHERE conflict_id = ${integer(row, 'conflict_id')}`,
  )
}

/** A card that its ledger has taken back has no place any more. */
async function claimOf(db: Database, conflict: Row, side: 'kept' | 'other'): Promise<ChildClaim> {
  const collector = integer(conflict, `${side}_collector`)
  const unit = integer(conflict, `${side}_unit`)
  const row =
    collector === HERE
      ? await db.get(
          sql`SELECT u.node_id, n.site_code, u.valid_from_ms, u.booked_to_ms FROM units u
             JOIN nodes n ON n.node_id = u.node_id WHERE u.unit_id = ${unit}`,
        )
      : await db.get(
          sql`SELECT node_id, site_code, valid_from_ms, booked_to_ms FROM child_cards
           WHERE collector_number = ${collector} AND unit_number = ${unit}`,
        )
  return {
    origin: await originOf(db, { collector }),
    unitNumber: unit,
    nodeId: row === undefined ? '' : text(row, 'node_id'),
    siteCode: row === undefined ? '' : text(row, 'site_code'),
    validFromMs: row === undefined ? 0 : integer(row, 'valid_from_ms'),
    bookedToMs: row === undefined ? null : integerOrNull(row, 'booked_to_ms'),
  }
}
