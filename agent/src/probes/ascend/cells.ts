/**
 * Reads the cells of an `npu-smi info` table by the header text above them. One cell holds several
 * columns, so the values of a cell are matched one by one to the columns its header names; a cell
 * with more or fewer values than columns is refused as a whole, because a value that slipped into
 * the next column would be a false reading.
 */
import { cellsOf } from '../bar-table.ts'
import { readNumber } from '../text.ts'

/** Columns by the header text of npu-smi 20.2.0 to 26.x; `pair` columns print `used / total`. */
const COLUMNS: readonly { readonly header: RegExp; readonly key: string; readonly pair?: true }[] =
  [
    { header: /NPU ID/y, key: 'npu' },
    { header: /(?:NPU Util|AICore)\(%\)/y, key: 'utilization' },
    { header: /NPU/y, key: 'npu' },
    { header: /Name/y, key: 'name' },
    { header: /Health/y, key: 'health' },
    { header: /Power\(W\)/y, key: 'power' },
    { header: /Temp\(C\)/y, key: 'temperature' },
    { header: /Hugepages-Usage\(page\)/y, key: 'hugepages', pair: true },
    { header: /Chip/y, key: 'chip' },
    { header: /Device/y, key: 'logic' },
    { header: /Phy-ID/y, key: 'phy' },
    { header: /Bus-Id/y, key: 'pci' },
    { header: /HBM-Usage\(MB\)/y, key: 'hbm', pair: true },
    { header: /Memory-Usage\(MB\)/y, key: 'memory', pair: true },
    { header: /Process id in container/y, key: 'containerPid' },
    { header: /Process id/y, key: 'pid' },
    { header: /Process name/y, key: 'processName' },
    { header: /Process memory(?:\(MB\))?/y, key: 'processMemory' },
  ]

export interface Column {
  readonly key: string
  readonly pair: boolean
}

/** The columns of each cell of a header line; a header nobody knows is a column of its own. */
export function readHeaderLine(line: string): Column[][] {
  return cellsOf(line).map(columnsOfCell)
}

function columnsOfCell(cell: string): Column[] {
  const columns: Column[] = []
  let at = 0
  while (at < cell.length) {
    if (cell[at] === ' ') {
      at += 1
      continue
    }
    const known = COLUMNS.find(({ header }) => {
      header.lastIndex = at
      return header.test(cell)
    })
    if (known === undefined) {
      const word = /\S+/y
      word.lastIndex = at
      const text = word.exec(cell)?.[0] ?? ''
      columns.push({ key: `? ${text}`, pair: text.includes('Usage') })
      at += Math.max(1, text.length)
    } else {
      columns.push({ key: known.key, pair: known.pair === true })
      at = known.header.lastIndex
    }
  }
  return columns
}

/** Values by column key, as printed; a refused cell adds none. */
export type Values = ReadonlyMap<string, string>

export function readDataLine(line: string, header: readonly (readonly Column[])[]): Values {
  const cells = cellsOf(line)
  const values = new Map<string, string>()
  if (cells.length !== header.length) return values
  for (const [at, columns] of header.entries()) readCell(cells[at] ?? '', columns, values)
  return values
}

const PAIR = /^(\d+|NA|-)\s*\/\s*(\d+|NA|-)(?=\s|$)/
const WORD = /^\S+/

function readCell(cell: string, columns: readonly Column[], values: Map<string, string>): void {
  const found: [string, string][] = []
  let rest = cell
  for (const [at, column] of columns.entries()) {
    // A name may hold blanks; it stands last in its cell, alone or behind the id.
    const isRest = column.key === 'name' || column.key === 'processName'
    const isLast = at === columns.length - 1
    const text = isRest && isLast ? rest : ((column.pair ? PAIR : WORD).exec(rest)?.[0] ?? '')
    if (text === '' && !isRest) return
    found.push([column.key, text.trim()])
    rest = rest.slice(text.length).trimStart()
  }
  if (rest !== '') return
  for (const [key, text] of found) values.set(key, text)
}

/** `used / total` in MiB; `null` for a part that is not a figure, and for a pair that is cut. */
export function readPair(text: string | undefined): { used: number | null; total: number | null } {
  const match = PAIR.exec(text ?? '')
  return { used: readNumber(match?.[1]), total: readNumber(match?.[2]) }
}
