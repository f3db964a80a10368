/**
 * DCUs that are shared out in parts. MIG shows as the mode in the last column of hy-smi's table;
 * vDCUs are made by the device plugin of HAMi, which leaves `/etc/vdev/vdevN.conf` for each.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { splitByWord } from '../card-traits.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readCount } from '../formats/text.ts'
import type { RocmDevice } from '../rocm-smi/devices.ts'

const FILE = /^vdev\d{1,4}\.conf$/
/** The plugin makes at most 200. */
const FILES_MAX = 256
export const VDCU = 'vDCU'

/** Modes in which a card is in one piece; `N/A` where the tool has no right to ask. */
const WHOLE = new Set(['normal', 'n/a', 'none', 'default'])

export function splitOf({ mode }: RocmDevice): string | null {
  return splitByWord(mode, WHOLE)
}

/** The devices, those with a vDCU marked so; all of them where a file does not say which it cuts. */
export function withVirtualParts(
  devices: readonly RocmDevice[],
  rootPrefix: string,
): readonly RocmDevice[] {
  const files = readFiles(join(rootPrefix || '/', 'etc/vdev'))
  if (files.length === 0) return devices
  const parents = files.map((text) => parentIn(text, devices))
  return devices.map((device) =>
    parents.some((parent) => parent === null || parent === device)
      ? { ...device, mode: VDCU }
      : device,
  )
}

/** `PciBusId: 0000:33:00.0` and, the same way the tool counts, `device_id: 0`. */
function parentIn(text: string, devices: readonly RocmDevice[]): RocmDevice | null {
  const address = normalisePciAddress(entryOf(text, 'PciBusId'))
  const index = readCount(entryOf(text, 'device_id'))
  return (
    devices.find(({ pci_bdf }) => pci_bdf !== null && pci_bdf === address) ??
    devices.find((device) => device.pci_bdf === null && device.index === index) ??
    null
  )
}

function entryOf(text: string, key: string): string | null {
  return new RegExp(`^${key}\\s*:\\s*(\\S+)\\s*$`, 'im').exec(text)?.[1] ?? null
}

function readFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => FILE.test(name))
    return names.slice(0, FILES_MAX).flatMap((name) => readFile(join(folder, name)))
  } catch {
    // No such folder: nothing is cut this way.
    return []
  }
}

/** One that went meanwhile is none; one that may not be read could cut any card. */
function readFile(path: string): string[] {
  try {
    return [readFileSync(path, 'utf8')]
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? [] : ['']
  }
}
