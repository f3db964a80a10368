/**
 * The plain table of `nvidia-smi`: a fallback for support, never for sampling. Names are cut there
 * (`NVIDIA A800-SXM...`) and power is rounded. Cells are found by the headers above them; a table
 * without its headers is refused.
 */
import { groupsBetweenBorders, type RowGroup } from '../bar-table.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readQuantity, readWord, splitLines } from '../text.ts'
import type { NvidiaDevice, NvidiaProcess, NvidiaReading, NvidiaSlice } from './devices.ts'

const BANNER = /NVIDIA-SMI\s+(\S+)\s+.*?(?:Driver Version:\s*(\S+))?\s+CUDA/
/** The headers of the three lines a GPU takes; the third came with MIG (driver 450). */
const HEADERS = ['GPU Name', 'Bus-Id', 'Temp', 'Pwr:Usage/Cap', 'Memory-Usage', 'GPU-Util']

type Part = 'gpus' | 'slices' | 'processes'

export function isNvidiaTable(text: string): boolean {
  return /^\|\s*NVIDIA-SMI\b/m.test(text)
}

export function parseNvidiaTable(text: string): NvidiaReading {
  const lines = splitLines(text).map((line) => line.trimEnd())
  const squeezed = lines.join('\n').replace(/[ \t]+/g, ' ')
  const missing = HEADERS.filter((header) => !squeezed.includes(header))
  if (missing.length > 0) {
    return { unreadable: `The table lacks the headers ${missing.join(', ')}.` }
  }
  const devices: NvidiaDevice[] = []
  const slices = new Map<number, NvidiaSlice[]>()
  const processes = newProcessList()
  let part: Part = 'gpus'
  for (const group of groupsBetweenBorders(lines)) {
    part = partOf(group, part)
    if (part === 'gpus') {
      const device = readGpuRows(group)
      if (device !== null) devices.push(device)
    } else if (part === 'slices') {
      noteSlices(group.rows, slices)
    } else {
      noteProcesses(group, processes)
    }
  }
  const [, toolVersion = null, driverVersion = null] = BANNER.exec(text) ?? []
  return {
    format: 'table',
    toolVersion,
    driverVersion,
    devices: devices.map((device) => ({
      ...device,
      processes: processes.isComplete ? (processes.byIndex.get(device.index) ?? []) : null,
      ...(slices.has(device.index) ? { mig_devices: slices.get(device.index) ?? [] } : {}),
    })),
    facts: {},
  }
}

function partOf(group: RowGroup, before: Part): Part {
  if (/\bMIG devices:/.test(group.text)) return 'slices'
  if (/\bProcesses:/.test(group.text)) return 'processes'
  return before
}

const NAME_CELL = /^(\d+)\s+(.+?)\s+(?:On|Off|N\/A|WDDM|TCC|MCDM)$/
const MEMORY_CELL = /^(\d+MiB)\s*\/\s*(\d+MiB)$/
const STATE_CELL = /^(?:N\/A|ERR!|\d+%?)\s+(\S+)\s+(?:P\d+|N\/A|ERR!)\s+(\S+)\s*\/\s*(\S+)$/

/** Two or three rows of three cells; anything else is not a GPU. */
function readGpuRows({ rows }: RowGroup): NvidiaDevice | null {
  const [first = [], second = [], third = []] = rows
  const [nameCell = '', busCell = ''] = first
  const [stateCell = '', memoryCell = '', loadCell = ''] = second
  const name = NAME_CELL.exec(nameCell)
  const index = readCount(name?.[1])
  if (index === null || first.length !== 3 || second.length !== 3) return null
  const pci = readWord(busCell.split(/\s+/)[0])
  const state = STATE_CELL.exec(stateCell)
  const memory = MEMORY_CELL.exec(memoryCell)
  const migWord = third[2]
  return {
    index,
    name: readWord(name?.[2]),
    uuid: null,
    serial: null,
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: readQuantity(memory?.[2], 'MiB'),
    memory_used_mib: readQuantity(memory?.[1], 'MiB'),
    utilization_pct: readQuantity(loadCell.split(/\s+/)[0], '%'),
    power_w: readQuantity(state?.[2], 'W'),
    power_cap_w: readQuantity(state?.[3], 'W'),
    temperature_c: readQuantity(state?.[1], 'C'),
    mig_enabled: migWord === 'Enabled' ? true : migWord === 'Disabled' ? false : null,
    ecc_uncorrected_volatile: readCount(first[2]),
    processes: null,
  }
}

/** `|  0    3   0   0  |     12MiB / 19968MiB | 14      0 |  1 …`, then its BAR1 memory. */
function noteSlices(rows: RowGroup['rows'], slices: Map<number, NvidiaSlice[]>): void {
  for (const [ids = '', memoryCell = '', smCell = ''] of rows) {
    const [, gpu, gi, ci, device] = /^(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/.exec(ids) ?? []
    const index = readCount(gpu)
    if (index === null) continue
    const memory = MEMORY_CELL.exec(memoryCell)
    const list = slices.get(index) ?? []
    slices.set(index, list)
    list.push({
      index: readCount(device),
      gi: readCount(gi),
      ci: readCount(ci),
      sm_count: readCount(smCell.split(/\s+/)[0]),
      memory_total_mib: readQuantity(memory?.[2], 'MiB'),
      memory_used_mib: readQuantity(memory?.[1], 'MiB'),
    })
  }
}

interface ProcessList {
  readonly byIndex: Map<number, NvidiaProcess[]>
  /** The list was printed to its closing border: a GPU without rows has no process. */
  isComplete: boolean
}

function newProcessList(): ProcessList {
  return { byIndex: new Map(), isComplete: false }
}

/** GI and CI columns are there from 450 on. */
const PROCESS_ROW =
  /^(\d+)\s+(?:(\d+|N\/A)\s+(\d+|N\/A)\s+)?(\d+)\s+(C|G|C\+G|M\+C)\s+(.*?)\s+(\d+MiB|N\/A)$/

function noteProcesses(group: RowGroup, list: ProcessList): void {
  if (/\bProcesses:/.test(group.text)) return
  list.isComplete = group.isClosed
  for (const [row = ''] of group.rows) {
    if (/^No running processes found$/.test(row)) continue
    const match = PROCESS_ROW.exec(row)
    const index = readCount(match?.[1])
    // A row that cannot be read hides a process: the list proves nothing any more.
    if (match === null || index === null) {
      list.isComplete = false
      continue
    }
    const [, , gi, ci, pid, type = '', name, memory] = match
    const processes = list.byIndex.get(index) ?? []
    list.byIndex.set(index, processes)
    const instance = readCount(gi)
    const compute = readCount(ci)
    processes.push({
      pid: readCount(pid),
      type,
      name: readWord(name),
      memory_mib: readQuantity(memory, 'MiB'),
      ...(instance === null ? {} : { gi: instance }),
      ...(compute === null ? {} : { ci: compute }),
    })
  }
}
