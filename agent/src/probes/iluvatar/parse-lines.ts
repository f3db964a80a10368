/**
 * The one-line forms of ixsmi: `-L`, and CSV of `--query-gpu=…`. Names of fields drift between
 * versions (`power.draw`, from 4.x `gpu.power.draw`), and one unknown name fails the whole query.
 */
import { type CardFailure, type CardOutput, sparseCard, unreadable } from '../card.ts'
import { readCsv } from '../formats/csv.ts'
import { readId } from '../formats/printed-id.ts'
import {
  commonCell,
  type Lookup,
  readSmiCsvCard,
  readSmiCsvCards,
  smiCsvDialect,
} from '../formats/smi-csv.ts'
import { readSmiList } from '../formats/smi-list.ts'
import { readQuantityOrNumber } from '../formats/text.ts'
import { type IluvatarDevice, withoutDeadFigures } from './devices.ts'

/** Ids by the tool's number; empty for a text without such a line. */
export function listedDevices(lines: readonly string[]): IluvatarDevice[] {
  return readSmiList(lines, 'GPU').map(({ index, name, uuid }) =>
    sparseCard(index, { name, uuid: readId(uuid) }),
  )
}

const DIALECT = smiCsvDialect(
  /--query-gpu=(\S+)/,
  {
    'gpu.power.draw': 'power.draw',
    'gpu.power.limit': 'power.limit',
    'gpu.current.power.limit': 'power.limit',
  },
  ['board.power.draw'],
)

/** `null` for a text that has lines which are no rows. */
export function parseCsv(
  lines: readonly string[],
  command: string | null,
): CardOutput<IluvatarDevice> | CardFailure | null {
  const filled = lines.filter((line) => line.trim() !== '')
  if (filled.length === 0 || !filled.every((line) => line.includes(','))) return null
  const isUnfinished = (lines.at(-1) ?? '').trim() !== ''
  const table = readCsv(isUnfinished ? withoutCutCell(filled) : filled, command, DIALECT)
  if (table === null) {
    return unreadable(
      'The CSV has no header line, and no command with its field list was given (--command).',
    )
  }
  const driverVersion = commonCell(table, 'driver_version')
  const devices = readSmiCsvCards(table, readRow)
  return { tool: 'ixsmi', toolVersion: driverVersion, driverVersion, devices }
}

function readRow(lookup: Lookup, ordinal: number): IluvatarDevice {
  return withoutDeadFigures({
    ...readSmiCsvCard(lookup, ordinal),
    board_power_w: readQuantityOrNumber(lookup('board.power.draw'), 'W'),
  })
}

/** The last cell of a text that was cut may be half of itself, unless its unit is there. */
function withoutCutCell(rows: readonly string[]): readonly string[] {
  const last = rows.at(-1) ?? ''
  if (/\s(?:MiB|%|W|C)$/.test(last)) return rows
  return [...rows.slice(0, -1), last.slice(0, last.lastIndexOf(',') + 1)]
}
