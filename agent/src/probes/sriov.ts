/**
 * Into how many virtual functions (SR-IOV) a card is cut, which the kernel tells of every PCI
 * device. Several tools list such a card like any other, though virtual machines use it.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CardDevice } from './card.ts'
import type { Answer, ToolSession } from './card-vendor.ts'
import { readCount } from './formats/text.ts'
import { changedCards } from './inventory-calls.ts'

export interface CardWithFunctions extends CardDevice {
  /** Absent where the kernel tells none. */
  readonly virtual_functions?: number
}

/** `null`: the card knows no SR-IOV, or this machine hides its bus. */
export function virtualFunctionsOf(rootPrefix: string, pciAddress: string | null): number | null {
  if (pciAddress === null) return null
  const path = join(rootPrefix || '/', 'sys/bus/pci/devices', pciAddress, 'sriov_numvfs')
  try {
    return readCount(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/** An answer of the tool with what the kernel says of each card beside it. */
export function withVirtualFunctions<Device extends CardWithFunctions>(
  { rootPrefix }: ToolSession<Device>,
  answer: Answer<Device>,
): Answer<Device> {
  return changedCards(answer, (devices) =>
    devices.map((device) => {
      const count = virtualFunctionsOf(rootPrefix, device.pci_bdf)
      return count === null ? device : { ...device, virtual_functions: count }
    }),
  )
}

/** For `splitOf`. */
export function sriovWord({ virtual_functions = 0 }: CardWithFunctions): string | null {
  return virtual_functions > 0 ? 'SR-IOV' : null
}
