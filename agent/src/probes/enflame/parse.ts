/** Reads any output of efsmi by its structure: sections, their JSON, the table, the columns. */
import type { CardReading } from '../card.ts'
import { readOrRefuse, type ToolName } from '../refusal.ts'
import type { EnflameDevice } from './devices.ts'
import { parseColumns } from './parse-columns.ts'
import { parseSections, parseSectionsJson } from './parse-sections.ts'
import { parseTable } from './parse-table.ts'

/** No failure text of efsmi is published: the usual wordings must do. */
const NAME: ToolName = { vendor: 'enflame', tool: 'efsmi' }

export function readEnflame(text: string): CardReading<EnflameDevice> {
  return readOrRefuse(
    text,
    NAME,
    (lines) =>
      parseSections(lines) ?? parseTable(lines) ?? parseSectionsJson(text) ?? parseColumns(lines),
  )
}
