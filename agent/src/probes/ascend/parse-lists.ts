/**
 * `npu-smi info -m` (which chip has which logic id) and `npu-smi info -t topo` (how the cards are
 * joined). Neither names a device's readings, so both give facts and no devices.
 */
import { readCount, readWord } from '../text.ts'
import type { AscendReading, MappingRow } from './devices.ts'

const MAPPING_KEYS: Readonly<Record<string, string>> = {
  'NPU ID': 'npu_id',
  'Chip ID': 'chip_id',
  'Chip Logic ID': 'logic_id',
  'Chip Phy-ID': 'phy_id',
  'Slot ID': 'slot_id',
  'Chip Name': 'chip_name',
}

export function isMappingHeader(line: string): boolean {
  return /^\s*NPU ID\s+.*\bChip ID\b/.test(line) && /Chip Logic ID/.test(line)
}

/** Columns are two blanks apart; a chip name may hold one blank. */
export function parseAscendMapping(lines: readonly string[]): AscendReading {
  const headerAt = lines.findIndex(isMappingHeader)
  const columns = splitColumns(lines[headerAt] ?? '').map((name) => MAPPING_KEYS[name] ?? name)
  const mapping: MappingRow[] = []
  for (const line of lines.slice(headerAt + 1)) {
    const cells = splitColumns(line)
    if (cells.length !== columns.length) continue
    const cell = (key: string) => cells[columns.indexOf(key)]
    const npu = readCount(cell('npu_id'))
    if (npu === null) continue
    mapping.push({
      npu_id: npu,
      chip_id: readCount(cell('chip_id')),
      logic_id: readCount(cell('logic_id')),
      ...(columns.includes('phy_id') ? { phy_id: readCount(cell('phy_id')) } : {}),
      ...(columns.includes('slot_id') ? { slot_id: readCount(cell('slot_id')) } : {}),
      chip_name: readWord(cell('chip_name')),
    })
  }
  return { toolVersion: null, driverVersion: null, devices: [], mapping, facts: { mapping } }
}

export function isTopologyHeader(line: string): boolean {
  return /^\s*(?:NPU\d+\s+)+CPU Affinity\s*$/.test(line)
}

/** The kind is the one way all cards are joined; several ways are told as `mixed`. */
export function parseAscendTopology(lines: readonly string[]): AscendReading {
  const headerAt = lines.findIndex(isTopologyHeader)
  const names: string[] = (lines[headerAt] ?? '').match(/NPU\d+/g) ?? []
  const affinity: (string | null)[] = []
  const kinds = new Set<string>()
  for (const line of lines.slice(headerAt + 1)) {
    const [name = '', ...cells] = line.trim().split(/\s+/)
    if (!names.includes(name) || cells.length !== names.length + 1) continue
    for (const cell of cells.slice(0, -1)) if (cell !== 'X') kinds.add(cell)
    affinity.push(readWord(cells.at(-1)))
  }
  const [kind = null] = kinds
  const topology = {
    kind: kinds.size > 1 ? 'mixed' : kind,
    npus: names.length,
    cpu_affinity: affinity,
  }
  return { toolVersion: null, driverVersion: null, devices: [], facts: { topology } }
}

function splitColumns(line: string): string[] {
  const trimmed = line.trim()
  return trimmed === '' ? [] : trimmed.split(/\s{2,}|\t+/)
}
