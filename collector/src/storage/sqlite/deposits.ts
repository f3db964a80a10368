/**
 * Deposits and the bank's way along the timeline: changes in the order they were written, a durable
 * cursor, and decisions that count only while that cursor stands where they were made.
 */
import type { NodeId, UnitId } from '../../model/ids.ts'
import { type Deposit, LENT_CLOSE_REASONS } from '../../model/ledger.ts'
import { closedWindowOf, freeUnitsOf } from '../deposit-rows.ts'
import { openOf } from '../open-row.ts'
import { numberCursor, PAGE_ROWS_MAX, pageLimit, pageOf } from '../paging.ts'
import type { DepositChange } from '../requests.ts'
import { depositOf, UNIT_COLUMNS, UNIT_TABLES } from '../rows.ts'
import { integer } from '../values.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { OpenRows } from './evidence.ts'
import type { SyncStore } from './methods.ts'
import { OPEN_COLUMNS } from './open-row.ts'
import { addToOutbox } from './outbox.ts'
import { isLent, isWithinKept } from './policy.ts'
import { inScope, sitesInScope } from './scope.ts'
import { termsAt } from './sites.ts'
import { unitsOfNode } from './units.ts'

/** Whose cursor `commitDeposits` moves. */
const BANK = 'bank'

type DepositMethods = Pick<
  SyncStore,
  | 'readTimelineChanges'
  | 'readCursor'
  | 'readOpenDeposits'
  | 'readClosedWindows'
  | 'commitDeposits'
  | 'listDeposits'
  | 'readFreeUnits'
>

export function depositMethods(db: Database): DepositMethods {
  return {
    readTimelineChanges: (afterChangeSeq, limit) =>
      db
        .all(
          `SELECT ${OPEN_COLUMNS} FROM open_nodes o WHERE o.change_seq > ?
           ORDER BY o.change_seq LIMIT ?`,
          afterChangeSeq,
          Math.min(limit, PAGE_ROWS_MAX),
        )
        .map((row) => {
          const open = openOf(row)
          return { open, units: unitsOfNode(db, open.nodeId, open) }
        }),

    readCursor: (follower) => readCursor(db, follower),
    readOpenDeposits: (nodeIds) => readOpenDeposits(db, nodeIds),

    readClosedWindows: (keys) =>
      keys.flatMap(({ unitId, startMs }) => {
        const row = db.get(
          'SELECT * FROM closed_windows WHERE unit_id = ? AND start_ms = ?',
          unitId,
          startMs,
        )
        return row === undefined ? [] : [closedWindowOf(row)]
      }),

    commitDeposits: (change) => commitDeposits(db, change),

    listDeposits: (scope, openOnly, page) => {
      const sites = sitesInScope(db, scope)
      const limit = pageLimit(page)
      const rows = db.all(
        `SELECT d.* FROM deposits d JOIN nodes n ON n.node_id = d.node_id
         WHERE d.deposit_number > ? AND ${inScope('n.site_code')}
           AND (? = 0 OR d.closed_at_ms IS NULL) ORDER BY d.deposit_number LIMIT ?`,
        numberCursor(page),
        sites,
        sites,
        openOnly ? 1 : 0,
        limit + 1,
      )
      const shown = pageOf(rows, limit, (row) => String(integer(row, 'deposit_number')))
      return { rows: shown.rows.map(depositOf), nextCursor: shown.nextCursor }
    },

    readFreeUnits: (scope) => {
      const sites = sitesInScope(db, scope)
      const terms = termsAt(db, Number.MAX_SAFE_INTEGER)
      const openRows = new OpenRows(db)
      return db
        .all(
          `SELECT ${UNIT_COLUMNS}, d.deposit_id, d.window_start_ms, d.opened_at_ms, d.consent_end_count,
             d.closed_at_ms, d.close_reason
           FROM deposits d, ${UNIT_TABLES}
           WHERE u.unit_id = d.unit_id AND d.closed_at_ms IS NULL AND ${inScope('n.site_code')} ORDER BY d.deposit_number`,
          sites,
          sites,
        )
        .flatMap((row) => freeUnitsOf(row, { terms, openOf: (nodeId) => openRows.of(nodeId) }))
    },
  }
}

export function readCursor(db: Database, follower: string): number {
  const row = db.get('SELECT change_seq FROM cursors WHERE follower = ?', follower)
  return row === undefined ? 0 : integer(row, 'change_seq')
}

function readOpenDeposits(db: Database, nodeIds: readonly NodeId[] | 'all'): readonly Deposit[] {
  if (nodeIds === 'all') {
    return db
      .all('SELECT * FROM deposits WHERE closed_at_ms IS NULL ORDER BY deposit_number')
      .map(depositOf)
  }
  // From nodes to their deposits: the other way leads through every deposit that is open.
  return db
    .all(
      `SELECT d.* FROM json_each(?) asked CROSS JOIN deposits d INDEXED BY deposits_open_node
         ON d.node_id = asked.value AND d.closed_at_ms IS NULL
       ORDER BY d.deposit_number`,
      JSON.stringify(nodeIds),
    )
    .map(depositOf)
}

type CommitResult = { readonly status: 'committed' | 'stale' }

/** All or nothing: whatever has changed since it was looked at makes the decision stale. */
function commitDeposits(db: Database, change: DepositChange): CommitResult {
  if (readCursor(db, BANK) !== change.expectedCursor || !isCurrent(db, change)) {
    return { status: 'stale' }
  }
  return db.attempt(
    () => {
      writeDecision(db, change)
      const isKept = change.models.every((model) => isWithinKept(db, model, change.decidedAtMs))
      return { status: isKept ? 'committed' : 'stale' }
    },
    ({ status }): boolean => status === 'committed',
  )
}

/** Deposits still stand as they did, and no card that was free has been lent meanwhile. */
function isCurrent(db: Database, { closings, openings, rewindows }: DepositChange): boolean {
  const touched = [...closings, ...rewindows].map(({ depositId }) => depositId)
  const isTouchedOnce = new Set(touched).size === touched.length
  const units = new Map(touched.map((depositId) => [depositId, openUnitOf(db, depositId)]))
  if (!isTouchedOnce || [...units.values()].includes(null)) return false
  const isTaken = closings.some(({ depositId, reason }) => {
    const unitId = units.get(depositId) ?? null
    return unitId !== null && !LENT_CLOSE_REASONS.includes(reason) && isLent(db, unitId)
  })
  const closing = new Set(closings.map(({ depositId }) => depositId))
  const isOpenable = openings.every(({ unitId }) => {
    const open = openDepositOf(db, unitId)
    return (open === null || closing.has(open)) && !isLent(db, unitId)
  })
  const isOpenedOnce = new Set(openings.map(({ unitId }) => unitId)).size === openings.length
  return !isTaken && isOpenable && isOpenedOnce
}

function writeDecision(db: Database, change: DepositChange): void {
  for (const one of change.closings) {
    db.run(
      `UPDATE deposits SET closed_at_ms = max(?, opened_at_ms), close_reason = ?
       WHERE deposit_id = ?`,
      one.closedAtMs,
      one.reason,
      one.depositId,
    )
    markDirty(db, one.closedAtMs, null)
  }
  for (const { depositId, windowStartMs } of change.rewindows) {
    db.run('UPDATE deposits SET window_start_ms = ? WHERE deposit_id = ?', windowStartMs, depositId)
  }
  for (const deposit of change.openings) insertDeposit(db, deposit)
  db.run(
    `INSERT INTO cursors (follower, change_seq) VALUES (?, ?)
     ON CONFLICT (follower) DO UPDATE SET change_seq = excluded.change_seq`,
    BANK,
    change.cursor,
  )
  addToOutbox(db, change.outbox)
}

function openUnitOf(db: Database, depositId: string): UnitId | null {
  const row = db.get(
    'SELECT unit_id FROM deposits WHERE deposit_id = ? AND closed_at_ms IS NULL',
    depositId,
  )
  return row === undefined ? null : (integer(row, 'unit_id') as UnitId)
}

function openDepositOf(db: Database, unitId: UnitId): string | null {
  const row = db.get('SELECT * FROM deposits WHERE unit_id = ? AND closed_at_ms IS NULL', unitId)
  return row === undefined ? null : depositOf(row).depositId
}

function insertDeposit(db: Database, deposit: DepositChange['openings'][number]): void {
  db.run(
    `INSERT INTO deposits
       (deposit_id, unit_id, node_id, window_start_ms, opened_at_ms, consent_end_count)
     VALUES (?, ?, ?, ?, ?, ?)`,
    deposit.depositId,
    deposit.unitId,
    deposit.nodeId,
    deposit.windowStartMs,
    deposit.openedAtMs,
    deposit.consentEndCount,
  )
}
