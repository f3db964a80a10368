/**
 * Tables that vendor tools draw with bars (`| a | b |`) and borders (`+----+`, `|====|`): rows
 * between two borders belong together, cells lie between bars. Widths, blanks and the offset of a
 * figure in its cell differ between versions and are not relied on; what a cell means is told by
 * the header above it, which is for the caller to find.
 */

/** Borders hold nothing but these; some documents end one with another character than they began. */
const BORDER = /^[+|][-=+|\s]*$/

export interface RowGroup {
  /** Cells of each row, trimmed. */
  readonly rows: readonly (readonly string[])[]
  /** Each row as it stands between its outer bars, for text that may hold bars of its own. */
  readonly lines: readonly string[]
  /** All cells of all rows, joined by bars: to look for a word. */
  readonly text: string
  /** Whether a border follows. Without one the text was cut, and the last row may be cut too. */
  readonly isClosed: boolean
}

export function isBorder(line: string): boolean {
  return BORDER.test(line.trim()) && /[-=]/.test(line)
}

/** Rows that have a bar at both ends; any other line ends the group and belongs to none. */
export function groupsBetweenBorders(lines: readonly string[]): RowGroup[] {
  const groups: RowGroup[] = []
  let open: string[] = []
  const close = (isClosed: boolean) => {
    const rows = open.map(cellsOf)
    const inner = open.map((line) => line.slice(1, -1).trim())
    if (open.length > 0) groups.push({ rows, lines: inner, text: rows.flat().join('|'), isClosed })
    open = []
  }
  for (const line of lines) {
    const trimmed = line.trim()
    if (isBorder(trimmed)) close(true)
    else if (trimmed.length > 1 && trimmed.startsWith('|') && trimmed.endsWith('|')) {
      open.push(trimmed)
    } else close(false)
  }
  close(false)
  return groups
}

/** The cells of one row, trimmed; its outer bars are not cells. */
export function cellsOf(line: string): string[] {
  return line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim())
}
