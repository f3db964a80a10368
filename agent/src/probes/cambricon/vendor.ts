/**
 * Cambricon MLUs through `cnmon`. Its plain tables are one short call and carry utilization, memory,
 * processes and ECC of all cards; the UUID is told by `cnmon info` alone, which is asked at
 * inventory. `cnmon info -j` is never run: it writes into the current folder.
 *
 * Health words are in `cnmon info` only, so sampling offers none; a count of ECC errors, corrected
 * ones included, is shown and proves no fault.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HealthReading } from '@yiben/shared'
import { HEALTH_NOT_TOLD, healthByWord } from '../card-vendor.ts'
import { inventoryWithIds } from '../inventory-calls.ts'
import { cardVendorModule } from '../tool-probe.ts'
import type { CambriconDevice } from './device.ts'
import { readCambricon } from './parse.ts'

/** Words of `cnmon info`, Health State: Device. */
const HEALTH_WORDS: Parameters<typeof healthByWord>[1] = {
  good: { status: 'ok', cause: null },
  bad: { status: 'failed', cause: 'health' },
  unhealthy: { status: 'failed', cause: 'health' },
}
/** Words of the Mode and SR-IOV columns under which a card is in one piece. */
const WHOLE_MODES = new Set(['full', 'off', 'disable', 'disabled'])

export const cambricon = cardVendorModule<CambriconDevice>({
  vendor: 'cambricon',
  tools: ['cnmon'],
  read: readCambricon,
  inventory: (session) => inventoryWithIds(session, [], [['info'], ['-l']]),
  sample: (session) => session.ask([]),
  identitiesOf: ({ uuid }) => (uuid === null ? [] : [{ strength: 'strong', raw: uuid }]),
  offersOf: ({ power_w }) => ({
    utilization: true,
    memory: true,
    processes: true,
    health: false,
    power: power_w !== null,
  }),
  healthOf,
  deviceFileOf,
  splitOf,
})

function healthOf({ health, ecc_errors: errors = null }: CambriconDevice): HealthReading {
  if (health !== undefined) return healthByWord(health, HEALTH_WORDS)
  if (errors === null || errors === 0) return HEALTH_NOT_TOLD
  return { ...HEALTH_NOT_TOLD, detail: `${errors} ECC errors` }
}

/** MIM and sMLU (`Mode`), SR-IOV: what the parts do is told by the library alone. */
function splitOf(device: CambriconDevice): string | null {
  const { mode = null, sriov = null, has_virtual_functions: hasFunctions = false } = device
  if (mode !== null && !WHOLE_MODES.has(mode.toLowerCase())) return mode
  const isVirtualised = hasFunctions || (sriov !== null && !WHOLE_MODES.has(sriov.toLowerCase()))
  return isVirtualised ? 'SR-IOV' : null
}

/** The driver tells the node by the address of the card. */
function deviceFileOf({ pci_bdf }: CambriconDevice, rootPrefix: string): string | null {
  if (pci_bdf === null) return null
  const path = join(rootPrefix || '/', 'proc/driver/cambricon/mlus', pci_bdf, 'information')
  try {
    const text = readFileSync(path, 'utf8')
    return /^Device inode path:\s*(\/dev\/cambricon_dev\d{1,4})\s*$/m.exec(text)?.[1] ?? null
  } catch {
    // A container without the driver's files: the node is not told.
    return null
  }
}
