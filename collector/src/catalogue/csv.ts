/**
 * Reads the catalogue's own CSV files: RFC 4180, nothing lenient. A file whose header is not the
 * expected one, a row with another number of columns, a stray quote or an empty line is refused
 * with the line it stands on: a figure read from the wrong column would look like a right one.
 */
import { AppError } from '@yiben/shared'

/** The largest file has 36 KB; more than this is not ours. */
const CSV_CHARACTERS_MAX = 4 * 1024 * 1024

export type CsvRow<Column extends string> = Readonly<Record<Column, string>>

/** The rows behind the header; `source` names the file in refusals. */
export function parseCsv<const Column extends string>(
  text: string,
  columns: readonly Column[],
  source: string,
): readonly CsvRow<Column>[] {
  if (text.length > CSV_CHARACTERS_MAX) {
    throw new AppError(
      'config_invalid',
      `${source} is larger than ${CSV_CHARACTERS_MAX} characters`,
    )
  }
  const [header, ...records] = splitRecords(text, source)
  if (header === undefined || header.cells.join() !== columns.join()) {
    throw new AppError('config_invalid', `${source} must start with the header ${columns.join()}`)
  }
  return records.map(({ cells, line }) => {
    if (cells.length !== columns.length) {
      const counts = `${cells.length} columns, expected ${columns.length}`
      throw new AppError('config_invalid', `${source} line ${line} has ${counts}`)
    }
    return rowOf(columns, cells)
  })
}

function rowOf<Column extends string>(
  columns: readonly Column[],
  cells: readonly string[],
): CsvRow<Column> {
  const row = columns.map((column, index) => [column, cells[index] ?? ''] as const)
  return Object.fromEntries(row) as CsvRow<Column>
}

interface CsvRecord {
  readonly cells: readonly string[]
  /** Where the record starts, from 1. */
  readonly line: number
}

/**
 * One cell and what ends it: a comma, a line break or the end of the text. A quoted cell may hold
 * all three, and a quote written twice.
 */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y

function splitRecords(text: string, source: string): readonly CsvRecord[] {
  const records: CsvRecord[] = []
  let cells: string[] = []
  let line = 1
  let lineAtStart = 1
  CELL.lastIndex = 0
  // Bounded by the text: each cell moves on by its terminator, and the last record ends the loop.
  while (CELL.lastIndex < text.length || cells.length > 0) {
    const match = CELL.exec(text)
    if (match === null) {
      throw new AppError(
        'config_invalid',
        `${source} line ${line} has a quote or a carriage return in a wrong place`,
      )
    }
    const [whole, quoted, plain, terminator] = match
    cells.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    line += whole.split('\n').length - 1
    if (terminator === ',') continue
    records.push({ cells, line: lineAtStart })
    cells = []
    lineAtStart = line
  }
  return records
}
