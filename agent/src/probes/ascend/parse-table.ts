/**
 * The table of `npu-smi info`, layouts of 20.2.0 to 26.x: two header lines, then two rows per chip,
 * then (where the version prints it) a table of processes. Everything is found by header text;
 * borders, widths and blanks differ between versions and documents and are not relied on. Elided
 * rows stay missing. A table without its headers is refused.
 */
import type { CardProcess } from '../card.ts'
import { cellsOf, isBorder } from '../formats/bar-table.ts'
import {
  type HeaderCell,
  readDataRow,
  readHeaderRow,
  type WordColumn,
} from '../formats/header-cells.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readCount, readNumber, readPair, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { type AscendDevice, type AscendOutput, ascendOutput } from './devices.ts'

const WORD = '\\S+'
const FIGURE_PAIR = '(?:\\d+|NA|-)\\s*/\\s*(?:\\d+|NA|-)'

/** Columns by the header text of npu-smi 20.2.0 to 26.x; "MB" means MiB. */
const COLUMNS: readonly WordColumn[] = [
  { words: 'npu id', key: 'npu', value: WORD },
  { words: 'npu util(%)', key: 'utilization', value: WORD },
  { words: 'aicore(%)', key: 'utilization', value: WORD },
  { words: 'npu', key: 'npu', value: WORD },
  // May hold blanks, and is missing behind the number on some parts.
  { words: 'name', key: 'name', value: '\\S.*', isOptional: true },
  { words: 'health', key: 'health', value: WORD },
  { words: 'power(w)', key: 'power', value: WORD },
  { words: 'temp(c)', key: 'temperature', value: WORD },
  { words: 'hugepages-usage(page)', key: 'hugepages', value: FIGURE_PAIR },
  { words: 'chip', key: 'chip', value: WORD },
  { words: 'device', key: 'logic', value: WORD },
  { words: 'phy-id', key: 'phy', value: WORD },
  { words: 'bus-id', key: 'pci', value: WORD },
  { words: 'hbm-usage(mb)', key: 'hbm', value: FIGURE_PAIR },
  { words: 'memory-usage(mb)', key: 'memory', value: FIGURE_PAIR },
  { words: 'process id in container', key: 'containerPid', value: WORD },
  { words: 'process id', key: 'pid', value: WORD },
  { words: 'process name', key: 'processName', value: '\\S.*', isOptional: true },
  { words: 'process memory(mb)', key: 'processMemory', value: WORD },
  { words: 'process memory', key: 'processMemory', value: WORD },
]

const BANNER = /npu-smi\s+v?(\d\S*)\s+Version:\s*(\S+)/
const NO_PROCESSES = /No running processes found in NPU\s+(\d+)/

type Header = readonly HeaderCell[]
type Values = ReadonlyMap<string, string>

interface ChipHeader {
  readonly first: Header
  readonly second: Header
}

interface TableParts {
  readonly chips: { readonly first: Values; readonly second: Values }[]
  readonly processRows: Values[]
  /** Cards the tool says have no process. */
  readonly quietNpus: Set<number>
  /** Cards whose rows of processes no border follows yet: more may have been cut off. */
  readonly openNpus: Set<number>
  /** A row of a process could not be read: it hides a process of any card. */
  hasUnreadRow: boolean
  hasHeader: boolean
  hasProcessTable: boolean
}

/** `null`: the header lines are not there. */
export function parseAscendTable(lines: readonly string[]): AscendOutput | null {
  const parts = splitParts(lines)
  if (!parts.hasHeader) return null
  const [, toolVersion = null, driverVersion = null] = firstMatch(lines, BANNER) ?? []
  const printed = parts.chips.map(({ first, second }, index) => readChip(first, second, index))
  const devices = markDuplicates(printed)
  const counted = devices.filter((device) => device.duplicate_of === undefined)
  const facts = {
    chip_count: counted.length,
    card_count: new Set(counted.map((device) => device.npu_id)).size,
  }
  const listed = devices.map(
    (device): AscendDevice => ({
      ...device,
      processes: processesOf(device, parts, counted),
      ...(parts.hasProcessTable ? { lists_processes: true } : {}),
    }),
  )
  return { ...ascendOutput(listed, facts), toolVersion, driverVersion }
}

function splitParts(lines: readonly string[]): TableParts {
  const parts: TableParts = {
    chips: [],
    processRows: [],
    quietNpus: new Set(),
    openNpus: new Set(),
    hasUnreadRow: false,
    hasHeader: false,
    hasProcessTable: false,
  }
  let header: Partial<ChipHeader> = {}
  let processHeader: Header | null = null
  let group: string[] = []
  const closeGroup = () => {
    noteChips(group, header, parts)
    group = []
  }
  for (const raw of lines) {
    const line = raw.trim()
    const quiet = NO_PROCESSES.exec(line)
    if (!line.startsWith('|') || isBorder(line)) {
      closeGroup()
      if (isBorder(line)) parts.openNpus.clear()
      // A border and a row that ran into one.
      else if (line.startsWith('+') && processHeader !== null) parts.hasUnreadRow = true
    } else if (quiet !== null) {
      closeGroup()
      parts.hasProcessTable = true
      parts.quietNpus.add(Number(quiet[1]))
    } else if (/Process id/.test(line)) {
      closeGroup()
      parts.hasProcessTable = true
      processHeader = headerOf(line)
    } else if (/\bHealth\b/.test(line) && /\bNPU\b/.test(line)) {
      header = { first: headerOf(line) }
    } else if (/Bus-Id/.test(line) && /Memory-Usage/.test(line)) {
      header = { ...header, second: headerOf(line) }
      parts.hasHeader = header.first !== undefined
    } else if (!line.endsWith('|')) {
      // Cut in the middle: a figure in it may have lost digits.
      group.push('')
      if (processHeader !== null) parts.hasUnreadRow = true
    } else if (processHeader !== null) {
      noteProcess(valuesOf(line, processHeader), parts)
    } else {
      group.push(line)
    }
  }
  closeGroup()
  return parts
}

function noteProcess(row: Values, parts: TableParts): void {
  const npu = readCount(row.get('npu'))
  if (npu === null || readCount(row.get('pid')) === null) {
    parts.hasUnreadRow = true
    return
  }
  parts.processRows.push(row)
  parts.openNpus.add(npu)
}

/**
 * Rows between borders come in pairs. A group of another size has lost a row, and no row of it can
 * be told from its neighbour's: it is left out.
 */
function noteChips(group: readonly string[], header: Partial<ChipHeader>, parts: TableParts): void {
  if (group.length % 2 !== 0 || header.first === undefined || header.second === undefined) return
  for (let at = 0; at < group.length; at += 2) {
    const first = valuesOf(group[at] ?? '', header.first)
    const second = valuesOf(group[at + 1] ?? '', header.second)
    const isPair = readCount(first.get('npu')) !== null && isBusId(second.get('pci'))
    if (isPair) parts.chips.push({ first, second })
  }
}

function headerOf(line: string): Header {
  return readHeaderRow(cellsOf(line), COLUMNS)
}

/** Empty for a line with another number of cells than its header. */
function valuesOf(line: string, header: Header): Values {
  return readDataRow(cellsOf(line), header) ?? new Map()
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
  const hbm = readPair(second.get('hbm'), '')
  const memory = readPair(second.get('memory'), '')
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
 * the chips without one, where its rows are all there and tell the chip. A card with neither tells
 * nothing: the table may be cut.
 */
function processesOf(
  { npu_id, chip_id }: AscendDevice,
  parts: TableParts,
  chips: readonly AscendDevice[],
): CardProcess[] | null {
  if (npu_id === null) return null
  const rows = parts.processRows.filter((row) => readCount(row.get('npu')) === npu_id)
  if (rows.length === 0) return parts.quietNpus.has(npu_id) ? [] : null
  if (parts.hasUnreadRow || parts.openNpus.has(npu_id)) return null
  const areTold = chip_id !== null && rows.every((row) => readCount(row.get('chip')) !== null)
  if (areTold) return rows.filter((row) => readCount(row.get('chip')) === chip_id).map(readProcess)
  const isOnlyChip = chips.filter((chip) => chip.npu_id === npu_id).length === 1
  return isOnlyChip ? rows.map(readProcess) : null
}

function readProcess(row: Values): CardProcess {
  return {
    pid: readCount(row.get('pid')),
    name: readWord(row.get('processName')),
    memory_mib: readCount(row.get('processMemory')),
  }
}
