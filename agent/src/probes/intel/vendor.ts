/**
 * Intel: `xpu-smi`. 2.0 prints a table with everything but health. 1.x answers to subcommands, and
 * needs one each for figures, processes and health; without arguments it prints its help, which is
 * how the two are told apart: a tool of that name may be Kunlunxin's, and is asked nothing else until
 * it has shown whose it is.
 */
import type { HealthReading } from '@yiben/shared'
import { fillFrom } from '../card.ts'
import { failedHealth, HEALTH_NOT_TOLD, HEALTH_OK } from '../card-traits.ts'
import type { Answer, CardVendor, ToolSession } from '../card-vendor.ts'
import { isDesktopProcess } from '../desktop-process.ts'
import { renderNodeOf } from '../drm-node.ts'
import { changedCards, withMore } from '../inventory-calls.ts'
import type { RawIdentity } from '../probe.ts'
import { sriovWord, withVirtualFunctions } from '../sriov.ts'
import { cardVendorModule } from '../tool-probe.ts'
import { byNumber, type IntelDevice, TOOL } from './devices.ts'
import { readIntel, SUBCOMMANDS_ONLY } from './parse.ts'

type Session = ToolSession<IntelDevice>

/** Utilization, power, frequency, temperature, fill of the memory in percent and in MiB: once. */
const DUMP = ['dump', '-d', '-1', '-m', '0,1,2,3,5,18', '-n', '1'] as const
/** Each takes a call of its own. A node of more is not known; the rest go by what the list says. */
const DETAILED_MAX = 16

async function sample(session: Session): Promise<Answer<IntelDevice>> {
  const table = await session.ask([])
  const isOfSubcommands = table.status === 'failed' && table.sentence.includes(SUBCOMMANDS_ONLY)
  const figures = isOfSubcommands ? await figuresOf(session) : table
  const cards = changedCards(figures, (devices) => devices.map(withoutTheTool))
  // Health stands in no other output.
  const healthy = await withMore(cards, {
    ask: () => session.ask(['health', '-l', '-j']),
    join: withComponentsOf,
    isFatal: () => false,
  })
  return withVirtualFunctions(session, healthy)
}

/** 1.x: the figures, and with them the processes. */
async function figuresOf(session: Session): Promise<Answer<IntelDevice>> {
  return withMore(await session.ask(DUMP), {
    ask: () => session.ask(['ps', '-j']),
    join: withProcessesOf,
    isFatal: () => false,
  })
}

function withProcessesOf(
  devices: readonly IntelDevice[],
  listed: readonly IntelDevice[],
): IntelDevice[] {
  const users = byNumber(listed)
  return devices.map((device) => {
    return { ...device, processes: users.get(device.index)?.processes ?? null }
  })
}

function withComponentsOf(
  devices: readonly IntelDevice[],
  told: readonly IntelDevice[],
): IntelDevice[] {
  const known = byNumber(told)
  return devices.map((device) => {
    const components = known.get(device.index)?.components
    return components === undefined ? device : { ...device, components }
  })
}

/**
 * The tool holds every card while it runs and lists itself on each. A card whose list it could not
 * get it passes over without a word; so one without the tool itself tells nothing of its processes.
 */
function withoutTheTool(device: IntelDevice): IntelDevice {
  const { processes } = device
  if (processes === null) return device
  const others = processes.filter(({ name }) => name !== TOOL)
  const isWhole = others.length < processes.length || others.length > 0
  return { ...device, processes: isWhole ? others : null }
}

async function inventory(session: Session): Promise<Answer<IntelDevice>> {
  const cards = await sample(session)
  if (cards.status === 'failed') return cards
  const list = await session.ask(['discovery', '-j'])
  if (list.status === 'failed') return list
  const named = byNumber(list.output.devices)
  const devices: IntelDevice[] = []
  let driverVersion = cards.output.driverVersion
  for (const card of cards.output.devices) {
    const known = named.get(card.index)
    const both = known === undefined ? card : fillFrom(card, known)
    const args = ['discovery', '-d', `${card.index}`, '-j']
    const details = devices.length < DETAILED_MAX ? await session.ask(args) : null
    const detail = details?.status === 'ok' ? details.output : null
    driverVersion ??= detail?.driverVersion ?? null
    const told = detail?.devices.find(({ index }) => index === card.index)
    devices.push(told === undefined ? both : fillFrom(both, told))
  }
  return { status: 'ok', output: { ...cards.output, driverVersion, devices } }
}

/**
 * None of its ids names the silicon. The UUID is made of PCI ids and, on newer drivers, of the bus
 * number: two cards of a model have the same one, or a slot has it. The serial, on the few models that
 * tell one, is the board's, and a Flex 140 has two cards on it. So a card is known by its slot.
 */
function identitiesOf({ pci_bdf }: IntelDevice): RawIdentity[] {
  return pci_bdf === null ? [] : [{ strength: 'slot', raw: pci_bdf }]
}

/** A clock that is held back is no fault: it is what a warm or capped card does. */
const NO_FAULT = /frequency/i

function healthOf({ components = [] }: IntelDevice): HealthReading {
  const told = components.filter(({ component }) => !NO_FAULT.test(component))
  const worst =
    told.find(({ status }) => /^critical$/i.test(status)) ??
    told.find(({ status }) => /^warning$/i.test(status))
  if (worst === undefined) {
    const isOk = told.some(({ status }) => /^ok$/i.test(status))
    return isOk ? HEALTH_OK : HEALTH_NOT_TOLD
  }
  const detail = `${worst.component}: ${worst.status}`
  if (/^warning$/i.test(worst.status)) return { status: 'warning', cause: null, detail }
  return failedHealth(/memory(?!.*temp)/i.test(worst.component) ? 'ecc' : 'health', detail)
}

const VENDOR: CardVendor<IntelDevice> = {
  vendor: 'intel',
  tools: [TOOL],
  read: readIntel,
  inventory,
  sample,
  // `dump` and `ps` of 1.x name a card by its number alone.
  placeOf: ({ index }) => `#${index}`,
  identitiesOf,
  offersOf: (device) => ({
    utilization: true,
    memory: true,
    processes: true,
    health: healthOf(device).status !== 'unknown',
    power: device.power_w !== null,
  }),
  healthOf,
  deviceFileOf: ({ pci_bdf }, rootPrefix) => renderNodeOf(rootPrefix, pci_bdf),
  splitOf: sriovWord,
  isGraphics: isDesktopProcess,
}

export const intel = cardVendorModule(VENDOR)
