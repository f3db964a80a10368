/**
 * The scrolling samples of `ppu-smi dmon` (cards) and `pmon` (processes). A column is known by its
 * name and its unit: `pmon -s um` has two called `mem`. Of several rounds the last one counts.
 */
import { type CardProcess, sparseCard } from '../card.ts'
import { readCount, readNumber, readWord } from '../text.ts'
import { type PpuDevice, type PpuOutput, TOOL } from './devices.ts'

interface SampleColumn {
  readonly name: string
  readonly unit: string
}

type Row = readonly string[]

const HEADER = /^#\s*(?:date\s+)?(?:time\s+)?ppu\s/i

export function isPpuSamples(lines: readonly string[]): boolean {
  return lines.some((line) => HEADER.test(line))
}

export function parsePpuSamples(lines: readonly string[]): PpuOutput {
  const at = lines.findIndex((line) => HEADER.test(line))
  const names = wordsOf(lines[at] ?? '')
  const unitLine = lines[at + 1] ?? ''
  const units = wordsOf(unitLine)
  const columns = names.map((name, index) => ({ name, unit: units[index] ?? '' }))
  // Without its row of units a column cannot be told from its namesake.
  const isKnown = unitLine.startsWith('#') && units.length === names.length
  const rows = lines.filter((line) => line.trim() !== '' && !line.startsWith('#')).map(wordsOf)
  const read = names.includes('pid') ? processDevices : cardDevices
  const devices = isKnown ? read(columns, rows) : []
  return { tool: TOOL, toolVersion: null, driverVersion: null, devices }
}

function wordsOf(line: string): string[] {
  return line.replace(/^#/, '').trim().split(/\s+/)
}

function cellReader(columns: readonly SampleColumn[], row: Row) {
  return (name: string, ...units: readonly string[]) => {
    const at = columns.findIndex((column) => column.name === name && units.includes(column.unit))
    return at < 0 ? undefined : row[at]
  }
}

function cardDevices(columns: readonly SampleColumn[], rows: readonly Row[]): PpuDevice[] {
  const devices = new Map<number, PpuDevice>()
  for (const row of rows) {
    const cell = cellReader(columns, row)
    const index = row.length === columns.length ? readCount(cell('ppu', 'idx')) : null
    if (index === null) continue
    devices.set(index, {
      ...sparseCard(index),
      // The older name of the column.
      utilization_pct: readNumber(cell('cu', '%') ?? cell('sm', '%')),
      core_pct: readNumber(cell('core', '%')),
      memory_utilization_pct: readNumber(cell('mem', '%')),
      memory_used_mib: readNumber(cell('mem', 'MB', 'MiB')),
      encoder_utilization_pct: readNumber(cell('enc', '%')),
      decoder_utilization_pct: readNumber(cell('dec', '%')),
      power_w: readNumber(cell('pwr', 'W')),
      temperature_c: readNumber(cell('ptemp', 'C')),
    })
  }
  return [...devices.values()]
}

interface Round {
  readonly number: number
  /** `null`: a row of the card could not be read. */
  processes: CardProcess[] | null
}

function processDevices(columns: readonly SampleColumn[], rows: readonly Row[]): PpuDevice[] {
  const devices = new Map<number, Round>()
  let number = 0
  let first: string | null = null
  let before = -1
  for (const row of rows) {
    const cell = cellReader(columns, row)
    const index = readCount(cell('ppu', 'idx'))
    // The command stands last and may hold blanks; of a process that ends it is missing.
    if (index === null || row.length < columns.length - 1) continue
    if (row.join(' ') === first || index < before) {
      number += 1
      first = null
    }
    first ??= row.join(' ')
    before = index
    const known = devices.get(index)
    const round = known?.number === number ? known : { number, processes: [] }
    devices.set(index, round)
    const pid = readCount(cell('pid', '#'))
    // `-` says that nothing runs there.
    if (cell('pid', '#') === '-') continue
    if (pid === null) round.processes = null
    round.processes?.push({
      pid,
      name: readWord(row.slice(columns.length - 1).join(' ')),
      memory_mib: readNumber(cell('mem', 'MB', 'MiB')),
    })
  }
  return [...devices].map(
    ([index, { processes }]): PpuDevice => ({ ...sparseCard(index), processes }),
  )
}
