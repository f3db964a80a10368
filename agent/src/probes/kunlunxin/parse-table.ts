/**
 * The table of `xpu-smi` 5.x: three lines per card, the third with the L3 cache, which is no memory
 * of the card, and the mode of SR-IOV. It has neither UUID nor serial.
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
import { type KunlunxinDevice, type KunlunxinOutput, toolOf } from './devices.ts'

const BANNER = /^\|\s*XPU-SMI\s.*?Driver Version:\s*(\S+)(?:\s+XPU-RT Version:\s*(\S+))?/m
const DIALECT: SmiDialect = {
  columns: [
    { words: 'xpu', key: 'index', value: '\\d+' },
    { words: 'name', key: 'name', value: '.+?' },
    { words: 'persistence-m', key: 'persistence', value: 'On|Off|N/A|ERR!' },
    { words: 'bus-id', key: 'pci', value: '[\\da-f:.]+' },
    { words: 'disp.a', key: 'display', value: 'On|Off|N/A|ERR!' },
    { words: 'volatile uncorr. ecc', key: 'ecc', value: '\\S+' },
    { words: 'fan', key: 'fan', value: '\\S+' },
    { words: 'temp', key: 'temperature', value: '\\S+' },
    { words: 'perf', key: 'perf', value: '\\S+' },
    { words: 'pwr:usage/cap', key: 'power', value: '\\S+(?:\\s*/\\s*\\S+)?' },
    { words: 'memory-usage', key: 'memory', value: '\\S+\\s*/\\s*\\S+' },
    { words: 'xpu-util', key: 'utilization', value: '\\S+' },
    { words: 'compute m.', key: 'compute', value: '.+' },
    { words: 'l3-usage', key: 'l3', value: '\\S+\\s*/\\s*\\S+' },
    { words: 'sr-iov m.', key: 'sriov', value: '\\S+' },
  ],
  needed: ['index', 'name', 'pci', 'temperature', 'power', 'memory', 'utilization'],
}

export function isKunlunxinTable(lines: readonly string[]): boolean {
  return readSmiTable(lines, DIALECT) !== null
}

export function parseKunlunxinTable(
  lines: readonly string[],
  command: string | null,
): KunlunxinOutput {
  const table = readSmiTable(lines, DIALECT)
  const [, driverVersion = null, toolVersion = null] = BANNER.exec(lines.join('\n')) ?? []
  return {
    tool: toolOf(command, 'xpu-smi'),
    toolVersion,
    driverVersion,
    devices: table?.cards.flatMap((card) => readDevice(card, table)) ?? [],
  }
}

function readDevice({ values }: SmiCard, { processesOf }: SmiTable): KunlunxinDevice[] {
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
      ecc_uncorrected: readCount(values.get('ecc')),
      sriov_mode: readWord(values.get('sriov')),
      processes: processesOf(index),
    },
  ]
}
