/** Reads any output of vasmi by its structure: JSON, the file of processes, the monitor. */
import type { CardReading } from '../card.ts'
import { readOrRefuse, type ToolName } from '../refusal.ts'
import type { VastaiDevice } from './devices.ts'
import { parseVasmiDmon } from './parse-dmon.ts'
import { parseVasmiJson } from './parse-json.ts'
import { parseVasmiPmon } from './parse-pmon.ts'

const NAME: ToolName = { vendor: 'vastai', tool: 'vasmi' }

export function readVastai(text: string): CardReading<VastaiDevice> {
  return readOrRefuse(
    text,
    NAME,
    (lines) => parseVasmiJson(text) ?? parseVasmiPmon(lines) ?? parseVasmiDmon(lines),
  )
}
