/** Reads any output of brsmi by its structure: the table, XML, blocks, CSV. */
import type { CardReading } from '../card.ts'
import { toolLines } from '../formats/tool-lines.ts'
import { refused, refusedForeign, type ToolName } from '../refusal.ts'
import type { BirenDevice } from './devices.ts'
import { parseBrsmiBlocks, parseBrsmiCsv, parseBrsmiXml } from './parse-query.ts'
import { parseBrsmiTable } from './parse-table.ts'

const NAME: ToolName = { vendor: 'biren', tool: 'brsmi' }

export function readBiren(text: string, command: string | null): CardReading<BirenDevice> {
  const foreign = refusedForeign(text, NAME)
  if (foreign !== null) return foreign
  const lines = toolLines(text)
  const table = parseBrsmiTable(lines)
  const output =
    table ?? parseBrsmiXml(text) ?? parseBrsmiBlocks(lines) ?? parseBrsmiCsv(lines, command)
  if (output !== null && output.devices.length > 0) return output
  return refused(text, NAME, table === null ? null : 'The table has its headers and no card.')
}
