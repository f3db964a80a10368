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
import type { CardReading } from '../card.ts'
import { HEALTH_NOT_TOLD, healthByWord } from '../card-vendor.ts'
import { inventoryWithIds } from '../inventory-calls.ts'
import type { RawIdentity } from '../probe.ts'
import { refused, refusedForeign, type ToolName } from '../refusal.ts'
import { toolLines } from '../tool-lines.ts'
import { cardVendorModule } from '../tool-probe.ts'
import type { BirenDevice } from './device.ts'
import { parseBrsmiBlocks, parseBrsmiCsv, parseBrsmiXml } from './parse-query.ts'
import { parseBrsmiTable } from './parse-table.ts'

const NAME: ToolName = { vendor: 'biren', tool: 'brsmi' }
const ID_QUERIES = [
  ['gpu', '--query-gpu=index,uuid,serial,pci.bus_id', '--format=csv'],
  ['gpu', '--query-gpu=index,name,serial', '--format=csv'],
] as const
/** Words of the SVI mode under which a card is in one piece. */
const WHOLE_MODES = new Set(['disabled', 'disable', 'off', '0'])
const HEALTH_WORDS: Parameters<typeof healthByWord>[1] = {
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
  identitiesOf,
  offersOf: ({ power_w, ecc_uncorrected: errors = null }) => ({
    utilization: true,
    memory: true,
    processes: true,
    health: errors !== null,
    power: power_w !== null,
  }),
  healthOf,
  deviceFileOf,
  splitOf: ({ svi_mode: mode = null }) =>
    mode === null || WHOLE_MODES.has(mode.toLowerCase()) ? null : `SVI ${mode}`,
})

function readBiren(text: string, command: string | null): CardReading<BirenDevice> {
  const foreign = refusedForeign(text, NAME)
  if (foreign !== null) return foreign
  const lines = toolLines(text)
  const table = parseBrsmiTable(lines)
  const output =
    table ?? parseBrsmiXml(text) ?? parseBrsmiBlocks(lines) ?? parseBrsmiCsv(lines, command)
  if (output !== null && output.devices.length > 0) return output
  return refused(text, NAME, table === null ? null : 'The table has its headers and no card.')
}

function identitiesOf({ uuid, serial }: BirenDevice): RawIdentity[] {
  return [
    ...(uuid === null ? [] : [{ strength: 'strong', raw: uuid } as const]),
    ...(serial === null ? [] : [{ strength: 'board', raw: serial } as const]),
  ]
}

function healthOf({ health, ecc_uncorrected: errors = null }: BirenDevice): HealthReading {
  if (errors !== null && errors > 0) {
    return { status: 'failed', cause: 'ecc', detail: `${errors} uncorrected ECC errors` }
  }
  if (health !== undefined) return healthByWord(health, HEALTH_WORDS)
  return errors === null ? HEALTH_NOT_TOLD : { status: 'ok', cause: null, detail: null }
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
