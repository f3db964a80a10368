/** `ppu-smi -L`: the ids of cards and of their MIG instances, which no table has. */
import { sparseCard } from '../card.ts'
import { readId } from '../printed-id.ts'
import { readCount, readWord } from '../text.ts'
import { type PpuDevice, type PpuOutput, type PpuSlice, TOOL } from './devices.ts'

const CARD_LINE = /^PPU (\d+): (.+?) \(UUID: ([\w-]+)\)\s*$/
const SLICE_LINE = /^\s+MIG (\S+?),?\s+Device\s+(\d+):? \(UUID: ([\w-]+)\)\s*$/

export function isPpuList(lines: readonly string[]): boolean {
  return lines.some((line) => CARD_LINE.test(line))
}

export function parsePpuList(lines: readonly string[]): PpuOutput {
  const cards: { card: PpuDevice; slices: PpuSlice[] }[] = []
  for (const line of lines) {
    const [, number, name, uuid] = CARD_LINE.exec(line) ?? []
    const [, part, device, partUuid] = SLICE_LINE.exec(line) ?? []
    const index = readCount(number)
    if (index !== null) {
      const card = { ...sparseCard(index), name: readWord(name), uuid: readId(uuid) }
      cards.push({ card, slices: [] })
    } else if (part !== undefined) {
      const slice = { name: part, device: readCount(device), uuid: readId(partUuid) }
      cards.at(-1)?.slices.push(slice)
    }
  }
  const devices = cards.map(({ card, slices }) => (slices.length > 0 ? { ...card, slices } : card))
  return { tool: TOOL, toolVersion: null, driverVersion: null, devices }
}
