/** CSV as RFC 4180 has it, safe to open with a spreadsheet. */
import type { Cell } from './columns.ts'

const NUMBER = /^-?\d+(\.\d+)?$/
const FORMULA_BEGINS = /^[=+\-@\t\r]/

/** A cell that a spreadsheet would take for a formula is made a text; a negative number is none. */
export function csvCell(cell: string): string {
  const safe = FORMULA_BEGINS.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map((cell) => (cell === null ? '' : csvCell(String(cell)))).join(',')}\n`
}

/** The same table with one more column at its end, of one value. */
export function withColumn(csv: string, name: string, value: string): string {
  let isQuoted = false
  let isHead = true
  let text = ''
  for (const line of csv.split('\n').slice(0, -1)) {
    // An odd number of quotes opens a cell that goes on in the next line, or closes one.
    if ((line.split('"').length - 1) % 2 === 1) isQuoted = !isQuoted
    text += isQuoted ? `${line}\n` : `${line},${csvCell(isHead ? name : value)}\n`
    if (!isQuoted) isHead = false
  }
  return text
}
