/**
 * `nvidia-smi --query-gpu=…` and `--query-compute-apps=…` with `--format=csv`, with or without
 * header and units.
 */
import { unreadable } from '../card.ts'
import { lookupInRow } from '../formats/csv.ts'
import {
  commonCell,
  isProcessCsv,
  readSmiCsvCards,
  readSmiCsvProcesses,
} from '../formats/smi-csv.ts'
import { readCount, readWord } from '../formats/text.ts'
import { readNvidiaCsv } from './csv-columns.ts'
import { type NvidiaDevice, type NvidiaReading, nvidiaOutput } from './devices.ts'
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
