/**
 * The concise table of the rocm-smi family: one header line, one line per card, columns parted by
 * blanks. Columns are found by the words of the header (`DCU Temp AvgPwr Perf PwrCap VRAM% DCU%
 * Mode`), which differ between ROCm 4.0, 5, 5.7, 6 and the DTK; a line with another number of cells
 * than there are words belongs to no card. Cells of several words (`NPS1, SPX, 0`, `[0x74a1 :
 * 0x00]`) are held together by their commas and brackets.
 */
import { sparseCard } from '../card.ts'
import { readCount, readQuantity, readWord } from '../formats/text.ts'
import type { RocmDevice } from './devices.ts'
import { hexIdOf } from './fields.ts'

type Column = keyof typeof READERS

const READERS = {
  temperature: (cell: string) => ({ temperature_c: readQuantity(cell.replace('°', ''), 'C') }),
  power: (cell: string) => ({ power_w: readQuantity(cell, 'W') }),
  powerCap: (cell: string) => ({ power_cap_w: readQuantity(cell, 'W') }),
  memory: (cell: string) => ({ memory_used_pct: readQuantity(cell, '%') }),
  use: (cell: string) => ({ utilization_pct: readQuantity(cell, '%') }),
  decoder: (cell: string) => ({ decoder_pct: readQuantity(cell, '%') }),
  encoder: (cell: string) => ({ encoder_pct: readQuantity(cell, '%') }),
  mode: (cell: string) => ({ mode: readWord(cell) }),
  ids: (cell: string) => ({ pci_device_id: hexIdOf(/0x[0-9a-f]+/i.exec(cell)?.[0]) }),
  partitions: readPartitions,
} satisfies Record<string, (cell: string) => Partial<RocmDevice> & Record<string, unknown>>

/** The words of the header, in lower case; other columns are passed over. */
const COLUMNS: Readonly<Record<string, Column>> = {
  temp: 'temperature',
  avgpwr: 'power',
  power: 'power',
  pwrcap: 'powerCap',
  'vram%': 'memory',
  'gpu%': 'use',
  'dcu%': 'use',
  'hcu%': 'use',
  'dec%': 'decoder',
  'enc%': 'encoder',
  mode: 'mode',
  ids: 'ids',
  '[model : revision]': 'ids',
  partitions: 'partitions',
}
const NUMBER_COLUMN = /^(?:GPU|DCU|HCU|Device)$/i
/** Sensors and units below the words, in italics: `(Edge)  (Socket)  (Mem, Compute)`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are coloured by these
const COLOURS = /\u001B\[[0-9;]*m/g
const RULE = /^[=_-]{5,}/
/** Temperatures end in `c` in older versions. */
const LOWER_CELSIUS = /^(-?\d+(?:\.\d+)?)c$/

export function findTableHeader(lines: readonly string[]): number {
  return lines.findIndex((line) => headerOf(line) !== null)
}

export function readTable(lines: readonly string[]): RocmDevice[] {
  const at = findTableHeader(lines)
  const header = headerOf(lines[at] ?? '')
  if (header === null) return []
  const devices: RocmDevice[] = []
  for (const line of lines.slice(at + 1)) {
    const text = line.replace(COLOURS, '').trim()
    const device = rowOf(cellsOf(text), header)
    const last = devices.at(-1)
    if (device !== null) devices.push(device)
    else if (RULE.test(text) && last !== undefined) break
    else if (last?.name === null && isName(text)) {
      // ROCm 5.7 and 6.0 print the name in a line of its own below the figures.
      devices.splice(-1, 1, { ...last, name: readWord(text) })
    }
  }
  return devices
}

type Header = readonly (Column | 'number' | null)[]

/** `null` for a line that is no header: it starts with the number's column and has a known one. */
function headerOf(line: string): Header | null {
  const words = cellsOf(line.replace(COLOURS, '').trim()).filter((word) => !/^\(.*\)$/.test(word))
  if (!NUMBER_COLUMN.test(words[0] ?? '') || words.some((word) => /^[\d(]/.test(word))) return null
  const columns = words.map((word, index) =>
    index === 0 ? 'number' : (COLUMNS[word.toLowerCase()] ?? null),
  )
  const isTable = columns.includes('temperature') && columns.includes('use')
  return isTable ? columns : null
}

function rowOf(cells: readonly string[], header: Header): RocmDevice | null {
  const index = readCount(cells[0])
  if (cells.length !== header.length || index === null) return null
  let device: RocmDevice = sparseCard(index)
  for (const [at, column] of header.entries()) {
    if (column === null || column === 'number') continue
    const cell = (cells[at] ?? '').replace(LOWER_CELSIUS, '$1C')
    device = { ...device, ...READERS[column](cell) }
  }
  return device
}

/** Words, but for what a comma at the end or an open bracket holds together. */
function cellsOf(line: string): string[] {
  const cells: string[] = []
  let open = ''
  for (const word of line.split(/\s+/).filter(Boolean)) {
    open = open === '' ? word : `${open} ${word}`
    const isOpen =
      open.endsWith(',') ||
      (open.startsWith('[') && !open.endsWith(']')) ||
      (open.startsWith('(') && !open.endsWith(')'))
    if (isOpen) continue
    cells.push(open)
    open = ''
  }
  return open === '' ? cells : [...cells, open]
}

/** `NPS1, CPX, 3`: memory, compute and, from ROCm 6.2 on, the number of the partition. */
function readPartitions(cell: string): Partial<RocmDevice> {
  const [memory, compute, id] = cell.split(',').map((part) => part.trim())
  return {
    memory_partition: readWord(memory),
    compute_partition: readWord(compute),
    ...(id === undefined ? {} : { partition_id: readCount(id) }),
  }
}

function isName(text: string): boolean {
  return /^[A-Za-z][\w .+/()[\]-]{2,39}$/.test(text)
}
