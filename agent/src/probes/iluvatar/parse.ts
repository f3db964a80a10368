/** Reads any output of ixsmi by its structure: XML, the table, `-L`, CSV. */

import { type CardReading, isFailure } from '../card.ts'
import { joinByNumber } from '../inventory-calls.ts'
import { type FailureText, readOrRefuse, type ToolName } from '../refusal.ts'
import { markSharedSerials } from '../shared-serials.ts'
import type { IluvatarDevice } from './devices.ts'
import { listedDevices, parseCsv } from './parse-lines.ts'
import { parseTable } from './parse-table.ts'
import { parseXml } from './parse-xml.ts'

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
  return readOrRefuse(text, NAME, (lines) => {
    const reading = readByStructure(text, lines, command)
    return reading === null || isFailure(reading)
      ? reading
      : { ...reading, devices: markSharedSerials(reading.devices) }
  })
}

function readByStructure(
  text: string,
  lines: readonly string[],
  command: string | null,
): CardReading<IluvatarDevice> | null {
  const listed = listedDevices(lines)
  const read = parseXml(text) ?? parseTable(lines)
  // Recordings hold both in one text; the list adds the ids that the table has not.
  if (read !== null) {
    return isFailure(read) ? read : { ...read, devices: joinByNumber(read.devices, listed) }
  }
  return listed.length > 0
    ? { tool: 'ixsmi', toolVersion: null, driverVersion: null, devices: listed }
    : parseCsv(lines, command)
}
