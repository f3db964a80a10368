/**
 * The table of `mthreads-gmi` (1.6 to 2.4): two or three lines per card without outer bars, columns
 * parted by `|`, then the processes. Older versions have no ECC line, newer ones a `Perf` word
 * beside the device type, guests an empty temperature cell; copies lose blanks at the start of a
 * line and runs of them. So every line is read by the header line of the same number of cells.
 */
import { sparseCard } from '../card.ts'
import {
  type HeaderCell,
  hasKeys,
  readDataRow,
  readHeaderRow,
  type WordColumn,
} from '../formats/header-cells.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import {
  type ProcessTable,
  processesOf,
  processTable,
  readProcessRow,
  titlesIn,
} from '../formats/process-table.ts'
import { readCount, readNumber, readQuantity, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { type MooreThreadsDevice, type MooreThreadsOutput, TOOL } from './devices.ts'

const COLUMNS: readonly WordColumn[] = [
  { words: 'id', key: 'index', value: '\\d+' },
  { words: 'name', key: 'name', value: '\\S.*' },
  { words: 'pcie lane width', key: 'width', value: '\\S+' },
  { words: 'pcie', key: 'pci', value: '\\S+' },
  { words: '%gpu', key: 'utilization', value: '\\S+' },
  { words: 'mem', key: 'memory', value: '\\S.*' },
  { words: 'device type', key: 'type', value: '\\S.*?' },
  { words: 'perf', key: 'perf', value: 'P\\d+|N/A|-', isOptional: true },
  { words: 'temp', key: 'temperature', value: '\\S+' },
  { words: 'mpc capable', key: 'mpc', value: '\\S+', isOptional: true },
  { words: 'ecc mode', key: 'ecc', value: '\\S.*' },
]

const BANNER = /mthreads-gmi\s*:\s*(\S+)(?:\s+Driver Version\s*:\s*(\S+))?/i
const FIRST_HEADER = /^ID\s+Name\b.*\|/i
const FIRST_LINE = /^\d+\s+\S.*\|/
const RULE = /^\+?[-=]{3,}\+?$/
/** Used, and the total in brackets: `66641MiB(81920MiB)`. */
const MEMORY = /^(\d{1,12})MiB\s?\((\d{1,12})MiB\)$/

/** `null`: no such table in the text. */
export function parseMooreThreadsTable(printed: readonly string[]): MooreThreadsOutput | null {
  const lines = printed.map((line) => line.trim())
  if (firstMatch(lines, FIRST_HEADER) === null) return null
  const banner = firstMatch(lines, BANNER)
  const processes = readProcesses(lines)
  return {
    tool: TOOL,
    toolVersion: readWord(banner?.[1]),
    driverVersion: readWord(banner?.[2]),
    devices: readCards(lines).map((device) => ({
      ...device,
      processes: processesOf(processes, device.index),
    })),
  }
}

function readCards(lines: readonly string[]): MooreThreadsDevice[] {
  let devices: MooreThreadsDevice[] = []
  let headers: (readonly HeaderCell[])[] = []
  let isHeading = false
  /** Header lines that the lines of the current card have not used up. */
  let ahead: (readonly HeaderCell[])[] = []
  for (const line of lines) {
    // A bar at the start of a line has an empty cell before it: its blanks are lost in copies.
    const cells = line.split('|').map((cell) => cell.trim())
    if (FIRST_HEADER.test(line)) {
      // A tool that runs on (`-l`) prints the table again: the last one counts.
      devices = []
      headers = [readHeaderRow(cells, COLUMNS)]
      isHeading = true
    } else if (RULE.test(line)) {
      isHeading = false
      ahead = []
    } else if (cells.length > 1 && FIRST_LINE.test(line)) {
      const device = readFirstLine(readDataRow(cells, headers[0] ?? []))
      if (device !== null) devices.push(device)
      isHeading = false
      ahead = device === null ? [] : headers.slice(1)
    } else if (cells.length > 1 && isHeading) {
      headers.push(readHeaderRow(cells, COLUMNS))
    } else if (cells.length > 1) {
      const at = ahead.findIndex((header) => header.length === cells.length)
      const device = at < 0 ? undefined : devices.pop()
      if (device !== undefined) devices.push(withMore(device, readDataRow(cells, ahead[at] ?? [])))
      ahead = at < 0 ? [] : ahead.slice(at + 1)
    }
  }
  return hasKeys(headers[0] ?? [], ['index', 'name']) ? devices : []
}

type Values = ReadonlyMap<string, string>

function readFirstLine(values: Values | null): MooreThreadsDevice | null {
  const index = readCount(values?.get('index'))
  if (values === null || index === null) return null
  const [, used, total] = MEMORY.exec(values.get('memory') ?? '') ?? []
  const address = normalisePciAddress(values.get('pci') ?? null)
  return {
    ...sparseCard(index),
    name: readWord(values.get('name')),
    pci: address === null ? null : (values.get('pci') ?? null),
    pci_bdf: address,
    memory_total_mib: readNumber(total),
    memory_used_mib: readNumber(used),
    utilization_pct: readQuantity(values.get('utilization'), '%'),
    device_type: null,
    pcie_width: null,
  }
}

function withMore(device: MooreThreadsDevice, values: Values | null): MooreThreadsDevice {
  if (values === null) return device
  return {
    ...device,
    ...(values.has('type') ? { device_type: readWord(values.get('type')) } : {}),
    ...(values.has('perf') ? { perf_state: readWord(values.get('perf')) } : {}),
    ...(values.has('width') ? { pcie_width: readWord(values.get('width')) } : {}),
    ...(values.has('ecc') ? { ecc_mode: readWord(values.get('ecc')) } : {}),
    temperature_c: device.temperature_c ?? readQuantity(values.get('temperature'), 'C'),
  }
}

/** The last table: a tool that runs on (`-l`) prints it again. */
function readProcesses(lines: readonly string[]): ProcessTable | null {
  const cards = lines.findLastIndex((line) => FIRST_HEADER.test(line))
  const from = lines.findLastIndex((line) => titlesIn([line]) !== null)
  const header = titlesIn([lines[from] ?? ''])
  if (header === null || from < cards) return null
  const below = lines.slice(from + 1)
  const begin = below.findIndex((line) => RULE.test(line))
  const end = below.findIndex((line, at) => at > begin && RULE.test(line))
  const printed = begin < 0 ? [] : below.slice(begin + 1, end < 0 ? undefined : end)
  const rows = printed.filter((line) => line !== '')
  return processTable(
    rows.map((row) => readProcessRow(row, { header, isUnitTold: false })),
    end >= 0 && rows.length > 0,
  )
}
