/**
 * Cells of a table that hold several columns (`35C  P0`), read by the words of the header cell
 * above them. Which columns share a cell, and in which order, differs between the versions of a
 * tool; a value means what the word above it says, never what used to stand at its place. A cell
 * that does not fit its header as a whole tells nothing: a value that slipped into the next column
 * would be a false reading.
 */

export interface WordColumn {
  /** As the header prints it, in lower case with single blanks; longer words stand first. */
  readonly words: string
  readonly key: string
  /** Source of a pattern that a value must match, without capturing groups of its own. */
  readonly value: string
  /** May be missing from a data cell; never the first column of a cell. */
  readonly isOptional?: true
}

export interface HeaderCell {
  readonly keys: readonly string[]
  /** One group per key. */
  readonly pattern: RegExp
}

/** Wider than any cell a tool draws; keeps the patterns from long work on a text that is none. */
const CELL_CHARS_MAX = 512

/** A header word that nobody knows is a column of its own, whose values are passed over. */
export function readHeaderRow(
  cells: readonly string[],
  known: readonly WordColumn[],
): readonly HeaderCell[] {
  return cells.map((cell) => {
    const columns = columnsOf(cell, known)
    return { keys: columns.map(({ key }) => key), pattern: patternOf(columns) }
  })
}

export function hasKeys(header: readonly HeaderCell[], keys: readonly string[]): boolean {
  return keys.every((key) => header.some((cell) => cell.keys.includes(key)))
}

/** Values by key, as printed; `null` for a row with another number of cells than its header. */
export function readDataRow(
  cells: readonly string[],
  header: readonly HeaderCell[],
): ReadonlyMap<string, string> | null {
  if (cells.length !== header.length) return null
  const values = new Map<string, string>()
  for (const [at, { keys, pattern }] of header.entries()) {
    const cell = cells[at] ?? ''
    const match = cell.length > CELL_CHARS_MAX ? null : pattern.exec(cell.trim())
    for (const [group, key] of keys.entries()) {
      const value = match?.[group + 1]
      if (value !== undefined) values.set(key, value)
    }
  }
  return values
}

function columnsOf(cell: string, known: readonly WordColumn[]): WordColumn[] {
  const columns: WordColumn[] = []
  let rest = cell.slice(0, CELL_CHARS_MAX).trim().replace(/\s+/g, ' ').toLowerCase()
  while (rest !== '') {
    const column = known.find(({ words }) => rest === words || rest.startsWith(`${words} `))
    const words = column?.words ?? rest.split(' ', 1)[0] ?? rest
    columns.push(column ?? { words, key: `? ${words}`, value: unknownValue(words) })
    rest = rest.slice(words.length).trimStart()
  }
  return columns
}

/** One word, or the two of a pair (`0 / 0` below `Hugepages-Usage(page)`). */
function unknownValue(words: string): string {
  return words.includes('usage') ? '\\S+(?:\\s*/\\s*\\S+)?' : '\\S+'
}

function patternOf(columns: readonly WordColumn[]): RegExp {
  const parts = columns.map(({ value, isOptional }, at) => {
    const part = `${at === 0 ? '' : '\\s+'}(${value})`
    return isOptional === true ? `(?:${part})?` : part
  })
  return new RegExp(`^${parts.join('')}$`, 'i')
}
