/**
 * The table of processes below a table of cards: one cell per row, with the number of the card, the
 * part of it where there are parts, the pid, the command and its memory. Which of these there are,
 * and in which order, is told by the titles above. The command may be missing, and may hold blanks
 * and bars; with an amount of memory in it, or two bars side by side, two rows have run into one.
 *
 * Promise: lists are whole or absent. A table that was cut, or has a row that cannot be read, hides a
 * process of any card, and tells nothing of any.
 */
import type { CardProcess } from '../card.ts'
import type { RowGroup } from './bar-table.ts'
import {
  type HeaderCell,
  hasKeys,
  readDataRow,
  readHeaderRow,
  type WordColumn,
} from './header-cells.ts'
import { readSizeMib } from './size.ts'
import { readSmiProcess, type SmiProcess } from './smi-process.ts'
import { readNumber } from './text.ts'

const AMOUNT = '\\d+(?:\\.\\d+)?(?:\\s?[KMGT]?i?B)?|N/A|-'
const COMMAND = '(?:(?!\\d\\s?MiB|\\|\\|).)+?'

function memoryColumn(words: string): WordColumn {
  return { words, key: 'memory', value: AMOUNT, isOptional: true }
}

const COLUMNS: readonly WordColumn[] = [
  ...['mlu memory usage', 'gpu memory usage(mib)', 'gpu memory usage'].map(memoryColumn),
  ...['gpu memory', 'ppu memory', 'xpu memory', 'usage(mib)', 'vram_mem'].map(memoryColumn),
  // Of amd-smi: memory of the host, and of both.
  { words: 'gtt_mem', key: 'hostMemory', value: AMOUNT },
  { words: 'mem_usage', key: 'allMemory', value: AMOUNT },
  { words: 'cu %', key: 'load', value: '\\S+(?: ?%)?' },
  ...['card', 'gpu', 'xpu', 'ppu', 'id'].map((words) => ({ words, key: 'card', value: '\\d+' })),
  ...['vf', 'mi', 'svi dev'].map((words) => ({ words, key: 'part', value: '\\S+' })),
  ...['gi', 'xi'].map((words) => ({ words, key: 'gi', value: '\\d+|N/A|-' })),
  { words: 'ci', key: 'ci', value: '\\d+|N/A|-' },
  { words: 'pid', key: 'pid', value: '\\d+' },
  { words: 'type', key: 'type', value: '[A-Z](?:\\+[A-Z])*|N/A|-' },
  { words: 'process name', key: 'name', value: COMMAND, isOptional: true },
  { words: 'command line', key: 'name', value: COMMAND, isOptional: true },
]
const NEEDED = ['card', 'pid', 'name']
const NO_PROCESS = /^no (?:running )?(?:\w+ )?process(?:es)? (?:found|detected)\.?$/i
/** Stands in the titles where the rows print figures alone. */
const UNIT = /\(MiB\)/i

export interface ProcessTitles {
  readonly header: readonly HeaderCell[]
  readonly isUnitTold: boolean
}

/** A row of a table: of which card, and what. */
export interface ProcessRow<Process extends CardProcess = SmiProcess> {
  readonly card: number
  readonly process: Process
}

export type ProcessTable<Process extends CardProcess = SmiProcess> = ReadonlyMap<
  number,
  readonly Process[]
>

/** The last table of the text: a tool that runs on prints it again. `null`: none that is whole. */
export function readProcessTable(groups: readonly RowGroup[]): ProcessTable | null {
  const at = groups.findLastIndex(isProcessHeader)
  const titles = groups[at]?.rows.map(titlesIn).find((found) => found !== null)
  if (titles === undefined || titles === null) return null
  const isUnitTold = UNIT.test(groups[at]?.text ?? '')
  const below = groups.slice(at + 1)
  const rows = below.flatMap(({ lines }) => lines)
  // With neither a row nor the sentence that nothing runs it has lost a line.
  const isWhole = rows.length > 0 && below.every(({ isClosed }) => isClosed)
  return processTable(
    rows.map((row) => readProcessRow(row, { header: titles, isUnitTold })),
    isWhole,
  )
}

export function isProcessHeader({ rows }: RowGroup): boolean {
  return rows.some((cells) => titlesIn(cells) !== null)
}

/** The titles of a table of processes; `null` for any other row. */
export function titlesIn(cells: readonly string[]): readonly HeaderCell[] | null {
  if (cells.length !== 1 || !/\bPID\b/.test(cells[0] ?? '')) return null
  const header = readHeaderRow(cells, COLUMNS)
  return hasKeys(header, NEEDED) ? header : null
}

/** `none`: the sentence that nothing runs. `null`: a row that cannot be read. */
export function readProcessRow(
  row: string,
  { header, isUnitTold }: ProcessTitles,
): ProcessRow | 'none' | null {
  if (NO_PROCESS.test(row)) return 'none'
  const values = readDataRow([row], header)
  const card = values?.get('card')
  if (values === null || card === undefined) return null
  const memory = values.get('memory') ?? values.get('allMemory')
  const memoryMib = readSizeMib(memory) ?? (isUnitTold ? readNumber(memory) : null)
  const texts = {
    pid: values.get('pid'),
    type: values.get('type'),
    name: values.get('name'),
    gi: values.get('gi'),
    ci: values.get('ci'),
  }
  return { card: Number(card), process: readSmiProcess(texts, memoryMib) }
}

/** By card, of all rows of a table; `null` where it is not whole. */
export function processTable<Process extends CardProcess>(
  rows: readonly (ProcessRow<Process> | 'none' | null)[],
  isWhole: boolean,
): ProcessTable<Process> | null {
  if (!isWhole || rows.includes(null)) return null
  const told = rows.filter((row) => row !== null && row !== 'none')
  const byCard = Map.groupBy(told, ({ card }) => card)
  return new Map([...byCard].map(([card, own]) => [card, own.map(({ process }) => process)]))
}

/** A card without a row has no process; without a table nothing is told of any. */
export function processesOf<Process extends CardProcess>(
  table: ProcessTable<Process> | null,
  card: number,
): readonly Process[] | null {
  return table === null ? null : (table.get(card) ?? [])
}
