/** What the parsers of this folder make of any output of Intel's `xpu-smi`, 1.x and 2.0. */
import { type CardDevice, type CardOutput, type CardProcess, sparseCard } from '../card.ts'
import { readPciId } from '../formats/pci-id.ts'
import { type ProcessRow, processTable } from '../formats/process-table.ts'
import type { SmiProcess } from '../formats/smi-process.ts'
import type { CardWithFunctions } from '../sriov.ts'

export interface IntelComponent {
  readonly component: string
  /** `OK`, `Warning`, `Critical`, `Unknown`. */
  readonly status: string
}

export interface IntelDevice extends CardDevice, CardWithFunctions {
  /** PCI vendor and device, `8086:0bd5`. */
  readonly pci_id?: string | null
  /** `physical` or `virtual`. */
  readonly function_type?: string | null
  /** `normal`; anything else is a card that only waits for new firmware. */
  readonly device_state?: string | null
  readonly driver_version?: string | null
  /** Dies of one package; the tool tells figures of the whole beside those of each. */
  readonly tiles?: number | null
  /** Errors of memory and caches since the driver was loaded. */
  readonly ecc_uncorrected?: number | null
  readonly components?: readonly IntelComponent[]
  readonly processes: readonly SmiProcess[] | null
}

export type IntelOutput = CardOutput<IntelDevice>

export const TOOL = 'xpu-smi'

/** Outputs that print no version of the tool. */
export function intelOutput(devices: readonly IntelDevice[]): IntelOutput {
  const versions = new Set(devices.flatMap(({ driver_version }) => driver_version ?? []))
  const [version = null] = versions
  const driverVersion = versions.size === 1 ? version : null
  return { tool: TOOL, toolVersion: null, driverVersion, devices }
}

/** `0x20a` of 1.x and `0x020A` of 2.0. */
export function pciIdOf(deviceId: string | null | undefined): string | null {
  return readPciId('8086', deviceId?.trim().replace(/^0x/i, '').padStart(4, '0'))
}

/** One device per card that has a process. */
export function devicesWithProcesses(rows: readonly ProcessRow<CardProcess>[]): IntelDevice[] {
  const byCard = processTable(rows, true) ?? new Map<number, readonly CardProcess[]>()
  return [...byCard].map(([index, processes]) => sparseCard(index, { processes }))
}

/** What the tool calls `kB` are units of 1024 bytes. */
export function mibOfKib(kib: number | null): number | null {
  return kib === null ? null : kib / 1024
}

/** Cards as one list holds them, with what another list says of the same numbers. */
export function byNumber(devices: readonly IntelDevice[]): ReadonlyMap<number, IntelDevice> {
  return new Map(devices.map((device) => [device.index, device]))
}
