/** `ppu-smi -L`: the ids of cards and of their MIG instances, which no table has. */
import { sparseCard } from '../card.ts'
import { readId } from '../formats/printed-id.ts'
import { readSmiList } from '../formats/smi-list.ts'
import { type PpuDevice, type PpuOutput, TOOL } from './devices.ts'

/** `null`: no such list in the text. */
export function parsePpuList(lines: readonly string[]): PpuOutput | null {
  const devices = readSmiList(lines, 'PPU').map(({ index, name, uuid, parts }): PpuDevice => {
    const card = sparseCard(index, { name, uuid: readId(uuid) })
    const slices = parts.map((part) => ({
      name: part.profile,
      device: part.device,
      uuid: readId(part.uuid),
    }))
    return slices.length > 0 ? { ...card, slices } : card
  })
  return devices.length === 0
    ? null
    : { tool: TOOL, toolVersion: null, driverVersion: null, devices }
}
