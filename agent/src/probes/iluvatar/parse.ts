/** Reads any output of ixsmi by its structure: XML, the table, `-L`, CSV. */
import { groupsBetweenBorders } from '../bar-table.ts'
import { type CardFailure, type CardOutput, type CardReading, isFailure } from '../card.ts'
import { joinByNumber } from '../inventory-calls.ts'
import { type FailureText, refused, refusedForeign, type ToolName } from '../refusal.ts'
import { markSharedSerials } from '../shared-serials.ts'
import { toolLines } from '../tool-lines.ts'
import type { IluvatarDevice } from './devices.ts'
import { listedDevices, parseCsv } from './parse-lines.ts'
import { isIluvatarTable, parseTable } from './parse-table.ts'
import { isIluvatarXml, parseXml } from './parse-xml.ts'

const TEXTS: readonly FailureText[] = [
  {
    pattern: /is not a valid field to query/i,
    class: 'unknown_field',
    code: 'tool_failed',
    advice: 'This version does not know one of the fields asked for, and then answers none.',
  },
  {
    pattern: /error while loading shared libraries/i,
    class: 'library_missing',
    code: 'library_missing',
    advice: 'LD_LIBRARY_PATH must hold the lib folder of CoreX, mostly /usr/local/corex/lib64.',
  },
]
const NAME: ToolName = { vendor: 'iluvatar', tool: 'ixsmi', texts: TEXTS }

export function readIluvatar(text: string, command: string | null): CardReading<IluvatarDevice> {
  const foreign = refusedForeign(text, NAME)
  if (foreign !== null) return foreign
  const reading = readByStructure(text, command)
  if (reading === null) return refused(text, NAME)
  if (isFailure(reading)) return refused(text, NAME, reading.failure.text)
  return reading.devices.length > 0
    ? { ...reading, devices: markSharedSerials(reading.devices) }
    : refused(text, NAME, 'ixsmi lists no device.')
}

function readByStructure(
  text: string,
  command: string | null,
): CardOutput<IluvatarDevice> | CardFailure | null {
  if (isIluvatarXml(text)) return parseXml(text)
  const lines = toolLines(text)
  const listed = listedDevices(lines)
  const groups = groupsBetweenBorders(lines)
  if (isIluvatarTable(groups)) {
    const table = parseTable(groups)
    // Recordings hold both in one text; the list adds the ids that the table has not.
    return isFailure(table) ? table : { ...table, devices: joinByNumber(table.devices, listed) }
  }
  if (listed.length > 0) {
    return { tool: 'ixsmi', toolVersion: null, driverVersion: null, devices: listed }
  }
  const filled = lines.filter((line) => line.trim() !== '')
  const isCsv = filled.length > 0 && filled.every((line) => line.includes(','))
  return isCsv ? parseCsv(lines, command) : null
}
