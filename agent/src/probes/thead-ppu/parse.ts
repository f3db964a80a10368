/** Reads any output of `ppu-smi` by its structure. */
import type { CardReading } from '../card.ts'
import { readSmiFields, type SmiPaths } from '../formats/smi-fields.ts'
import { isSmiLog, readSmiLog, type SmiLogCard } from '../formats/smi-log.ts'
import { readCount, readQuantity, readWord } from '../formats/text.ts'
import { finishedLines } from '../formats/tool-lines.ts'
import { type FailureText, readOrRefuse } from '../refusal.ts'
import { type PpuDevice, type PpuOutput, TOOL } from './devices.ts'
import { parsePpuCsv } from './parse-csv.ts'
import { parsePpuList } from './parse-list.ts'
import { parsePpuProfiles } from './parse-profiles.ts'
import { parsePpuSamples } from './parse-samples.ts'
import { parsePpuTable } from './parse-table.ts'

/** The tool ends with exit code 0 whatever it prints. */
const FAILURE_TEXTS: readonly FailureText[] = [
  {
    pattern: /init HGML error: .*permission|Failed to open \/dev\/alixpu.*denied/i,
    class: 'permission',
    code: 'permission_denied',
    advice: 'Let the agent read /dev/alixpu*.',
  },
  {
    pattern: /init HGML error|Failed to (?:open|create) \/dev\/alixpu/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice: 'Load the kernel modules alipci and alixpu; a card given to vfio-pci has no driver.',
  },
  {
    pattern: /is not a valid (?:field|property)|not a valid (?:field|property) to query/i,
    class: 'unknown_field',
    code: 'tool_failed',
    advice: 'This release does not know one of the fields asked for.',
  },
]
const NAME = { vendor: 'thead-ppu', tool: TOOL, texts: FAILURE_TEXTS } as const

export function readPpu(text: string, command: string | null): CardReading<PpuDevice> {
  return readOrRefuse(text, NAME, (lines) => {
    const finished = finishedLines(lines)
    return (
      parseLog(finished) ??
      parsePpuProfiles(lines) ??
      parsePpuTable(lines) ??
      parsePpuList(finished) ??
      parsePpuSamples(finished) ??
      parsePpuCsv(finished, command)
    )
  })
}

/** `null`: no such text. */
function parseLog(lines: readonly string[]): PpuOutput | null {
  if (!isSmiLog(lines, 'PPU')) return null
  const log = readSmiLog(lines, 'PPU')
  return {
    tool: TOOL,
    toolVersion: readWord(log.lookup('ppu-smi Version')),
    driverVersion: readWord(log.lookup('Driver Version')),
    devices: log.cards.map(readSection),
  }
}

const LOG_PATHS: SmiPaths = {
  name: ['Product Name'],
  uuid: ['PPU UUID'],
  serial: ['Serial Number'],
  pci: [],
  memoryTotal: ['Memory Usage/Total'],
  memoryUsed: ['Memory Usage/Used'],
  utilization: ['Utilization/Ppu'],
  power: ['Power Readings/Power Draw'],
  powerCap: ['Power Readings/Enforced Power Limit', 'Power Readings/Power Limit'],
  temperature: ['Temperature/PPU Current Temp'],
}

function readSection({ pci, lookup, processes }: SmiLogCard, ordinal: number): PpuDevice {
  const load = (engine: string) => readQuantity(lookup(`Utilization/${engine}`), '%')
  return {
    ...readSmiFields(ordinal, LOG_PATHS, lookup, pci),
    core_pct: load('Core'),
    memory_utilization_pct: load('Memory'),
    encoder_utilization_pct: load('Encoder'),
    decoder_utilization_pct: load('Decoder'),
    mig_mode: readWord(lookup('MIG Mode/Current')),
    ecc_uncorrected: uncorrectable(lookup),
    recovery_action: readWord(lookup('PPU Recovery Action')),
    processes,
  }
}

/** The greater of the two counters; memory counts apart from the caches. */
function uncorrectable(lookup: SmiLogCard['lookup']): number | null {
  const counts = ['DRAM Uncorrectable', 'SRAM Uncorrectable']
    .map((key) => readCount(lookup(`ECC Errors/Volatile/${key}`)))
    .filter((count) => count !== null)
  return counts.length === 0 ? null : Math.max(...counts)
}
