/** Plain tables for terminals: columns two blanks apart, numbers to the right, no borders. */

/** Numbers stand to the right; a column that is only a title holds text. */
export type Column = string | { readonly title: string; readonly align: 'right' }

export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const titles = columns.map((column) => (typeof column === 'string' ? column : column.title))
  const all = [titles, ...rows]
  const widths = columns.map((_, at) => Math.max(...all.map((row) => displayWidth(row[at] ?? ''))))
  const line = (row: readonly string[]) =>
    columns
      .map((column, at) => {
        const text = row[at] ?? ''
        const blanks = ' '.repeat((widths[at] ?? 0) - displayWidth(text))
        return typeof column === 'string' ? text + blanks : blanks + text
      })
      .join('  ')
      .trimEnd()
  return `${all.map(line).join('\n')}\n`
}

/** Chinese characters take two columns. */
function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += (character.codePointAt(0) ?? 0) >= 0x2e80 ? 2 : 1
  return width
}
