/**
 * XML of `nvidia-smi -q -x` and of the tools modelled on it: an element per device, with the names
 * of those below it drifting from tool to tool. Each field has the paths it is known at, best first
 * (of dlsmi and brsmi here); a device says `N/A` where it has no such sensor.
 */
import type { CardDevice } from '../card.ts'
import { readJoinedPciId } from './pci-id.ts'
import { firstText, readSmiFields, type SmiPaths } from './smi-fields.ts'
import { readSmiProcess, type SmiProcess } from './smi-process.ts'
import { readCount, readQuantity } from './text.ts'
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

const PATHS: SmiPaths = {
  name: ['product_name', 'name'],
  uuid: ['uuid'],
  serial: ['serial_number', 'serial'],
  pci: ['pci/bus_id', 'pci/pci_bus_id'],
  // The direct child only: `cluster_memory_usage` below it repeats the name for each cluster.
  memoryTotal: ['memory_usage/total', 'fb_memory_usage/total'],
  memoryUsed: ['memory_usage/used', 'fb_memory_usage/used'],
  utilization: ['utilization/gpu', 'utilization/gpu_util'],
  power: ['power_readings/power_draw', 'gpu_power_readings/power_draw'],
  powerCap: [
    'power_readings/enforced_power_limit',
    'power_readings/power_limit',
    'gpu_power_readings/current_power_limit',
  ],
  temperature: ['temperature/gpu_current_temp', 'temperature/gpu_temp'],
}

export function readSmiXmlDevice(gpu: XmlNode, index: number): SmiXmlDevice {
  const at = (path: string) => textAt(gpu, path)
  const load = (engine: string) =>
    readQuantity(firstText([`utilization/${engine}`, `utilization/${engine}_util`], at), '%')
  const pciId = readJoinedPciId(at('pci/device_id'))
  return {
    ...readSmiFields(index, PATHS, at, attributeOf(gpu, 'id')),
    ...(pciId === null ? {} : { pci_id: pciId }),
    minor_number: readCount(at('minor_number')),
    memory_controller_pct: load('memory'),
    encoder_pct: load('encoder'),
    decoder_pct: load('decoder'),
    ecc_uncorrected: readCount(at('ecc_errors/volatile/double_bit/total')),
    processes: readXmlProcesses(gpu, /^none$/i),
  }
}

/**
 * The list of a card. What stands in `<processes>` where there are none differs: `none` matches the
 * text (an empty one) that is known to say so. Other words, entries of unknown shape, and no list at
 * all tell nothing.
 */
export function readXmlProcesses(card: XmlNode, none: RegExp): SmiProcess[] | null {
  const list = childOf(card, 'processes')
  if (list === undefined) return null
  if (typeof list === 'string') return none.test(list.trim()) ? [] : null
  const entries = childrenOf(list, 'process_info')
  if (entries.length === 0) return null
  return entries.map((entry) => {
    const texts = {
      pid: textAt(entry, 'pid'),
      type: textAt(entry, 'type'),
      name: textAt(entry, 'process_name'),
      gi: textAt(entry, 'gpu_instance_id'),
      ci: textAt(entry, 'compute_instance_id'),
    }
    return readSmiProcess(texts, readQuantity(textAt(entry, 'used_memory'), 'MiB'))
  })
}
