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
import {
  HEALTH_NOT_TOLD,
  type HealthWords,
  healthByWord,
  identitiesFrom,
  splitByWord,
} from '../card-traits.ts'
import { inventoryWithIds } from '../inventory-calls.ts'
import { cardVendorModule } from '../tool-probe.ts'
import type { CambriconDevice } from './devices.ts'
import { readCambricon } from './parse.ts'

/** Words of `cnmon info`, Health State: Device. */
const HEALTH_WORDS: HealthWords = {
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
  identitiesOf: ({ uuid }) => identitiesFrom({ strong: uuid }),
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
function splitOf({ mode, sriov, has_virtual_functions }: CambriconDevice): string | null {
  const isVirtual = has_virtual_functions === true || splitByWord(sriov, WHOLE_MODES) !== null
  return splitByWord(mode, WHOLE_MODES) ?? (isVirtual ? 'SR-IOV' : null)
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
