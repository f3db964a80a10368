/**
 * Outputs of `xpu-smi` that are rows: `dump` of both generations, `--query-gpu` and `--list-gpus` of
 * 2.0, and `ps`. A last row without its line end may be cut and is left out.
 */
import { type CardFailure, type CardProcess, sparseCard, unreadable } from '../card.ts'
import { type CsvDialect, type CsvTable, lookupInRow, readCsv, splitCells } from '../csv.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readId } from '../printed-id.ts'
import { readCount, readNumber, readQuantityOrNumber, readWord } from '../text.ts'
import { type IntelDevice, type IntelOutput, intelOutput, mibOfKib, pciIdOf } from './devices.ts'

const DIALECT: CsvDialect = {
  fieldList: /--query-gpu[= ](\S+)/,
  aliases: {
    gpu_name: 'name',
    gpu_index: 'index',
    gpu_uuid: 'uuid',
    gpu_serial: 'serial',
    gpu_bus_id: 'pci.bus_id',
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
    'utilization.gpu',
    'power.draw',
    'power.limit',
    'temperature.gpu',
  ]),
}

/** What `dump` calls the fields of a query: 1.x by a sentence, which changed between releases. */
const DUMP_TITLES: readonly { readonly title: RegExp; readonly field: string }[] = [
  { title: /^Timestamp$/, field: 'timestamp' },
  { title: /^DeviceId$/, field: 'index' },
  { title: /^TileId$/, field: 'tile' },
  {
    title: /^(?:Average % utilization of all GPU Engines|GPU Utilization \(%\))$/,
    field: 'utilization.gpu',
  },
  { title: /^GPU Power \(W\)$/, field: 'power.draw' },
  { title: /^GPU Core Temperature \(.+\)$/, field: 'temperature.gpu' },
  { title: /^GPU Memory Used \(MiB\)$/, field: 'memory.used' },
  { title: /^GPU Memory Errors Uncorrectable$/, field: 'ecc.errors.uncorrected.aggregate.total' },
]

const DUMP_HEADER = /^\s*Timestamp,\s*DeviceId\b/

export function isIntelDump(lines: readonly string[]): boolean {
  return lines.some((line) => DUMP_HEADER.test(line))
}

/** Rows of several rounds: the last one of each card counts. */
export function parseIntelDump(lines: readonly string[]): IntelOutput | CardFailure {
  const at = lines.findIndex((line) => DUMP_HEADER.test(line))
  const columns = splitCells(lines[at] ?? '').map(dumpField)
  if (columns.includes('tile')) {
    return unreadable('These are figures of tiles, which say nothing of a card as a whole.')
  }
  const rows = lines.slice(at + 1).map(splitCells)
  const devices = new Map<number, IntelDevice>()
  for (const row of rows) {
    const device = readRow({ columns, hasHeader: true, rows }, row, null)
    if (device !== null) devices.set(device.index, device)
  }
  return intelOutput([...devices.values()])
}

function dumpField(title: string): string {
  const known = DUMP_TITLES.find((row) => row.title.test(title))?.field
  // 2.0 names them as in a query, with the unit behind.
  return known ?? title.replace(/ \([^()]*\)$/, '')
}

export function isIntelCsv(lines: readonly string[], command: string | null): boolean {
  const filled = lines.filter((line) => line.trim() !== '')
  return filled.some((line) => line.includes(',')) && readQuery(filled, command) !== null
}

export function parseIntelCsv(
  lines: readonly string[],
  command: string | null,
): IntelOutput | CardFailure {
  const table = readQuery(lines, command)
  if (table === null) {
    return unreadable('The CSV has no header line, and no command with its field list was given.')
  }
  const devices = table.rows.map((row, ordinal) => readRow(table, row, ordinal))
  return intelOutput(devices.filter((device) => device !== null))
}

/** 2.0 puts units into round brackets where the others have square ones. */
function readQuery(lines: readonly string[], command: string | null): CsvTable | null {
  const [head = '', ...rest] = lines
  const header = head.replace(/ \(([^()\s]+)\)(?=\s*(?:,|$))/g, ' [$1]')
  return readCsv([header, ...rest], command, DIALECT)
}

/** `ordinal`: the number where no column has it; `null` where there must be one. */
function readRow(
  { columns }: CsvTable,
  row: readonly string[],
  ordinal: number | null,
): IntelDevice | null {
  const lookup = lookupInRow(columns, row)
  const index = lookup === null ? null : (readCount(lookup('index')) ?? ordinal)
  if (lookup === null || index === null) return null
  const pci = readWord(lookup('pci.bus_id'))
  return {
    ...sparseCard(index),
    name: readWord(lookup('name')),
    uuid: readId(lookup('uuid')),
    serial: readId(lookup('serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: readQuantityOrNumber(lookup('memory.total'), 'MiB'),
    memory_used_mib: readQuantityOrNumber(lookup('memory.used'), 'MiB'),
    utilization_pct: readQuantityOrNumber(lookup('utilization.gpu'), '%'),
    power_w: readQuantityOrNumber(lookup('power.draw'), 'W'),
    power_cap_w: readQuantityOrNumber(lookup('power.limit'), 'W'),
    temperature_c: readQuantityOrNumber(lookup('temperature.gpu'), 'C'),
    driver_version: readWord(lookup('driver_version')),
    pci_id: pciIdOf(lookup('pci.device_id')),
    ecc_uncorrected: readNumber(lookup('ecc.errors.uncorrected.aggregate.total')),
  }
}

const LIST_LINE = /^GPU (\d+): (Intel\b.+?) \(UUID: (?:GPU-)?([\w-]+)\)\s*$/

export function isIntelList(lines: readonly string[]): boolean {
  return lines.some((line) => LIST_LINE.test(line))
}

export function parseIntelList(lines: readonly string[]): IntelOutput {
  const devices = lines.flatMap((line): IntelDevice[] => {
    const [, number, name, uuid] = LIST_LINE.exec(line) ?? []
    const index = readCount(number)
    return index === null
      ? []
      : [{ ...sparseCard(index), name: readWord(name), uuid: readId(uuid) }]
  })
  return intelOutput(devices)
}

const PS_HEADER = /^PID\s+Command\s+DeviceID\s+SHR\s+MEM\b/
/** The command may hold blanks, and is missing of a process that has ended. */
const PS_ROW = /^(\d+)\s+(?:(.*?)\s+)?(\d+)\s+(\d+)\s+(\d+)\s*$/

export function isIntelPs(lines: readonly string[]): boolean {
  return lines.some((line) => PS_HEADER.test(line))
}

/** One device per card that is named. A card without a row is not told to have none. */
export function parseIntelPs(lines: readonly string[]): IntelOutput {
  const at = lines.findIndex((line) => PS_HEADER.test(line))
  const devices = new Map<number, CardProcess[]>()
  for (const line of lines.slice(at + 1)) {
    const [, pid, name, device, , memory] = PS_ROW.exec(line) ?? []
    const index = readCount(device)
    if (index === null) continue
    const processes = devices.get(index) ?? []
    devices.set(index, processes)
    processes.push({
      pid: readCount(pid),
      name: readWord(name),
      memory_mib: mibOfKib(readCount(memory)),
    })
  }
  return intelOutput(
    [...devices].map(([index, processes]) => ({ ...sparseCard(index), processes })),
  )
}
