/**
 * Kunlunxin: `xpu-smi -q -x` in one call, with ids, figures and processes. Releases that do not know
 * it are read from their table, with power and serials of `-m` beside it.
 */
import type { HealthReading } from '@yiben/shared'
import { type HealthWords, healthByErrors, healthByWord, identitiesFrom } from '../card-traits.ts'
import type { Answer, CardVendor, ToolSession } from '../card-vendor.ts'
import { joinByPlace, withMore } from '../inventory-calls.ts'
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
  return withMore(await session.ask([]), {
    ask: () => session.ask(['-m']),
    join: (first, second) => joinByPlace(first, second, placeOf),
  })
}

/** The two devices of a K200 share an address. */
function placeOf({ pci_bdf, index }: KunlunxinDevice): string {
  return `${pci_bdf ?? ''}#${index}`
}

/** The serial is the board's: it names a device together with the number of the chip on it. */
function identitiesOf({ uuid, serial, chip = null }: KunlunxinDevice): RawIdentity[] {
  const board = serial === null || chip === null ? null : `${serial}/${chip}`
  return identitiesFrom({ strong: uuid, board })
}

/** Words of the column State: normal and error. */
const HEALTH_WORDS: HealthWords = {
  n: { status: 'ok', cause: null },
  e: { status: 'failed', cause: 'health' },
}

function healthOf({ health = null, ecc_uncorrected }: KunlunxinDevice): HealthReading {
  const byErrors = healthByErrors(ecc_uncorrected, 'uncorrectable ECC errors')
  return byErrors.status === 'failed' || health === null
    ? byErrors
    : healthByWord(health, HEALTH_WORDS)
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
