/**
 * The `nvidia-smi` of images for T-Head's PPU, which is a shim over `ppu-smi`: a host with it has PPUs
 * and no NVIDIA card. Recognised by its banner ("HGGC Version" where NVIDIA's says CUDA), by the
 * errors of its library, and in outputs without a banner by the names and ids of its cards. Refused
 * whole, so that no card is counted by two probes.
 */
import { type CardFailure, isFailure, wrongTool } from '../card.ts'
import type { NvidiaDevice, NvidiaReading } from './devices.ts'

export const SHIM_SENTENCE =
  'This nvidia-smi is the shim that images for T-Head PPUs carry: its cards are PPUs, which ppu-smi reads.'

const SIGNS: readonly RegExp[] = [
  // Only in the place of a banner or a heading: a process may have any name.
  /^\|\s*\w+-SMI\s.*\bHGGC Version:/m,
  /^\|\s*PPU-SMI\s/m,
  /^=+PPUSMI LOG=+|^HGGC Version\s*:|^PPU [\da-f]{8}:[\da-f:.]+\s*$/im,
  /^PPU \d+: .+ \(UUID: /m,
  /<(?:hggc_version|ppu_smi_log)>/,
  /^init HGML error\b|Failed to open \/dev\/alixpu\b/im,
]
/** `PPU-ZW810E`, `PPU`, and `alixpu` of early releases. */
const NAME = /^(?:PPU|alixpu)(?:[-\s]|$)/i
const UUID = /^PPU-/

export function isShimText(text: string): boolean {
  return SIGNS.some((sign) => sign.test(text))
}

/** One line of a long-lived query, with the card it is read as. */
export function isShimRow(line: string, device: NvidiaDevice | null): boolean {
  return isShimText(line) || (device !== null && isShimDevice(device))
}

function isShimDevice({ name, uuid }: NvidiaDevice): boolean {
  return NAME.test(name ?? '') || UUID.test(uuid ?? '')
}

/** The reading as it is, or why nothing of it may be used. */
export function withoutShim<Reading extends NvidiaReading>(
  reading: Reading,
): Reading | CardFailure {
  return !isFailure(reading) && reading.devices.some(isShimDevice) ? refusedShim() : reading
}

export function refusedShim(): CardFailure {
  return wrongTool(SHIM_SENTENCE)
}
