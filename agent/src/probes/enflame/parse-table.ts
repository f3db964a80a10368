/**
 * The plain table of efsmi: two rows per device, three cells each. Told by the headers: use in
 * percent (`DUsed`) and total memory, but not the memory in use; power stands there as
 * `105W  300W` up to 1.2 and as `68W / 300W` later. The table of 1.20 is drawn with stars, says
 * `DEV-Util` for `DUsed` and prints the UUID where later ones print the serial.
 */

import { type CardFailure, type CardOutput, unreadable } from '../card.ts'
import { cellsOf, isBorder } from '../formats/bar-table.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import { readSizeMib } from '../formats/size.ts'
import { readCount, readQuantity, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { markSharedSerials } from '../shared-serials.ts'
import type { EnflameDevice } from './devices.ts'
import { readTemperature } from './parse-sections.ts'

const BANNER = /\bEFSMI:?\s+V?(\d[\w.]*)(?:.*?Driver Ver:\s*(\S+))?/
const PCI_ADDRESS = /^(?:[0-9a-f]{1,8}:)?[0-9a-f]{1,2}:[0-9a-f]{1,2}\.[0-7]$/i

/** Which cell of a row holds what, by a word of its header. */
interface Header {
  readonly cells: number
  readonly at: Readonly<Record<string, number>>
  /** The id behind the use of the device. */
  readonly isUuid: boolean
}

const FIRST_HEADER: Readonly<Record<string, RegExp>> = {
  device: /^DEV\s+NAME$/i,
  firmware: /\bFW VER$/i,
  bus: /^BUS-ID\b/i,
}
const SECOND_HEADER: Readonly<Record<string, RegExp>> = {
  state: /^TEMP\b.*\bPwr\b/i,
  memory: /^Mem\b/i,
  use: /^(?:DUsed|DEV-Util)\b/i,
}

/** `null`: no such table in the text. */
export function parseTable(
  lines: readonly string[],
): CardOutput<EnflameDevice> | CardFailure | null {
  const rows = tableRows(lines)
  const first = headerIn(rows, FIRST_HEADER)
  const second = headerIn(rows, SECOND_HEADER)
  const banner = firstMatch(
    rows.map((cells) => cells.join('|')),
    BANNER,
  )
  if (banner === null && first === null) return null
  if (first === null || second === null) {
    return unreadable(
      'The table of efsmi lacks the headers DEV NAME, BUS-ID, TEMP Pwr, Mem or DUsed.',
    )
  }
  const devices: EnflameDevice[] = []
  let name: readonly string[] | null = null
  for (const row of rows) {
    if (isNameRow(row, first)) name = row
    else {
      if (name !== null && row.length === second.cells) {
        devices.push(...deviceOf(name, row, { first, second }))
      }
      name = null
    }
  }
  return {
    tool: 'efsmi',
    toolVersion: banner?.[1] ?? null,
    driverVersion: readWord(banner?.[2]),
    devices: markSharedSerials(devices),
  }
}

/** Rows of the text, bars or stars at their ends; the last one only where it is closed. */
function tableRows(lines: readonly string[]): string[][] {
  const filled = lines
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => line.replace(/^\*(.*)\*$/, '|$1|'))
  return filled
    .filter((line, at) => line.startsWith('|') && (at < filled.length - 1 || line.endsWith('|')))
    .filter((line) => !isBorder(line))
    .map(cellsOf)
}

/** `null` where one of the words is the header of no cell of any one row. */
function headerIn(
  rows: readonly (readonly string[])[],
  words: Readonly<Record<string, RegExp>>,
): Header | null {
  for (const cells of rows) {
    const at = Object.fromEntries(
      Object.entries(words).map(([name, word]) => [
        name,
        cells.findIndex((cell) => word.test(cell)),
      ]),
    )
    if (Object.values(at).every((index) => index >= 0)) {
      return { cells: cells.length, at, isUuid: cells.some((cell) => /\bUUID$/i.test(cell)) }
    }
  }
  return null
}

function isNameRow(cells: readonly string[], header: Header): boolean {
  const [address = ''] = words(cellAt(cells, header, 'bus'))
  return (
    cells.length === header.cells &&
    /^\d{1,4}\s+\S/.test(cellAt(cells, header, 'device')) &&
    PCI_ADDRESS.test(address)
  )
}

function deviceOf(
  name: readonly string[],
  state: readonly string[],
  { first, second }: { readonly first: Header; readonly second: Header },
): EnflameDevice[] {
  const [, number, model] = /^(\d+)\s+(.*)$/.exec(cellAt(name, first, 'device')) ?? []
  const index = readCount(number)
  if (index === null) return []
  const [pci = '', ecc] = words(cellAt(name, first, 'bus'))
  const [size = '', ...virt] = words(cellAt(state, second, 'memory'))
  const [used, id] = words(cellAt(state, second, 'use'))
  const device = {
    index,
    name: readWord(model),
    uuid: second.isUuid ? readId(id) : null,
    serial: second.isUuid ? null : readId(id),
    pci,
    pci_bdf: normalisePciAddress(pci),
    // 1.20 prints `32G`.
    memory_total_mib: readSizeMib(size.replace(/G$/, 'GiB')),
    memory_used_mib: null,
    utilization_pct: readQuantity(used, '%'),
    ...stateOf(cellAt(state, second, 'state')),
    firmware: readWord(cellAt(name, first, 'firmware')),
    ecc: readWord(ecc),
    virt: readWord(virt.join(' ')),
    processes: null,
  }
  return [device]
}

/** Temperature, a mode of the power manager, power, and mostly its limit. */
function stateOf(cell: string): Pick<EnflameDevice, 'temperature_c' | 'power_w' | 'power_cap_w'> {
  const values = words(
    cell
      // `39 C` is one value; the slash between power and limit is none, that of `N/A` is.
      .replace(/\s+(?=[C℃](?:\s|$))/g, '')
      .replace(/(W|N\/A|-)\s*\/\s*(?=[\dN-])/g, '$1 '),
  )
  const [temperature, , power, limit] = values
  if (values.length < 3 || values.length > 4) {
    return { temperature_c: null, power_w: null, power_cap_w: null }
  }
  return {
    temperature_c: readTemperature(temperature),
    power_w: readQuantity(power, 'W'),
    power_cap_w: readQuantity(limit, 'W'),
  }
}

function cellAt(cells: readonly string[], header: Header, name: string): string {
  return cells[header.at[name] ?? -1] ?? ''
}

function words(cell: string): string[] {
  return cell.split(/\s+/).filter(Boolean)
}
