/**
 * The table of `xpu-smi` 2.0, which looks like that of nvidia-smi. Under "Volatile Uncorr. ECC" it
 * prints whether ECC is on, not a count; a name too long for its cell is broken after 22 characters.
 */
import { cardDialect, readCardTable, type TableCard } from '../formats/card-table.ts'
import { readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { type IntelDevice, type IntelOutput, TOOL } from './devices.ts'

const BANNER = /\bIntel XPU-SMI v?(\d\S*)(?:\s+Driver: (\S+))?/
/** Width of a name's cell in 2.0 (`kNameWidth` of its source). */
const NAME_CHARS = 22
const DIALECT = cardDialect('gpu')

/** `null` for a text without its banner, which tells it from every other table of this form. */
export function parseIntelTable(lines: readonly string[]): IntelOutput | null {
  const banner = firstMatch(lines, BANNER)
  if (banner === null) return null
  const [, toolVersion = null, driverVersion = null] = banner
  const devices = readCardTable(lines, DIALECT)?.cards.map(readDevice) ?? []
  return { tool: TOOL, toolVersion, driverVersion, devices }
}

function readDevice({ card, nameRest }: TableCard): IntelDevice {
  return { ...card, name: readWord(joinedName([card.name ?? '', ...nameRest])) }
}

/** A blank at the break is not printed; a shorter piece shows that it was there. */
function joinedName(pieces: readonly string[]): string {
  return pieces
    .map((piece, at) => (at < pieces.length - 1 ? piece.padEnd(NAME_CHARS) : piece))
    .join('')
}
