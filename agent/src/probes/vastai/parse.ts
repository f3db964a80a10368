/** Reads any output of vasmi by its structure: JSON, the file of processes, the monitor. */
import type { CardReading } from '../card.ts'
import { toolLines } from '../formats/tool-lines.ts'
import { refused, refusedForeign, type ToolName } from '../refusal.ts'
import type { VastaiDevice } from './devices.ts'
import { parseVasmiDmon } from './parse-dmon.ts'
import { parseVasmiJson } from './parse-json.ts'
import { parseVasmiPmon } from './parse-pmon.ts'

const NAME: ToolName = { vendor: 'vastai', tool: 'vasmi' }

export function readVastai(text: string): CardReading<VastaiDevice> {
  const foreign = refusedForeign(text, NAME)
  if (foreign !== null) return foreign
  const lines = toolLines(text)
  const output = parseVasmiJson(text) ?? parseVasmiPmon(lines) ?? parseVasmiDmon(lines)
  return output !== null && output.devices.length > 0 ? output : refused(text, NAME)
}
