/**
 * Enflame GCUs through efsmi. A sample takes two calls: `-q` tells identity, use, memory and health,
 * and only the table tells whether a card is shared out (SR-IOV, DRS), which must be known each
 * time, because such a card is never proven free. No output lists processes: who holds
 * `/dev/gcuN` is looked up in `/proc`, which takes root; without it nothing is claimed of them.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { HealthReading } from '@yiben/shared'
import {
  failedHealth,
  HEALTH_NOT_TOLD,
  HEALTH_OK,
  healthByErrors,
  identitiesFrom,
} from '../card-traits.ts'
import type { Answer, ToolSession } from '../card-vendor.ts'
import { withDeviceUsers } from '../device-users.ts'
import type { OfferedSignals } from '../probe.ts'
import { ownSerial } from '../shared-serials.ts'
import { sriovWord, withVirtualFunctions } from '../sriov.ts'
import { cardVendorModule } from '../tool-probe.ts'
import type { EnflameDevice } from './devices.ts'
import { readEnflame } from './parse.ts'

/** Folder of the driver below a PCI function: `enflame/gcu0`; `zixiao` on some versions. */
const DRIVER_FOLDERS = ['enflame', 'zixiao']
/** The maker's own monitors, whose library may keep the nodes open for as long as they run. */
const WATCHERS = new Set(['efsmi', 'gcu-exporter', 'gcushare-device'])

export const enflame = cardVendorModule<EnflameDevice>({
  vendor: 'enflame',
  tools: ['efsmi'],
  read: readEnflame,
  inventory: readCards,
  sample: readCards,
  // The serial is the board's; functions of one board share it, and then it names none of them.
  identitiesOf: (card) => identitiesFrom({ strong: card.uuid, board: ownSerial(card) }),
  offersOf,
  healthOf,
  enginesOf: (device) => ({
    encoder: device.encoder_utilization_pct ?? undefined,
    decoder: device.decoder_utilization_pct ?? undefined,
  }),
  deviceFileOf,
  splitOf,
})

async function readCards(session: ToolSession<EnflameDevice>): Promise<Answer<EnflameDevice>> {
  const answer = await session.ask(['-q'])
  if (answer.status === 'failed') return answer
  const table = await session.ask([])
  const told = withModes(answer.output.devices, table.status === 'ok' ? table.output.devices : [])
  const devices = await withDeviceUsers(told, {
    rootPrefix: session.rootPrefix,
    fileOf: (device) => deviceFileOf(device, session.rootPrefix),
    watchers: WATCHERS,
  })
  return withVirtualFunctions(session, { status: 'ok', output: { ...answer.output, devices } })
}

/** Of the table the mode alone is taken, by the address: numbers could join two different cards. */
function withModes(
  devices: readonly EnflameDevice[],
  rows: readonly EnflameDevice[],
): EnflameDevice[] {
  const modes = new Map(rows.map(({ pci_bdf, virt = null }) => [pci_bdf, virt]))
  return devices.map((device) => {
    const virt = device.pci_bdf === null ? null : modes.get(device.pci_bdf)
    return { ...device, virt: virt ?? null }
  })
}

function offersOf(device: EnflameDevice): OfferedSignals {
  return {
    utilization: device.utilization_pct !== null,
    memory: true,
    processes: device.processes !== null,
    health: healthOf(device).status !== 'unknown',
    power: device.power_w !== null,
  }
}

/** `Normal` is the one word seen; a word that nobody knows proves no fault. */
const CABLE_WORDS_BAD = /abnormal|error|fail|unplug|disconnect|missing|lost/i

function healthOf(device: EnflameDevice): HealthReading {
  const { healthy = null, rma = null, double_bit_errors: errors = null } = device
  const cable = device.power_cable ?? null
  const byErrors = healthByErrors(errors, 'double-bit errors')
  if (byErrors.status === 'failed') return byErrors
  if (rma === true) return failedHealth('health', 'RMA flag')
  if (healthy === false) return failedHealth('health', 'Health: False')
  if (cable !== null && CABLE_WORDS_BAD.test(cable)) {
    return failedHealth('health', `power cable: ${cable}`)
  }
  return healthy === true ? HEALTH_OK : HEALTH_NOT_TOLD
}

/** The number in the node's name is the driver's, which sysfs alone tells. */
function deviceFileOf({ pci_bdf }: EnflameDevice, rootPrefix: string): string | null {
  if (pci_bdf === null) return null
  const functionFolder = join(rootPrefix || '/', 'sys/bus/pci/devices', pci_bdf)
  const nodes = DRIVER_FOLDERS.flatMap((folder) => entriesOf(join(functionFolder, folder)))
  const node = nodes.find((name) => /^gcu\d+$/.test(name))
  return node === undefined ? null : `/dev/${node}`
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Another version of the driver, or a container without sysfs.
    return []
  }
}

/**
 * By the table, else by the kernel. Where neither tells, cards with one serial are functions of one
 * board: their UUIDs differ, the serial does not.
 */
function splitOf(device: EnflameDevice): string | null {
  const { virt = null, shares_serial: sharesSerial } = device
  if (virt !== null && !/^disabled?$/i.test(virt)) return virt
  return sriovWord(device) ?? (virt === null && sharesSerial === true ? 'SR-IOV' : null)
}
