/**
 * What amd-smi and rocm-smi are asked for: once the ids, and the figures where the kernel's files do
 * not do. amd-smi names cards by its own numbers, of which one call tells the addresses.
 */
import { fillFrom } from '../card.ts'
import type { Answer, ToolSession } from '../card-vendor.ts'
import { joinByNumber } from '../inventory-calls.ts'
import { claimed } from '../rocm-smi/maker.ts'
import type { AmdDevice } from './devices.ts'

export type Session = ToolSession<AmdDevice>
export type Reading = Answer<AmdDevice>

const ROCM_IDS = [
  ...['--showid', '--showuniqueid', '--showserial', '--showbus', '--showproductname'],
  ...['--showmaxpower', '--showdriverversion', '--json'],
]
/** The product's name says whose cards these are. */
const ROCM_FIGURES = [
  ...['--showbus', '--showproductname', '--showuse', '--showmeminfo', 'vram'],
  ...['--showpower', '--showtemp', '--json'],
]

/** Ids, names and sizes of all that the tool lists, partitions as they stand there. */
export async function askIds(session: Session): Promise<Reading> {
  if (session.tool !== 'amd-smi') {
    return claimed(await session.ask(ROCM_IDS), 'amd', session.rootPrefix)
  }
  const list = await session.ask(['list', '--json'])
  if (list.status === 'failed') return list
  const facts = await session.ask(['static', '--json'])
  // With fewer ids than it has, a card would seem to be another one.
  if (facts.status === 'failed') return facts.code === 'tool_timeout' ? facts : list
  const devices = joinByNumber(list.output.devices, facts.output.devices)
  const { driverVersion } = facts.output
  const isTold = devices.some(({ compute_partition: mode }) => mode !== undefined)
  const parts = isTold ? null : await session.ask(['partition', '--json'])
  return {
    status: 'ok',
    output: {
      ...list.output,
      driverVersion,
      devices: parts?.status === 'ok' ? joinByNumber(devices, parts.output.devices) : devices,
    },
  }
}

/** Figures and processes of all that the tool lists; `listed` is what `askIds` gave last. */
export async function askFigures(session: Session, listed: readonly AmdDevice[]): Promise<Reading> {
  if (session.tool !== 'amd-smi') {
    return claimed(await session.ask(ROCM_FIGURES), 'amd', session.rootPrefix)
  }
  const metrics = await session.ask(['metric', '--json'])
  if (metrics.status === 'failed') return metrics
  const processes = await session.ask(['process', '--json'])
  const figures =
    processes.status === 'failed'
      ? metrics.output.devices
      : joinByNumber(metrics.output.devices, processes.output.devices)
  const known = areNumbersOf(listed, figures) ? listed : await askNumbers(session)
  const devices = figures.map((device) => {
    const same = known.find(({ index }) => index === device.index)
    return same === undefined ? device : fillFrom(device, same)
  })
  return { status: 'ok', output: { ...metrics.output, devices } }
}

/** Numbers name the same cards only as long as they are the same numbers. */
function areNumbersOf(listed: readonly AmdDevice[], devices: readonly AmdDevice[]): boolean {
  const numbers = new Set(listed.map(({ index }) => index))
  return numbers.size === devices.length && devices.every(({ index }) => numbers.has(index))
}

async function askNumbers(session: Session): Promise<readonly AmdDevice[]> {
  const ids = await askIds(session)
  return ids.status === 'ok' ? ids.output.devices : []
}
