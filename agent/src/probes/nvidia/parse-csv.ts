/**
 * `nvidia-smi --query-gpu=…` and `--query-compute-apps=…` with `--format=csv`, with or without
 * header and units. A row with another number of cells than there are columns is left out: which
 * of its cells is which cannot be told.
 */
import { type CsvTable, joinFreeCells, lookupInRow } from '../csv.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readQuantityOrNumber, readWord } from '../text.ts'
import { readNvidiaCsv } from './csv-columns.ts'
import type { NvidiaDevice, NvidiaProcess, NvidiaReading } from './devices.ts'
import { CSV_PATHS, deviceFromFields } from './fields.ts'

export function parseNvidiaCsv(lines: readonly string[], command: string | null): NvidiaReading {
  const table = readNvidiaCsv(lines, command)
  if (table === null) {
    return {
      unreadable:
        'The CSV has no header line, and no command with its field list was given (--command).',
    }
  }
  const isProcessList = table.columns.includes('pid')
  const devices = isProcessList ? processDevices(table) : gpuDevices(table)
  if (devices.length === 0 && table.rows.length > 0) {
    return { unreadable: 'No row of the CSV has as many cells as there are columns.' }
  }
  const driverVersion = commonValue(table, 'driver_version')
  return {
    format: 'csv',
    toolVersion: driverVersion,
    driverVersion,
    devices,
    facts: table.hasHeader ? { columns: table.columns.length } : {},
  }
}

/** Rows of a query over GPUs, for callers that know the columns. */
export function deviceOfRow(
  columns: readonly (string | null)[],
  row: readonly string[],
  ordinal: number,
): NvidiaDevice | null {
  const lookup = lookupInRow(columns, row)
  if (lookup === null) return null
  const index = readCount(lookup('index'))
  return deviceFromFields({
    index: index ?? ordinal,
    paths: CSV_PATHS,
    lookup,
    unitsOptional: true,
  })
}

function gpuDevices(table: CsvTable): NvidiaDevice[] {
  return table.rows
    .map((row, ordinal) => deviceOfRow(table.columns, row, ordinal))
    .filter((device) => device !== null)
}

function commonValue(table: CsvTable, field: string): string | null {
  const values = new Set(
    table.rows.map((row) => readWord(lookupInRow(table.columns, row)?.(field))),
  )
  const [value = null] = values
  return values.size === 1 ? value : null
}

/** One device per GPU named, in printed order, with the processes on it. */
function processDevices(table: CsvTable): NvidiaDevice[] {
  const devices = new Map<string, { device: NvidiaDevice; processes: NvidiaProcess[] }>()
  for (const printed of table.rows) {
    const row = joinFreeCells(table.columns, printed, 'process_name')
    const lookup = lookupInRow(table.columns, row)
    if (lookup === null) continue
    const pci = readWord(lookup('pci.bus_id'))
    const uuid = readWord(lookup('uuid'))
    const key = uuid ?? pci ?? ''
    const entry = devices.get(`${key} ${pci}`) ?? {
      device: {
        index: devices.size,
        name: readWord(lookup('name')),
        uuid,
        serial: readWord(lookup('serial')),
        pci,
        pci_bdf: normalisePciAddress(pci),
        memory_total_mib: null,
        memory_used_mib: null,
        utilization_pct: null,
        power_w: null,
        temperature_c: null,
        processes: null,
      },
      processes: [],
    }
    devices.set(`${key} ${pci}`, entry)
    entry.processes.push({
      pid: readCount(lookup('pid')),
      name: readWord(lookup('process_name')),
      memory_mib: readQuantityOrNumber(lookup('used_gpu_memory'), 'MiB'),
    })
  }
  return [...devices.values()].map(({ device, processes }) => ({ ...device, processes }))
}
