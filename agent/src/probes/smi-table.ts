/**
 * The plain table of tools modelled on nvidia-smi: as many lines per card as there are header lines,
 * each cell named by the header cell above it, then boxes for processes and for parts of cards.
 *
 * Promises: without the headers that are needed there is no table; a card with another number of
 * lines or cells than its headers is left out, because which of its cells is which cannot be told;
 * a box of processes proves that a card has none only when it is whole.
 */
import { groupsBetweenBorders, type RowGroup } from './bar-table.ts'
import type { CardProcess } from './card.ts'
import {
  type HeaderCell,
  hasKeys,
  readDataRow,
  readHeaderRow,
  type WordColumn,
} from './header-cells.ts'
import { readCount, readQuantity, readWord } from './text.ts'

export interface SmiDialect {
  /** What the header cells of this tool say, and what stands below. */
  readonly columns: readonly WordColumn[]
  /** Keys without which the text is refused. */
  readonly needed: readonly string[]
}

export interface SmiCard {
  /** Values by key of their column, as printed. */
  readonly values: ReadonlyMap<string, string>
  /** A name too long for its cell goes on in lines of its own. */
  readonly nameRest: readonly string[]
}

export interface SmiProcess extends CardProcess {
  /** `C`, `G`, `C+G` … as printed. */
  readonly type?: string
  /** The part of the card it runs in, where there are parts. */
  readonly gi?: number
  readonly ci?: number
}

export interface SmiTable {
  readonly cards: readonly SmiCard[]
  /** Rows of the box of parts, cell by cell, without its headers; empty where there is none. */
  readonly parts: readonly (readonly string[])[]
  /** By the number of the card; `null` where the text does not tell. */
  readonly processesOf: (card: number) => readonly SmiProcess[] | null
}

/** `null`: no such table. */
export function readSmiTable(
  lines: readonly string[],
  { columns, needed }: SmiDialect,
): SmiTable | null {
  const groups = groupsBetweenBorders(lines)
  const at = groups.findIndex(({ text }) => /\bBus-Id\b/.test(text))
  const header = headerOf(groups[at], columns)
  if (header === null || !hasKeys(header.flat(), needed)) return null
  const cards: SmiCard[] = []
  let part: Part = 'cards'
  const boxes: Readonly<Record<Part, RowGroup[]>> = { cards: [], parts: [], processes: [] }
  for (const group of groups.slice(at + 1)) {
    part = partOf(group, part)
    boxes[part].push(group)
  }
  for (const group of boxes.cards) {
    const card = readCard(group, header)
    if (card !== null) cards.push(card)
  }
  return {
    cards,
    parts: boxes.parts.flatMap(({ rows }) => rows),
    processesOf: readProcesses(boxes.processes),
  }
}

/** Rows of the box of parts where it stands without the table of cards. */
export function readSmiParts(lines: readonly string[]): readonly (readonly string[])[] {
  let part: Part = 'cards'
  return groupsBetweenBorders(lines).flatMap((group) => {
    part = partOf(group, part)
    return part === 'parts' ? group.rows : []
  })
}

type Part = 'cards' | 'parts' | 'processes'

function partOf({ text }: RowGroup, before: Part): Part {
  if (/\bMIG devices:/.test(text)) return 'parts'
  return /\bProcesses:/.test(text) ? 'processes' : before
}

/** The banner may stand in the same frame: headers begin with the line of the address. */
function headerOf(
  group: RowGroup | undefined,
  columns: readonly WordColumn[],
): (readonly HeaderCell[])[] | null {
  const from = group?.rows.findIndex((cells) => cells.some((cell) => /\bBus-Id\b/.test(cell))) ?? -1
  if (group === undefined || from < 0) return null
  return group.rows.slice(from).map((cells) => readHeaderRow(cells, columns))
}

function readCard({ rows }: RowGroup, header: readonly (readonly HeaderCell[])[]): SmiCard | null {
  const extra = rows.length - header.length
  const wrapped = rows.slice(1, 1 + Math.max(0, extra))
  const isWrapped = wrapped.every(([name = '', ...others]) => name !== '' && others.join('') === '')
  if (extra < 0 || !isWrapped) return null
  const values = new Map<string, string>()
  const lines = [...rows.slice(0, 1), ...rows.slice(1 + extra)]
  for (const [at, cells] of lines.entries()) {
    const read = readDataRow(cells, header[at] ?? [])
    if (read === null) return null
    for (const [key, value] of read) values.set(key, value)
  }
  return { values, nameRest: wrapped.map(([name = '']) => name) }
}

const NO_PROCESSES = /^No running (?:\w+ )?process(?:es)? found\.?$/i
/** The columns of parts (GI or XI, and CI) are not in every version; a name may be missing. */
const PROCESS_ROW =
  /^(\d+)\s+(?:(\d+|N\/A)\s+(\d+|N\/A)\s+)?(\d+)\s+([A-Za-z+]+|N\/A)\s+(?:(.*?)\s+)?(\d+\s?MiB|N\/A)$/

function readProcesses(
  groups: readonly RowGroup[],
): (card: number) => readonly SmiProcess[] | null {
  const [, ...below] = groups
  const byCard = new Map<number, SmiProcess[]>()
  let isComplete = below.length > 0
  for (const { rows, isClosed } of below) {
    // Cut before its border: rows may be missing.
    if (!isClosed) isComplete = false
    for (const cells of rows) {
      // A command may hold bars of its own.
      const row = cells.join('|')
      if (NO_PROCESSES.test(row)) continue
      const read = readProcess(row)
      if (read === null) isComplete = false
      else listOf(byCard, read.card).push(read.process)
    }
  }
  return (card) => byCard.get(card) ?? (isComplete ? [] : null)
}

function listOf(byCard: Map<number, SmiProcess[]>, card: number): SmiProcess[] {
  const list = byCard.get(card) ?? []
  byCard.set(card, list)
  return list
}

function readProcess(row: string): { readonly card: number; readonly process: SmiProcess } | null {
  const match = PROCESS_ROW.exec(row)
  const card = readCount(match?.[1])
  if (match === null || card === null) return null
  const [, , instance, compute, pid, type = '', name, memory] = match
  const gi = readCount(instance)
  const ci = readCount(compute)
  return {
    card,
    process: {
      pid: readCount(pid),
      type,
      name: readWord(name),
      memory_mib: readQuantity(memory, 'MiB'),
      ...(gi === null ? {} : { gi }),
      ...(ci === null ? {} : { ci }),
    },
  }
}

const PAIR = /^(\S+)\s*\/\s*(\S+)$/

/** `49MiB / 98304MiB`, `74W / 400W`: in use and in all. */
export function readUse(
  cell: string | undefined,
  unit: string,
): { readonly used: number | null; readonly total: number | null } {
  const [, used, total] = PAIR.exec(cell?.trim() ?? '') ?? []
  return { used: readQuantity(used, unit), total: readQuantity(total, unit) }
}
