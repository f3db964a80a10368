/**
 * Draws that were placed here and are granted by children: each change written whole under the version
 * that it was made on.
 */
import { assert } from '@yiben/shared'
import type { PlacedDraw } from '../../model/placed-draw.ts'
import { placedOf, rowOf } from '../draw-rows.ts'
import { numberCursor, PAGE_ROWS_MAX, pageLimit, pageOf } from '../paging.ts'
import type { PlacedChange, PlacedFilter, PlacedPage } from '../placed-store.ts'
import type { Page, PageRequest } from '../requests.ts'
import type { Store } from '../store.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { addToOutbox } from './outbox.ts'
import { join, sql } from './sql.ts'

type PlacedMethods = Pick<
  Store,
  'findPlaced' | 'commitPlaced' | 'readOpenPlaced' | 'readLivePlaced' | 'listPlaced'
>

const STALE = { status: 'stale' } as const
const COMMITTED = { status: 'committed' } as const

export function placedMethods(db: Database): PlacedMethods {
  return {
    findPlaced: async (drawId) => {
      const row = await db.get(sql`SELECT draw FROM placed_draws WHERE draw_id = ${drawId}`)
      return row === undefined ? null : placedOf(row)
    },
    commitPlaced: (change) => commitPlaced(db, change),
    readOpenPlaced: (page) => readPage(db, 'open', page),
    readLivePlaced: (page) => readPage(db, 'live', page),
    listPlaced: (filter, page) => listPlaced(db, filter, page),
  }
}

export async function isPlaced(db: Database, drawId: string): Promise<boolean> {
  const row = await db.get(sql`SELECT 1 AS found FROM placed_draws WHERE draw_id = ${drawId}`)
  return row !== undefined
}

async function commitPlaced(
  db: Database,
  { expectedVersion, outbox, placed }: PlacedChange,
): Promise<{ readonly status: 'committed' | 'stale' }> {
  assert(placed.version === expectedVersion + 1, 'a change makes a version of its own')
  const row = rowOf(placed)
  // The version is looked at in the statement that writes: of two decisions one comes too late.
  const written =
    expectedVersion === 0
      ? await db.get(sql`
          INSERT INTO placed_draws (draw_id, child_id, bank, borrower, actor,
            version, state, is_open, is_live, sites, draw)
          SELECT ${row.drawId}::text, ${row.childId}::text, ${row.bank}::text,
            ${row.borrower}::text, ${row.actor}::text, ${row.version}::bigint, ${row.state}::text,
            ${row.isOpen}::boolean, ${row.isLive}::boolean, ${row.sites}::text, ${row.draw}::text
          WHERE NOT EXISTS (SELECT 1 FROM draws WHERE draw_id = ${row.drawId})
          ON CONFLICT (draw_id) DO NOTHING RETURNING placed_number`)
      : await db.get(sql`
          UPDATE placed_draws SET version = ${row.version}, state = ${row.state},
            is_open = ${row.isOpen}, is_live = ${row.isLive}, sites = ${row.sites},
            draw = ${row.draw}
          WHERE draw_id = ${row.drawId} AND version = ${expectedVersion} RETURNING placed_number`)
  if (written === undefined) return STALE
  addToOutbox(db, outbox)
  return COMMITTED
}

async function readPage(
  db: Database,
  which: 'open' | 'live',
  { afterId, childIds, limit }: PlacedPage,
): Promise<readonly PlacedDraw[]> {
  const ofChildren = childIds === 'all' ? sql`true` : sql`child_id = ANY(${childIds}::text[])`
  const rows = await db.all(sql`
    SELECT draw FROM placed_draws
    WHERE ${which === 'open' ? sql`is_open` : sql`is_live`}
      AND ${ofChildren} AND draw_id > ${afterId ?? ''}
    ORDER BY draw_id LIMIT ${Math.max(1, Math.min(limit, PAGE_ROWS_MAX))}`)
  return rows.map(placedOf)
}

async function listPlaced(
  db: Database,
  { bank, borrower, seenBy, states }: PlacedFilter,
  page: PageRequest,
): Promise<Page<PlacedDraw>> {
  const limit = pageLimit(page)
  const before = page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page)
  const conditions = [sql`placed_number < ${before}`]
  if (states !== 'all') conditions.push(sql`state = ANY(${states}::text[])`)
  if (bank !== null) conditions.push(sql`bank = ${bank}`)
  if (borrower !== null) conditions.push(sql`borrower = ${borrower}`)
  if (seenBy !== null) {
    const sites = sql`SELECT value FROM json_array_elements_text(sites::json) AS s (value)`
    conditions.push(sql`(actor = ${seenBy.actor}
      OR EXISTS (${sites} WHERE s.value = ANY(${seenBy.sites}::text[])))`)
  }
  const rows = await db.all(sql`
    SELECT placed_number, draw FROM placed_draws WHERE ${join(conditions, ' AND ')}
    ORDER BY placed_number DESC LIMIT ${limit + 1}`)
  const shown = pageOf(rows, limit, (row) => String(integer(row, 'placed_number')))
  return { rows: shown.rows.map(placedOf), nextCursor: shown.nextCursor }
}
