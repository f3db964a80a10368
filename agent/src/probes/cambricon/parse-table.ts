/**
 * The tables of plain `cnmon`, 4.20 to 6.5: two rows per card, then a table of processes. What
 * stands in which cell changed over the versions (Bus-Id came, the virtual memory of 4.x went,
 * SR-IOV became Mode), so cells are read by the header above them. A table without its headers is
 * refused; rows that do not fit them are left out.
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
import { readCount, readQuantity, readWord } from '../text.ts'
import { bareVersion, type CambriconDevice, commonVersion } from './device.ts'

const COLUMNS: readonly WordColumn[] = [
  { words: 'card', key: 'card', value: '\\d+' },
  { words: 'vf', key: 'vf', value: '\\S+' },
  { words: 'name', key: 'name', value: '\\S.*?' },
  { words: 'firmware', key: 'firmware', value: '\\S+' },
  { words: 'inited', key: 'inited', value: '\\S+' },
  { words: 'driver', key: 'driver', value: '\\S+' },
  { words: 'bus-id', key: 'pci', value: '\\S+' },
  { words: 'util', key: 'utilization', value: '\\S+(?: ?%)?' },
  { words: 'ecc-error', key: 'ecc', value: '\\S+', isOptional: true },
  { words: 'fan', key: 'fan', value: '\\S+(?: ?%)?' },
  { words: 'temp', key: 'temperature', value: '\\S+(?: ?C)?' },
  { words: 'pwr:usage/cap', key: 'power', value: '\\S.*/.*' },
  { words: 'memory-usage', key: 'memory', value: '\\S.*/.*' },
  // Of 4.x: not the memory of the card.
  { words: 'vmemory-usage', key: 'virtualMemory', value: '.*' },
  { words: 'mode', key: 'mode', value: '\\S+' },
  { words: 'sr-iov', key: 'sriov', value: '\\S+' },
  { words: 'compute-mode', key: 'computeMode', value: '\\S.*', isOptional: true },
]
const NEEDED = ['card', 'name', 'utilization', 'temperature', 'power', 'memory']

/** Values of both rows of a card, by column. */
type Values = ReadonlyMap<string, string>

const BANNER = /\bCNMON\s+v?(\d\S*)(?:.*\bDriver\s+v?(\d\S*))?/

/** `null`: no such table in the text. */
export function parseCnmonTable(lines: readonly string[]): CardOutput<CambriconDevice> | null {
  const groups = groupsBetweenBorders(lines)
  const processAt = groups.findIndex(isProcessHeader)
  const rows = cardRows(processAt < 0 ? groups : groups.slice(0, processAt))
  if (rows === null) return null
  const processes = readProcessTable(groups)
  const banner = lines.map((line) => BANNER.exec(line)).find((match) => match !== null)
  const [, toolVersion = null, driverVersion = null] = banner ?? []
  // Printed per card by 4.x.
  const drivers = rows.map((values) => bareVersion(values.get('driver')))
  return {
    tool: 'cnmon',
    toolVersion,
    driverVersion: driverVersion ?? commonVersion(drivers),
    devices: withoutVirtualFunctions(rows).map((device) => ({
      ...device,
      processes: device.duplicate_of === undefined ? processesOf(processes, device.index) : null,
    })),
  }
}

/** `null`: the two header rows are not there, or not whole. */
function cardRows(groups: readonly RowGroup[]): Values[] | null {
  for (const [at, { rows }] of groups.entries()) {
    const from = rows.findIndex(([cell = '']) => /^Card\b.*\bName\b/.test(cell))
    if (from < 0) continue
    const header = rows.slice(from, from + 2).map((cells) => readHeaderRow(cells, COLUMNS))
    if (!hasKeys(header.flat(), NEEDED)) return null
    const below = [rows.slice(from + 2), ...groups.slice(at + 1).map((group) => group.rows)]
    return below.flatMap((cells) => rowPairs(cells, header))
  }
  return null
}

/** Rows come in pairs; in a group of another size none can be told from its neighbour. */
function rowPairs(
  rows: RowGroup['rows'],
  [first = [], second = []]: readonly (readonly HeaderCell[])[],
): Values[] {
  if (rows.length % 2 !== 0) return []
  const pairs: Values[] = []
  for (let at = 0; at < rows.length; at += 2) {
    const upper = readDataRow(rows[at] ?? [], first)
    const lower = readDataRow(rows[at + 1] ?? [], second)
    const isCard = upper?.has('card') === true && lower?.has('power') === true
    if (isCard) pairs.push(new Map([...upper, ...lower]))
  }
  return pairs
}

function readCard(values: Values): CambriconDevice | null {
  const index = readCount(values.get('card'))
  if (index === null) return null
  const pci = readWord(values.get('pci'))
  const memory = readPair(values.get('memory'), 'MiB')
  const power = readPair(values.get('power'), 'W')
  const word = (column: string) => readWord(values.get(column))
  return {
    index,
    name: word('name'),
    uuid: null,
    serial: null,
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: memory.total,
    memory_used_mib: memory.used,
    utilization_pct: readQuantity(values.get('utilization'), '%'),
    power_w: power.used,
    power_cap_w: power.total,
    temperature_c: readQuantity(values.get('temperature'), 'C'),
    fan_pct: readQuantity(values.get('fan'), '%'),
    firmware: bareVersion(values.get('firmware')),
    ecc_errors: readCount(values.get('ecc')),
    ...(values.has('mode') ? { mode: word('mode') } : {}),
    ...(values.has('sriov') ? { sriov: word('sriov') } : {}),
    ...(values.has('computeMode') ? { compute_mode: word('computeMode') } : {}),
    processes: null,
  }
}

/**
 * A virtual function is part of the card whose row stands beside its own (`/` in the column VF). In
 * a guest it is all there is, and counts as the card.
 */
function withoutVirtualFunctions(rows: readonly Values[]): CambriconDevice[] {
  const isVirtual = (values: Values) => readCount(values.get('vf')) !== null
  const numbersOf = (some: readonly Values[]) => new Set(some.map((values) => values.get('card')))
  const physical = numbersOf(rows.filter((values) => !isVirtual(values)))
  const split = numbersOf(rows.filter(isVirtual))
  return rows.flatMap((values) => {
    const card = values.get('card')
    const device = readCard(values)
    if (device === null) return []
    if (!physical.has(card) || !split.has(card)) return [device]
    return isVirtual(values)
      ? [{ ...device, duplicate_of: device.index }]
      : [{ ...device, has_virtual_functions: true }]
  })
}
