/**
 * Lines of `lspci` as people paste them: `3d:00.0 Processing accelerators: Huawei Technologies Co.,
 * Ltd. Device d801 (rev 20)`, also with `-nn` (`[19e5:d801]`). Which lines are accelerators is told
 * by the class text; models are not told by name, because old tables of ids name them wrongly.
 */

import type { Vendor } from '@yiben/shared'
import { sparseCard } from '../card.ts'
import type { ParsedDevice, ParsedOutput } from '../probe.ts'
import { normalisePciAddress } from './pci-address.ts'

const LINE =
  /^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) ([^:[]+?)(?: \[[0-9a-f]{4}\])?: (.+)$/i
const ACCELERATOR_CLASSES =
  /^(?:Processing accelerators?|3D controller|VGA compatible controller|Display controller|Co-processor)$/i

/** The accelerators of a text of lspci; `null` for any other text. */
export function parseLspci(lines: readonly string[], vendor: Vendor): ParsedOutput | null {
  if (!lines.some((line) => LINE.test(line.trim()))) return null
  return {
    vendor,
    tool: 'lspci',
    tool_version: null,
    driver_version: null,
    devices: readDevices(lines),
  }
}

function readDevices(lines: readonly string[]): ParsedDevice[] {
  const devices: ParsedDevice[] = []
  for (const line of lines) {
    const [, address = '', className = '', rest = ''] = LINE.exec(line.trim()) ?? []
    if (address === '' || !ACCELERATOR_CLASSES.test(className)) continue
    const ids = /\[([0-9a-f]{4}):([0-9a-f]{4})\]/i.exec(rest)
    const deviceId = ids?.[2] ?? /\bDevice ([0-9a-f]{4})\b/i.exec(rest)?.[1]
    devices.push({
      ...sparseCard(devices.length, { pci: address, pci_bdf: normalisePciAddress(address) }),
      pci_vendor: /^[A-Za-z][\w-]*/.exec(rest)?.[0] ?? null,
      pci_device_id: deviceId === undefined ? null : `0x${deviceId.toLowerCase()}`,
    })
  }
  return devices
}
