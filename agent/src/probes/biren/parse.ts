/** Reads any output of brsmi by its structure: the table, XML, blocks, CSV. */
import type { CardReading } from '../card.ts'
import { readOrRefuse, type ToolName } from '../refusal.ts'
import type { BirenDevice } from './devices.ts'
import { parseBrsmiBlocks, parseBrsmiCsv, parseBrsmiXml } from './parse-query.ts'
import { parseBrsmiTable } from './parse-table.ts'

const NAME: ToolName = { vendor: 'biren', tool: 'brsmi' }

export function readBiren(text: string, command: string | null): CardReading<BirenDevice> {
  return readOrRefuse(
    text,
    NAME,
    (lines) =>
      parseBrsmiTable(lines) ??
      parseBrsmiXml(text) ??
      parseBrsmiBlocks(lines) ??
      parseBrsmiCsv(lines, command),
  )
}
