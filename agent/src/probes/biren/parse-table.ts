/**
 * The table of plain `brsmi` (1.11.0): three rows per device under three header rows, then a table
 * of processes.
 */
import type { CardOutput } from '../card.ts'
import { cardDialect, readCardTable, type TableCard } from '../formats/card-table.ts'
import { readCount, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import type { BirenDevice } from './devices.ts'

const DIALECT = cardDialect('gpu', [{ words: 'svi m.', key: 'svi', value: '\\S.*' }])
const BANNER = /\bBR-SMI\s+(\d\S*)(?:.*?\bDriver Version:\s*(\S+))?/

/** `null`: no such table in the text. */
export function parseBrsmiTable(lines: readonly string[]): CardOutput<BirenDevice> | null {
  const table = readCardTable(lines, DIALECT)
  if (table === null) return null
  const [, toolVersion = null, driverVersion = null] = firstMatch(lines, BANNER) ?? []
  return { tool: 'brsmi', toolVersion, driverVersion, devices: table.cards.map(readDevice) }
}

function readDevice({ card, values }: TableCard): BirenDevice {
  return {
    ...card,
    ecc_uncorrected: readCount(values.get('ecc')),
    ...(values.has('svi') ? { svi_mode: readWord(values.get('svi')) } : {}),
  }
}
