/**
 * T-Head PPU: `ppu-smi`. A sample is the table alone, which has figures, processes and errors of all
 * cards; ids stand in its CSV. Where a card is cut into MIG instances, their ids and the size of the
 * whole take two calls more, at every sample, because a cut may change at any time.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { HealthReading } from '@yiben/shared'
import { healthByErrors, identitiesFrom } from '../card-traits.ts'
import type { Answer, CardSlice, CardVendor, Cut, ToolSession } from '../card-vendor.ts'
import { askFirst, joinByAddress, withMore } from '../inventory-calls.ts'
import type { ParsedDevice, VendorModule } from '../probe.ts'
import { sriovWord, withVirtualFunctions } from '../sriov.ts'
import { cardVendorModule } from '../tool-probe.ts'
import { type PpuDevice, type PpuSlice, TOOL } from './devices.ts'
import { readPpu } from './parse.ts'

type Session = ToolSession<PpuDevice>

/** How the field of the address is spelled depends on the release. */
function idQuery(addressField: string): readonly string[] {
  const fields = `index,name,uuid,serial,${addressField},memory.total,power.limit,driver_version`
  return [`--query-ppu=${fields}`, '--format=csv,nounits']
}
const ID_QUERIES = [
  idQuery('pci.bus_id'),
  idQuery('ppu_bus_id'),
  idQuery('bus_id'),
  idQuery('gpu_bus_id'),
] as const

async function inventory(session: Session): Promise<Answer<PpuDevice>> {
  const ask = () => askFirst(session, ID_QUERIES)
  return withMore(await sample(session), { ask, join: joinByAddress })
}

async function sample(session: Session): Promise<Answer<PpuDevice>> {
  const table = await session.ask([])
  if (table.status === 'failed' || !table.output.devices.some(isCut)) {
    return withVirtualFunctions(session, table)
  }
  const list = await session.ask(['-L'])
  const profiles = await session.ask(['mig', '-lgip'])
  const devices = table.output.devices.map((device) => {
    const named = answered(list).find(({ index }) => index === device.index)
    const sized = answered(profiles).find(({ index }) => index === device.index)
    const slices = withIds(device.slices ?? [], named?.slices ?? [])
    const compute_units_whole = sized?.compute_units_whole ?? null
    return { ...device, ...(slices.length === 0 ? {} : { slices, compute_units_whole }) }
  })
  return withVirtualFunctions(session, { status: 'ok', output: { ...table.output, devices } })
}

function answered(answer: Answer<PpuDevice>): readonly PpuDevice[] {
  return answer.status === 'ok' ? answer.output.devices : []
}

/** The table has the sizes, the list the ids, both the number of the instance on its card. */
function withIds(sized: readonly PpuSlice[], named: readonly PpuSlice[]): PpuSlice[] {
  return sized.map((slice) => {
    const match = named.find(({ device }) => device !== null && device === slice.device)
    return match === undefined ? slice : { ...match, ...slice }
  })
}

function isCut({ mig_mode, slices = [] }: PpuDevice): boolean {
  return slices.length > 0 || /^(?:enabled|on)$/i.test(mig_mode ?? '')
}

function cutOf({ slices = [], compute_units_whole = null, processes }: PpuDevice): Cut | null {
  if (slices.length === 0 || compute_units_whole === null) return null
  const parts = slices.map((slice): CardSlice | null => {
    const { gi = null, ci = null, compute_units = null, uuid = null } = slice
    if (gi === null || ci === null || compute_units === null || compute_units === 0) return null
    return {
      part: `gi${gi}ci${ci}`,
      uuid,
      profile: `${compute_units}cu`,
      weight: compute_units,
      memory_total_mib: slice.memory_total_mib ?? null,
      memory_used_mib: slice.memory_used_mib ?? null,
      utilization_pct: null,
      processes: processes?.filter((one) => one.gi === gi && one.ci === ci) ?? null,
    }
  })
  const known = parts.filter((part) => part !== null)
  return known.length === parts.length ? { slices: known, whole: compute_units_whole } : null
}

function healthOf({ ecc_uncorrected }: PpuDevice): HealthReading {
  return healthByErrors(ecc_uncorrected, 'uncorrectable ECC errors')
}

/** The number in the name of the node is that under which the tool lists the card. */
function deviceFileOf({ index }: PpuDevice, rootPrefix: string): string | null {
  const file = `/dev/alixpu_ppu${index}`
  return existsSync(join(rootPrefix || '/', file)) ? file : null
}

const VENDOR: CardVendor<PpuDevice> = {
  vendor: 'thead-ppu',
  tools: [TOOL],
  // The tool opens its library by name, and its package sets no path for it.
  environment: { LD_LIBRARY_PATH: '/usr/local/PPU_SDK/lib64:/usr/local/PPU_SDK/lib' },
  read: readPpu,
  inventory,
  sample,
  // Cards of one board share its serial, and nothing printed tells them apart: it is no id.
  identitiesOf: ({ uuid }) => identitiesFrom({ strong: uuid }),
  offersOf: (device) => ({
    utilization: true,
    memory: true,
    processes: true,
    health: healthOf(device).status !== 'unknown',
    power: device.power_w !== null,
  }),
  healthOf,
  enginesOf: ({ encoder_utilization_pct, decoder_utilization_pct }) => ({
    encoder: encoder_utilization_pct,
    decoder: decoder_utilization_pct,
  }),
  deviceFileOf,
  cutOf,
  splitOf: (device) => (isCut(device) ? 'MIG' : sriovWord(device)),
}

const MODULE = cardVendorModule(VENDOR)

export const theadPpu: VendorModule = {
  ...MODULE,
  parse: (text, command) => {
    const output = MODULE.parse(text, command)
    return { ...output, devices: output.devices.map(withoutCountedIndex) }
  },
}

/** A list of processes names cards by their ids: the numbers are ours and are not told. */
function withoutCountedIndex(device: ParsedDevice): ParsedDevice {
  const { is_index_counted: isCounted, ...told } = device
  return isCounted === true ? { ...told, index: null } : told
}
