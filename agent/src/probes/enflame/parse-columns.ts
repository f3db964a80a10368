/**
 * Views of efsmi in columns without bars: the monitor (`--dmon`) and the list (`-L`). Columns are
 * told by their titles, which differ between chips (T20 has two memory temperatures and no size of
 * the memory); a row with another number of values than there are titles is left out.
 */
import { type CardOutput, sparseCard } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import { readCount, readQuantityOrNumber, readWord } from '../formats/text.ts'
import type { EnflameDevice } from './devices.ts'
import { readTemperature } from './parse-sections.ts'

/** Titles by the field they stand for; in lower case, without their units. */
const MONITOR_TITLES: Readonly<Record<string, string>> = {
  gcu: 'index',
  dev: 'index',
  pwr: 'power',
  dtemp: 'temperature',
  temp: 'temperature',
  dused: 'utilization',
  mused: 'memoryUsed',
  mem: 'memoryTotal',
}
const LIST_TITLES: Readonly<Record<string, string>> = {
  dev: 'index',
  sn: 'serial',
  bus: 'pci',
  uuid: 'uuid',
}
/** Titles of two words, made one. */
const PAIRS: readonly (readonly [RegExp, string])[] = [
  [/\b(gcu|dev) (?:idx|id)\b/gi, '$1'],
  [/\blogic id\b/gi, 'logic'],
  [/\bcpu affinity\b/gi, 'affinity'],
]

type Row = (field: string) => string | undefined

interface Columns {
  readonly rows: readonly Row[]
  /** The line below the titles, where it holds units. */
  readonly units: string
}

/** `null` for a text that is neither view. */
export function parseColumns(lines: readonly string[]): CardOutput<EnflameDevice> | null {
  const monitor = readColumns(lines, MONITOR_TITLES, ['index', 'utilization'])
  if (monitor !== null) return outputOf(lastSamples(monitor))
  const list = readColumns(lines, LIST_TITLES, ['index', 'serial', 'pci'])
  return list === null ? null : outputOf(list.rows.flatMap(listedDevice))
}

function outputOf(devices: readonly EnflameDevice[]): CardOutput<EnflameDevice> {
  return { tool: 'efsmi', toolVersion: null, driverVersion: null, devices }
}

/** The monitor goes on printing: of each device the newest row counts. */
function lastSamples({ rows, units }: Columns): EnflameDevice[] {
  const isSizeInMib = !/\bG(?:iB|B)?\b/i.test(units)
  const byIndex = new Map<number, EnflameDevice>()
  for (const row of rows) {
    const index = readCount(row('index'))
    if (index === null) continue
    byIndex.set(index, {
      ...sparseCard(index),
      memory_total_mib: isSizeInMib ? readQuantityOrNumber(row('memoryTotal'), 'MiB') : null,
      memory_used_pct: readQuantityOrNumber(row('memoryUsed'), '%'),
      utilization_pct: readQuantityOrNumber(row('utilization'), '%'),
      power_w: readQuantityOrNumber(row('power'), 'W'),
      temperature_c: readTemperature(row('temperature')),
    })
  }
  return [...byIndex.values()]
}

function listedDevice(row: Row): EnflameDevice[] {
  const index = readCount(row('index'))
  const pci = readWord(row('pci'))
  const pciBdf = normalisePciAddress(pci)
  if (index === null || pciBdf === null) return []
  const ids = { uuid: readId(row('uuid')), serial: readId(row('serial')) }
  return [{ ...sparseCard(index), ...ids, pci, pci_bdf: pciBdf }]
}

function readColumns(
  lines: readonly string[],
  titles: Readonly<Record<string, string>>,
  required: readonly string[],
): Columns | null {
  const at = lines.findIndex((line) => hasFields(fieldsOf(line, titles), required))
  const fields = fieldsOf(lines[at] ?? '', titles)
  if (at < 0) return null
  const rows: Row[] = []
  let before: readonly string[] = []
  for (const [offset, line] of lines.slice(at + 1).entries()) {
    const values = valuesOf(line)
    if (values.length !== fields.length || !/^\d+$/.test(values[0] ?? '')) continue
    const isUnfinished = at + 1 + offset === lines.length - 1
    // Without its line end the last value may have lost a part, unless it is as long as another.
    const isCut = isUnfinished && values.at(-1)?.length !== before.at(-1)?.length
    const read = isCut ? values.slice(0, -1) : values
    before = values
    rows.push((field) => {
      const column = fields.indexOf(field)
      return column < 0 ? undefined : read[column]
    })
  }
  return { rows, units: lines[at + 1] ?? '' }
}

function hasFields(fields: readonly string[], required: readonly string[]): boolean {
  return required.every((field) => fields.filter((other) => other === field).length === 1)
}

function fieldsOf(line: string, titles: Readonly<Record<string, string>>): string[] {
  const joined = PAIRS.reduce(
    (text, [pair, one]) => text.replace(pair, one),
    valuesOf(line).join(' '),
  )
  return joined
    .split(' ')
    .map((title) => title.replace(/\(.*\)$/, '').toLowerCase())
    .map((title) => (Object.hasOwn(titles, title) ? (titles[title] ?? title) : title))
}

/** Words of a line; what decorates it (`#`, `*`, `|`) is none. */
function valuesOf(line: string): string[] {
  return line.replace(/[#*|]/g, ' ').split(/\s+/).filter(Boolean)
}
