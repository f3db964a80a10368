/**
 * The table of `npu-smi info`, layouts of 20.2.0 to 26.x: two header lines, then two rows per chip,
 * then (where the version prints it) a table of processes. Everything is found by header text;
 * borders, widths and blanks differ between versions and documents and are not relied on. Elided
 * rows stay missing. A table without its headers is refused.
 */

import type { CardProcess } from '../card.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readNumber, readWord } from '../text.ts'
import { type Column, readDataLine, readHeaderLine, readPair, type Values } from './cells.ts'
import type { AscendDevice, AscendReading } from './devices.ts'

const BANNER = /npu-smi\s+v?(\d\S*)\s+Version:\s*(\S+)/
/** Borders of all versions hold nothing but these; one document has a typo in its last one. */
const BORDER = /^[+|][-+=|]+$/
const NO_PROCESSES = /No running processes found in NPU\s+(\d+)/

interface ChipHeader {
  readonly first: Column[][]
  readonly second: Column[][]
}

interface TableParts {
  readonly chips: { readonly first: Values; readonly second: Values }[]
  readonly processRows: Values[]
  /** Cards the tool says have no process. */
  readonly quietNpus: Set<number>
  /** A process row that could not be read: no list is complete. */
  unreadProcessRows: number
  hasHeader: boolean
  hasProcessTable: boolean
}

export function parseAscendTable(lines: readonly string[]): AscendReading {
  const parts = splitParts(lines)
  if (!parts.hasHeader) {
    return { unreadable: 'The table lacks its header lines (NPU, Health, Bus-Id, Memory-Usage).' }
  }
  const [, toolVersion = null, driverVersion = null] = BANNER.exec(lines.join('\n')) ?? []
  const devices = parts.chips.map(({ first, second }, index) => readChip(first, second, index))
  const counted = devices.filter((device) => device.duplicate_of === undefined)
  return {
    toolVersion,
    driverVersion,
    devices: markDuplicates(devices).map((device) => withProcesses(device, parts, devices)),
    listsProcesses: parts.hasProcessTable,
    facts: {
      chip_count: counted.length,
      card_count: new Set(counted.map((device) => device.npu_id)).size,
    },
  }
}

function splitParts(lines: readonly string[]): TableParts {
  const parts: TableParts = {
    chips: [],
    processRows: [],
    quietNpus: new Set(),
    unreadProcessRows: 0,
    hasHeader: false,
    hasProcessTable: false,
  }
  let header: Partial<ChipHeader> = {}
  let processHeader: Column[][] | null = null
  let group: string[] = []
  const closeGroup = () => {
    noteChips(group, header, parts)
    group = []
  }
  for (const raw of lines) {
    const line = raw.trim()
    const quiet = NO_PROCESSES.exec(line)
    if (!line.startsWith('|') || BORDER.test(line)) {
      closeGroup()
    } else if (quiet !== null) {
      closeGroup()
      parts.hasProcessTable = true
      parts.quietNpus.add(Number(quiet[1]))
    } else if (/Process id/.test(line)) {
      closeGroup()
      parts.hasProcessTable = true
      processHeader = readHeaderLine(line)
    } else if (/\bHealth\b/.test(line) && /\bNPU\b/.test(line)) {
      header = { first: readHeaderLine(line) }
    } else if (/Bus-Id/.test(line) && /Memory-Usage/.test(line)) {
      header = { ...header, second: readHeaderLine(line) }
      parts.hasHeader = header.first !== undefined
    } else if (!line.endsWith('|')) {
      // Cut in the middle: a figure in it may have lost digits.
      group.push('')
      if (processHeader !== null) parts.unreadProcessRows += 1
    } else if (processHeader !== null) {
      const row = readDataLine(line, processHeader)
      if (readCount(row.get('pid')) === null) parts.unreadProcessRows += 1
      else parts.processRows.push(row)
    } else {
      group.push(line)
    }
  }
  closeGroup()
  return parts
}

/**
 * Rows between borders come in pairs. A group of another size has lost a row, and no row of it can
 * be told from its neighbour's: it is left out.
 */
function noteChips(group: readonly string[], header: Partial<ChipHeader>, parts: TableParts): void {
  if (group.length % 2 !== 0 || header.first === undefined || header.second === undefined) return
  for (let at = 0; at < group.length; at += 2) {
    const first = readDataLine(group[at] ?? '', header.first)
    const second = readDataLine(group[at + 1] ?? '', header.second)
    const isPair = readCount(first.get('npu')) !== null && isBusId(second.get('pci'))
    if (isPair) parts.chips.push({ first, second })
  }
}

function isBusId(text: string | undefined): boolean {
  return text === 'NA' || normalisePciAddress(text ?? null) !== null
}

function readChip(first: Values, second: Values, index: number): AscendDevice {
  const pci = readWord(second.get('pci'))
  const logic = second.has('logic') ? { logic_id: readCount(second.get('logic')) } : {}
  const phy = second.has('phy') ? { phy_id: readCount(second.get('phy')) } : {}
  return {
    index,
    npu_id: readCount(first.get('npu')),
    chip_id: readCount(second.get('chip')),
    ...logic,
    ...phy,
    name: readWord(first.get('name')),
    uuid: null,
    serial: null,
    pci,
    pci_bdf: normalisePciAddress(pci),
    ...memoryOf(second),
    utilization_pct: readNumber(second.get('utilization')),
    power_w: readNumber(first.get('power')),
    temperature_c: readNumber(first.get('temperature')),
    health: readHealth(first.get('health')),
    processes: null,
  }
}

/** HBM where the column exists and has a size, else the Memory-Usage pair; 910A shows both. */
function memoryOf(second: Values) {
  const hbm = readPair(second.get('hbm'))
  const memory = readPair(second.get('memory'))
  const ddr =
    second.has('hbm') && (memory.total ?? 0) > 0
      ? { ddr_total_mib: memory.total, ddr_used_mib: memory.used }
      : {}
  if ((hbm.total ?? 0) > 0) {
    const amounts = { memory_total_mib: hbm.total, memory_used_mib: hbm.used }
    return { memory_kind: 'HBM' as const, ...amounts, ...ddr }
  }
  // A refused HBM cell must not make DDR pass for the device's memory.
  if ((memory.total ?? 0) > 0 && (!second.has('hbm') || hbm.total === 0)) {
    const amounts = { memory_total_mib: memory.total, memory_used_mib: memory.used }
    return { memory_kind: 'DDR' as const, ...amounts }
  }
  return { memory_kind: null, memory_total_mib: null, memory_used_mib: null }
}

/** `UNKNOWN` is a word of the tool here, not an absent one. */
export function readHealth(text: string | undefined): string | null {
  const word = text?.trim() ?? ''
  return /^unknown$/i.test(word) ? word : readWord(word)
}

/** Soft partitions print one mounted die twice: the same card, chip and bus id. */
function markDuplicates(devices: readonly AscendDevice[]): AscendDevice[] {
  const seen = new Map<string, number>()
  return devices.map((device, index) => {
    const { npu_id, chip_id, phy_id = null, logic_id = null, pci } = device
    const key = JSON.stringify([npu_id, chip_id, phy_id, logic_id, pci])
    const before = seen.get(key)
    if (before === undefined) {
      seen.set(key, index)
      return device
    }
    return { ...device, duplicate_of: before }
  })
}

/**
 * A card named as quiet has none on any chip. A card with rows has those of each chip, and none on
 * the chips without one. A card with neither tells nothing: the table may be cut.
 */
function withProcesses(
  device: AscendDevice,
  parts: TableParts,
  devices: readonly AscendDevice[],
): AscendDevice {
  const { npu_id } = device
  if (npu_id === null) return device
  const rows = parts.processRows.filter((row) => readCount(row.get('npu')) === npu_id)
  if (rows.length === 0) return { ...device, processes: parts.quietNpus.has(npu_id) ? [] : null }
  const chipsOfCard = devices.filter((other) => other.npu_id === npu_id).length
  const own = rows.filter((row) => readCount(row.get('chip')) === device.chip_id)
  const namesChips = rows.every((row) => readCount(row.get('chip')) !== null)
  if (!namesChips && chipsOfCard > 1) return device
  const list = (namesChips ? own : rows).map(readProcess)
  const isComplete = parts.unreadProcessRows === 0 || list.length > 0
  return { ...device, processes: isComplete ? list : null }
}

function readProcess(row: Values): CardProcess {
  return {
    pid: readCount(row.get('pid')),
    name: readWord(row.get('processName')),
    memory_mib: readCount(row.get('processMemory')),
  }
}
