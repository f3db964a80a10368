/**
 * The render node of a card (`/dev/dri/renderD128`), by which containers and schedulers give it
 * away. Which number belongs to which PCI address the kernel tells in sysfs; it is no order of any
 * tool.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const RENDER_NODE = /^renderD\d{1,4}$/

/** `null` where the address is not told or its driver made no such node. */
export function renderNodeOf(rootPrefix: string, pciAddress: string | null): string | null {
  if (pciAddress === null) return null
  const folder = join(rootPrefix || '/', 'sys/bus/pci/devices', pciAddress, 'drm')
  try {
    const name = readdirSync(folder).find((entry) => RENDER_NODE.test(entry))
    return name === undefined ? null : `/dev/dri/${name}`
  } catch {
    // No such function on this bus (a container), or a driver without render nodes.
    return null
  }
}
