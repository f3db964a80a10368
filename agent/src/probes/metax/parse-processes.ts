/**
 * The table of processes of `mx-smi`, below its table of cards and by itself (`--show-process`).
 * The same process may hold memory on several cards.
 */
import { cellsOf, isBorder } from '../bar-table.ts'
import { type CardProcess, sparseCard } from '../card.ts'
import {
  type HeaderCell,
  hasKeys,
  readDataRow,
  readHeaderRow,
  type WordColumn,
} from '../header-cells.ts'
import { readCount, readQuantityOrNumber, readWord } from '../text.ts'
import { editionOf, type MetaxOutput } from './devices.ts'

const COLUMNS: readonly WordColumn[] = [
  { words: 'gpu memory usage(mib)', key: 'memory', value: '\\d+(?:\\s?MiB)?|N/A|-' },
  { words: 'gpu memory', key: 'memory', value: '\\d+(?:\\s?MiB)?|N/A|-' },
  { words: 'gpu', key: 'index', value: '\\d+' },
  { words: 'pid', key: 'pid', value: '\\d+' },
  { words: 'process name', key: 'name', value: '\\S.*?' },
]
const UNIT = /Usage\s?\(MiB\)/i
const NO_PROCESSES = /no process found/i

export function isMetaxProcessTable(lines: readonly string[]): boolean {
  return lines.some(isHeader)
}

/** The table alone names the cards by the processes on them. */
export function parseMetaxProcesses(lines: readonly string[]): MetaxOutput {
  const processes = readProcesses(lines) ?? new Map<number, CardProcess[]>()
  const devices = [...processes]
    .sort(([one], [other]) => one - other)
    .map(([index, rows]) => ({ ...sparseCard(index), processes: rows }))
  return { ...editionOf(lines), devices }
}

/**
 * By card; `null` where the table is not there, was cut, or has a line that cannot be read: then a
 * card without processes cannot be told from one whose processes are missing.
 */
export function readProcesses(lines: readonly string[]): Map<number, CardProcess[]> | null {
  const cards = lines.findLastIndex((line) => /\bBus-id\b/i.test(line))
  const from = lines.findLastIndex(isHeader)
  if (from < 0 || from < cards) return null
  const header = readHeaderRow(cellsOf(lines[from] ?? ''), COLUMNS)
  const rows: string[][] = []
  let isUnitTold = UNIT.test(lines[from] ?? '')
  let isBegun = false
  for (const line of lines.slice(from + 1)) {
    if (NO_PROCESSES.test(line)) return new Map()
    if (isBorder(line)) {
      if (isBegun && rows.length > 0) return isUnitTold ? groupByCard(rows, header) : null
      isBegun = true
    } else if (!isBegun) isUnitTold ||= UNIT.test(line)
    else if (cellsOf(line).some((cell) => cell !== '')) rows.push(cellsOf(line))
  }
  return null
}

function isHeader(line: string): boolean {
  if (!/\bPID\b/.test(line)) return false
  const header = readHeaderRow(cellsOf(line), COLUMNS)
  return header.length === 1 && hasKeys(header, ['index', 'pid', 'name', 'memory'])
}

function groupByCard(
  rows: readonly (readonly string[])[],
  header: readonly HeaderCell[],
): Map<number, CardProcess[]> | null {
  const byCard = new Map<number, CardProcess[]>()
  for (const row of rows) {
    const values = readDataRow(row, header)
    const index = readCount(values?.get('index'))
    if (index === null) return null
    const process = {
      pid: readCount(values?.get('pid')),
      name: readWord(values?.get('name')),
      memory_mib: readQuantityOrNumber(values?.get('memory'), 'MiB'),
    }
    byCard.set(index, [...(byCard.get(index) ?? []), process])
  }
  return byCard
}
