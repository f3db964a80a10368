/** Pages of lists: their bound, where one ends and where the next begins. */
import { AppError } from '@yiben/shared'
import type { Page, PageRequest } from './requests.ts'

/** However many rows are asked for, a page holds no more. */
export const PAGE_ROWS_MAX = 1_000

export function pageLimit(page: PageRequest): number {
  return Math.max(1, Math.min(page.limit, PAGE_ROWS_MAX))
}

/** A cursor that is a row number; 0 before the first page. */
export function numberCursor(page: PageRequest): number {
  if (page.cursor === null) return 0
  const after = Number(page.cursor)
  if (/^\d+$/.test(page.cursor) && Number.isSafeInteger(after)) return after
  throw new AppError('request_invalid', 'The cursor is not one that this list has given out.')
}

/** Cuts the one row that was read beyond the page: it only tells that there is another page. */
export function pageOf<One>(
  rows: readonly One[],
  limit: number,
  cursorOf: (row: One) => string,
): Page<One> {
  if (rows.length <= limit) return { rows, nextCursor: null }
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { rows: shown, nextCursor: last === undefined ? null : cursorOf(last) }
}
