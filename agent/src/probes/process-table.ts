/**
 * The table of processes that cnmon and brsmi print below the table of cards: one cell per row with
 * the card's number, the part of the card, the pid, the command and its memory. It proves that a
 * card has no process only when it is complete: closed by its border, and with every row read.
 */
import type { RowGroup } from './bar-table.ts'
import type { CardProcess } from './card.ts'
import { readSizeMib } from './size.ts'
import { readCount, readWord } from './text.ts'

const HEADER = /\bPID\b.*\bMemory\b/
/** The columns between the card and the pid, by their titles. */
const PART_COLUMN = /\b(?:VF|MI|SVI Dev)\b.*\bPID\b/
const NO_PROCESS = /^No running process(?:es)? found\.?$/i
const ROW = /^(\d+)\s+(\d+)(?:\s+(.*))?$/
const ROW_WITH_PART = /^(\d+)\s+\S+\s+(\d+)(?:\s+(.*))?$/
/** A figure with its unit, or a word that stands for none. */
const MEMORY = /(?:^|\s)(\d[\d.]*\s?[KMG]?i?B|N\/A|-)$/i

export interface ProcessTable {
  readonly byCard: ReadonlyMap<number, readonly CardProcess[]>
  readonly isComplete: boolean
}

/** `null` for an output that has no such table. */
export function readProcessTable(groups: readonly RowGroup[]): ProcessTable | null {
  const at = groups.findIndex(isProcessHeader)
  const header = groups[at]
  if (header === undefined) return null
  const rowPattern = PART_COLUMN.test(header.text) ? ROW_WITH_PART : ROW
  const below = groups.slice(at + 1)
  const byCard = new Map<number, CardProcess[]>()
  let isComplete = below.length > 0 && below.every((group) => group.isClosed)
  for (const cells of below.flatMap((group) => group.rows)) {
    // A command may hold bars of its own.
    const row = cells.join(' | ')
    if (NO_PROCESS.test(row)) continue
    const [, card, pid, rest = ''] = rowPattern.exec(row) ?? []
    const number = readCount(card)
    if (number === null) {
      isComplete = false
      continue
    }
    const list = byCard.get(number) ?? []
    byCard.set(number, list)
    list.push({ pid: readCount(pid), ...commandAndMemory(rest) })
  }
  return { byCard, isComplete }
}

export function isProcessHeader({ text }: RowGroup): boolean {
  return HEADER.test(text)
}

/** A card without rows has no process when the table is complete; else nothing is told of it. */
export function processesOf(table: ProcessTable | null, card: number): CardProcess[] | null {
  const rows = table?.byCard.get(card)
  if (rows !== undefined) return [...rows]
  return table?.isComplete === true ? [] : null
}

function commandAndMemory(text: string): Pick<CardProcess, 'name' | 'memory_mib'> {
  const [tail = '', memory] = MEMORY.exec(text) ?? []
  const command = text.slice(0, text.length - tail.length)
  return { name: readWord(command), memory_mib: readSizeMib(memory) }
}
