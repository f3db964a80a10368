/** What NVIDIA's cards are known by, and what is told of them, whichever way read them. */
import type { CardProcess } from '../card.ts'
import type { CardTraits } from '../card-vendor.ts'
import { readId, readUuid } from '../formats/printed-id.ts'
import type { OfferedSignals, RawIdentity } from '../probe.ts'
import { deviceFileOf } from './device-file.ts'
import type { NvidiaDevice } from './devices.ts'
import { healthOf, tellsHealth } from './health.ts'
import { cutOf } from './slices.ts'

export const NVIDIA_TRAITS: CardTraits<NvidiaDevice> = {
  vendor: 'nvidia',
  identitiesOf,
  offersOf,
  healthOf,
  enginesOf: (device) => ({
    memory_controller: device.memory_utilization_pct,
    encoder: device.encoder_utilization_pct,
    decoder: device.decoder_utilization_pct,
    jpeg: device.jpeg_utilization_pct,
    optical_flow: device.optical_flow_utilization_pct,
  }),
  kernelAgeMsOf: ({ kernel_age_ms = null }) => kernel_age_ms,
  deviceFileOf: (device, rootPrefix) => deviceFileOf(rootPrefix, device),
  cutOf,
  splitOf: ({ mig_devices: slices = [] }) => (slices.length > 0 ? 'MIG' : null),
  isGraphics,
  listsGraphics: (device) => device.lists_graphics === true,
}

/** A card that is lost or waits for a reset prints 0 MiB and no process, which says nothing. */
export function withoutMeaningless(device: NvidiaDevice): NvidiaDevice {
  const isUnwell = (device.health_words ?? []).length > 0
  return isUnwell || healthOf(device).cause === 'fallen_off_bus'
    ? { ...device, memory_used_mib: null, processes: null }
    : device
}

export function placeOf({ pci_bdf, index }: NvidiaDevice): string {
  return pci_bdf ?? `${index}`
}

function identitiesOf({ uuid, serial }: NvidiaDevice): RawIdentity[] {
  const chip = /^GPU-/.test(uuid ?? '') ? readUuid(uuid) : null
  const board = /^\d{6,}$/.test(serial ?? '') ? readId(serial) : null
  return [
    ...(chip === null ? [] : [{ strength: 'strong', raw: chip } as const]),
    ...(board === null ? [] : [{ strength: 'board', raw: board } as const]),
  ]
}

export function offersOf(device: NvidiaDevice): OfferedSignals {
  return {
    utilization: device.has_utilization !== false && device.mig_enabled !== true,
    memory: true,
    processes: true,
    health: tellsHealth(device),
    power: device.power_w !== null,
  }
}

function isGraphics(process: CardProcess): boolean {
  return 'type' in process && process.type === 'G'
}
