/**
 * The answers of amd-smi (`list`, `static`, `metric`, `monitor`, `process`, `partition`) to devices:
 * every answer is read by the same keys, whatever subcommand it is of. The top level is a list of
 * cards or, from ROCm 6.4 on, an object of lists (`gpu_data`, `current_partition`); several documents
 * may follow each other. The form for people is the same tree, drawn by indentation.
 */
import { type CardProcess, fillFrom, sparseCard } from '../card.ts'
import { type KeyNode, readKeyTree } from '../formats/key-tree.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import { readCount } from '../formats/text.ts'
import { hexIdOf } from '../rocm-smi/fields.ts'
import {
  isLooseList,
  isLooseObject,
  type LooseObject,
  type LooseValue,
  looseAt,
} from '../rocm-smi/loose-json.ts'
import type { AmdDevice, AmdOutput } from './devices.ts'
import { figureAt, memoryAt, textAt } from './smi-value.ts'

/** Sixteen cards in eight partitions each, in three documents; more are none of this tool's. */
const ENTRIES_MAX = 1_024
/** Objects of lists of cards; deeper ones belong to a card. */
const LIST_DEPTH_MAX = 3
/** ROCm 6.2 and later; before: `Not Found`. `N/A` is a list that could not be read. */
const NO_PROCESS = /^(?:No running processes detected|Not Found)$/i
/** Tables of what a card could be cut into, not of what it is. */
const POSSIBLE_PROFILES = ['profile_index', 'resource_type'] as const
/** No cut: `SPX`. The present one is marked by an asterisk. */
const MARK = /\*$/

/** `null` for documents without an entry of a card. */
export function readAmdSmiJson(documents: readonly LooseValue[]): AmdOutput | null {
  return outputOf(documents.flatMap((document) => entriesIn(document, 0)))
}

/** `GPU: 0`, and below it the same keys in capitals. */
export function readAmdSmiText(lines: readonly string[]): AmdOutput | null {
  const cards = readKeyTree(lines).filter(
    ({ key, value, children }) => key === 'GPU' && value !== null && children.length > 0,
  )
  return outputOf(cards.map((card) => ({ ...objectOf(card.children), gpu: card.value ?? '' })))
}

function outputOf(entries: readonly LooseObject[]): AmdOutput | null {
  const devices = new Map<number, AmdDevice>()
  for (const entry of entries.slice(0, ENTRIES_MAX)) {
    const index = readCount(textAt(entry, 'gpu', 'gpu_id'))
    if (index === null) continue
    const device = deviceOf(index, entry)
    const known = devices.get(index)
    devices.set(index, known === undefined ? device : fillFrom(known, device))
  }
  if (devices.size === 0) return null
  const versions = entries.map((entry) => textAt(entry, 'driver/version', 'driver/driver_version'))
  return {
    tool: 'amd-smi',
    toolVersion: null,
    driverVersion: versions.find((version) => version !== null) ?? null,
    devices: [...devices.values()],
    facts: { maker: 'amd' },
  }
}

function entriesIn(value: LooseValue, depth: number): LooseObject[] {
  if (depth > LIST_DEPTH_MAX) return []
  if (isLooseList(value)) return value.flatMap((inner) => entriesIn(inner, depth + 1))
  if (!isLooseObject(value)) return []
  const isCard = Object.hasOwn(value, 'gpu') || Object.hasOwn(value, 'gpu_id')
  if (!isCard) return Object.values(value).flatMap((inner) => entriesIn(inner, depth + 1))
  return POSSIBLE_PROFILES.some((key) => Object.hasOwn(value, key)) ? [] : [value]
}

function deviceOf(index: number, entry: LooseObject): AmdDevice {
  const pci = textAt(entry, 'bdf', 'bus/bdf')
  const edge = figureAt(entry, 'C', 'temperature/edge', 'temperature/edge_temperature')
  const hotspot = figureAt(
    entry,
    'C',
    'temperature/hotspot',
    'temperature/hotspot_temperature',
    'hotspot_temperature',
  )
  return {
    ...sparseCard(index),
    name: nameOf(entry),
    uuid: readId(textAt(entry, 'uuid')),
    serial: readId(textAt(entry, 'board/product_serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: memoryAt(
      entry,
      'MB',
      'mem_usage/total_vram',
      'vram_total',
      'vram/size',
      'fb_usage/fb_total',
      'mem_usage/vram',
    ),
    memory_used_mib: memoryAt(entry, 'MB', 'mem_usage/used_vram', 'vram_used', 'fb_usage/fb_used'),
    utilization_pct: figureAt(entry, '%', 'usage/gfx_activity', 'usage/gfx_usage', 'gfx'),
    power_w: figureAt(
      entry,
      'W',
      'power/socket_power',
      'power/current_socket_power',
      'power/average_socket_power',
      'power/current_power',
      'power_usage',
    ),
    temperature_c: edge ?? hotspot,
    processes: processesOf(entry),
    ...whereTold({
      power_cap_w: figureAt(
        entry,
        'W',
        'limit/max_power',
        'limit/socket_power',
        'limit/ppt0/socket_power_limit',
        'limit/power',
      ),
      temperature_junction_c: hotspot,
      memory_utilization_pct: figureAt(entry, '%', 'usage/umc_activity', 'usage/mem_usage', 'mem'),
      pci_id: pciIdOf(entry),
      asic_serial: readId(textAt(entry, 'asic/asic_serial')),
      ecc_uncorrected: figureAt(
        entry,
        '',
        'ecc/total_uncorrectable_count',
        'ecc/uncorrectable',
        'double_bit_ecc',
      ),
      ...partitionOf(entry),
    }),
  }
}

/** The id stands for the name where the system's table of ids lacks it. */
function nameOf(entry: LooseObject): string | null {
  const names = [textAt(entry, 'asic/market_name'), textAt(entry, 'board/product_name')]
  return names.find((name) => name !== null && hexIdOf(name) === null) ?? null
}

function pciIdOf(entry: LooseObject): string | null {
  const vendor = hexIdOf(textAt(entry, 'asic/vendor_id') ?? undefined)
  const device = hexIdOf(textAt(entry, 'asic/device_id') ?? undefined)
  if (vendor === null || device === null) return null
  return `${vendor.slice(2)}:${device.slice(2)}`.toLowerCase()
}

function partitionOf(entry: LooseObject): Partial<AmdDevice> {
  const compute = textAt(
    entry,
    'partition/compute_partition',
    'partition/accelerator_partition',
    'accelerator_type',
  )
  const memory = textAt(entry, 'partition/memory_partition', 'memory_partition/current', 'memory')
  return {
    compute_partition: compute?.replace(MARK, '') ?? null,
    memory_partition: memory?.replace(MARK, '') ?? null,
    partition_id: firstNumber(textAt(entry, 'partition_id', 'partition/partition_id')),
  }
}

/** Of a whole card all its numbers are printed: `0,1,2,3`. */
function firstNumber(text: string | null): number | null {
  return readCount(text?.split(',')[0])
}

/** The same process may stand under every card with the bytes of all: taken as it is printed. */
function processesOf(entry: LooseObject): CardProcess[] | null {
  const list = looseAt(entry, 'process_list') ?? looseAt(entry, 'process_info')
  const items = isLooseList(list) ? list : [list]
  const infos = items.map((item) => looseAt(item, 'process_info') ?? item)
  if (infos.every((info) => typeof info === 'string' && NO_PROCESS.test(info.trim()))) return []
  const processes = infos.map(processOf)
  const known = processes.filter((process) => process !== null)
  return known.length === processes.length ? known : null
}

function processOf(info: LooseValue | undefined): CardProcess | null {
  const pid = readCount(textAt(info ?? '', 'pid'))
  if (info === undefined || pid === null) return null
  return {
    pid,
    name: textAt(info, 'name'),
    memory_mib: memoryAt(info, 'B', 'memory_usage/vram_mem', 'mem_usage', 'mem'),
  }
}

function objectOf(nodes: readonly KeyNode[]): LooseObject {
  const entries = new Map<string, LooseValue>()
  const processes: LooseValue[] = []
  for (const { key, value, children } of nodes) {
    const name = key.toLowerCase()
    const inner = children.length === 0 ? (value ?? '') : objectOf(children)
    if (name === 'process_info') processes.push({ process_info: inner })
    else if (!entries.has(name)) entries.set(name, inner)
  }
  if (processes.length > 0) entries.set('process_list', processes)
  return Object.fromEntries(entries)
}

function whereTold(values: Partial<AmdDevice>): Partial<AmdDevice> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}
