/** Reads any output of `ppu-smi` by its structure. */
import { type CardFailure, type CardReading, sparseCard } from '../card.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readId } from '../printed-id.ts'
import { type FailureText, refused, refusedForeign } from '../refusal.ts'
import { isSmiLog, readSmiLog, type SmiLogCard } from '../smi-log.ts'
import { readCount, readQuantity, readWord } from '../text.ts'
import { finishedLines, toolLines } from '../tool-lines.ts'
import { type PpuDevice, type PpuOutput, TOOL } from './devices.ts'
import { isPpuCsv, parsePpuCsv } from './parse-csv.ts'
import { isPpuList, parsePpuList } from './parse-list.ts'
import { isPpuSamples, parsePpuSamples } from './parse-samples.ts'
import { isPpuProfiles, isPpuTable, parsePpuProfiles, parsePpuTable } from './parse-table.ts'

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
  const output = readOutput(text, command)
  if (output === null) return refusedForeign(text, NAME) ?? refused(text, NAME)
  if ('failure' in output || output.devices.length > 0) return output
  return refused(text, NAME, 'This output of ppu-smi names no card that can be read.')
}

/** `null`: none of the outputs known here. */
function readOutput(text: string, command: string | null): PpuOutput | CardFailure | null {
  const lines = toolLines(text)
  if (isSmiLog(lines, 'PPU')) return parseLog(finishedLines(lines))
  if (isPpuProfiles(lines)) return parsePpuProfiles(lines)
  if (isPpuTable(lines)) return parsePpuTable(lines)
  const finished = finishedLines(lines)
  if (isPpuList(lines)) return parsePpuList(finished)
  if (isPpuSamples(lines)) return parsePpuSamples(finished)
  return isPpuCsv(finished, command) ? parsePpuCsv(finished, command) : null
}

function parseLog(lines: readonly string[]): PpuOutput {
  const log = readSmiLog(lines, 'PPU')
  return {
    tool: TOOL,
    toolVersion: readWord(log.lookup('ppu-smi Version')),
    driverVersion: readWord(log.lookup('Driver Version')),
    devices: log.cards.map(readSection),
  }
}

function readSection({ pci, lookup, processes }: SmiLogCard, ordinal: number): PpuDevice {
  const power = 'Power Readings'
  return {
    ...sparseCard(ordinal),
    name: readWord(lookup('Product Name')),
    uuid: readId(lookup('PPU UUID')),
    serial: readId(lookup('Serial Number')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: readQuantity(lookup('Memory Usage/Total'), 'MiB'),
    memory_used_mib: readQuantity(lookup('Memory Usage/Used'), 'MiB'),
    utilization_pct: readQuantity(lookup('Utilization/Ppu'), '%'),
    core_pct: readQuantity(lookup('Utilization/Core'), '%'),
    memory_utilization_pct: readQuantity(lookup('Utilization/Memory'), '%'),
    encoder_utilization_pct: readQuantity(lookup('Utilization/Encoder'), '%'),
    decoder_utilization_pct: readQuantity(lookup('Utilization/Decoder'), '%'),
    power_w: readQuantity(lookup(`${power}/Power Draw`), 'W'),
    power_cap_w: readQuantity(
      lookup(`${power}/Enforced Power Limit`) ?? lookup(`${power}/Power Limit`),
      'W',
    ),
    temperature_c: readQuantity(lookup('Temperature/PPU Current Temp'), 'C'),
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
