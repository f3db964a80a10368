/**
 * The three tables of `xpu_smi` before 5.0: DEVICES, VIDEO, PROCESSES. Which columns there are
 * differs between releases, so each cell is read by its title. "MB" means MiB.
 */

import { type CardProcess, sparseCard } from '../card.ts'
import { cellsOf } from '../formats/bar-table.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import {
  type ProcessRow,
  type ProcessTable,
  processesOf,
  processTable,
} from '../formats/process-table.ts'
import {
  readCount,
  readNumber,
  readPair,
  readQuantity,
  readQuantityOrNumber,
  readWord,
} from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { type KunlunxinDevice, type KunlunxinOutput, toolOf } from './devices.ts'

/** The cell below a title. */
type LegacyRow = (column: string) => string | undefined

interface LegacyTable {
  /** The word above it: `DEVICES`. */
  readonly title: string
  readonly rows: readonly LegacyRow[]
  /** It was printed to its last border, and every row has as many cells as there are titles. */
  readonly isWhole: boolean
}

const TITLE = /^[A-Z]+$/
const BORDER = /^-{8,}$/
const HEADER = /^\|\s*DevID\s*\|/

/** `null`: no such table in the text. */
export function parseLegacyTables(
  lines: readonly string[],
  command: string | null,
): KunlunxinOutput | null {
  if (!lines.some((line) => HEADER.test(line.trim()) && /\|\s*PCI Addr\b/.test(line))) return null
  const tables = splitTables(lines)
  const find = (title: string) => tables.find((table) => table.title === title)
  const toolVersion = firstMatch(lines, /^\s*Runtime Version:\s*(\S+)\s*$/)?.[1] ?? null
  const driverVersion = firstMatch(lines, /^\s*Driver Version:\s*(\S+)\s*$/)?.[1] ?? null
  const engines = byNumber(find('VIDEO'))
  const listed = find('PROCESSES')
  const processes = listed === undefined ? null : readProcesses(listed)
  const devices = (find('DEVICES')?.rows ?? []).flatMap((cell): KunlunxinDevice[] => {
    const index = readCount(cell('DevID'))
    if (index === null) return []
    const [video] = engines.get(index) ?? []
    return [
      {
        ...readDevice(index, cell),
        decoder_utilization_pct: readShare(video?.('DEC')),
        encoder_utilization_pct: readShare(video?.('ENC')),
        processes: processesOf(processes, index),
      },
    ]
  })
  return { tool: toolOf(command, 'xpu_smi'), toolVersion, driverVersion, devices }
}

interface Section {
  readonly title: string
  readonly header: readonly string[]
  /** The lines below its header. */
  readonly body: string[]
}

function splitTables(lines: readonly string[]): LegacyTable[] {
  const sections: Section[] = []
  let title = ''
  for (const raw of lines) {
    const line = withoutElision(raw.trim())
    if (TITLE.test(line)) title = line
    else if (HEADER.test(line)) sections.push({ title, header: cellsOf(line), body: [] })
    else sections.at(-1)?.body.push(line)
  }
  return sections.map(readTable)
}

/** Rows stand between the border below the titles and the last one; a row elsewhere is damage. */
function readTable({ title, header, body }: Section): LegacyTable {
  const first = body.findIndex((line) => BORDER.test(line))
  const last = body.findIndex((line, at) => at > first && BORDER.test(line))
  const isRow = (line: string) => line.startsWith('|')
  const inside = body.slice(first + 1, last < 0 ? body.length : last).filter(isRow)
  const rows = inside.map((line) => readRow(header, line)).filter((row) => row !== null)
  const isClosed = first >= 0 && last >= 0
  const isWhole = isClosed && rows.length === body.filter(isRow).length
  return { title, rows: first < 0 ? [] : rows, isWhole }
}

/** Documents leave out the last columns: a row then ends in `| ...` without a bar. */
function withoutElision(line: string): string {
  return line.replace(/\|\s*\.\.\.\s*$/, '|')
}

/** `null`: cut off, or with another number of cells than there are titles. */
function readRow(header: readonly string[], line: string): LegacyRow | null {
  const cells = cellsOf(line)
  if (!line.endsWith('|') || cells.length !== header.length) return null
  return (column) => {
    const at = header.indexOf(column)
    return at < 0 ? undefined : cells[at]
  }
}

function readDevice(index: number, cell: LegacyRow): KunlunxinDevice {
  const pci = readWord(cell('PCI Addr'))
  const memory = readPair(cell('Memory'), 'MB')
  const node = readWord(cell('INODE'))
  return {
    ...sparseCard(index),
    name: readWord(cell('Model')),
    serial: readId(cell('SN')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: memory.total,
    memory_used_mib: memory.used,
    utilization_pct: readQuantity(cell('UseRate'), '%'),
    power_w: readNumber(cell('Power(W)')),
    temperature_c: readQuantityOrNumber(cell('Temp'), 'C'),
    // `N` is normal, `E` an error (documentation of the runtime 4.x).
    health: readWord(cell('State')),
    device_node: node !== null && /^\/dev\/xpu\d+$/.test(node) ? node : null,
  }
}

/** `0 %, 0 fps, 800 MHz` */
function readShare(cell: string | undefined): number | null {
  return readQuantity(cell?.split(',')[0], '%')
}

function byNumber(table: LegacyTable | undefined): ReadonlyMap<number | null, LegacyRow[]> {
  return Map.groupBy(table?.rows ?? [], (row) => readCount(row('DevID')))
}

/** A row without the number of its device hides a process of any of them. */
function readProcesses(table: LegacyTable): ProcessTable<CardProcess> | null {
  const rows = table.rows.map((row): ProcessRow<CardProcess> | null => {
    const card = readCount(row('DevID'))
    const process = {
      pid: readCount(row('PID')),
      name: readWord(row('Command')),
      memory_mib: readQuantityOrNumber(row('Memory'), 'MB'),
    }
    return card === null ? null : { card, process }
  })
  return processTable(rows, table.isWhole)
}
