/**
 * The plain table of ixsmi, 3.0 to 4.4: two rows per die, then a box of processes. It has no ids.
 * On boards with two dies the power of the board stands on one of them, `N/A / N/A` on the other.
 * A table that names itself must have its headers; a piece of a log without any is read under the
 * known ones where every die bears the maker's name.
 */
import { type CardFailure, type CardOutput, unreadable } from '../card.ts'
import { cardDialect, readCardTable } from '../formats/card-table.ts'
import { readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { type IluvatarDevice, withoutDeadFigures } from './devices.ts'

const BANNER = /\bIX-ML:\s*(\S+)(?:\s+Driver Version:\s*(\S+))?/
const DIALECT = cardDialect('gpu')
/** Any of them shows that the text has headers of its own. */
const HEADER_WORD = /^\|.*\b(?:GPU\s+Name|Bus-Id|Pwr:Usage|Memory-Usage|GPU-Util)\b/
const KNOWN_HEADER = [
  '+------+',
  '| GPU  Name                     | Bus-Id               | Clock-SM  Clock-Mem  |',
  '| Fan  Temp  Perf  Pwr:Usage/Cap|      Memory-Usage    | GPU-Util  Compute M. |',
  '+------+',
]
const MAKER = /^Iluvatar\b/

/** `null`: no such table in the text. */
export function parseTable(
  lines: readonly string[],
): CardOutput<IluvatarDevice> | CardFailure | null {
  const banner = firstMatch(lines, BANNER)
  const isPiece = banner === null && firstMatch(lines, HEADER_WORD) === null
  const table = readCardTable(isPiece ? [...KNOWN_HEADER, ...lines] : lines, DIALECT)
  if (table === null) return unreadable('The table of ixsmi lacks some of its headers.')
  const devices = table.cards.map(({ card }) => withoutDeadFigures(card))
  const areNamed = devices.length > 0 && devices.every(({ name }) => MAKER.test(name ?? ''))
  if (isPiece && !areNamed) return null
  const [, toolVersion = null, driverVersion = null] = banner ?? []
  return { tool: 'ixsmi', toolVersion, driverVersion: readWord(driverVersion), devices }
}
