/**
 * `nvidia-smi --query-gpu=…` and `--query-compute-apps=…` with `--format=csv`, with or without
 * header and units.
 */
import { isFailure, unreadable } from '../card.ts'
import { lookupInRow, splitCells } from '../formats/csv.ts'
import {
  commonCell,
  isProcessCsv,
  readSmiCsvCards,
  readSmiCsvProcesses,
} from '../formats/smi-csv.ts'
import type { SmiProcess } from '../formats/smi-process.ts'
import { readCount, readWord, splitLines } from '../formats/text.ts'
import { nvidiaHeader, readNvidiaCsv } from './csv-columns.ts'
import { type NvidiaDevice, type NvidiaReading, nvidiaOutput } from './devices.ts'
import { nvidiaErrors } from './error-texts.ts'
import { CSV_PATHS, deviceFromFields, type Lookup } from './fields.ts'

export function parseNvidiaCsv(lines: readonly string[], command: string | null): NvidiaReading {
  const table = readNvidiaCsv(lines, command)
  if (table === null) {
    return unreadable(
      'The CSV has no header line, and no command with its field list was given (--command).',
    )
  }
  // Ids as printed: which of them name a card is told where units are made.
  const devices = isProcessCsv(table)
    ? readSmiCsvProcesses(table, readWord).map(({ card, processes }) => ({ ...card, processes }))
    : readSmiCsvCards(table, readDevice)
  if (devices.length === 0 && table.rows.length > 0) {
    return unreadable('No row of the CSV has as many cells as there are columns.')
  }
  const facts = table.hasHeader ? { columns: table.columns.length } : {}
  return nvidiaOutput(devices, commonCell(table, 'driver_version'), facts)
}

/** Processes by UUID of their card; `null` where the text does not tell of all of them. */
export function readComputeApps(
  text: string,
  command: string,
): ReadonlyMap<string, readonly SmiProcess[]> | null {
  if (nvidiaErrors(text).length > 0) return null
  const lines = splitLines(text).filter((line) => line.trim() !== '')
  const [first = ''] = lines
  if (first === '' || /^No running \w* ?process/i.test(first)) return new Map()
  const reading = parseNvidiaCsv(lines, command)
  if (isFailure(reading)) return null
  const header = nvidiaHeader(splitCells(first))
  if (header !== null && !header.includes('pid')) return null
  const listed = reading.devices.reduce((sum, { processes }) => sum + (processes?.length ?? 0), 0)
  // A row that could not be read hides a process somewhere.
  if (listed < lines.length - (header === null ? 0 : 1)) return null
  const byUuid = new Map<string, readonly SmiProcess[]>()
  for (const { uuid, processes } of reading.devices) {
    // A process of a card that cannot be told may be one of any card.
    if (uuid === null) return null
    byUuid.set(uuid, processes ?? [])
  }
  return byUuid
}

/** Rows of a query over GPUs, for callers that know the columns. */
export function deviceOfRow(
  columns: readonly (string | null)[],
  row: readonly string[],
  ordinal: number,
): NvidiaDevice | null {
  const lookup = lookupInRow(columns, row)
  return lookup === null ? null : readDevice(lookup, ordinal)
}

function readDevice(lookup: Lookup, ordinal: number): NvidiaDevice {
  const index = readCount(lookup('index')) ?? ordinal
  return deviceFromFields({ index, paths: CSV_PATHS, lookup, unitsOptional: true })
}
