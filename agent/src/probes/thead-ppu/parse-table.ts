/**
 * The table of `ppu-smi`: three lines per card, a box of MIG instances with their memory and compute
 * units, a box of processes. From card 10 on a cell is shifted by one column, so widths say nothing.
 */
import { sparseCard } from '../card.ts'
import { normalisePciAddress } from '../pci-address.ts'
import {
  readSmiParts,
  readSmiTable,
  readUse,
  type SmiCard,
  type SmiDialect,
  type SmiTable,
} from '../smi-table.ts'
import { readCount, readQuantity, readWord } from '../text.ts'
import { type PpuDevice, type PpuOutput, type PpuSlice, TOOL } from './devices.ts'

const BANNER = /^\|\s*PPU-SMI\s+(\S+)\s+Driver Version:\s*(\S+)/m
const MODES = 'On|Off|N/A|Enabled|Disabled|ERR!'
const DIALECT: SmiDialect = {
  columns: [
    { words: 'ppu', key: 'index', value: '\\d+' },
    { words: 'name', key: 'name', value: '.+?' },
    { words: 'persistence m.', key: 'persistence', value: MODES },
    { words: 'persistence-m', key: 'persistence', value: MODES },
    { words: 'bus-id', key: 'pci', value: '[\\da-f:.]+' },
    { words: 'disp.a', key: 'display', value: MODES },
    { words: 'volatile uncorr. ecc', key: 'ecc', value: '\\S+' },
    { words: 'fan', key: 'fan', value: '\\S+' },
    { words: 'temp', key: 'temperature', value: '\\S+' },
    { words: 'perf', key: 'perf', value: '\\S+' },
    { words: 'pwr:usage/cap', key: 'power', value: '\\S+(?:\\s*/\\s*\\S+)?' },
    { words: 'memory-usage', key: 'memory', value: '\\S+\\s*/\\s*\\S+' },
    { words: 'ppu-util', key: 'utilization', value: '\\S+' },
    { words: 'compute m.', key: 'compute', value: '.+' },
    { words: 'mig m.', key: 'mig', value: '\\S+' },
  ],
  needed: ['index', 'name', 'pci', 'temperature', 'power', 'memory', 'utilization'],
}

/** Either of a whole output, or of the box of instances alone. */
const CARDS = /^\|\s*PPU-SMI\b|\bBus-Id\b/

export function isPpuTable(lines: readonly string[]): boolean {
  if (readSmiTable(lines, DIALECT) !== null) return true
  return !lines.some((line) => CARDS.test(line)) && isPartsHeader(readSmiParts(lines))
}

export function parsePpuTable(lines: readonly string[]): PpuOutput {
  const table = readSmiTable(lines, DIALECT)
  const [, toolVersion = null, driverVersion = null] = BANNER.exec(lines.join('\n')) ?? []
  const slices = readSlices(table?.parts ?? readSmiParts(lines))
  const devices =
    table === null
      ? [...slices.keys()].map((index): PpuDevice => sparseCard(index))
      : table.cards.flatMap((card) => readDevice(card, table))
  return {
    tool: TOOL,
    toolVersion,
    driverVersion,
    devices: devices.map((device) => {
      const own = slices.get(device.index)
      return own === undefined ? device : { ...device, slices: own }
    }),
  }
}

function readDevice({ values }: SmiCard, { processesOf }: SmiTable): PpuDevice[] {
  const index = readCount(values.get('index'))
  if (index === null) return []
  const pci = readWord(values.get('pci'))
  const memory = readUse(values.get('memory'), 'MiB')
  const power = readUse(values.get('power'), 'W')
  return [
    {
      ...sparseCard(index),
      name: readWord(values.get('name')),
      pci,
      pci_bdf: normalisePciAddress(pci),
      memory_total_mib: memory.total,
      memory_used_mib: memory.used,
      utilization_pct: readQuantity(values.get('utilization'), '%'),
      power_w: power.used,
      power_cap_w: power.total,
      temperature_c: readQuantity(values.get('temperature'), 'C'),
      mig_mode: readWord(values.get('mig')),
      ecc_uncorrected: readCount(values.get('ecc')),
      processes: processesOf(index),
    },
  ]
}

/** `PPU  GI  CI  MIG` over `ID ID DEV`, the memory, and `CU  Unc` over `Vol … ECC`. */
function isPartsHeader(rows: readonly (readonly string[])[]): boolean {
  return rows.some(([ids = '', memory = '']) => {
    return /^PPU\s+GI\s+CI\s+MIG$/.test(ids) && memory === 'Memory-Usage'
  })
}

function readSlices(rows: readonly (readonly string[])[]): ReadonlyMap<number, PpuSlice[]> {
  const slices = new Map<number, PpuSlice[]>()
  const hasUnits = rows.some((cells) => /^CU\s+Unc$/.test(cells[2] ?? ''))
  if (!isPartsHeader(rows)) return slices
  for (const [ids = '', memoryCell = '', units = ''] of rows) {
    const [, card, gi, ci, device] = /^(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/.exec(ids) ?? []
    const index = readCount(card)
    if (index === null) continue
    const memory = readUse(memoryCell, 'MiB')
    const own = slices.get(index) ?? []
    slices.set(index, own)
    own.push({
      device: readCount(device),
      gi: readCount(gi),
      ci: readCount(ci),
      memory_total_mib: memory.total,
      memory_used_mib: memory.used,
      compute_units: hasUnits ? readCount(/^(\d+)\s+\S+$/.exec(units)?.[1]) : null,
    })
  }
  return slices
}

const PROFILES = /\bGPU instance profiles:/
/** Card, name, number, free and all of its instances, memory, peer to peer, compute units. */
const PROFILE =
  /^(\d+)\s+MIG\s+\S+\s+\d+\*?\s+\d+\/(\d+)\s+\d+(?:\.\d+)?\s+\S+\s+(\d+)\s+\d+\s+\d+$/

export function isPpuProfiles(lines: readonly string[]): boolean {
  return lines.some((line) => PROFILES.test(line))
}

/** `mig -lgip`: the profile that fits once has all compute units of the card. */
export function parsePpuProfiles(lines: readonly string[]): PpuOutput {
  const isKnown = lines.some((line) => /\bP2P\s+CU\s+DEC\s+ENC\b/.test(line))
  const whole = new Map<number, number>()
  for (const line of lines) {
    const [, card, instances, units] =
      PROFILE.exec(
        line
          .trim()
          .replace(/^\||\|$/g, '')
          .trim(),
      ) ?? []
    const index = readCount(card)
    const size = readCount(units)
    if (index === null || size === null || readCount(instances) !== 1) continue
    whole.set(index, Math.max(size, whole.get(index) ?? 0))
  }
  const devices = [...whole].map(
    ([index, units]): PpuDevice => ({ ...sparseCard(index), compute_units_whole: units }),
  )
  return { tool: TOOL, toolVersion: null, driverVersion: null, devices: isKnown ? devices : [] }
}
