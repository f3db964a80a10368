/**
 * The plain table of ixsmi, 3.0 to 4.4: two rows per die, then a box of processes. It has no ids.
 * On boards with two dies the power of the board stands on one of them, `N/A / N/A` on the other.
 * A table that names itself must have its headers; a piece of a log without any is read where
 * every die bears the maker's name, because its cells carry their units.
 */
import { readPair } from '../bar-cells.ts'
import type { RowGroup } from '../bar-table.ts'
import { type CardFailure, type CardOutput, type CardProcess, unreadable } from '../card.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readQuantity, readQuantityOrNumber, readWord } from '../text.ts'
import { type IluvatarDevice, withoutDeadFigures } from './devices.ts'

const BANNER = /\bIX-ML:\s*(\S+)(?:\s+Driver Version:\s*(\S+))?/
const HEADERS = ['GPU Name', 'Bus-Id', 'Temp', 'Pwr:Usage/Cap', 'Memory-Usage', 'GPU-Util']
const MAKER = /^Iluvatar\b/
const PCI_ADDRESS = /^[0-9a-f]{1,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i

export function isIluvatarTable(groups: readonly RowGroup[]): boolean {
  return groups.some(({ text }) => BANNER.test(text)) || devicesIn(groups).length > 0
}

export function parseTable(groups: readonly RowGroup[]): CardOutput<IluvatarDevice> | CardFailure {
  const printed = groups.map(({ text }) => text.replace(/\s+/g, ' ')).join('\n')
  const missing = HEADERS.filter((header) => !printed.includes(header))
  const devices = devicesIn(groups)
  const isPiece = missing.length === HEADERS.length && !BANNER.test(printed)
  if (missing.length > 0 && !isPiece) {
    return unreadable(`The table of ixsmi lacks the headers ${missing.join(', ')}.`)
  }
  if (isPiece && !devices.every(({ name }) => MAKER.test(name ?? ''))) {
    return unreadable('The rows have neither headers nor the name of the maker.')
  }
  const processes = readProcesses(groups)
  const [, toolVersion = null, driverVersion = null] = BANNER.exec(printed) ?? []
  return {
    tool: 'ixsmi',
    toolVersion,
    driverVersion: readWord(driverVersion),
    devices: devices.map((device) => ({ ...device, processes: processes(device.index) })),
  }
}

/** A row with a name and an address, and the row right below it with the figures. */
function devicesIn(groups: readonly RowGroup[]): IluvatarDevice[] {
  return groups.flatMap(({ rows }) =>
    rows.flatMap((row, at) => {
      const figures = rows[at + 1]
      return figures === undefined ? [] : readDevice(row, figures)
    }),
  )
}

function readDevice(first: readonly string[], second: readonly string[]): IluvatarDevice[] {
  const [nameCell = '', busCell = ''] = first
  const [stateCell = '', memoryCell = '', loadCell = ''] = second
  const [, number, name] = /^(\d{1,4})\s+(.+?)(?:\s{2,}.*)?$/.exec(nameCell) ?? []
  const [pci = ''] = busCell.split(/\s+/)
  const index = readCount(number)
  const isWide = first.length === second.length && first.length >= 3
  if (index === null || !isWide || !PCI_ADDRESS.test(pci)) return []
  const [load] = loadCell.split(/\s+/)
  const memory = readPair(memoryCell, 'MiB')
  const device = {
    index,
    name: readWord(name),
    uuid: null,
    serial: null,
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: memory.total,
    memory_used_mib: memory.used,
    utilization_pct: readQuantity(load, '%'),
    ...stateOf(stateCell),
    processes: null,
  }
  return [withoutDeadFigures(device)]
}

/** Fan, temperature, mode, power and limit: `0%  0C  P0  65535W / 250`, cut where it overflows. */
const TEMPERATURE = /(?:^|\s)(-?\d+\s?C)(?=\s)/
const POWER = /(?:^|\s)(N\/A|ERR!|-|[\d.]+\s?W)\s?\/\s?(N\/A|ERR!|-|[\d.]*\s?W?)$/

function stateOf(cell: string): Pick<IluvatarDevice, 'temperature_c' | 'power_w' | 'power_cap_w'> {
  const [, power, limit] = POWER.exec(cell) ?? []
  return {
    temperature_c: readQuantity(TEMPERATURE.exec(cell)?.[1], 'C'),
    power_w: readQuantity(power, 'W'),
    power_cap_w: readQuantityOrNumber(limit, 'W'),
  }
}

const PROCESS_ROW = /^(\d+)\s+(\d+)\s+(?:(.*?)\s+)?(\d+(?:\s?MiB)?|N\/A)$/

/**
 * Processes by die, `null` where the box is not there, was cut or has a row that cannot be read. A
 * box with neither a row nor the sentence that there is none has lost a line.
 */
function readProcesses(groups: readonly RowGroup[]): (index: number) => CardProcess[] | null {
  const at = groups.findIndex(({ text }) => /\bProcesses:/.test(text))
  const below = at < 0 ? [] : groups.slice(at + 1)
  const rows = below.flatMap((group) => group.rows).map((cells) => cells.join('|'))
  const listed = rows.filter((row) => !/^No running processes found$/i.test(row))
  const entries = listed.map((row) => PROCESS_ROW.exec(row))
  const isComplete =
    rows.length > 0 &&
    below.every(({ isClosed }) => isClosed) &&
    entries.every((entry) => entry !== null)
  return (index) => {
    if (!isComplete) return null
    return entries
      .filter((entry) => readCount(entry?.[1]) === index)
      .map((entry) => ({
        pid: readCount(entry?.[2]),
        name: readWord(entry?.[3]),
        memory_mib: readQuantityOrNumber(entry?.[4], 'MiB'),
      }))
  }
}
