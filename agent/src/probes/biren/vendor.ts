/**
 * Biren GPUs through `brsmi`. Its plain table is one short call and carries all that is required;
 * ids are asked by CSV queries at inventory, the richest first, because a version refuses a query
 * with a field it does not know. Of the commands of the tool only those that read are ever run.
 *
 * With SVI on, memory and processes belong to the instances, which no seen output tells.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { HealthReading } from '@yiben/shared'
import {
  type HealthWords,
  healthByErrors,
  healthByWord,
  identitiesFrom,
  splitByWord,
} from '../card-traits.ts'
import { inventoryWithIds } from '../inventory-calls.ts'
import { cardVendorModule } from '../tool-probe.ts'
import type { BirenDevice } from './devices.ts'
import { readBiren } from './parse.ts'

const ID_QUERIES = [
  ['gpu', '--query-gpu=index,uuid,serial,pci.bus_id', '--format=csv'],
  ['gpu', '--query-gpu=index,name,serial', '--format=csv'],
] as const
/** Words of the SVI mode under which a card is in one piece. */
const WHOLE_MODES = new Set(['disabled', 'disable', 'off', '0'])
const HEALTH_WORDS: HealthWords = {
  ok: { status: 'ok', cause: null },
  normal: { status: 'ok', cause: null },
  healthy: { status: 'ok', cause: null },
}

export const biren = cardVendorModule<BirenDevice>({
  vendor: 'biren',
  tools: ['brsmi'],
  read: readBiren,
  inventory: (session) => inventoryWithIds(session, [], ID_QUERIES),
  sample: (session) => session.ask([]),
  identitiesOf: ({ uuid, serial }) => identitiesFrom({ strong: uuid, board: serial }),
  offersOf: ({ power_w, ecc_uncorrected: errors = null }) => ({
    utilization: true,
    memory: true,
    processes: true,
    health: errors !== null,
    power: power_w !== null,
  }),
  healthOf,
  deviceFileOf,
  splitOf: ({ svi_mode }) => {
    const mode = splitByWord(svi_mode, WHOLE_MODES)
    return mode === null ? null : `SVI ${mode}`
  },
})

function healthOf({ health, ecc_uncorrected: errors = null }: BirenDevice): HealthReading {
  const byErrors = healthByErrors(errors, 'uncorrected ECC errors')
  return byErrors.status === 'failed' || health === undefined
    ? byErrors
    : healthByWord(health, HEALTH_WORDS)
}

/** `/dev/biren/card_N`, by the link of the driver's class to the PCI function; one node per card. */
function deviceFileOf({ pci_bdf }: BirenDevice, rootPrefix: string): string | null {
  if (pci_bdf === null) return null
  const folder = join(rootPrefix || '/', 'sys/class/biren')
  const nodes = namesIn(folder).filter((name) => {
    return /^card_\d{1,4}$/.test(name) && linkName(join(folder, name, 'device')) === pci_bdf
  })
  // With SVI on every instance has a node of its own: none of them is the card's.
  return nodes.length === 1 ? `/dev/biren/${nodes[0]}` : null
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkName(path: string): string | null {
  try {
    return basename(readlinkSync(path))
  } catch {
    return null
  }
}
