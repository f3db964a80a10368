/**
 * `npu-smi info -m` (which chip has which logic id) and `npu-smi info -t topo` (how the cards are
 * joined). Neither tells a device's readings.
 */
import { readCount, readWord } from '../formats/text.ts'
import type { MappingRow } from './devices.ts'

const MAPPING_KEYS: Readonly<Record<string, string>> = {
  'NPU ID': 'npu_id',
  'Chip ID': 'chip_id',
  'Chip Logic ID': 'logic_id',
  'Chip Phy-ID': 'phy_id',
  'Slot ID': 'slot_id',
  'Chip Name': 'chip_name',
}

const MAPPING_HEADER = /^\s*NPU ID\s+(?=.*\bChip ID\b).*Chip Logic ID/

/** Columns are two blanks apart; a chip name may hold one blank. `null`: no such list in the text. */
export function parseAscendMapping(lines: readonly string[]): MappingRow[] | null {
  const headerAt = lines.findIndex((line) => MAPPING_HEADER.test(line))
  if (headerAt < 0) return null
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
  return mapping
}

const TOPOLOGY_HEADER = /^\s*(?:NPU\d+\s+)+CPU Affinity\s*$/

export interface Topology {
  /** The one way in which all cards are joined; several ways are told as `mixed`. */
  readonly kind: string | null
  readonly npus: number
  readonly cpu_affinity: readonly (string | null)[]
}

/** `null`: no such list in the text. */
export function parseAscendTopology(lines: readonly string[]): Topology | null {
  const headerAt = lines.findIndex((line) => TOPOLOGY_HEADER.test(line))
  if (headerAt < 0) return null
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
  return { kind: kinds.size > 1 ? 'mixed' : kind, npus: names.length, cpu_affinity: affinity }
}

function splitColumns(line: string): string[] {
  const trimmed = line.trim()
  return trimmed === '' ? [] : trimmed.split(/\s{2,}|\t+/)
}
