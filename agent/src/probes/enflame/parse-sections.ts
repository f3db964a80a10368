/**
 * `efsmi -q` with or without `-d`: sections of `key : value` per device, and the same sections as
 * JSON (`--json-format`). Sections are told by their headings and not by their indentation: up to
 * 1.6 the lines of `Link Info` stand no deeper than it, and copies lose it altogether. Memory is
 * read in its own section alone, because the BAR sections of 1.7 repeat the key `Total Size`.
 */
import type { CardOutput } from '../card.ts'
import { jsonListAt, jsonTextAt, readJsonObject } from '../formats/json-text.ts'
import { type KeyNode, nodeAt, readHeadedTree, valueAt } from '../formats/key-tree.ts'
import { normalisePciAddress, pciAddressOfParts } from '../formats/pci-address.ts'
import { readPciId } from '../formats/pci-id.ts'
import { readId } from '../formats/printed-id.ts'
import { readSizeMib } from '../formats/size.ts'
import {
  readCelsius,
  readCount,
  readNumber,
  readQuantityOrNumber,
  readWord,
} from '../formats/text.ts'
import { finishedLines, firstMatch } from '../formats/tool-lines.ts'
import { markSharedSerials } from '../shared-serials.ts'
import type { EnflameDevice } from './devices.ts'

const DEVICE = /^\s*DEV ID\s*:?\s*(\d{1,4})\s*$/i
/** Headings that come once per device; others (ports, channels) may repeat within one. */
const SECTIONS = new Set([
  'driver info',
  'device info',
  'pcie info',
  'power info',
  'device mem info',
  'temperature info',
  'device usage info',
  'ecc mode',
  'rma info',
  'error records',
  'power cable',
  'vpu info',
])
/** Where counters of double-bit errors stand: one per device, or one per channel of the memory. */
const ERROR_SECTIONS = ['RMA Info', 'Error Records']
const DOUBLE_BIT_KEY = /\bdbe\b(?!.*(?:limit|threshold))/
/** A last line without its line end is whole when its unit is there; a figure may have lost digits. */
const ENDS_WITH_UNIT = /\d\s*(?:%|[KMG]iB|W|C|℃|MHz|V)\s*$/
const BANNER = /\bEFSMI:?\s+V?(\d[\w.]*)/

/** The text of a key in a section; both as the tool prints them. */
type Lookup = (section: string, key: string) => string | null

/**
 * A device that the text breaks off in keeps what was told of it up to there. `null`: no section of
 * a device in the text.
 */
export function parseSections(lines: readonly string[]): CardOutput<EnflameDevice> | null {
  if (firstMatch(lines, DEVICE) === null) return null
  const blocks: { readonly index: number; readonly lines: string[] }[] = []
  for (const line of wholeLines(lines)) {
    const index = readCount(DEVICE.exec(line)?.[1])
    if (index !== null) blocks.push({ index, lines: [] })
    else blocks.at(-1)?.lines.push(line)
  }
  let driverVersion: string | null = null
  const devices = blocks.map((block) => {
    const tree = readHeadedTree(block.lines, (heading) => SECTIONS.has(heading))
    const lookup: Lookup = (section, key) => valueAt(tree, `${section}/${key}`) ?? null
    driverVersion ??= readWord(lookup('Driver Info', 'Ver'))
    return { ...deviceOf(block.index, lookup), double_bit_errors: doubleBitErrors(tree) }
  })
  return outputOf(devices, driverVersion, firstMatch(lines, BANNER)?.[1] ?? null)
}

/** `null` for a text that is no such JSON, or was cut. */
export function parseSectionsJson(text: string): CardOutput<EnflameDevice> | null {
  const root = readJsonObject(text)
  if (root === null) return null
  const devices = jsonListAt(root, 'devices').flatMap((node) => {
    const index = readCount(jsonTextAt(node, 'id'))
    const lookup: Lookup = (section, key) => jsonTextAt(node, `${section}/${key}`)
    return index === null ? [] : [deviceOf(index, lookup)]
  })
  return devices.length === 0 ? null : outputOf(devices, null, null)
}

function outputOf(
  devices: readonly EnflameDevice[],
  driverVersion: string | null,
  toolVersion: string | null,
): CardOutput<EnflameDevice> {
  return {
    tool: 'efsmi',
    // Tool and driver come in one package and bear its version.
    toolVersion: toolVersion ?? driverVersion,
    driverVersion,
    devices: markSharedSerials(devices),
  }
}

function deviceOf(index: number, lookup: Lookup): EnflameDevice {
  const memory = (key: string) => readMemory(lookup('Device Mem Info', key))
  const percent = (section: string, key: string) => readQuantityOrNumber(lookup(section, key), '%')
  return {
    index,
    name: readWord(lookup('Device Info', 'Dev Name')),
    uuid: readId(lookup('Device Info', 'Dev UUID')),
    serial: readId(lookup('Device Info', 'Dev SN')),
    pci: null,
    pci_bdf: normalisePciAddress(
      pciAddressOfParts(['Domain', 'Bus', 'Dev', 'Func'].map((key) => lookup('PCIe Info', key))),
    ),
    pci_id: readPciId(lookup('PCIe Info', 'Vendor ID'), lookup('PCIe Info', 'Device ID')),
    memory_total_mib: memory('Total Size') ?? memory('Mem Size'),
    memory_used_mib: memory('Used Size') ?? memory('Mem Usage'),
    memory_reserved_mib: memory('Reserved Size'),
    utilization_pct: percent('Device Usage Info', 'GCU Usage'),
    encoder_utilization_pct: percent('VPU Info', 'Encoder Usage'),
    decoder_utilization_pct: percent('VPU Info', 'Decoder Usage'),
    power_w: readQuantityOrNumber(lookup('Power Info', 'Cur Power'), 'W'),
    power_cap_w: readQuantityOrNumber(lookup('Power Info', 'Power Capa'), 'W'),
    temperature_c: readTemperature(lookup('Temperature Info', 'GCU Temp')),
    ecc: readWord(lookup('ECC Mode', 'Current')) ?? readWord(lookup('Device Mem Info', 'Mem Ecc')),
    healthy: readFlag(lookup('Device Info', 'Health')),
    rma: readFlag(lookup('RMA Info', 'Flags')),
    double_bit_errors: readCount(lookup('RMA Info', 'DBE')),
    power_cable: readWord(lookup('Power Cable', 'Status')),
    processes: null,
  }
}

/** The JSON prints MiB without their unit. */
function readMemory(text: string | null): number | null {
  return readSizeMib(text) ?? readNumber(text)
}

export function readTemperature(text: string | null | undefined): number | null {
  return readCelsius(text) ?? readNumber(text)
}

function readFlag(text: string | null): boolean | null {
  const word = text?.trim().toLowerCase()
  return word === 'true' ? true : word === 'false' ? false : null
}

/** The highest of the counters that are told; a sum would stand nowhere in the text. */
function doubleBitErrors(tree: readonly KeyNode[]): number | null {
  const counts = ERROR_SECTIONS.flatMap((section) => nodeAt(tree, section)?.children ?? [])
    .filter(({ key }) => DOUBLE_BIT_KEY.test(key))
    .map(({ value }) => readCount(value))
    .filter((count) => count !== null)
  return counts.length === 0 ? null : Math.max(...counts)
}

function wholeLines(lines: readonly string[]): readonly string[] {
  return ENDS_WITH_UNIT.test(lines.at(-1) ?? '') ? lines : finishedLines(lines)
}
