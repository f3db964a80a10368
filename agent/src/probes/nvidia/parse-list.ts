/** `nvidia-smi -L`: the only output of the tool with the UUIDs of MIG slices, and their profile. */
import { sparseCard } from '../card.ts'
import { readSmiList } from '../formats/smi-list.ts'
import { type NvidiaDevice, type NvidiaOutput, nvidiaOutput } from './devices.ts'

/** Without devices for a text that lists none. */
export function parseNvidiaList(lines: readonly string[]): NvidiaOutput {
  const devices = readSmiList(lines, 'GPU').map(({ index, name, uuid, parts }): NvidiaDevice => {
    const slices = parts.map((part) => ({
      profile: part.profile,
      index: part.device,
      uuid: part.uuid,
    }))
    const card = sparseCard(index, { name, uuid })
    return slices.length > 0 ? { ...card, mig_devices: slices } : card
  })
  return nvidiaOutput(devices, null)
}
