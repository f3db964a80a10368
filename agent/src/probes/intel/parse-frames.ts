/**
 * The framed texts of the subcommands `discovery`, `stats` and `health`: two columns, one section per
 * card that begins with its `Device ID`. Empty cells are unknown.
 */

import { sparseCard } from '../card.ts'
import { groupsBetweenBorders } from '../formats/bar-table.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import { readSizeMib } from '../formats/size.ts'
import { readCount, readNumber, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import {
  type IntelComponent,
  type IntelDevice,
  type IntelOutput,
  intelOutput,
  pciIdOf,
} from './devices.ts'

type Row = readonly [label: string, value: string]

/** `null`: no such frame in the text. */
export function parseIntelFrames(lines: readonly string[]): IntelOutput | null {
  if (firstMatch(lines, /^\s*\|\s*Device ID\s*\|/) === null) return null
  const groups = groupsBetweenBorders(lines).map(({ rows }) => rows.flatMap(pairOf))
  return intelOutput(splitSections(groups).flatMap(readSection))
}

/** A row of another width is none of these. */
function pairOf(cells: readonly string[]): Row[] {
  const [label = '', value = ''] = cells
  return cells.length === 2 ? [[label, value]] : []
}

interface Section {
  readonly index: number | null
  readonly rows: readonly Row[]
}

/**
 * `stats` and `health` say `Device ID | 0`; below the titles of `discovery` the number stands in
 * front of the first line about the card.
 */
function splitSections(groups: readonly (readonly Row[])[]): Section[] {
  const sections: { index: number | null; rows: Row[] }[] = []
  let isDiscovery = false
  for (const row of groups.flat()) {
    const [label, value] = row
    if (label === 'Device ID' && value === 'Device Information') isDiscovery = true
    else if (label === 'Device ID') sections.push({ index: readCount(value), rows: [] })
    else {
      const number = isDiscovery ? readCount(label) : null
      if (number !== null) sections.push({ index: number, rows: [] })
      sections.at(-1)?.rows.push(row)
    }
  }
  return sections
}

function readSection({ index, rows }: Section): IntelDevice[] {
  if (index === null) return []
  const components = componentsOf(rows)
  return [
    {
      ...sparseCard(index),
      ...readProperties(rows),
      ...readStats(rows),
      ...(components.length > 0 ? { components } : {}),
    },
  ]
}

/** `Device Name: Intel(R) …` in the second cell. Where none of them stands, nothing is told. */
function readProperties(rows: readonly Row[]): Partial<IntelDevice> {
  const values = new Map<string, string>()
  for (const [, cell] of rows) {
    const [, key, value] = /^([^:]+): ?(.*)$/.exec(cell) ?? []
    if (key !== undefined && value !== undefined && !values.has(key)) values.set(key, value)
  }
  const pci = readWord(values.get('PCI BDF Address') ?? values.get('PCI BDF'))
  if (!values.has('Device Name')) return { pci, pci_bdf: normalisePciAddress(pci) }
  return {
    name: readWord(values.get('Device Name')),
    uuid: readId(values.get('UUID') ?? values.get('SOC UUID')),
    serial: readId(values.get('Serial Number')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: readSizeMib(values.get('Memory Physical Size')),
    driver_version: readWord(values.get('Driver Version')),
    pci_id: pciIdOf(values.get('PCI Device ID')),
    function_type: readWord(values.get('Function Type')),
    device_state: readWord(values.get('Device State')),
    tiles: readCount(values.get('Number of Tiles')),
  }
}

/** A value of several tiles (`Tile 0: 1, Tile 1: 2`) is no figure of the card. */
function readStats(rows: readonly Row[]): Partial<IntelDevice> {
  const figure = (...labels: readonly RegExp[]) => {
    const row = rows.find(([label]) => labels.some((pattern) => pattern.test(label)))
    return readNumber(row?.[1])
  }
  // The label of the first one goes on in the next row.
  const utilization = figure(/^Average % utilization of\b/, /^GPU Utilization \(%\)$/)
  return {
    utilization_pct: utilization,
    memory_used_mib: figure(/^GPU Memory Used \(MiB\)$/),
    power_w: figure(/^GPU Power \(W\)$/),
    temperature_c: figure(/^GPU Core Temperature \(C\)$/),
    ecc_uncorrected: figure(/^Mem Errors Uncorrectable$/),
  }
}

/** `1. GPU Core Temperature | Status: Ok`; 2.0 has `[ memory_health ]` over `status | OK`. */
function componentsOf(rows: readonly Row[]): IntelComponent[] {
  const components: IntelComponent[] = []
  let component = ''
  for (const [label, value] of rows) {
    const title = /^(?:\d+\. (.+)|\[ (\w+) \])$/.exec(label)
    component = title?.[1] ?? title?.[2] ?? component
    const status = /^Status: ?(\S.*)$/.exec(value)?.[1] ?? (label === 'status' ? value : undefined)
    if (component !== '' && status !== undefined) components.push({ component, status })
  }
  return components
}
