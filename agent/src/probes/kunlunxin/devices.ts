/** What the parsers of this folder make of any output of Kunlunxin's `xpu-smi` and `xpu_smi`. */
import type { CardDevice, CardOutput } from '../card.ts'
import { readJoinedPciId } from '../formats/pci-id.ts'
import { readSmiFields, type SmiPaths } from '../formats/smi-fields.ts'
import { readCount } from '../formats/text.ts'
import type { CardWithFunctions } from '../sriov.ts'

export interface KunlunxinDevice extends CardDevice, CardWithFunctions {
  /** Number of the device node, `/dev/xpuN`. */
  readonly minor_number?: number | null
  /** `/dev/xpu0`, where the tool prints it. */
  readonly device_node?: string | null
  /** Slot on the baseboard; neither index nor number of the node. */
  readonly oam_id?: number | null
  /** PCI vendor and device, `1d22:3688`. */
  readonly pci_id?: string | null
  /** Which chip of its board: the two of a K200 share address and serial. */
  readonly chip?: number | null
  readonly sriov_mode?: string | null
  /** Uncorrectable errors of the memory since the driver was loaded. */
  readonly ecc_uncorrected?: number | null
  readonly decoder_utilization_pct?: number | null
  readonly encoder_utilization_pct?: number | null
}

export type KunlunxinOutput = CardOutput<KunlunxinDevice>

/** The name was changed with the 5.x releases; some installations have both. */
export const TOOLS = ['xpu-smi', 'xpu_smi'] as const

/** By the command where it is known, else by what printed this form first. */
export function toolOf(command: string | null, usual: (typeof TOOLS)[number]): string {
  return /\bxpu[-_]smi\b/.exec(command ?? '')?.[0] ?? usual
}

/** Fields that only some tools have beside those of `SmiPaths`. */
type Field = 'minorNumber' | 'oamId' | 'pciId' | 'eccUncorrected'
type Paths = SmiPaths & Readonly<Record<Field, string>>

/** Where `-q -x` and `-q` print a field. Memory and L3 have the same words in sections of their own. */
export const XML_PATHS: Paths = {
  name: ['product_name'],
  uuid: ['uuid'],
  serial: ['serial'],
  minorNumber: 'minor_number',
  oamId: 'oam_id',
  pci: ['pci/pci_bus_id'],
  pciId: 'pci/pci_device_id',
  memoryTotal: ['fb_memory_usage/total'],
  memoryUsed: ['fb_memory_usage/used'],
  utilization: ['utilization/xpu_util'],
  power: ['power_readings/power_draw'],
  powerCap: ['power_readings/enforced_power_limit'],
  temperature: ['temperature/xpu_temp'],
  eccUncorrected: 'ecc_errors/volatile/dram_uncorrectable',
}
export const LOG_PATHS: Paths = {
  name: ['Product Name'],
  uuid: ['XPU UUID'],
  serial: ['Serial Number'],
  minorNumber: 'Minor Number',
  oamId: 'OAM Id',
  pci: ['PCI/Bus Id'],
  pciId: 'PCI/Device Id',
  memoryTotal: ['Memory Usage/Total'],
  memoryUsed: ['Memory Usage/Used'],
  utilization: ['Utilization/Xpu'],
  power: ['Power Readings/Power Draw'],
  powerCap: ['Power Readings/Enforced Power Limit'],
  temperature: ['Temperature/XPU Current Temp'],
  eccUncorrected: 'ECC Errors/Volatile/DRAM Uncorrectable',
}

/**
 * `Invalid Argument` and `N/A` stand where a value cannot be read; neither is a figure. `heading` is
 * the address in the heading of the device.
 */
export function deviceFromFields(
  ordinal: number,
  paths: Paths,
  at: (path: string) => string | undefined,
  heading: string | null,
): KunlunxinDevice {
  const minorNumber = readCount(at(paths.minorNumber))
  return {
    ...readSmiFields(minorNumber ?? ordinal, paths, at, heading),
    ecc_uncorrected: readCount(at(paths.eccUncorrected)),
    minor_number: minorNumber,
    oam_id: readCount(at(paths.oamId)),
    pci_id: readJoinedPciId(at(paths.pciId)),
  }
}

const PHYSICAL = /^(.+)-PF$/
const VIRTUAL = /^(.+)-VF-[\w.]+$/

/**
 * A host with SR-IOV lists the physical function (`R200-PF`) and behind it each virtual one
 * (`R200-VF-5G`) as a device. They are one card: the virtual ones point at it. In a guest there are
 * virtual ones alone.
 */
export function markVirtualFunctions(devices: readonly KunlunxinDevice[]): KunlunxinDevice[] {
  const owners = new Map<string, number>()
  return devices.map((device) => {
    const physical = PHYSICAL.exec(device.name ?? '')?.[1]
    if (physical !== undefined) owners.set(physical, device.index)
    const owner = owners.get(VIRTUAL.exec(device.name ?? '')?.[1] ?? '')
    return owner === undefined ? device : { ...device, duplicate_of: owner }
  })
}

/** The physical function of a card that is cut gives no compute itself. */
export function isPhysicalFunction({ name }: KunlunxinDevice): boolean {
  return PHYSICAL.test(name ?? '')
}
