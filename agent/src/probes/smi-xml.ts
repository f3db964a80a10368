/**
 * XML of the tools modelled on `nvidia-smi -q -x` (dlsmi, brsmi): a `<gpu>` per device, with the
 * names of elements drifting from tool to tool. Each field has the paths it is known at, best first;
 * a device says `N/A` where it has no such sensor.
 */
import type { CardDevice, CardProcess } from './card.ts'
import { normalisePciAddress } from './pci-address.ts'
import { readId } from './printed-id.ts'
import { readCount, readQuantity, readWord } from './text.ts'
import { attributeOf, childOf, childrenOf, textAt, type XmlNode } from './xml.ts'

export interface SmiXmlDevice extends CardDevice {
  /** Vendor and device id of the PCI function: `1e27:0006`. */
  readonly pci_id?: string
  /** The driver's own number of the device. */
  readonly minor_number?: number | null
  readonly memory_controller_pct?: number | null
  readonly encoder_pct?: number | null
  readonly decoder_pct?: number | null
  /** Double-bit errors since the driver was loaded; `null`: the device has no such counter. */
  readonly ecc_uncorrected?: number | null
}

const PATHS = {
  name: ['product_name', 'name'],
  serial: ['serial_number', 'serial'],
  pci: ['pci/bus_id', 'pci/pci_bus_id'],
  // The direct child only: `cluster_memory_usage` below it repeats the name for each cluster.
  memoryTotal: ['memory_usage/total', 'fb_memory_usage/total'],
  memoryUsed: ['memory_usage/used', 'fb_memory_usage/used'],
  utilization: ['utilization/gpu', 'utilization/gpu_util'],
  memoryController: ['utilization/memory', 'utilization/memory_util'],
  encoder: ['utilization/encoder', 'utilization/encoder_util'],
  decoder: ['utilization/decoder', 'utilization/decoder_util'],
  power: ['power_readings/power_draw', 'gpu_power_readings/power_draw'],
  powerCap: [
    'power_readings/enforced_power_limit',
    'power_readings/power_limit',
    'gpu_power_readings/current_power_limit',
  ],
  temperature: ['temperature/gpu_current_temp', 'temperature/gpu_temp'],
} as const

export function readSmiXmlDevice(gpu: XmlNode, index: number): SmiXmlDevice {
  const text = (field: keyof typeof PATHS) =>
    PATHS[field].map((path) => textAt(gpu, path)).find((found) => found !== undefined)
  const pci = attributeOf(gpu, 'id') ?? readWord(text('pci'))
  const pciId = pciIdOf(textAt(gpu, 'pci/device_id'))
  return {
    index,
    name: readWord(text('name')),
    uuid: readId(textAt(gpu, 'uuid')),
    serial: readId(text('serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    ...(pciId === null ? {} : { pci_id: pciId }),
    minor_number: readCount(textAt(gpu, 'minor_number')),
    memory_total_mib: readQuantity(text('memoryTotal'), 'MiB'),
    memory_used_mib: readQuantity(text('memoryUsed'), 'MiB'),
    utilization_pct: readQuantity(text('utilization'), '%'),
    memory_controller_pct: readQuantity(text('memoryController'), '%'),
    encoder_pct: readQuantity(text('encoder'), '%'),
    decoder_pct: readQuantity(text('decoder'), '%'),
    power_w: readQuantity(text('power'), 'W'),
    power_cap_w: readQuantity(text('powerCap'), 'W'),
    temperature_c: readQuantity(text('temperature'), 'C'),
    ecc_uncorrected: readCount(textAt(gpu, 'ecc_errors/volatile/double_bit/total')),
    processes: processesOf(gpu),
  }
}

/** `0x00061E27` is the device behind the vendor. */
function pciIdOf(text: string | undefined): string | null {
  const [, device, vendor] = /^0x([0-9a-f]{4})([0-9a-f]{4})$/i.exec(text?.trim() ?? '') ?? []
  return device === undefined ? null : `${vendor}:${device}`.toLowerCase()
}

/** The word None says there are none; another word, or entries of unknown shape, tell nothing. */
function processesOf(gpu: XmlNode): CardProcess[] | null {
  const processes = childOf(gpu, 'processes')
  if (processes === undefined) return null
  if (typeof processes === 'string') return /^none$/i.test(processes.trim()) ? [] : null
  const entries = childrenOf(processes, 'process_info')
  if (entries.length === 0) return null
  return entries.map((entry) => ({
    pid: readCount(textAt(entry, 'pid')),
    name: readWord(textAt(entry, 'process_name')),
    memory_mib: readQuantity(textAt(entry, 'used_memory'), 'MiB'),
  }))
}
