/**
 * `mx-smi dmon`, with `--format csv` or without: a header line, a line of units, a line per die. A
 * figure is used only with the unit that is known for it; of several samples the last one counts.
 */
import { sparseCard } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readSizeMib } from '../formats/size.ts'
import { readCount, readNumber } from '../formats/text.ts'
import { finishedLines } from '../formats/tool-lines.ts'
import {
  editionOf,
  type MetaxDevice,
  type MetaxOutput,
  readAddress,
  withBoardPower,
} from './devices.ts'

/** Columns of which a header has at least one. */
const FIGURES = new Set(['hottemp', 'power', 'gpu', 'vram'])

/** `null`: no such header line in the text. */
export function parseMetaxDmon(lines: readonly string[]): MetaxOutput | null {
  if (!lines.some(isHeader)) return null
  let columns: readonly string[] = []
  let units: readonly string[] = []
  const byDie = new Map<string, MetaxDevice>()
  for (const line of rowsOf(lines)) {
    const cells = cellsOf(line)
    if (isHeader(line)) {
      columns = cells.map((cell) => cell.toLowerCase())
      units = []
    } else if (cells[columns.indexOf('dev')] === 'idx') units = cells
    else {
      const device = readRow(columns, units, cells)
      if (device !== null) byDie.set(`${device.index}/${device.die}`, device)
    }
  }
  return {
    ...editionOf(lines),
    devices: withBoardPower([...byDie.values()], ({ index }) => index),
  }
}

/** A last line without an end may be half of itself; an address at its end shows that it is whole. */
function rowsOf(lines: readonly string[]): readonly string[] {
  const last = lines.at(-1) ?? ''
  const isWhole = readAddress(cellsOf(last).at(-1)) !== null
  return (isWhole ? lines : finishedLines(lines)).filter((line) => line.trim() !== '')
}

function isHeader(line: string): boolean {
  const [first, ...others] = cellsOf(line)
  return first === 'dev' && others.some((cell) => FIGURES.has(cell))
}

function cellsOf(line: string): string[] {
  const trimmed = line.trim()
  return trimmed.includes(',')
    ? trimmed.split(',').map((cell) => cell.trim())
    : trimmed.split(/\s+/)
}

/** A row of another width is left out: which of its cells is which cannot be told. */
function readRow(
  columns: readonly string[],
  units: readonly string[],
  cells: readonly string[],
): MetaxDevice | null {
  const cell = (name: string) => cells[columns.indexOf(name)]
  const index = cells.length === columns.length ? readCount(cell('dev')) : null
  if (index === null) return null
  const figure = (name: string, unit: string) =>
    units[columns.indexOf(name)] === unit ? readNumber(cell(name)) : null
  const unitOfTotal = units[columns.indexOf('total')] ?? ''
  const pci = readAddress(cell('bdfid'))
  return {
    ...sparseCard(index),
    die: readCount(cell('die')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: readSizeMib(`${cell('total')} ${unitOfTotal}`),
    memory_used_pct: figure('vram', '%'),
    utilization_pct: figure('gpu', '%'),
    power_w: figure('power', 'W'),
    temperature_c: figure('hottemp', 'C'),
  }
}
