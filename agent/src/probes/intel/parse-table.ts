/**
 * The table of `xpu-smi` 2.0, which looks like that of nvidia-smi. Under "Volatile Uncorr. ECC" it
 * prints whether ECC is on, not a count; a name too long for its cell is broken after 22 characters.
 */
import { sparseCard } from '../card.ts'
import { normalisePciAddress } from '../pci-address.ts'
import {
  readSmiTable,
  readUse,
  type SmiCard,
  type SmiDialect,
  type SmiTable,
} from '../smi-table.ts'
import { readCount, readQuantity, readWord } from '../text.ts'
import { type IntelDevice, type IntelOutput, TOOL } from './devices.ts'

const BANNER = /\bIntel XPU-SMI v?(\d\S*)(?:\s+Driver: (\S+))?/
/** Width of a name's cell in 2.0 (`kNameWidth` of its source). */
const NAME_CHARS = 22
const DIALECT: SmiDialect = {
  columns: [
    { words: 'gpu', key: 'index', value: '\\d+' },
    { words: 'name', key: 'name', value: '.+?' },
    { words: 'persistence-m', key: 'persistence', value: 'On|Off|N/A' },
    { words: 'bus-id', key: 'pci', value: '[\\da-f:.]+' },
    { words: 'disp.a', key: 'display', value: 'On|Off|N/A' },
    { words: 'volatile uncorr. ecc', key: 'ecc', value: '\\S+' },
    { words: 'fan', key: 'fan', value: '\\S+(?: \\(\\S+\\))?' },
    { words: 'temp', key: 'temperature', value: '\\S+' },
    { words: 'pwr:usage/cap', key: 'power', value: '\\S+(?:\\s*/\\s*\\S+)?' },
    { words: 'memory-usage', key: 'memory', value: '\\S+(?:\\s*/\\s*\\S+)?' },
    { words: 'gpu-util', key: 'utilization', value: '\\S+' },
    { words: 'compute m.', key: 'compute', value: '.+' },
  ],
  needed: ['index', 'name', 'pci', 'temperature', 'power', 'memory', 'utilization'],
}

/** The banner tells it from every other table of this form. */
export function isIntelTable(lines: readonly string[]): boolean {
  return lines.some((line) => BANNER.test(line))
}

export function parseIntelTable(lines: readonly string[]): IntelOutput {
  const table = readSmiTable(lines, DIALECT)
  const [, toolVersion = null, driverVersion = null] = BANNER.exec(lines.join('\n')) ?? []
  const devices = table?.cards.flatMap((card) => readDevice(card, table)) ?? []
  return { tool: TOOL, toolVersion, driverVersion, devices }
}

function readDevice({ values, nameRest }: SmiCard, { processesOf }: SmiTable): IntelDevice[] {
  const index = readCount(values.get('index'))
  if (index === null) return []
  const pci = readWord(values.get('pci'))
  const memory = readUse(values.get('memory'), 'MiB')
  const power = readUse(values.get('power'), 'W')
  return [
    {
      ...sparseCard(index),
      name: readWord(joinedName([values.get('name') ?? '', ...nameRest])),
      pci,
      pci_bdf: normalisePciAddress(pci),
      memory_total_mib: memory.total,
      memory_used_mib: memory.used,
      utilization_pct: readQuantity(values.get('utilization'), '%'),
      // Without a limit there is the figure alone.
      power_w: power.used ?? readQuantity(values.get('power'), 'W'),
      power_cap_w: power.total,
      temperature_c: readQuantity(values.get('temperature'), 'C'),
      processes: processesOf(index),
    },
  ]
}

/** A blank at the break is not printed; a shorter piece shows that it was there. */
function joinedName(pieces: readonly string[]): string {
  return pieces
    .map((piece, at) => (at < pieces.length - 1 ? piece.padEnd(NAME_CHARS) : piece))
    .join('')
}
