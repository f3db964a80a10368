/** The scrolling samples of `ppu-smi dmon` (cards) and `pmon` (processes). */
import { sparseCard } from '../card.ts'
import { readSampleProcesses, readSamples, type SampleRow } from '../formats/smi-samples.ts'
import { readNumber } from '../formats/text.ts'
import { type PpuDevice, type PpuOutput, TOOL } from './devices.ts'

/** `null`: no such samples in the text. */
export function parsePpuSamples(lines: readonly string[]): PpuOutput | null {
  const samples = readSamples(lines, 'ppu')
  if (samples === null) return null
  const devices: PpuDevice[] = samples.areProcesses
    ? [...readSampleProcesses(samples)].map(([index, processes]) =>
        sparseCard(index, { processes }),
      )
    : lastRowPerCard(samples.rows).map(readCard)
  return { tool: TOOL, toolVersion: null, driverVersion: null, devices }
}

function lastRowPerCard(rows: readonly SampleRow[]): SampleRow[] {
  return [...new Map(rows.map((row) => [row.card, row])).values()]
}

function readCard({ card, cell }: SampleRow): PpuDevice {
  return {
    ...sparseCard(card),
    // The older name of the column.
    utilization_pct: readNumber(cell('cu', '%') ?? cell('sm', '%')),
    core_pct: readNumber(cell('core', '%')),
    memory_utilization_pct: readNumber(cell('mem', '%')),
    memory_used_mib: readNumber(cell('mem', 'MB', 'MiB')),
    encoder_utilization_pct: readNumber(cell('enc', '%')),
    decoder_utilization_pct: readNumber(cell('dec', '%')),
    power_w: readNumber(cell('pwr', 'W')),
    temperature_c: readNumber(cell('ptemp', 'C')),
  }
}
