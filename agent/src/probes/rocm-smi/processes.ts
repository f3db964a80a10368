/**
 * Processes as the rocm-smi family lists them. Hygon's `--showpids` names for each process the cards
 * it is on, by their PCI address; AMD's does not say on which cards a process is, in text as in
 * JSON (`"PID104225": "python, 1, 536870912, 0, unknown"`), so that only "there is none" is told of a
 * card.
 */
import { type CardProcess, sparseCard } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readSizeMib } from '../formats/size.ts'
import { readCount, readNumber, readWord } from '../formats/text.ts'
import type { RocmDevice, SystemProcess } from './devices.ts'
import type { LooseObject } from './loose-json.ts'

const NONE = /\bNo KFD PIDs currently running\b/i
const HEADING = /^\s*(?:PIDs for KFD processes|KFD process information)\s*:/i
/** Below the list, as long as the frame is wide. */
const RULE = /^\s*={10,}/
const ENTRY = /^([^:]+):(.*)$/
/** `PID  PROCESS NAME  GPU(s)  VRAM USED  SDMA USED  CU OCCUPANCY`, parted by tabs. */
const TABLE_HEADER = /^\s*PID\s+PROCESS NAME\b.*\bVRAM USED\b/i
const LISTED = /'([^']*)'/g

interface ListedProcess extends CardProcess {
  readonly addresses: readonly string[]
  readonly indexes: readonly number[]
}

export interface ProcessSection {
  /** `null`: the list was cut, or a process on no card that can be told holds memory. */
  readonly listed: readonly ListedProcess[] | null
  /** Those of which no card is told. */
  readonly system: readonly SystemProcess[]
}

/** `null` for a text that says nothing of processes. */
export function readProcessSection(lines: readonly string[]): ProcessSection | null {
  if (lines.some((line) => NONE.test(line))) return { listed: [], system: [] }
  const at = lines.findIndex((line) => HEADING.test(line))
  if (at < 0) return null
  const end = lines.findIndex((line, index) => index > at && RULE.test(line))
  const section = lines.slice(at + 1, end < 0 ? undefined : end)
  const header = section.findIndex((line) => TABLE_HEADER.test(line))
  if (header >= 0) return readTable(section.slice(header + 1), end >= 0)
  const processes = readBlocks(section)
  const isWhole = end >= 0 && processes?.every(isPlaced) === true
  return { listed: isWhole ? processes : null, system: [] }
}

/** Processes by card; cards are those that the output lists besides, else those named here. */
export function withProcesses(
  devices: readonly RocmDevice[],
  { listed }: ProcessSection,
): RocmDevice[] {
  if (devices.length === 0) return namedCards(listed ?? [])
  return devices.map((device) => ({
    ...device,
    processes: listed === null ? null : processesOf(device, listed),
  }))
}

/** Of AMD's JSON, under `system`. Names may hold blanks, which the tool prints as commas too. */
export function readSystemProcesses(system: LooseObject): SystemProcess[] {
  return Object.entries(system).flatMap(([key, value]) => {
    const [, pid] = /^PID(\d{1,10})$/i.exec(key) ?? []
    if (pid === undefined || typeof value !== 'string') return []
    const parts = value.split(', ')
    const [, bytes] = parts.slice(-4)
    return [
      {
        pid: readCount(pid),
        name: readWord(parts.slice(0, -4).join(' ')),
        memory_mib: readSizeMib(`${bytes} B`),
      },
    ]
  })
}

/** `null` where the first line of a process was lost: the rest of it would go to another one. */
function readBlocks(lines: readonly string[]): ListedProcess[] | null {
  const blocks: Map<string, string>[] = []
  for (const line of lines) {
    const [, name = '', value = ''] = ENTRY.exec(line) ?? []
    if (name === '') continue
    const key = name.trim().toUpperCase()
    if (key === 'PID') blocks.push(new Map())
    const block = blocks.at(-1)
    if (block === undefined || block.has(key)) return null
    block.set(key, value.trim())
  }
  return blocks.map((block) => ({
    pid: readCount(block.get('PID')),
    name: readWord(block.get('PROCESS NAME')),
    memory_mib: memoryOf(block),
    addresses: listOf(block.get('PCI BUS')).flatMap((text) => normalisePciAddress(text) ?? []),
    indexes: listOf(
      block.get('HCU INDEX') ?? block.get('DCU INDEX') ?? block.get('GPU INDEX'),
    ).flatMap((text) => readCount(text) ?? []),
  }))
}

/** `VRAM USED(MiB)`; the unit belongs to the key. */
function memoryOf(block: ReadonlyMap<string, string>): number | null {
  for (const [key, value] of block) {
    const [, unit] = /^VRAM USED\s*\((B|[KMG]I?B)\)$/.exec(key) ?? []
    if (unit !== undefined) return readSizeMib(`${value} ${unit}`)
  }
  return null
}

/** `['9', '10']`, `['1']`, `[]`. */
function listOf(text: string | undefined): string[] {
  return [...(text ?? '').matchAll(LISTED)].map(([, value = '']) => value)
}

/** A process that has merely opened the driver is on no card; one with memory is on some. */
function isPlaced({ addresses, memory_mib: memory }: ListedProcess): boolean {
  return addresses.length > 0 || memory === 0
}

function processesOf(
  { index, pci_bdf: address }: RocmDevice,
  listed: readonly ListedProcess[],
): CardProcess[] {
  return listed
    .filter(({ addresses, indexes }) =>
      address === null ? indexes.includes(index) : addresses.includes(address),
    )
    .map(bare)
}

/** A list of processes alone: the cards that have some. Their numbers and addresses go in pairs. */
function namedCards(listed: readonly ListedProcess[]): RocmDevice[] {
  const cards = new Map<string, { readonly index: number; readonly processes: CardProcess[] }>()
  for (const process of listed) {
    const arePairs = process.indexes.length === process.addresses.length
    for (const [at, address] of process.addresses.entries()) {
      const index = (arePairs ? process.indexes[at] : null) ?? cards.size
      const card = cards.get(address) ?? { index, processes: [] }
      cards.set(address, card)
      card.processes.push(bare(process))
    }
  }
  return [...cards].map(([address, { index, processes }]) => ({
    ...sparseCard(index),
    pci: address,
    pci_bdf: address,
    processes,
  }))
}

function bare({ pid, name, memory_mib }: ListedProcess): CardProcess {
  return { pid, name, memory_mib }
}

/** Cells are parted by tabs; a copy has blanks instead, and then a name must not hold any. */
function readTable(lines: readonly string[], isEnded: boolean): ProcessSection {
  const system: SystemProcess[] = []
  for (const line of lines.filter((candidate) => candidate.trim() !== '')) {
    const cells = line.trim().split(/\s*\t\s*|\s{2,}/)
    const pid = readCount(cells[0])
    const [bytes] = cells.slice(-3)
    if (pid === null || cells.length < 6) return { listed: null, system }
    system.push({
      pid,
      name: readWord(cells.slice(1, -4).join(' ')),
      memory_mib: readNumber(bytes) === null ? null : readSizeMib(`${bytes} B`),
    })
  }
  return { listed: isEnded && system.length === 0 ? [] : null, system }
}
