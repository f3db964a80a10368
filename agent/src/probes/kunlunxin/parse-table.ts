/**
 * The table of `xpu-smi` 5.x: three lines per card, the third with the L3 cache, which is no memory
 * of the card, and the mode of SR-IOV. It has neither UUID nor serial.
 */
import { cardDialect, readCardTable, type TableCard } from '../formats/card-table.ts'
import { readCount, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { type KunlunxinDevice, type KunlunxinOutput, toolOf } from './devices.ts'

const BANNER = /^\|\s*XPU-SMI\s.*?Driver Version:\s*(\S+)(?:\s+XPU-RT Version:\s*(\S+))?/
const DIALECT = cardDialect('xpu', [
  { words: 'l3-usage', key: 'l3', value: '\\S+\\s*/\\s*\\S+' },
  { words: 'sr-iov m.', key: 'sriov', value: '\\S+' },
])

/** `null`: no such table in the text. */
export function parseKunlunxinTable(
  lines: readonly string[],
  command: string | null,
): KunlunxinOutput | null {
  const table = readCardTable(lines, DIALECT)
  if (table === null) return null
  const [, driverVersion = null, toolVersion = null] = firstMatch(lines, BANNER) ?? []
  const devices = table.cards.map(readDevice)
  return { tool: toolOf(command, 'xpu-smi'), toolVersion, driverVersion, devices }
}

function readDevice({ card, values }: TableCard): KunlunxinDevice {
  return {
    ...card,
    ecc_uncorrected: readCount(values.get('ecc')),
    sriov_mode: readWord(values.get('sriov')),
  }
}
