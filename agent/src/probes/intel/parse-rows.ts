/**
 * Outputs of `xpu-smi` that are rows: `dump` of both generations, `--query-gpu` and `--list-gpus` of
 * 2.0, and `ps`. A last row without its line end may be cut and is left out.
 */
import { type CardFailure, type CardProcess, sparseCard, unreadable } from '../card.ts'
import { type CsvTable, readCsv, splitCells } from '../formats/csv.ts'
import { readId } from '../formats/printed-id.ts'
import type { ProcessRow } from '../formats/process-table.ts'
import { type Lookup, readSmiCsvCard, readSmiCsvCards, smiCsvDialect } from '../formats/smi-csv.ts'
import { readSmiList } from '../formats/smi-list.ts'
import { readCount, readNumber, readWord } from '../formats/text.ts'
import {
  devicesWithProcesses,
  type IntelDevice,
  type IntelOutput,
  intelOutput,
  mibOfKib,
  pciIdOf,
} from './devices.ts'

const DIALECT = smiCsvDialect(/--query-gpu[= ](\S+)/)

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

/** Rows of several rounds: the last one of each card counts. `null`: no such rows in the text. */
export function parseIntelDump(lines: readonly string[]): IntelOutput | CardFailure | null {
  const at = lines.findIndex((line) => DUMP_HEADER.test(line))
  if (at < 0) return null
  const columns = splitCells(lines[at] ?? '').map(dumpField)
  if (columns.includes('tile')) {
    return unreadable('These are figures of tiles, which say nothing of a card as a whole.')
  }
  const rows = lines.slice(at + 1).map(splitCells)
  const printed = readSmiCsvCards({ columns, hasHeader: true, rows }, (lookup) =>
    readCount(lookup('index')) === null ? null : readRow(lookup, 0),
  ).filter((device) => device !== null)
  return intelOutput([...new Map(printed.map((device) => [device.index, device])).values()])
}

function dumpField(title: string): string {
  const known = DUMP_TITLES.find((row) => row.title.test(title))?.field
  // 2.0 names them as in a query, with the unit behind.
  return known ?? title.replace(/ \([^()]*\)$/, '')
}

/** `null`: no rows, or nothing says what their columns are. */
export function parseIntelCsv(
  lines: readonly string[],
  command: string | null,
): IntelOutput | null {
  const filled = lines.filter((line) => line.trim() !== '')
  const table = filled.some((line) => line.includes(',')) ? readQuery(filled, command) : null
  return table === null ? null : intelOutput(readSmiCsvCards(table, readRow))
}

/** 2.0 puts units into round brackets where the others have square ones. */
function readQuery(lines: readonly string[], command: string | null): CsvTable | null {
  const [head = '', ...rest] = lines
  const header = head.replace(/ \(([^()\s]+)\)(?=\s*(?:,|$))/g, ' [$1]')
  return readCsv([header, ...rest], command, DIALECT)
}

function readRow(lookup: Lookup, ordinal: number): IntelDevice {
  return {
    ...readSmiCsvCard(lookup, ordinal),
    driver_version: readWord(lookup('driver_version')),
    pci_id: pciIdOf(lookup('pci.device_id')),
    ecc_uncorrected: readNumber(lookup('ecc.errors.uncorrected.aggregate.total')),
  }
}

/** `--list-gpus`: the maker's name stands in front of that of the card. `null`: no such list. */
export function parseIntelList(lines: readonly string[]): IntelOutput | null {
  const cards = readSmiList(lines, 'GPU').filter(({ name }) => /^Intel\b/.test(name ?? ''))
  if (cards.length === 0) return null
  return intelOutput(
    cards.map(({ index, name, uuid }) =>
      sparseCard(index, { name, uuid: readId(uuid?.replace(/^GPU-/, '')) }),
    ),
  )
}

const PS_HEADER = /^PID\s+Command\s+DeviceID\s+SHR\s+MEM\b/
/** The command may hold blanks, and is missing of a process that has ended. */
const PS_ROW = /^(\d+)\s+(?:(.*?)\s+)?(\d+)\s+(\d+)\s+(\d+)\s*$/

/**
 * One device per card that is named. A card without a row is not told to have none. `null`: no such
 * rows in the text.
 */
export function parseIntelPs(lines: readonly string[]): IntelOutput | null {
  const at = lines.findIndex((line) => PS_HEADER.test(line))
  if (at < 0) return null
  const rows = lines.slice(at + 1).flatMap((line): ProcessRow<CardProcess>[] => {
    const [, pid, name, device, , memory] = PS_ROW.exec(line) ?? []
    const card = readCount(device)
    if (card === null) return []
    const memory_mib = mibOfKib(readCount(memory))
    return [{ card, process: { pid: readCount(pid), name: readWord(name), memory_mib } }]
  })
  return intelOutput(devicesWithProcesses(rows))
}
