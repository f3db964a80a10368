/** `ppu-smi mig -lgip`: which profile fits once, and so has all compute units of the card. */
import { sparseCard } from '../card.ts'
import { cellsOf } from '../formats/bar-table.ts'
import { readCount } from '../formats/text.ts'
import { type PpuDevice, type PpuOutput, TOOL } from './devices.ts'

const TITLE = /\bGPU instance profiles:/
/** Card, name, number, free and all of its instances, memory, peer to peer, compute units. */
const PROFILE =
  /^(\d+)\s+MIG\s+\S+\s+\d+\*?\s+\d+\/(\d+)\s+\d+(?:\.\d+)?\s+\S+\s+(\d+)\s+\d+\s+\d+$/

/** `null`: no such list in the text. */
export function parsePpuProfiles(lines: readonly string[]): PpuOutput | null {
  if (!lines.some((line) => TITLE.test(line))) return null
  const isKnown = lines.some((line) => /\bP2P\s+CU\s+DEC\s+ENC\b/.test(line))
  const whole = new Map<number, number>()
  for (const line of isKnown ? lines : []) {
    const [row = ''] = cellsOf(line)
    const [, card, instances, units] = PROFILE.exec(row) ?? []
    const index = readCount(card)
    const size = readCount(units)
    if (index === null || size === null || readCount(instances) !== 1) continue
    whole.set(index, Math.max(size, whole.get(index) ?? 0))
  }
  const devices = [...whole].map(
    ([index, units]): PpuDevice => ({ ...sparseCard(index), compute_units_whole: units }),
  )
  return { tool: TOOL, toolVersion: null, driverVersion: null, devices }
}
