/**
 * Kunlunxin: `xpu-smi -q -x` in one call, with ids, figures and processes. Releases that do not know
 * it are read from their table, with power and serials of `-m` beside it.
 */
import { joinCards } from '../card.ts'
import {
  type Answer,
  type CardVendor,
  HEALTH_NOT_TOLD,
  healthByWord,
  type ToolSession,
} from '../card-vendor.ts'
import type { RawIdentity } from '../probe.ts'
import { sriovWord, withVirtualFunctions } from '../sriov.ts'
import { cardVendorModule } from '../tool-probe.ts'
import { isPhysicalFunction, type KunlunxinDevice, TOOLS } from './devices.ts'
import { readKunlunxin } from './parse.ts'

/** How calls end whose question the tool may not have known: then the older one is asked. */
const OTHER_RELEASE: ReadonlySet<string> = new Set(['tool_failed', 'tool_output_unreadable'])

async function sample(session: ToolSession<KunlunxinDevice>): Promise<Answer<KunlunxinDevice>> {
  const log = await session.ask(['-q', '-x'])
  const isAnswered = log.status === 'ok' || !OTHER_RELEASE.has(log.code)
  return withVirtualFunctions(session, isAnswered ? log : await askTable(session))
}

async function askTable(session: ToolSession<KunlunxinDevice>): Promise<Answer<KunlunxinDevice>> {
  const table = await session.ask([])
  if (table.status === 'failed') return table
  const lines = await session.ask(['-m'])
  if (lines.status === 'failed') return lines.code === 'tool_timeout' ? lines : table
  const devices = joinCards(table.output.devices, lines.output.devices, placeOf)
  return { status: 'ok', output: { ...table.output, devices } }
}

/** The two devices of a K200 share an address. */
function placeOf({ pci_bdf, index }: KunlunxinDevice): string {
  return `${pci_bdf ?? ''}#${index}`
}

/** The serial is the board's: it names a device together with the number of the chip on it. */
function identitiesOf({ uuid, serial, chip = null }: KunlunxinDevice): RawIdentity[] {
  return [
    ...(uuid === null ? [] : [{ strength: 'strong' as const, raw: uuid }]),
    ...(serial === null || chip === null
      ? []
      : [{ strength: 'board' as const, raw: `${serial}/${chip}` }]),
  ]
}

function healthOf({ health, ecc_uncorrected = null }: KunlunxinDevice) {
  if (ecc_uncorrected !== null && ecc_uncorrected > 0) {
    const detail = `${ecc_uncorrected} uncorrectable ECC errors`
    return { status: 'failed' as const, cause: 'ecc' as const, detail }
  }
  if (health !== null && health !== undefined) {
    return healthByWord(health, {
      n: { status: 'ok', cause: null },
      e: { status: 'failed', cause: 'health' },
    })
  }
  return ecc_uncorrected === 0 ? { ...HEALTH_NOT_TOLD, status: 'ok' as const } : HEALTH_NOT_TOLD
}

function splitOf(device: KunlunxinDevice): string | null {
  const isEnabled = /^(?:enabled|on)$/i.test(device.sriov_mode ?? '')
  return isEnabled || isPhysicalFunction(device) ? 'SR-IOV' : sriovWord(device)
}

const VENDOR: CardVendor<KunlunxinDevice> = {
  vendor: 'kunlunxin',
  tools: TOOLS,
  read: readKunlunxin,
  inventory: sample,
  sample,
  placeOf,
  identitiesOf,
  offersOf: (device) => ({
    utilization: !isPhysicalFunction(device),
    memory: true,
    processes: true,
    health: healthOf(device).status !== 'unknown',
    power: device.power_w !== null,
  }),
  healthOf,
  enginesOf: ({ decoder_utilization_pct, encoder_utilization_pct }) => ({
    decoder: decoder_utilization_pct,
    encoder: encoder_utilization_pct,
  }),
  deviceFileOf: ({ device_node, minor_number }) => {
    if (device_node !== null && device_node !== undefined) return device_node
    return minor_number === null || minor_number === undefined ? null : `/dev/xpu${minor_number}`
  },
  splitOf,
}

export const kunlunxin = cardVendorModule(VENDOR)
