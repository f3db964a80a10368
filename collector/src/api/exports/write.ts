/**
 * Writes a walked table as a file. Rows are bounded before they are kept; a workbook's go to its own
 * thread page by page.
 */
import { AppError, type Clock } from '@yiben/shared'
import { aboutHead, aboutRows, bookMarks, CSV_MARKS, csvMarks, type ExportMark } from './about.ts'
import type { Column } from './columns.ts'
import { csvLine } from './csv.ts'
import { titleOf } from './labels.ts'
import type { Pedigree, Walk } from './walk.ts'
import type { SheetHead } from './workbook.ts'
import { WorkbookThread } from './workbook-thread.ts'

/** Some tens of megabytes of text. */
const CSV_ROWS_MAX = 200_000
/** Some seconds of a thread, and half a gigabyte while it lasts. */
const XLSX_ROWS_MAX = 50_000

export interface Written {
  readonly bytes: Uint8Array
  readonly rows: number
}

const NO_PEDIGREE: Pedigree = {
  asOf: null,
  knownAt: null,
  finality: null,
  definitionVersion: null,
  catalogueVersion: null,
  isDemo: false,
  total: null,
}

export async function writeCsv(
  mark: ExportMark,
  columns: readonly Column[],
  pages: AsyncIterable<Walk>,
): Promise<Written> {
  const parts: string[] = [csvLine([...columns.map(({ key }) => key), ...CSV_MARKS])]
  let rows = 0
  for await (const page of pages) {
    const marks = csvMarks(mark, page.pedigree)
    rows += page.rows.length
    if (rows > CSV_ROWS_MAX) throw tooLarge(CSV_ROWS_MAX)
    parts.push(page.rows.map((row) => csvLine([...row, ...marks])).join(''))
  }
  return { bytes: Buffer.from(parts.join(''), 'utf8'), rows }
}

/** The table, and behind it what it is. The pedigree is that of the first page. */
export async function writeXlsx(
  clock: Clock,
  mark: ExportMark,
  columns: readonly Column[],
  pages: AsyncIterable<Walk>,
): Promise<Written> {
  const iterator = pages[Symbol.asyncIterator]()
  let page = await iterator.next()
  const pedigree = page.done === true ? NO_PEDIGREE : page.value.pedigree
  const { language, table } = mark
  const head: SheetHead = {
    name: table[language],
    titles: columns.map((column) => titleOf(column, language)),
    kinds: columns.map(({ kind }) => kind),
  }
  const book = { sheets: [head, aboutHead(language)], ...bookMarks(mark, pedigree.isDemo) }
  const thread = new WorkbookThread(clock, book)
  try {
    let rows = 0
    for (; page.done !== true; page = await iterator.next()) {
      rows += page.value.rows.length
      if (rows > XLSX_ROWS_MAX) throw tooLarge(XLSX_ROWS_MAX)
      thread.add(0, page.value.rows)
    }
    thread.add(1, aboutRows(mark, pedigree, rows, columns))
    return { bytes: await thread.finish(), rows }
  } finally {
    await thread.close()
  }
}

/** Nothing is cut in silence. */
function tooLarge(rowsMax: number): AppError {
  const sentence = `the table has more than ${rowsMax} rows: ask for less at once`
  return new AppError('export_too_large', sentence)
}
