/**
 * The table of `mx-smi` and `ht-smi`: two lines per card, then the processes. Known layouts:
 * 2.0 to 2.2.4 (`GPU NAME`, temperature before power, power without a limit in 2.0), 2.2.6 and
 * 2.2.8 (`Persistence-M`, `Perf` and `sGPU-M` added), from 2.2.9 (`Board Name`, then `GPU
 * Persist-M`; power and temperature have changed places). The words of the header tell them apart.
 */
import { cellsOf, isBorder } from '../bar-table.ts'
import { sparseCard } from '../card.ts'
import {
  type HeaderCell,
  hasKeys,
  readDataRow,
  readHeaderRow,
  type WordColumn,
} from '../header-cells.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readNumber, readQuantity, readWord } from '../text.ts'
import {
  editionOf,
  type MetaxDevice,
  type MetaxOutput,
  readAddress,
  readCelsius,
  withBoardPower,
} from './devices.ts'
import { readProcesses } from './parse-processes.ts'

const POWER = '\\S+(?:\\s*/\\s*\\S+)?'
const COLUMNS: readonly WordColumn[] = [
  { words: 'board', key: 'board', value: '\\d+' },
  { words: 'gpu', key: 'index', value: '\\d+' },
  { words: 'name', key: 'name', value: '\\S.*?' },
  { words: 'persistence-m', key: 'persistence', value: 'On|Off|N/A|-', isOptional: true },
  { words: 'persist-m', key: 'persistence', value: 'On|Off|N/A|-', isOptional: true },
  { words: 'bus-id', key: 'pci', value: '\\S+' },
  { words: 'gpu-util', key: 'utilization', value: '\\S.*?' },
  { words: 'sgpu-m', key: 'sgpu', value: '[^\\s%]+', isOptional: true },
  { words: 'temp', key: 'temperature', value: '\\S+' },
  { words: 'pwr:usage/cap', key: 'power', value: POWER },
  { words: 'power', key: 'power', value: POWER },
  { words: 'perf', key: 'perf', value: 'P\\d+|N/A|-', isOptional: true },
  { words: 'memory-usage', key: 'memory', value: '\\S.*' },
  { words: 'gpu-state', key: 'state', value: '\\S.*' },
]

/** Used and total: one unit for both. */
const MEMORY = /^(\d{1,12})\s?\/\s?(\d{1,12}) MiB$/

/** Words of the first and of the second header line, before their cells are looked at. */
const FIRST_HEADER = /\bBus-id\b/i
const SECOND_HEADER = /\bMemory-Usage\b/i

type Header = readonly HeaderCell[]
type Values = ReadonlyMap<string, string>

export function isMetaxTable(lines: readonly string[]): boolean {
  return lines.some((line) => isRow(line) && firstHeader(line) !== null)
}

export function parseMetaxTable(lines: readonly string[]): MetaxOutput {
  const processes = readProcesses(lines)
  const devices = readCards(lines.filter(isRow)).map((device) => ({
    ...device,
    processes: processes === null ? null : (processes.get(device.index) ?? []),
  }))
  return { ...editionOf(lines), devices: withBoardPower(devices, ({ board }) => board) }
}

/** A line that was cut has no bar at its end. */
function isRow(line: string): boolean {
  const trimmed = line.trim()
  return /^\|.*\|$/.test(trimmed) && !isBorder(trimmed)
}

function firstHeader(row: string): Header | null {
  if (!FIRST_HEADER.test(row)) return null
  const header = readHeaderRow(cellsOf(row), COLUMNS)
  return hasKeys(header, ['index', 'name', 'pci']) ? header : null
}

/** The first line of a card, whose second line must follow at once. */
interface OpenCard {
  readonly index: number
  readonly first: Values
}

function readCards(rows: readonly string[]): MetaxDevice[] {
  let devices: MetaxDevice[] = []
  let first: Header | null = null
  let second: Header = []
  let open: OpenCard | null = null
  for (const row of rows) {
    const header = firstHeader(row)
    if (header !== null) {
      // A tool that runs on (`-l`) prints the table again: the last one counts.
      devices = []
      first = header
      second = []
      open = null
    } else if (first === null) continue
    else if (SECOND_HEADER.test(row)) second = readHeaderRow(cellsOf(row), COLUMNS)
    else {
      const next = openCard(readDataRow(cellsOf(row), first))
      if (next !== null) devices.push(readCard(next, null))
      else if (open !== null) {
        devices = [...devices.slice(0, -1), readCard(open, readDataRow(cellsOf(row), second))]
      }
      open = next
    }
  }
  return devices
}

function openCard(first: Values | null): OpenCard | null {
  const index = readCount(first?.get('index'))
  const isPlaced = readAddress(first?.get('pci')) !== null
  return first === null || index === null || !isPlaced ? null : { index, first }
}

function readCard({ index, first }: OpenCard, second: Values | null): MetaxDevice {
  const pci = readAddress(first.get('pci'))
  const [, used, total] = MEMORY.exec(second?.get('memory') ?? '') ?? []
  const [power, cap] = (second?.get('power') ?? '').split('/')
  return {
    ...sparseCard(index),
    name: readWord(first.get('name')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: readNumber(total),
    memory_used_mib: readNumber(used),
    utilization_pct: readQuantity(first.get('utilization'), '%'),
    power_w: readQuantity(power, 'W'),
    power_cap_w: readQuantity(cap, 'W'),
    temperature_c: readCelsius(second?.get('temperature')),
    // The word of the state column is misprinted `GPU-Util` in a copy of 2.2.9.
    state: readWord(second?.get('state') ?? second?.get('utilization')),
    ...(first.has('board') ? { board: readCount(first.get('board')) } : {}),
    ...(first.has('sgpu') ? { sgpu_mode: readWord(first.get('sgpu')) } : {}),
  }
}
