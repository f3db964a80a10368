/**
 * Intel: `xpu-smi`. 2.0 prints a table with everything but health. 1.x answers to subcommands, and
 * needs one each for figures, processes and health; without arguments it prints its help, which is
 * how the two are told apart: a tool of that name may be Kunlunxin's, and is asked nothing else until
 * it has shown whose it is.
 */
import { fillFrom } from '../card.ts'
import { type Answer, type CardVendor, HEALTH_NOT_TOLD, type ToolSession } from '../card-vendor.ts'
import { isDesktopProcess } from '../desktop-process.ts'
import { renderNodeOf } from '../drm-node.ts'
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
  if (table.status === 'ok') {
    const cards = table.output.devices.map(withoutTheTool)
    return finished(session, { ...table, output: { ...table.output, devices: cards } })
  }
  if (!table.sentence.includes(SUBCOMMANDS_ONLY)) return table
  const figures = await session.ask(DUMP)
  if (figures.status === 'failed') return figures
  const listed = await session.ask(['ps', '-j'])
  const users = byNumber(listed.status === 'ok' ? listed.output.devices : [])
  const cards = figures.output.devices.map((device) => {
    return withoutTheTool({ ...device, processes: users.get(device.index)?.processes ?? null })
  })
  return finished(session, { ...figures, output: { ...figures.output, devices: cards } })
}

/** Health stands in no other output. */
async function finished(
  session: Session,
  answer: Extract<Answer<IntelDevice>, { status: 'ok' }>,
): Promise<Answer<IntelDevice>> {
  const health = await session.ask(['health', '-l', '-j'])
  const told = byNumber(health.status === 'ok' ? health.output.devices : [])
  const devices = answer.output.devices.map((device) => {
    const components = told.get(device.index)?.components
    return components === undefined ? device : { ...device, components }
  })
  return withVirtualFunctions(session, { ...answer, output: { ...answer.output, devices } })
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

function healthOf({ components = [] }: IntelDevice) {
  const told = components.filter(({ component }) => !NO_FAULT.test(component))
  const worst =
    told.find(({ status }) => /^critical$/i.test(status)) ??
    told.find(({ status }) => /^warning$/i.test(status))
  if (worst === undefined) {
    const isOk = told.some(({ status }) => /^ok$/i.test(status))
    return isOk ? { ...HEALTH_NOT_TOLD, status: 'ok' as const } : HEALTH_NOT_TOLD
  }
  const detail = `${worst.component}: ${worst.status}`
  if (/^warning$/i.test(worst.status)) return { status: 'warning' as const, cause: null, detail }
  const cause = /memory(?!.*temp)/i.test(worst.component) ? ('ecc' as const) : ('health' as const)
  return { status: 'failed' as const, cause, detail }
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
