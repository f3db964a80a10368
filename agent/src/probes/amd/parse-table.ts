/**
 * The table that `amd-smi` alone prints (26.x): a banner, two lines per card under two header lines,
 * and the processes below. A name is cut at its front.
 */
import { cardDialect, readCardTable, type TableCard } from '../formats/card-table.ts'
import { readCount, readPair, readQuantity, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import type { AmdDevice, AmdOutput } from './devices.ts'

const BANNER = /\bAMD-SMI\s+(\S+)/
const DRIVER = /amdgpu version:\s*(\S+)/i
const DIALECT = cardDialect(
  'gpu',
  [
    { words: 'bdf', key: 'pci', value: '\\S+' },
    { words: 'gpu-name', key: 'name', value: '\\S.*' },
    { words: 'mem-uti', key: 'memoryActivity', value: '\\S+(?: ?%)?' },
    { words: 'temp', key: 'temperature', value: '\\S+(?: ?°?C)?' },
    { words: 'uec', key: 'ecc', value: '\\S+' },
    { words: 'power-usage', key: 'power', value: '\\S+(?: ?W)?' },
    { words: 'partition-mode', key: 'partitions', value: '\\S+' },
    { words: 'gfx-uti', key: 'utilization', value: '\\S+(?: ?%)?' },
    { words: 'fan', key: 'fan', value: '\\S+(?: ?%)?' },
    { words: 'mem-usage', key: 'memory', value: '\\S+(?: ?MB)?' },
  ],
  { needed: ['index', 'pci', 'utilization', 'power', 'memory'], firstHeader: /\bBDF\b/ },
)

/** `null` for a text without its banner. */
export function parseAmdSmiTable(lines: readonly string[]): AmdOutput | null {
  const banner = firstMatch(lines, BANNER)
  const table = banner === null ? null : readCardTable(lines, DIALECT)
  if (banner === null || table === null) return null
  return {
    tool: 'amd-smi',
    toolVersion: banner[1] ?? null,
    driverVersion: readWord(firstMatch(lines, DRIVER)?.[1]),
    devices: table.cards.map(readDevice),
    facts: { maker: 'amd' },
  }
}

function readDevice({ card, values }: TableCard): AmdDevice {
  const memory = readPair(values.get('memory'), 'MB')
  const [compute, memoryMode] = (readWord(values.get('partitions')) ?? '').split('/')
  return {
    ...card,
    memory_total_mib: memory.total,
    memory_used_mib: memory.used,
    memory_utilization_pct: readQuantity(values.get('memoryActivity'), '%'),
    ecc_uncorrected: readCount(values.get('ecc')),
    compute_partition: readWord(compute),
    memory_partition: readWord(memoryMode),
  }
}
