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
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { fromFlag } from './values.ts'

type PlacedMethods = Pick<
  SyncStore,
  'findPlaced' | 'commitPlaced' | 'readOpenPlaced' | 'readLivePlaced' | 'listPlaced'
>

const STALE = { status: 'stale' } as const

export function placedMethods(db: Database): PlacedMethods {
  return {
    findPlaced: (drawId) => {
      const row = db.get('SELECT draw FROM placed_draws WHERE draw_id = ?', drawId)
      return row === undefined ? null : placedOf(row)
    },
    commitPlaced: (change) => commitPlaced(db, change),
    readOpenPlaced: (page) => readPage(db, 'open', page),
    readLivePlaced: (page) => readPage(db, 'live', page),
    listPlaced: (filter, page) => listPlaced(db, filter, page),
  }
}

export function isPlaced(db: Database, drawId: string): boolean {
  return db.get('SELECT 1 AS found FROM placed_draws WHERE draw_id = ?', drawId) !== undefined
}

function commitPlaced(
  db: Database,
  { expectedVersion, outbox, placed }: PlacedChange,
): { readonly status: 'committed' | 'stale' } {
  assert(placed.version === expectedVersion + 1, 'a change makes a version of its own')
  const row = rowOf(placed)
  const known = db.get('SELECT version FROM placed_draws WHERE draw_id = ?', row.drawId)
  if ((known === undefined ? 0 : integer(known, 'version')) !== expectedVersion) return STALE
  if (known === undefined) {
    if (db.get('SELECT 1 AS found FROM draws WHERE draw_id = ?', row.drawId) !== undefined) {
      return STALE
    }
    db.run(
      `INSERT INTO placed_draws (draw_id, child_id, bank, borrower, actor,
         version, state, is_open, is_live, sites, draw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[row.drawId, row.childId, row.bank, row.borrower, row.actor],
      ...[row.version, row.state, fromFlag(row.isOpen), fromFlag(row.isLive), row.sites, row.draw],
    )
  } else {
    db.run(
      `UPDATE placed_draws SET version = ?, state = ?, is_open = ?, is_live = ?, sites = ?, draw = ?
       WHERE draw_id = ?`,
      ...[row.version, row.state, fromFlag(row.isOpen), fromFlag(row.isLive), row.sites, row.draw],
      row.drawId,
    )
  }
  addToOutbox(db, outbox)
  return { status: 'committed' }
}

function readPage(
  db: Database,
  which: 'open' | 'live',
  { afterId, childIds, limit }: PlacedPage,
): readonly PlacedDraw[] {
  const children = childIds === 'all' ? null : JSON.stringify(childIds)
  return db
    .all(
      `SELECT draw FROM placed_draws INDEXED BY placed_draws_${which}
       WHERE is_${which} = 1 AND draw_id > ?
         AND (? IS NULL OR child_id IN (SELECT value FROM json_each(?)))
       ORDER BY draw_id LIMIT ?`,
      afterId ?? '',
      ...[children, children],
      Math.max(1, Math.min(limit, PAGE_ROWS_MAX)),
    )
    .map(placedOf)
}

function listPlaced(db: Database, filter: PlacedFilter, page: PageRequest): Page<PlacedDraw> {
  const limit = pageLimit(page)
  const states = filter.states === 'all' ? null : JSON.stringify(filter.states)
  const { seenBy } = filter
  const rows = db.all(
    `SELECT placed_number, draw FROM placed_draws p WHERE placed_number < ?
       AND (? IS NULL OR state IN (SELECT value FROM json_each(?)))
       AND (? IS NULL OR bank = ?) AND (? IS NULL OR borrower = ?)
       AND (? IS NULL OR actor = ? OR EXISTS (SELECT 1 FROM json_each(p.sites) s
         WHERE s.value IN (SELECT value FROM json_each(?))))
     ORDER BY placed_number DESC LIMIT ?`,
    page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page),
    ...[states, states, filter.bank, filter.bank, filter.borrower, filter.borrower],
    ...[seenBy?.actor ?? null, seenBy?.actor ?? null, JSON.stringify(seenBy?.sites ?? [])],
    limit + 1,
  )
  const shown = pageOf(rows, limit, (row) => String(integer(row, 'placed_number')))
  return { rows: shown.rows.map(placedOf), nextCursor: shown.nextCursor }
}
