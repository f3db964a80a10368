/**
 * CSV as the tools modelled on nvidia-smi print it (`--query-…=fields --format=csv`), with or
 * without header and units. Which column is which is told by the header line, else by the field
 * list of the command; without either the text is refused, because a number alone says nothing. A
 * row with another number of cells than there are columns is left out by the callers: which of its
 * cells is which cannot be told.
 */

export interface CsvTable {
  /** Field names without units, in printed order; `null` for a column nobody named. */
  readonly columns: readonly (string | null)[]
  readonly hasHeader: boolean
  readonly rows: readonly (readonly string[])[]
}

/** What one tool calls its fields. */
export interface CsvDialect {
  /** Finds the field list in a command line as its first group. */
  readonly fieldList: RegExp
  /** Other names of the same fields, by printed name. */
  readonly aliases: Readonly<Record<string, string>>
  /** Names (after aliases) of which a header line must have at least one. */
  readonly known: ReadonlySet<string>
}

const HEADER_CELL = /^[a-z][\w.]*(?: \[\S+\])?$/i
const UNIT = / \[\S+\]$/

export function readCsv(
  lines: readonly string[],
  command: string | null,
  dialect: CsvDialect,
): CsvTable | null {
  const filled = lines.filter((line) => line.trim() !== '')
  const [head, ...rest] = filled
  if (head === undefined) return null
  const header = headerFields(splitCells(head), dialect)
  if (header !== null) return { columns: header, hasHeader: true, rows: rest.map(splitCells) }
  const columns = commandFields(command, dialect)
  return columns === null ? null : { columns, hasHeader: false, rows: filled.map(splitCells) }
}

/** Fields of a header line, or `null` for a line that is none. */
export function headerFields(cells: readonly string[], dialect: CsvDialect): string[] | null {
  const isHeader = cells.every((cell) => HEADER_CELL.test(cell))
  const names = cells.map((cell) => fieldName(cell.replace(UNIT, ''), dialect))
  return isHeader && names.some((name) => dialect.known.has(name)) ? names : null
}

/** The fields a command asked for, in its order. */
export function commandFields(command: string | null, dialect: CsvDialect): string[] | null {
  const list = dialect.fieldList.exec(command ?? '')?.[1]
  if (list === undefined) return null
  return list
    .split(',')
    .filter(Boolean)
    .map((name) => fieldName(name, dialect))
}

/** The tools separate cells with a comma and a blank. */
export function splitCells(line: string): string[] {
  return line.split(',').map((cell) => cell.trim())
}

/** The cell of a field, or `undefined`; `null` instead of a lookup for a row of another width. */
export function lookupInRow(
  columns: readonly (string | null)[],
  row: readonly string[],
): ((field: string) => string | undefined) | null {
  if (row.length !== columns.length) return null
  return (field) => {
    const at = columns.indexOf(field)
    return at < 0 ? undefined : row[at]
  }
}

/** A field that may hold commas (a command line): the other columns are counted from both ends. */
export function joinFreeCells(
  columns: readonly (string | null)[],
  row: readonly string[],
  free: string,
): string[] {
  const at = columns.indexOf(free)
  const extra = row.length - columns.length
  if (at < 0 || extra <= 0) return [...row]
  const joined = row.slice(at, at + extra + 1).join(', ')
  return [...row.slice(0, at), joined, ...row.slice(at + extra + 1)]
}

function fieldName(printed: string, { aliases }: CsvDialect): string {
  return Object.hasOwn(aliases, printed) ? (aliases[printed] ?? printed) : printed
}
