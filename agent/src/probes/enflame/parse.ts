/** Reads any output of efsmi by its structure: sections, their JSON, the table, the columns. */
import { type CardReading, isFailure } from '../card.ts'
import { toolLines } from '../formats/tool-lines.ts'
import { refused, refusedForeign, type ToolName } from '../refusal.ts'
import type { EnflameDevice } from './devices.ts'
import { parseColumns } from './parse-columns.ts'
import { parseSections, parseSectionsJson } from './parse-sections.ts'
import { parseTable } from './parse-table.ts'

/** No failure text of efsmi is published: the usual wordings must do. */
const NAME: ToolName = { vendor: 'enflame', tool: 'efsmi' }

export function readEnflame(text: string): CardReading<EnflameDevice> {
  const foreign = refusedForeign(text, NAME)
  if (foreign !== null) return foreign
  const reading = readByStructure(text)
  if (reading === null) return refused(text, NAME)
  if (isFailure(reading)) return refused(text, NAME, reading.failure.text)
  return reading.devices.length > 0 ? reading : refused(text, NAME, 'efsmi lists no device.')
}

function readByStructure(text: string): CardReading<EnflameDevice> | null {
  const lines = toolLines(text)
  return parseSections(lines) ?? parseTable(lines) ?? parseSectionsJson(text) ?? parseColumns(lines)
}
