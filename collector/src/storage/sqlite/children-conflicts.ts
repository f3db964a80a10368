/** Conflicts between ledgers as people see and resolve them. */
import type { ChildClaim, ChildConflict } from '../../model/child.ts'
import { conflictOf, HERE } from '../children-claims.ts'
import type { Scope } from '../requests.ts'
import { integer, integerOrNull, type Row, storedJson, text } from '../values.ts'
import { originOf } from './children-claims.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { sitesInScope } from './scope.ts'

type ConflictMethods = Pick<SyncStore, 'findChildConflict' | 'resolveChildConflict'>

export function childConflictMethods(db: Database): ConflictMethods {
  return {
    findChildConflict: (scope, conflictId) => {
      const row = db.get('SELECT * FROM child_conflicts WHERE conflict_id = ?', conflictId)
      return row === undefined ? null : (inScope(db, scope, [row])[0] ?? null)
    },

    resolveChildConflict: (change) => {
      const row = db.get('SELECT * FROM child_conflicts WHERE conflict_id = ?', change.conflictId)
      if (row === undefined) return { status: 'not_found' }
      if (row.resolved_at_ms !== null) return { status: 'already_resolved' }
      if (change.keep === 'other' && integer(row, 'kept_collector') === HERE) {
        return { status: 'is_here' }
      }
      if (change.keep === 'other') swap(db, row)
      db.run(
        'UPDATE child_conflicts SET resolved_at_ms = ?, resolved_by = ? WHERE conflict_id = ?',
        change.atMs,
        change.by,
        change.conflictId,
      )
      const claims = [claimOf(db, row, 'kept'), claimOf(db, row, 'other')]
      markDirty(db, Math.max(...claims.map(({ validFromMs }) => validFromMs)), null)
      addToOutbox(db, change.outbox)
      return { status: 'resolved' }
    },
  }
}

/** Newest first; unresolved, or resolved since then. */
export function conflictsSince(
  db: Database,
  scope: Scope,
  sinceMs: number,
  limit: number,
): readonly ChildConflict[] {
  const rows = db.all(
    `SELECT * FROM child_conflicts WHERE resolved_at_ms IS NULL OR resolved_at_ms >= ?
     ORDER BY conflict_id DESC LIMIT ?`,
    sinceMs,
    limit,
  )
  return inScope(db, scope, rows)
}

/** Either claim's site may see it. */
function inScope(db: Database, scope: Scope, rows: readonly Row[]): readonly ChildConflict[] {
  const scoped = sitesInScope(db, scope)
  const sites = scoped === null ? null : new Set(storedJson<readonly string[]>(scoped))
  const seen = (claim: ChildClaim) => (sites === null || sites.has(claim.siteCode) ? claim : null)
  return rows
    .map((row): ChildConflict => {
      const [kept, other] = [seen(claimOf(db, row, 'kept')), seen(claimOf(db, row, 'other'))]
      return { ...conflictOf(row), kept, other }
    })
    .filter(({ kept, other }) => kept !== null || other !== null)
}

function swap(db: Database, row: Row): void {
  db.run(
    `UPDATE child_conflicts SET kept_collector = ?, kept_unit = ?, other_collector = ?,
       other_unit = ? WHERE conflict_id = ?`,
    integer(row, 'other_collector'),
    integer(row, 'other_unit'),
    integer(row, 'kept_collector'),
    integer(row, 'kept_unit'),
    integer(row, 'conflict_id'),
  )
}

/** A card that its ledger has taken back has no place any more. */
function claimOf(db: Database, conflict: Row, side: 'kept' | 'other'): ChildClaim {
  const collector = integer(conflict, `${side}_collector`)
  const unit = integer(conflict, `${side}_unit`)
  const row =
    collector === HERE
      ? db.get(
          `SELECT u.node_id, n.site_code, u.valid_from_ms, u.booked_to_ms FROM units u
             JOIN nodes n ON n.node_id = u.node_id WHERE u.unit_id = ?`,
          unit,
        )
      : db.get(
          `SELECT node_id, site_code, valid_from_ms, booked_to_ms FROM child_cards
           WHERE collector_number = ? AND unit_number = ?`,
          collector,
          unit,
        )
  return {
    origin: originOf(db, { collector }),
    unitNumber: unit,
    nodeId: row === undefined ? '' : text(row, 'node_id'),
    siteCode: row === undefined ? '' : text(row, 'site_code'),
    validFromMs: row === undefined ? 0 : integer(row, 'valid_from_ms'),
    bookedToMs: row === undefined ? null : integerOrNull(row, 'booked_to_ms'),
  }
}
