/**
 * `ppu-smi --query-ppu=…` and `--query-compute-apps=…` with `--format=csv`, with or without header
 * and units. A row with another number of cells than there are columns is left out.
 */
import { type CardFailure, type CardProcess, sparseCard, unreadable } from '../card.ts'
import { type CsvDialect, type CsvTable, joinFreeCells, lookupInRow, readCsv } from '../csv.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readId } from '../printed-id.ts'
import { readCount, readQuantityOrNumber, readWord } from '../text.ts'
import { type PpuDevice, type PpuOutput, TOOL } from './devices.ts'

const DIALECT: CsvDialect = {
  fieldList: /--query-(?:ppu|gpu|compute-apps)=(\S+)/,
  // The manual, its users and the shim of nvidia-smi spell several fields in their own way.
  aliases: {
    ppu_name: 'name',
    gpu_name: 'name',
    ppu_uuid: 'uuid',
    gpu_uuid: 'uuid',
    ppu_serial: 'serial',
    gpu_serial: 'serial',
    bus_id: 'pci.bus_id',
    ppu_bus_id: 'pci.bus_id',
    gpu_bus_id: 'pci.bus_id',
    'utilization.gpu': 'utilization.ppu',
    'temperature.gpu': 'temperature.ppu',
    used_memory: 'used_ppu_memory',
    used_gpu_memory: 'used_ppu_memory',
  },
  known: new Set([
    'index',
    'name',
    'uuid',
    'serial',
    'pci.bus_id',
    'driver_version',
    'memory.total',
    'memory.used',
    'utilization.ppu',
    'temperature.ppu',
    'power.draw',
    'power.limit',
    'pid',
    'process_name',
    'used_ppu_memory',
  ]),
}

export function isPpuCsv(lines: readonly string[], command: string | null): boolean {
  const filled = lines.filter((line) => line.trim() !== '')
  const isRows = filled.length > 0 && filled.every((line) => line.includes(','))
  return isRows && readCsv(filled, command, DIALECT) !== null
}

export function parsePpuCsv(
  lines: readonly string[],
  command: string | null,
): PpuOutput | CardFailure {
  const table = readCsv(lines, command, DIALECT)
  if (table === null) {
    return unreadable('The CSV has no header line, and no command with its field list was given.')
  }
  const devices = table.columns.includes('pid') ? processDevices(table) : cardDevices(table)
  const versions = new Set(
    table.rows.map((row) => lookupInRow(table.columns, row)?.('driver_version')),
  )
  const [version] = versions
  const driverVersion = versions.size === 1 ? readWord(version) : null
  return { tool: TOOL, toolVersion: null, driverVersion, devices }
}

function cardDevices({ columns, rows }: CsvTable): PpuDevice[] {
  return rows.flatMap((row, ordinal): PpuDevice[] => {
    const lookup = lookupInRow(columns, row)
    if (lookup === null) return []
    return [
      {
        ...namedCard(lookup, readCount(lookup('index')) ?? ordinal),
        memory_total_mib: readQuantityOrNumber(lookup('memory.total'), 'MiB'),
        memory_used_mib: readQuantityOrNumber(lookup('memory.used'), 'MiB'),
        utilization_pct: readQuantityOrNumber(lookup('utilization.ppu'), '%'),
        power_w: readQuantityOrNumber(lookup('power.draw'), 'W'),
        power_cap_w: readQuantityOrNumber(lookup('power.limit'), 'W'),
        temperature_c: readQuantityOrNumber(lookup('temperature.ppu'), 'C'),
        mig_mode: readWord(lookup('mig.mode.current')),
      },
    ]
  })
}

function namedCard(lookup: (field: string) => string | undefined, index: number): PpuDevice {
  const pci = readWord(lookup('pci.bus_id'))
  return {
    ...sparseCard(index),
    name: readWord(lookup('name')),
    uuid: readId(lookup('uuid')),
    serial: readId(lookup('serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
  }
}

/** One device per card that is named, in printed order, with its processes. */
function processDevices({ columns, rows }: CsvTable): PpuDevice[] {
  const devices = new Map<string, { card: PpuDevice; processes: CardProcess[] }>()
  for (const printed of rows) {
    const lookup = lookupInRow(columns, joinFreeCells(columns, printed, 'process_name'))
    if (lookup === null) continue
    const index = readCount(lookup('index'))
    const card: PpuDevice = {
      ...namedCard(lookup, index ?? devices.size),
      ...(index === null ? { is_index_counted: true } : {}),
    }
    const key = card.uuid ?? card.pci_bdf ?? `${index ?? ''}`
    const entry = devices.get(key) ?? { card, processes: [] }
    devices.set(key, entry)
    entry.processes.push({
      pid: readCount(lookup('pid')),
      name: readWord(lookup('process_name')),
      memory_mib: readQuantityOrNumber(lookup('used_ppu_memory'), 'MiB'),
    })
  }
  return [...devices.values()].map(({ card, processes }) => ({ ...card, processes }))
}
