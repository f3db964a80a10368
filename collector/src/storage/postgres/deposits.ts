/**
 * Deposits and the bank's way along the timeline: changes in the order they were written, a durable
 * cursor, and decisions that count only while that cursor stands where they were made.
 */
import type { NodeId, UnitId } from '../../model/ids.ts'
import { type Deposit, LENT_CLOSE_REASONS } from '../../model/ledger.ts'
import { closedWindowOf, freeUnitsOf } from '../deposit-rows.ts'
import { openOf } from '../open-row.ts'
import { numberCursor, PAGE_ROWS_MAX, pageLimit, pageOf } from '../paging.ts'
import type { DepositChange, FreeUnit, Scope } from '../requests.ts'
import { depositOf, unitOf } from '../rows.ts'
import type { Store } from '../store.ts'
import { integer, text } from '../values.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { OpenRows } from './evidence.ts'
import { CHANGED_TABLES, OPEN_COLUMNS } from './open-row.ts'
import { addToOutbox } from './outbox.ts'
import { isAnyLent, isWithinKept } from './policy.ts'
import { inScope, sitesInScope } from './scope.ts'
import { termsAt } from './sites.ts'
import { sql } from './sql.ts'
import { UNIT_COLUMNS, UNIT_TABLES, unitsOfNodes } from './units.ts'

/** Whose cursor `commitDeposits` moves. */
const BANK = 'bank'

/** Of a deposit beside its unit, whose node and number it shares. */
export const DEPOSIT_COLUMNS = sql`d.deposit_id, d.window_start_ms, d.opened_at_ms,
  d.consent_end_count, d.closed_at_ms, d.close_reason`

type DepositMethods = Pick<
  Store,
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
    readTimelineChanges: async (afterChangeSeq, limit) => {
      const rows = await db.all(sql`
        SELECT ${OPEN_COLUMNS} FROM ${CHANGED_TABLES} WHERE k.change_seq > ${afterChangeSeq}
        ORDER BY k.change_seq LIMIT ${Math.min(limit, PAGE_ROWS_MAX)}`)
      const opens = rows.map(openOf)
      const units = await unitsOfNodes(
        db,
        opens.map((open) => ({ nodeId: open.nodeId, open })),
      )
      return opens.map((open) => ({ open, units: units.get(open.nodeId) ?? [] }))
    },

    readCursor: (follower) => readCursor(db, follower),
    readOpenDeposits: (nodeIds) => readOpenDeposits(db, nodeIds),

    readClosedWindows: async (keys) => {
      const rows = await db.all(sql`
        SELECT w.* FROM unnest(${keys.map(({ unitId }) => unitId)}::bigint[],
            ${keys.map(({ startMs }) => startMs)}::bigint[])
          WITH ORDINALITY asked (unit_id, start_ms, place)
        JOIN closed_windows w ON w.unit_id = asked.unit_id AND w.start_ms = asked.start_ms
        ORDER BY asked.place`)
      return rows.map(closedWindowOf)
    },

    commitDeposits: (change) => commitDeposits(db, change),

    listDeposits: async (scope, openOnly, page) => {
      const sites = await sitesInScope(db, scope)
      const limit = pageLimit(page)
      const open = openOnly ? sql`AND d.closed_at_ms IS NULL` : sql``
      const rows = await db.all(sql`
        SELECT d.* FROM deposits d JOIN nodes n ON n.node_id = d.node_id
        WHERE d.deposit_number > ${numberCursor(page)} AND ${inScope(sql`n.site_code`, sites)}
          ${open}
        ORDER BY d.deposit_number LIMIT ${limit + 1}`)
      const shown = pageOf(rows, limit, (row) => String(integer(row, 'deposit_number')))
      return { rows: shown.rows.map(depositOf), nextCursor: shown.nextCursor }
    },

    readFreeUnits: (scope) => readFreeUnits(db, scope),
  }
}

async function readFreeUnits(db: Database, scope: Scope): Promise<readonly FreeUnit[]> {
  const sites = await sitesInScope(db, scope)
  const terms = await termsAt(db, Number.MAX_SAFE_INTEGER)
  const rows = await db.all(sql`
    SELECT ${UNIT_COLUMNS}, ${DEPOSIT_COLUMNS} FROM ${UNIT_TABLES}
    JOIN deposits d ON d.unit_id = u.unit_id AND d.closed_at_ms IS NULL
    WHERE ${inScope(sql`n.site_code`, sites)} ORDER BY d.deposit_number`)
  const openRows = new OpenRows(db)
  await openRows.load(rows.map((row) => unitOf(row).nodeId))
  return rows.flatMap((row) =>
    freeUnitsOf(row, { terms, openOf: (nodeId) => openRows.loaded(nodeId) }),
  )
}

export async function readCursor(db: Database, follower: string): Promise<number> {
  const row = await db.get(sql`SELECT change_seq FROM cursors WHERE follower = ${follower}`)
  return row === undefined ? 0 : integer(row, 'change_seq')
}

/** Nobody else moves the cursor until this transaction ends. */
export async function lockCursor(db: Database, follower: string): Promise<number> {
  await db.run(sql`
    INSERT INTO cursors (follower, change_seq) VALUES (${follower}, 0)
    ON CONFLICT (follower) DO NOTHING`)
  const row = await db.get(sql`
    SELECT change_seq FROM cursors WHERE follower = ${follower} FOR UPDATE`)
  return integer(row ?? {}, 'change_seq')
}

export async function putCursor(db: Database, follower: string, to: number): Promise<void> {
  await db.run(sql`
    INSERT INTO cursors (follower, change_seq) VALUES (${follower}, ${to})
    ON CONFLICT (follower) DO UPDATE SET change_seq = excluded.change_seq`)
}

async function readOpenDeposits(
  db: Database,
  nodeIds: readonly NodeId[] | 'all',
): Promise<readonly Deposit[]> {
  const among = nodeIds === 'all' ? sql`true` : sql`node_id = ANY(${nodeIds}::text[])`
  const rows = await db.all(sql`
    SELECT * FROM deposits WHERE closed_at_ms IS NULL AND ${among} ORDER BY deposit_number`)
  return rows.map(depositOf)
}

/** All or nothing: whatever has changed since it was looked at makes the decision stale. */
async function commitDeposits(
  db: Database,
  change: DepositChange,
): Promise<{ readonly status: 'committed' | 'stale' }> {
  if ((await lockCursor(db, BANK)) !== change.expectedCursor) return { status: 'stale' }
  const touched = [...change.closings, ...change.rewindows].map(({ depositId }) => depositId)
  await lockCards(
    db,
    touched,
    change.openings.map(({ unitId }) => unitId),
  )
  if (!(await isCurrent(db, change, touched))) return { status: 'stale' }
  return await db.attempt(
    async (): Promise<{ readonly status: 'committed' | 'stale' }> => {
      await writeDecision(db, change)
      for (const model of change.models) {
        if (!(await isWithinKept(db, model, change.decidedAtMs))) return { status: 'stale' }
      }
      return { status: 'committed' }
    },
    ({ status }) => status === 'committed',
  )
}

/** The cards of these deposits and units: nobody leases or deposits them meanwhile. */
async function lockCards(
  db: Database,
  depositIds: readonly string[],
  unitIds: readonly UnitId[],
): Promise<void> {
  await db.run(sql`
    SELECT 1 FROM accelerators WHERE accelerator_id IN (
      SELECT u.accelerator_id FROM units u WHERE u.unit_id = ANY(${unitIds}::bigint[])
      UNION SELECT u.accelerator_id FROM deposits d JOIN units u ON u.unit_id = d.unit_id
      WHERE d.deposit_id = ANY(${depositIds}::text[]))
    ORDER BY accelerator_id FOR NO KEY UPDATE`)
}

/** Deposits still stand as they did, and no card that was free has been lent meanwhile. */
async function isCurrent(
  db: Database,
  { closings, openings }: DepositChange,
  touched: readonly string[],
): Promise<boolean> {
  const isTouchedOnce = new Set(touched).size === touched.length
  const isOpenedOnce = new Set(openings.map(({ unitId }) => unitId)).size === openings.length
  if (!isTouchedOnce || !isOpenedOnce) return false
  const rows = await db.all(sql`
    SELECT deposit_id, unit_id FROM deposits
    WHERE deposit_id = ANY(${touched}::text[]) AND closed_at_ms IS NULL`)
  if (rows.length !== touched.length) return false
  const units = new Map(
    rows.map((row) => [text(row, 'deposit_id'), integer(row, 'unit_id') as UnitId]),
  )
  const closedUnlent = closings
    .filter(({ reason }) => !LENT_CLOSE_REASONS.includes(reason))
    .flatMap(({ depositId }) => units.get(depositId) ?? [])
  const opened = openings.map(({ unitId }) => unitId)
  if (await isAnyLent(db, [...closedUnlent, ...opened])) return false
  const others = await db.get(sql`
    SELECT count(*) AS open FROM deposits WHERE unit_id = ANY(${opened}::bigint[])
      AND closed_at_ms IS NULL
      AND deposit_id <> ALL(${closings.map(({ depositId }) => depositId)}::text[])`)
  return integer(others ?? {}, 'open') === 0
}

async function writeDecision(db: Database, change: DepositChange): Promise<void> {
  const { closings, openings, rewindows } = change
  if (closings.length > 0) {
    await db.run(sql`
      UPDATE deposits d SET closed_at_ms = greatest(c.closed_at_ms, d.opened_at_ms),
        close_reason = c.reason
      FROM unnest(${closings.map(({ depositId }) => depositId)}::text[],
        ${closings.map(({ closedAtMs }) => closedAtMs)}::bigint[],
        ${closings.map(({ reason }) => reason)}::text[]) c (deposit_id, closed_at_ms, reason)
      WHERE d.deposit_id = c.deposit_id`)
    await markDirty(db, Math.min(...closings.map(({ closedAtMs }) => closedAtMs)), null)
  }
  if (rewindows.length > 0) {
    await db.run(sql`
      UPDATE deposits d SET window_start_ms = w.window_start_ms
      FROM unnest(${rewindows.map(({ depositId }) => depositId)}::text[],
        ${rewindows.map(({ windowStartMs }) => windowStartMs)}::bigint[])
        w (deposit_id, window_start_ms)
      WHERE d.deposit_id = w.deposit_id`)
  }
  if (openings.length > 0) await insertDeposits(db, openings)
  await putCursor(db, BANK, change.cursor)
  addToOutbox(db, change.outbox)
}

async function insertDeposits(db: Database, openings: DepositChange['openings']): Promise<void> {
  await db.run(sql`
    INSERT INTO deposits
      (deposit_id, unit_id, node_id, window_start_ms, opened_at_ms, consent_end_count)
    SELECT * FROM unnest(${openings.map(({ depositId }) => depositId)}::text[],
      ${openings.map(({ unitId }) => unitId)}::bigint[],
      ${openings.map(({ nodeId }) => nodeId)}::text[],
      ${openings.map(({ windowStartMs }) => windowStartMs)}::bigint[],
      ${openings.map(({ openedAtMs }) => openedAtMs)}::bigint[],
      ${openings.map(({ consentEndCount }) => consentEndCount)}::bigint[])`)
}
