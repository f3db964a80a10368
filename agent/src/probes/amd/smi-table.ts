/**
 * The table that `amd-smi` alone prints (26.x): a banner, two lines per card under two header lines,
 * and the processes below. Figures stand under the words of the header; a unit may have a blank
 * before it (`1 %`, `103/300 W`), and a name is cut at its front.
 */
import { groupsBetweenBorders, type RowGroup } from '../bar-table.ts'
import { type CardProcess, sparseCard } from '../card.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readSizeMib } from '../size.ts'
import { readCount, readNumber, readQuantity, readWord, splitLines } from '../text.ts'
import type { AmdDevice, AmdOutput } from './device.ts'

const BANNER = /AMD-SMI\s+(\S+)/
const DRIVER = /amdgpu version:\s*(\S+)/i
const PROCESS_HEADER = /^GPU\s+PID\s+Process Name\b/i
const NO_PROCESS = /^No running processes found\.?$/i
/** Belongs to the figure before it. */
const UNIT = /^(?:%|°?C|W|[KMGT]?i?B)$/

type Values = ReadonlyMap<string, string>

export function isAmdSmiTable(text: string): boolean {
  return BANNER.test(text) && text.includes('|')
}

export function readAmdSmiTable(text: string): AmdOutput {
  const groups = groupsBetweenBorders(splitLines(text))
  const header = groups.find(({ text: words }) => /\bBDF\b.*\bPower-Usage\b/i.test(words))
  const processes = readProcesses(groups)
  const devices = header === undefined ? [] : groups.flatMap((group) => cardOf(group, header))
  return {
    tool: 'amd-smi',
    toolVersion: BANNER.exec(text)?.[1] ?? null,
    driverVersion: readWord(DRIVER.exec(text)?.[1]),
    devices: devices.map((device) => ({
      ...device,
      processes: processes === null ? null : (processes.get(device.index) ?? []),
    })),
    facts: { maker: 'amd' },
  }
}

/** No card for any other group: one that is not closed may have lost its second line. */
function cardOf(group: RowGroup, header: RowGroup): AmdDevice[] {
  if (group === header || !group.isClosed || group.rows.length !== header.rows.length) return []
  const values = new Map<string, string>()
  for (const [at, titles] of header.rows.entries()) {
    const cells = group.rows[at] ?? []
    if (cells.length !== titles.length) return []
    for (const [column, title] of titles.entries()) {
      for (const [name, value] of valuesOf(title, cells[column] ?? '')) values.set(name, value)
    }
  }
  const index = readCount(values.get('gpu'))
  return index === null ? [] : [deviceOf(index, values)]
}

function deviceOf(index: number, values: Values): AmdDevice {
  const address = values.get('bdf') ?? null
  const [power, cap] = pairOf(values.get('power-usage'), 'W')
  const [used, total] = pairOf(values.get('mem-usage'), 'MB')
  const [compute, memory] = (readWord(values.get('partition-mode')) ?? '').split('/')
  return {
    ...sparseCard(index),
    name: readWord(values.get('gpu-name')),
    pci: address,
    pci_bdf: normalisePciAddress(address),
    memory_total_mib: total,
    memory_used_mib: used,
    utilization_pct: readQuantity(values.get('gfx-uti'), '%'),
    power_w: power,
    temperature_c: readQuantity(values.get('temp')?.replace('°', ''), 'C'),
    power_cap_w: cap,
    memory_utilization_pct: readQuantity(values.get('mem-uti'), '%'),
    ecc_uncorrected: readCount(values.get('uec')),
    compute_partition: readWord(compute),
    memory_partition: readWord(memory),
  }
}

/** `103/300W`, `29777/32624MB`: both in the unit at the end. */
function pairOf(
  word: string | undefined,
  unit: string,
): readonly [first: number | null, second: number | null] {
  const [first, second, ...more] = (word ?? '').split('/')
  if (second === undefined || more.length > 0 || !second.endsWith(unit)) return [null, null]
  return [readNumber(first), readQuantity(second, unit)]
}

/** By the words of the title, in lower case. The name of a card may be of several words. */
function valuesOf(title: string, cell: string): [name: string, value: string][] {
  const names = title.toLowerCase().split(/\s+/).filter(Boolean)
  const words = figureWords(cell)
  const isNamed = names.at(-1) === 'gpu-name'
  const values = isNamed
    ? [...words.slice(0, names.length - 1), words.slice(names.length - 1).join(' ')]
    : words
  return values.length === names.length
    ? names.map((name, at): [string, string] => [name, values[at] ?? ''])
    : []
}

function figureWords(cell: string): string[] {
  const words: string[] = []
  for (const word of cell.split(/\s+/).filter(Boolean)) {
    if (UNIT.test(word) && words.length > 0) words.push(`${words.pop()}${word}`)
    else words.push(word)
  }
  return words
}

/** `null` without the list, or where it was cut or a line of it cannot be read. */
function readProcesses(groups: readonly RowGroup[]): ReadonlyMap<number, CardProcess[]> | null {
  const at = groups.findIndex(({ rows }) => rows.some(isProcessHeader))
  const header = groups[at]?.rows.find(isProcessHeader)?.join('|') ?? ''
  const list = groups.slice(at + 1)
  if (header === '' || list.length === 0 || list.some(({ isClosed }) => !isClosed)) return null
  // The titles after the name; `CU %` is one of them.
  const titles = figureWords(header.replace(PROCESS_HEADER, '')).map((title) => title.toLowerCase())
  const byCard = new Map<number, CardProcess[]>()
  for (const row of list.flatMap(({ rows }) => rows).map((cells) => cells.join('|'))) {
    if (NO_PROCESS.test(row)) continue
    const [card, pid, ...rest] = figureWords(row)
    const index = readCount(card)
    const figures = rest.slice(-titles.length)
    if (index === null || readCount(pid) === null || rest.length <= titles.length) return null
    const memory = figures[titles.indexOf('vram_mem')] ?? figures[titles.indexOf('mem_usage')]
    const name = rest.slice(0, -titles.length).join(' ')
    byCard.set(index, [
      ...(byCard.get(index) ?? []),
      { pid: readCount(pid), name: readWord(name), memory_mib: readSizeMib(memory) },
    ])
  }
  return byCard
}

function isProcessHeader(cells: readonly string[]): boolean {
  return PROCESS_HEADER.test(cells.join('|'))
}
