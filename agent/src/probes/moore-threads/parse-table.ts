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
} from '../header-cells.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readNumber, readQuantity, readWord } from '../text.ts'
import {
  type MooreThreadsDevice,
  type MooreThreadsOutput,
  type MooreThreadsProcess,
  TOOL,
} from './devices.ts'

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
const PROCESS_HEADER = /^ID\s+PID\s+Process name\b/i
const NO_PROCESSES = /No running processes found/i
/**
 * The name may hold blanks and be cut at its front (`...bin/llama-box`), but no amount of memory:
 * then two lines have run together.
 */
const PROCESS = /^(\d{1,6})\s+(\d{1,10})\s+((?:(?!\dMiB).)+?)\s+(\d{1,12}MiB|N\/A|-)$/
/** Used, and the total in brackets: `66641MiB(81920MiB)`. */
const MEMORY = /^(\d{1,12})MiB\s?\((\d{1,12})MiB\)$/

export function isMooreThreadsTable(lines: readonly string[]): boolean {
  return lines.some((line) => FIRST_HEADER.test(line.trim()))
}

export function parseMooreThreadsTable(printed: readonly string[]): MooreThreadsOutput {
  const lines = printed.map((line) => line.trim())
  const banner = BANNER.exec(lines.find((line) => BANNER.test(line)) ?? '')
  const processes = readProcesses(lines)
  return {
    tool: TOOL,
    toolVersion: readWord(banner?.[1]),
    driverVersion: readWord(banner?.[2]),
    devices: readCards(lines).map((device) => ({
      ...device,
      processes: processes === null ? null : (processes.get(device.index) ?? []),
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

/**
 * By card; `null` where the table is not there, was cut, or has a line that cannot be read: then a
 * card without processes cannot be told from one whose processes are missing.
 */
function readProcesses(lines: readonly string[]): Map<number, MooreThreadsProcess[]> | null {
  const table = lines.findLastIndex((line) => FIRST_HEADER.test(line))
  const from = lines.findLastIndex((line) => PROCESS_HEADER.test(line))
  if (from < table) return null
  const rows: string[] = []
  let isBegun = false
  for (const line of lines.slice(from + 1)) {
    if (NO_PROCESSES.test(line)) return new Map()
    if (RULE.test(line)) {
      if (isBegun && rows.length > 0) return groupByCard(rows)
      isBegun = true
    } else if (isBegun && line !== '') rows.push(line)
  }
  return null
}

function groupByCard(rows: readonly string[]): Map<number, MooreThreadsProcess[]> | null {
  const byCard = new Map<number, MooreThreadsProcess[]>()
  for (const row of rows) {
    const [, card, pid, name, memory] = PROCESS.exec(row) ?? []
    const index = readCount(card)
    if (index === null) return null
    const process = {
      pid: readCount(pid),
      name: readWord(name),
      memory_mib: readQuantity(memory, 'MiB'),
    }
    byCard.set(index, [...(byCard.get(index) ?? []), process])
  }
  return byCard
}
