/**
 * The table of cards that the plain call of a tool draws, nvidia-smi's and those modelled on it: as
 * many lines per card as there are header lines, each cell named by the words of the header cell
 * above it, then boxes of parts of cards and of processes. A tool that runs on prints the whole again;
 * the last one counts.
 *
 * Promises: without the headers that are needed there is no table; a card with another number of
 * lines than its headers is left out, because which of its cells is which cannot be told.
 */
import { type CardDevice, sparseCard } from '../card.ts'
import { groupsBetweenBorders, type RowGroup } from './bar-table.ts'
import {
  type HeaderCell,
  hasKeys,
  readDataRow,
  readHeaderRow,
  type WordColumn,
} from './header-cells.ts'
import { normalisePciAddress } from './pci-address.ts'
import { isProcessHeader, processesOf, readProcessTable } from './process-table.ts'
import type { SmiProcess } from './smi-process.ts'
import {
  type FigurePair,
  readCelsius,
  readCount,
  readNumber,
  readPair,
  readQuantity,
  readWord,
} from './text.ts'

export interface CardTableDialect {
  /** What the header cells of this tool say, and what stands below. */
  readonly columns: readonly WordColumn[]
  /** Keys without which the text is refused. */
  readonly needed: readonly string[]
  /** Finds the first header line. */
  readonly firstHeader: RegExp
}

/** Values by key of their column, as printed. */
export type CardValues = ReadonlyMap<string, string>

/** What the columns that these tools have in common tell of a card, and its processes. */
export interface TableDevice extends CardDevice {
  readonly processes: readonly SmiProcess[] | null
}

export interface TableCard {
  readonly card: TableDevice
  /** Also of the columns that this tool alone has. */
  readonly values: CardValues
  /** A name too long for its cell goes on in lines of its own. */
  readonly nameRest: readonly string[]
}

export interface CardTable {
  readonly cards: readonly TableCard[]
  readonly parts: PartBox
}

/** A part of a card (MIG instance) as a row of the box of parts names it. */
export interface TablePart {
  readonly card: number
  readonly gi: number | null
  readonly ci: number | null
  /** Its number on its card. */
  readonly device: number | null
  readonly memory: FigurePair
  /** The first of the words behind the memory: compute units. */
  readonly units: number | null
}

export interface PartBox {
  /** What `units` counts, by its title: `SM`, `CU`. */
  readonly unitsTitle: string | null
  /** Empty where there is no such box. */
  readonly parts: readonly TablePart[]
}

const MODE = 'On|Off|Enabled|Disabled|WDDM|TCC|MCDM|N/A|ERR!|-'
const FIGURE_OF_WATTS = '\\S+(?: ?W)?'
const FIGURE_OF_MEMORY = '\\S+(?: ?[KMG]i?B)?'

/**
 * The table of a tool that calls a card `word` (`gpu`, `xpu`), with columns of its own, which go
 * before those that these tools have in common, and with what else is different.
 */
export function cardDialect(
  word: string,
  own: readonly WordColumn[] = [],
  other: Partial<Pick<CardTableDialect, 'needed' | 'firstHeader'>> = {},
): CardTableDialect {
  return {
    columns: [...own, ...cardColumns(word)],
    needed: CARD_KEYS,
    firstHeader: /\bBus-Id\b/i,
    ...other,
  }
}

function cardColumns(word: string): readonly WordColumn[] {
  return [
    { words: word, key: 'index', value: '\\d+' },
    { words: 'name', key: 'name', value: '\\S.*?' },
    { words: 'persistence m.', key: 'persistence', value: MODE, isOptional: true },
    { words: 'persistence-m', key: 'persistence', value: MODE, isOptional: true },
    { words: 'bus-id', key: 'pci', value: '\\S+' },
    { words: 'disp.a', key: 'display', value: MODE },
    { words: 'volatile uncorr. ecc', key: 'ecc', value: '\\S+' },
    { words: 'fan', key: 'fan', value: '\\S+(?: \\(\\S+\\))?' },
    { words: 'temp', key: 'temperature', value: '\\S+(?: ?C)?' },
    { words: 'perf', key: 'perf', value: '\\S+' },
    {
      words: 'pwr:usage/cap',
      key: 'power',
      // A limit that does not fit its cell is cut.
      value: `${FIGURE_OF_WATTS}(?:\\s*/\\s*(?:${FIGURE_OF_WATTS})?)?`,
    },
    {
      words: 'memory-usage',
      key: 'memory',
      value: `${FIGURE_OF_MEMORY}\\s*/\\s*${FIGURE_OF_MEMORY}`,
    },
    { words: `${word}-util`, key: 'utilization', value: '\\S+(?: ?%)?' },
    { words: 'compute m.', key: 'compute', value: '\\S.*', isOptional: true },
    { words: 'mig m.', key: 'mig', value: '\\S+' },
  ]
}

const CARD_KEYS = ['index', 'name', 'pci', 'temperature', 'power', 'memory', 'utilization']

/** `null`: no such table. */
export function readCardTable(
  lines: readonly string[],
  { columns, needed, firstHeader }: CardTableDialect,
): CardTable | null {
  const groups = groupsBetweenBorders(lines)
  const at = groups.findLastIndex((group) => headerRowIn(group, firstHeader) >= 0)
  const headGroup = groups[at]
  if (headGroup === undefined) return null
  const titles = headGroup.rows.slice(headerRowIn(headGroup, firstHeader))
  const header = withDistinctKeys(titles.map((cells) => readHeaderRow(cells, columns)))
  if (!hasKeys(header.flat(), needed)) return null
  const below = groups.slice(at + 1)
  const { cards, parts } = boxesOf(below)
  const processes = readProcessTable(below)
  const printed = cards.flatMap(({ rows }) => cardsIn(rows, header))
  return {
    cards: printed.flatMap(({ values, nameRest }) => {
      const card = deviceOf(values)
      // Which card it is cannot be told.
      const isNameless = card === null || (needed.includes('pci') && card.pci === null)
      if (isNameless) return []
      return [
        { card: { ...card, processes: processesOf(processes, card.index) }, values, nameRest },
      ]
    }),
    parts,
  }
}

/** The box of parts where it stands without the table of cards. */
export function readPartBox(lines: readonly string[]): PartBox {
  return boxesOf(groupsBetweenBorders(lines)).parts
}

/** `null` without a number. */
function deviceOf(values: CardValues): CardDevice | null {
  const index = readCount(values.get('index'))
  if (index === null) return null
  const printed = readWord(values.get('pci'))
  const pciBdf = normalisePciAddress(printed)
  const memory = readPair(values.get('memory'), 'MiB')
  const power = readPair(values.get('power'), 'W')
  const temperature = values.get('temperature')
  return {
    ...sparseCard(index),
    name: readWord(values.get('name')),
    pci: pciBdf === null ? null : printed,
    pci_bdf: pciBdf,
    memory_total_mib: memory.total,
    memory_used_mib: memory.used,
    utilization_pct: readQuantity(values.get('utilization'), '%'),
    // Without a limit there is the figure alone.
    power_w: power.used ?? readQuantity(values.get('power'), 'W'),
    power_cap_w: power.total,
    temperature_c: readCelsius(temperature) ?? readNumber(temperature),
  }
}

/** A title that stands in two lines means what it says in the first; in the second it is `mode 2`. */
function withDistinctKeys(header: Header): Header {
  const seen = new Set<string>()
  return header.map((row) => {
    const before = new Set(seen)
    return row.map(({ keys, pattern }) => {
      for (const key of keys) seen.add(key)
      return { keys: keys.map((key) => (before.has(key) ? `${key} 2` : key)), pattern }
    })
  })
}

/** A banner without a border below it stands in the same group. */
function headerRowIn({ rows }: RowGroup, firstHeader: RegExp): number {
  return rows.findIndex((cells) => firstHeader.test(cells.join('|')))
}

interface Boxes {
  readonly cards: readonly RowGroup[]
  readonly parts: PartBox
}

const NO_PARTS: PartBox = { unitsTitle: null, parts: [] }

function boxesOf(groups: readonly RowGroup[]): Boxes {
  const end = groups.findIndex((group) => isProcessHeader(group) || /\bProcesses:/.test(group.text))
  const above = end < 0 ? groups : groups.slice(0, end)
  const partsAt = above.findIndex(({ text }) => /\bMIG devices:/.test(text))
  if (partsAt < 0) return { cards: above, parts: NO_PARTS }
  const rows = above.slice(partsAt).flatMap((group) => group.rows)
  return { cards: above.slice(0, partsAt), parts: readParts(rows) }
}

/** `GPU  GI  CI  MIG` beside `Memory-Usage`, over `ID ID Dev` and, two cells on, `SM  Unc`. */
function readParts(rows: RowGroup['rows']): PartBox {
  const isTitled = rows.some(
    ([ids = '', memory]) => PART_TITLES.test(ids) && memory === 'Memory-Usage',
  )
  if (!isTitled) return NO_PARTS
  const [unitsTitle = null] = rows.flatMap((cells) => UNITS_TITLE.exec(cells[2] ?? '')?.[1] ?? [])
  return { unitsTitle, parts: rows.flatMap((cells) => readPart(cells) ?? []) }
}

const UNITS_TITLE = /^(\w+)\s+Unc$/
const PART_TITLES = /^[A-Z]+\s+GI\s+CI\s+MIG$/
const PART_IDS = /^(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/

/** `|  0    3   0   0  |     12MiB / 19968MiB | 14      0 |  1 …`, then its BAR1 memory. */
function readPart([ids = '', memory = '', units = '']: readonly string[]): TablePart | null {
  const [, number, gi, ci, device] = PART_IDS.exec(ids) ?? []
  const card = readCount(number)
  if (card === null) return null
  return {
    card,
    gi: readCount(gi),
    ci: readCount(ci),
    device: readCount(device),
    memory: readPair(memory, 'MiB'),
    units: readCount(/^(\d+)\s+\S+$/.exec(units)?.[1]),
  }
}

type Header = readonly (readonly HeaderCell[])[]
type CardRows = Pick<TableCard, 'values' | 'nameRest'>

/**
 * As many rows as the header for one card; as many for each of several without borders between them;
 * or for one card some rows more, which its name goes on in.
 */
function cardsIn(rows: RowGroup['rows'], header: Header): CardRows[] {
  const size = header.length
  const heads = rows.filter((_, at) => at % size === 0)
  const isEven = rows.length % size === 0
  if (isEven && (heads.length === 1 || heads.every((cells) => isHead(cells, header)))) {
    return heads.flatMap((_, at) => readCard(rows.slice(at * size, (at + 1) * size), header) ?? [])
  }
  const wrapped = rows.slice(1, 1 + rows.length - size)
  const isWrapped = wrapped.every(([name = '', ...others]) => name !== '' && others.join('') === '')
  if (rows.length < size || !isWrapped) return []
  const card = readCard([...rows.slice(0, 1), ...rows.slice(1 + wrapped.length)], header)
  return card === null ? [] : [{ ...card, nameRest: wrapped.map(([name = '']) => name) }]
}

/** The first row of a card fills all its cells; the rest of a name stands alone. */
function isHead(cells: readonly string[], [first = []]: Header): boolean {
  const values = readDataRow(cells, first)
  return first.every(({ keys }) => keys.length === 0 || keys.some((key) => values?.has(key)))
}

function readCard(rows: RowGroup['rows'], header: Header): CardRows | null {
  const values = new Map<string, string>()
  for (const [at, cells] of rows.entries()) {
    const read = readDataRow(cells, header[at] ?? [])
    if (read === null) return null
    for (const [key, value] of read) values.set(key, value)
  }
  return { values, nameRest: [] }
}
