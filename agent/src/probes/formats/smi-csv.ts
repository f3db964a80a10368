/**
 * CSV of cards and of processes as `--query-gpu=…` of nvidia-smi prints it, and as the tools modelled
 * on it do with fields of the same names.
 */
import { type CardDevice, sparseCard } from '../card.ts'
import { type CsvDialect, type CsvTable, joinFreeCells, lookupInRow } from './csv.ts'
import { normalisePciAddress } from './pci-address.ts'
import { readId } from './printed-id.ts'
import { readSmiProcess, type SmiProcess } from './smi-process.ts'
import { readCount, readQuantityOrNumber, readWord } from './text.ts'

export type Lookup = (field: string) => string | undefined

/** Fields that each of these tools has. */
const FIELDS = [
  'index',
  'name',
  'uuid',
  'serial',
  'pci.bus_id',
  'driver_version',
  'memory.total',
  'memory.used',
  'utilization.gpu',
  'power.draw',
  'power.limit',
  'temperature.gpu',
  'pid',
  'process_name',
  'used_gpu_memory',
] as const
/** Both spellings are accepted by the tools. */
const ALIASES: Readonly<Record<string, string>> = {
  gpu_name: 'name',
  gpu_index: 'index',
  gpu_uuid: 'uuid',
  gpu_serial: 'serial',
  gpu_bus_id: 'pci.bus_id',
  used_memory: 'used_gpu_memory',
}

/** `aliases` and `fields` are what this tool has besides. */
export function smiCsvDialect(
  fieldList: RegExp,
  aliases: Readonly<Record<string, string>> = {},
  fields: readonly string[] = [],
): CsvDialect {
  return {
    fieldList,
    aliases: { ...ALIASES, ...aliases },
    known: new Set([...FIELDS, ...fields]),
  }
}

/** Numbered as printed, else by the order of the rows. `id` tells which printed ids name a card. */
export function readSmiCsvCard(lookup: Lookup, ordinal: number, id = readId): CardDevice {
  const pci = readWord(lookup('pci.bus_id'))
  const figure = (field: string, unit: string) => readQuantityOrNumber(lookup(field), unit)
  return {
    ...sparseCard(readCount(lookup('index')) ?? ordinal),
    name: readWord(lookup('name')),
    uuid: id(lookup('uuid')),
    serial: id(lookup('serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: figure('memory.total', 'MiB'),
    memory_used_mib: figure('memory.used', 'MiB'),
    utilization_pct: figure('utilization.gpu', '%'),
    power_w: figure('power.draw', 'W'),
    power_cap_w: figure('power.limit', 'W'),
    temperature_c: figure('temperature.gpu', 'C'),
  }
}

/** A row with another number of cells than there are columns is left out. */
export function readSmiCsvCards<Device>(
  { columns, rows }: CsvTable,
  read: (lookup: Lookup, ordinal: number) => Device,
): Device[] {
  return rows.flatMap((row, ordinal) => {
    const lookup = lookupInRow(columns, row)
    return lookup === null ? [] : [read(lookup, ordinal)]
  })
}

export interface CsvProcesses {
  readonly card: CardDevice
  /** The text names the card by its id alone; the number is the order in which cards are named. */
  readonly isNumbered: boolean
  readonly processes: readonly SmiProcess[]
}

export function isProcessCsv({ columns }: CsvTable): boolean {
  return columns.includes('pid')
}

/** By the card that is named, in printed order. */
export function readSmiCsvProcesses({ columns, rows }: CsvTable, id = readId): CsvProcesses[] {
  const byCard = new Map<string, CsvProcesses & { readonly processes: SmiProcess[] }>()
  for (const printed of rows) {
    const lookup = lookupInRow(columns, joinFreeCells(columns, printed, 'process_name'))
    if (lookup === null) continue
    const card = readSmiCsvCard(lookup, byCard.size, id)
    const isNumbered = readCount(lookup('index')) !== null
    const key = `${lookup('uuid')} ${lookup('pci.bus_id')} ${lookup('index')}`
    const entry = byCard.get(key) ?? { card, isNumbered, processes: [] }
    byCard.set(key, entry)
    const texts = { pid: lookup('pid'), name: lookup('process_name') }
    const memoryMib = readQuantityOrNumber(lookup('used_gpu_memory'), 'MiB')
    entry.processes.push(readSmiProcess(texts, memoryMib))
  }
  return [...byCard.values()]
}

/** What all rows say, a version; `null` where they say different things. */
export function commonCell({ columns, rows }: CsvTable, field: string): string | null {
  const cells = new Set(rows.map((row) => readWord(lookupInRow(columns, row)?.(field))))
  const [cell = null] = cells
  return cells.size === 1 ? cell : null
}
