/**
 * The one-line forms of ixsmi: `-L`, and CSV of `--query-gpu=…`. Names of fields drift between
 * versions (`power.draw`, from 4.x `gpu.power.draw`), and one unknown name fails the whole query.
 */
import { type CardFailure, type CardOutput, sparseCard, unreadable } from '../card.ts'
import { type CsvDialect, type CsvTable, lookupInRow, readCsv } from '../csv.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readId } from '../printed-id.ts'
import { readCount, readQuantityOrNumber, readWord } from '../text.ts'
import { type IluvatarDevice, readUuid, withoutDeadFigures } from './devices.ts'

const LISTED = /^\s*GPU\s+(\d{1,4}):\s+(.+?)\s+\(UUID:\s*([^)\s]+)\s*\)\s*$/

/** Ids by the tool's number; empty for a text without such a line. */
export function listedDevices(lines: readonly string[]): IluvatarDevice[] {
  return lines.flatMap((line) => {
    const [, number, name, uuid] = LISTED.exec(line) ?? []
    const index = readCount(number)
    return index === null ? [] : [sparseCard(index, { name: readWord(name), uuid: readUuid(uuid) })]
  })
}

const DIALECT: CsvDialect = {
  fieldList: /--query-gpu=(\S+)/,
  aliases: {
    gpu_name: 'name',
    gpu_uuid: 'uuid',
    gpu_serial: 'serial',
    gpu_bus_id: 'pci.bus_id',
    'gpu.power.draw': 'power.draw',
    'gpu.power.limit': 'power.limit',
    'gpu.current.power.limit': 'power.limit',
  },
  known: new Set([
    'index',
    'name',
    'uuid',
    'serial',
    'pci.bus_id',
    'memory.total',
    'memory.used',
    'utilization.gpu',
    'power.draw',
    'board.power.draw',
    'temperature.gpu',
  ]),
}

export function parseCsv(
  lines: readonly string[],
  command: string | null,
): CardOutput<IluvatarDevice> | CardFailure {
  const table = readCsv(lines, command, DIALECT)
  if (table === null) {
    return unreadable(
      'The CSV has no header line, and no command with its field list was given (--command).',
    )
  }
  const isUnfinished = (lines.at(-1) ?? '').trim() !== ''
  const devices = table.rows.flatMap((row, ordinal) =>
    readRow(
      table,
      isUnfinished && ordinal === table.rows.length - 1 ? withoutCutCell(row) : row,
      ordinal,
    ),
  )
  const driverVersion = readWord(commonCell(table, 'driver_version'))
  return { tool: 'ixsmi', toolVersion: driverVersion, driverVersion, devices }
}

function readRow(table: CsvTable, row: readonly string[], ordinal: number): IluvatarDevice[] {
  const cell = lookupInRow(table.columns, row)
  if (cell === null) return []
  const figure = (field: string, unit: string) => readQuantityOrNumber(cell(field), unit)
  const pci = readWord(cell('pci.bus_id'))
  const device = {
    index: readCount(cell('index')) ?? ordinal,
    name: readWord(cell('name')),
    uuid: readUuid(cell('uuid')),
    serial: readId(cell('serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: figure('memory.total', 'MiB'),
    memory_used_mib: figure('memory.used', 'MiB'),
    utilization_pct: figure('utilization.gpu', '%'),
    power_w: figure('power.draw', 'W'),
    power_cap_w: figure('power.limit', 'W'),
    board_power_w: figure('board.power.draw', 'W'),
    temperature_c: figure('temperature.gpu', 'C'),
    processes: null,
  }
  return [withoutDeadFigures(device)]
}

/** The last cell of a text that was cut may be half of itself, unless its unit is there. */
function withoutCutCell(row: readonly string[]): readonly string[] {
  return /\s(?:MiB|%|W|C)$/.test(row.at(-1) ?? '') ? row : [...row.slice(0, -1), '']
}

function commonCell(table: CsvTable, field: string): string | null {
  const cells = new Set(table.rows.map((row) => lookupInRow(table.columns, row)?.(field)))
  const [cell = null] = cells
  return cells.size === 1 ? cell : null
}
