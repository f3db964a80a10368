/**
 * The table of plain `brsmi` (1.11.0): three rows per device under three header rows, then a table
 * of processes. Cells are right-aligned and read by the header above them. A table without its
 * headers is refused; rows that do not fit them are left out.
 */
import { readPair } from '../bar-cells.ts'
import { groupsBetweenBorders, type RowGroup } from '../bar-table.ts'
import type { CardOutput } from '../card.ts'
import {
  type HeaderCell,
  hasKeys,
  readDataRow,
  readHeaderRow,
  type WordColumn,
} from '../header-cells.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { isProcessHeader, processesOf, readProcessTable } from '../process-table.ts'
import { readCount, readQuantity, readQuantityOrNumber, readWord } from '../text.ts'
import type { BirenDevice } from './device.ts'

const COLUMNS: readonly WordColumn[] = [
  { words: 'gpu', key: 'gpu', value: '\\d+' },
  { words: 'name', key: 'name', value: '\\S.*' },
  { words: 'bus-id', key: 'pci', value: '\\S+' },
  { words: 'volatile uncorr. ecc', key: 'ecc', value: '\\S+' },
  { words: 'temp', key: 'temperature', value: '\\S+(?: ?C)?' },
  { words: 'perf', key: 'performance', value: '\\S+' },
  { words: 'pwr:usage/cap', key: 'power', value: '\\S.*/.*' },
  { words: 'memory-usage', key: 'memory', value: '\\S.*/.*' },
  { words: 'gpu-util', key: 'utilization', value: '\\S+(?: ?%)?' },
  { words: 'compute m.', key: 'computeMode', value: '\\S.*', isOptional: true },
  { words: 'persistence-m', key: 'persistence', value: '\\S+' },
  { words: 'svi m.', key: 'svi', value: '\\S.*' },
]
const NEEDED = ['gpu', 'pci', 'temperature', 'power', 'memory', 'utilization']

const BANNER = /\bBR-SMI\s+(\d\S*)(?:.*?\bDriver Version:\s*(\S+))?/

/** `null`: no such table in the text. */
export function parseBrsmiTable(lines: readonly string[]): CardOutput<BirenDevice> | null {
  const groups = groupsBetweenBorders(lines)
  const processAt = groups.findIndex(isProcessHeader)
  const cardGroups = processAt < 0 ? groups : groups.slice(0, processAt)
  const headerAt = cardGroups.findIndex(({ text }) => /\bBus-Id\b/.test(text))
  const header = headerOf(cardGroups[headerAt])
  if (header === null) return null
  const processes = readProcessTable(groups)
  const devices = cardGroups
    .slice(headerAt + 1)
    .flatMap(({ rows }) => devicesIn(rows, header))
    .map((device) => ({ ...device, processes: processesOf(processes, device.index) }))
  const banner = lines.map((line) => BANNER.exec(line)).find((match) => match !== null)
  const [, toolVersion = null, driverVersion = null] = banner ?? []
  return { tool: 'brsmi', toolVersion, driverVersion, devices }
}

type Header = readonly (readonly HeaderCell[])[]

/** A banner without a border below it stands in the same group. */
function headerOf(group: RowGroup | undefined): Header | null {
  const from = group?.rows.findIndex((cells) => cells.some((cell) => /\bBus-Id\b/.test(cell))) ?? -1
  if (group === undefined || from < 0) return null
  const header = group.rows.slice(from).map((cells) => readHeaderRow(cells, COLUMNS))
  return hasKeys(header.flat(), NEEDED) ? header : null
}

/** As many rows per device as the header has; in a group of another size none can be told apart. */
function devicesIn(rows: RowGroup['rows'], header: Header): BirenDevice[] {
  if (rows.length % header.length !== 0) return []
  const devices: BirenDevice[] = []
  for (let at = 0; at < rows.length; at += header.length) {
    const read = header.map((cells, line) => readDataRow(rows[at + line] ?? [], cells))
    const values = new Map(read.flatMap((row) => [...(row ?? [])]))
    const device = read.includes(null) ? null : readDevice(values)
    if (device !== null) devices.push(device)
  }
  return devices
}

function readDevice(values: ReadonlyMap<string, string>): BirenDevice | null {
  const index = readCount(values.get('gpu'))
  const pci = readWord(values.get('pci'))
  if (index === null || pci === null || !values.has('power')) return null
  const memory = readPair(values.get('memory'), 'MiB')
  const power = readPair(values.get('power'), 'W')
  return {
    index,
    name: readWord(values.get('name')),
    uuid: null,
    serial: null,
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: memory.total,
    memory_used_mib: memory.used,
    utilization_pct: readQuantity(values.get('utilization'), '%'),
    power_w: power.used,
    power_cap_w: power.total,
    temperature_c: readQuantityOrNumber(values.get('temperature'), 'C'),
    ecc_uncorrected: readCount(values.get('ecc')),
    ...(values.has('svi') ? { svi_mode: readWord(values.get('svi')) } : {}),
    processes: null,
  }
}
