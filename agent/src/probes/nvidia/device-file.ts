/**
 * The device node of a card: `/dev/nvidiaN`, where N is the driver's minor number. It is not the
 * order in which the library or the tool lists the cards, and the kernel module alone tells it.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NvidiaDevice } from './devices.ts'

/** From `/proc/driver/nvidia/gpus/<address>/information`; `null` where there is no such file. */
export function deviceFileOf(rootPrefix: string, device: NvidiaDevice): string | null {
  if (device.pci_bdf === null) return null
  const path = join(rootPrefix || '/', 'proc/driver/nvidia/gpus', device.pci_bdf, 'information')
  try {
    const minor = /^Device Minor:\s*(\d{1,4})\s*$/m.exec(readFileSync(path, 'utf8'))?.[1]
    return minor === undefined ? null : `/dev/nvidia${minor}`
  } catch {
    // WSL, or a container without the driver's files: the node is not told.
    return null
  }
}
