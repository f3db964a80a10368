/** Draws for people: newest first, in pages, as a scope and a filter leave them. */
import type { Draw } from '../../model/draw.ts'
import type { DrawFilter } from '../draw-requests.ts'
import { LIVE_STATES } from '../draw-rows.ts'
import { numberCursor, pageLimit, pageOf } from '../paging.ts'
import type { Page, PageRequest, Scope } from '../requests.ts'
import { integer, type Value } from '../values.ts'
import { drawsOf } from './draw-rows.ts'
import type { Database } from './driver.ts'
import { inScope, sitesInScope } from './scope.ts'

const IS_LIVE = "d.state IN ('held', 'booked', 'posted')"

/**
 * A draw is where its cards are, or where it has booked some. One without either (a refusal) is told
 * to those who see every site.
 */
const IN_SITES = `(? IS NULL
  OR EXISTS (SELECT 1 FROM claims c WHERE c.draw_number = d.draw_number AND ${inScope('c.site_code')})
  OR EXISTS (SELECT 1 FROM booked_cards b
    WHERE b.draw_number = d.draw_number AND ${inScope('b.site_code')}))`

export function listDraws(
  db: Database,
  scope: Scope,
  filter: DrawFilter,
  page: PageRequest,
): Page<Draw> {
  const sites = sitesInScope(db, scope)
  const limit = pageLimit(page)
  const among = amongOf(filter)
  const rows = db.all(
    `SELECT d.* FROM ${among.source} AND d.draw_number < ?
       AND (? IS NULL OR d.state IN (SELECT value FROM json_each(?)))
       AND (? IS NULL OR d.bank = ?) AND (? IS NULL OR d.borrower = ?) AND ${IN_SITES}
     ORDER BY d.draw_number DESC LIMIT ?`,
    ...among.params,
    page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page),
    ...twice(filter.states === 'all' ? null : JSON.stringify(filter.states)),
    ...twice(filter.bank),
    ...twice(filter.borrower),
    sites,
    ...twice(sites),
    ...twice(sites),
    limit + 1,
  )
  const shown = pageOf(rows, limit, (row) => String(integer(row, 'draw_number')))
  return { rows: drawsOf(db, shown.rows).map(({ draw }) => draw), nextCursor: shown.nextCursor }
}

/** The narrowest list that holds all that is asked for: draws are kept for ever, few are live. */
function amongOf({ bank, states }: DrawFilter): {
  readonly source: string
  readonly params: readonly Value[]
} {
  if (states !== 'all' && states.every((state) => LIVE_STATES.includes(state))) {
    return { source: `draws d INDEXED BY draws_live WHERE ${IS_LIVE}`, params: [] }
  }
  if (bank === null) return { source: 'draws d WHERE true', params: [] }
  return { source: 'draws d INDEXED BY draws_bank WHERE d.bank = ?', params: [bank] }
}

function twice(value: string | null): readonly [string | null, string | null] {
  return [value, value]
}
