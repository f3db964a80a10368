/** Draws for people: newest first, in pages, as a scope and a filter leave them. */
import type { Draw } from '../../model/draw.ts'
import type { DrawFilter } from '../draw-requests.ts'
import { LIVE_STATES } from '../draw-rows.ts'
import { numberCursor, pageLimit, pageOf } from '../paging.ts'
import type { Page, PageRequest, Scope } from '../requests.ts'
import { integer } from '../values.ts'
import { drawsOf } from './draw-rows.ts'
import type { Database } from './driver.ts'
import { inScope, type SeenSites, sitesInScope } from './scope.ts'
import { join, type Sql, sql } from './sql.ts'

const IS_LIVE = sql`d.state IN ('held', 'booked', 'posted')`

/**
 * A draw is where its cards are, or where it has booked some. One without either (a refusal) is
 * told to those who see every site.
 */
function isSeen(sites: SeenSites): Sql {
  if (sites === null) return sql`true`
  return sql`(EXISTS (SELECT 1 FROM claims c
      WHERE c.draw_number = d.draw_number AND ${inScope(sql`c.site_code`, sites)})
    OR EXISTS (SELECT 1 FROM booked_cards b
      WHERE b.draw_number = d.draw_number AND ${inScope(sql`b.site_code`, sites)}))`
}

export async function listDraws(
  db: Database,
  scope: Scope,
  filter: DrawFilter,
  page: PageRequest,
): Promise<Page<Draw>> {
  const sites = await sitesInScope(db, scope)
  const limit = pageLimit(page)
  const before = page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page)
  const conditions = [sql`d.draw_number < ${before}`, ...conditionsOf(filter), isSeen(sites)]
  const rows = await db.all(sql`
    SELECT d.* FROM draws d WHERE ${join(conditions, ' AND ')}
    ORDER BY d.draw_number DESC LIMIT ${limit + 1}`)
  const shown = pageOf(rows, limit, (row) => String(integer(row, 'draw_number')))
  return {
    rows: (await drawsOf(db, shown.rows)).map(({ draw }) => draw),
    nextCursor: shown.nextCursor,
  }
}

/** Draws are kept for ever, few are live: those have an index of their own. */
function conditionsOf({ bank, borrower, states }: DrawFilter): readonly Sql[] {
  const conditions: Sql[] = []
  if (states !== 'all') {
    if (states.every((state) => LIVE_STATES.includes(state))) conditions.push(IS_LIVE)
    conditions.push(sql`d.state = ANY(${states}::text[])`)
  }
  if (bank !== null) conditions.push(sql`d.bank = ${bank}`)
  if (borrower !== null) conditions.push(sql`d.borrower = ${borrower}`)
  return conditions
}
