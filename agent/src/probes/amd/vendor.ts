/**
 * Cards of AMD: ids and names by amd-smi or rocm-smi at inventory, figures and processes from the
 * files of the kernel at every sample, because a start of the Python tools takes about a second of a
 * core. Where those files do not tell what is required the tool is asked for it; where there is no
 * tool, or it fails, the files alone do.
 */
import { fillFrom } from '../card.ts'
import { healthByErrors, identitiesFrom } from '../card-traits.ts'
import type { CardVendor } from '../card-vendor.ts'
import { isDesktopProcess } from '../desktop-process.ts'
import { renderNodeOf } from '../drm-node.ts'
import type { RawIdentity } from '../probe.ts'
import { markSharedSerials, ownSerial } from '../shared-serials.ts'
import type { AmdDevice } from './devices.ts'
import type { FileWalk } from './kernel-files.ts'
import { readKfd, withKfd } from './kfd.ts'
import { readAmd } from './parse.ts'
import { cutOf, gatherPartitions, isCut, splitOf } from './partitions.ts'
import { isDisplay, readSysfsCards } from './sysfs.ts'
import { askFigures, askIds, type Reading, type Session } from './tool-figures.ts'

/** Stands among the tools as the last one; it is no program. */
export const KERNEL = 'sysfs'
const DRIVER_VERSION = 'sys/module/amdgpu/version'

/** What one probe remembers: a tool that fails later does not make a card another one. */
interface Memory {
  /** What the tool listed last, by its own numbers: displays and partitions too. */
  numbers: readonly AmdDevice[]
  /** The cards among them. */
  listed: readonly AmdDevice[]
  driverVersion: string | null
  /** The chip's own number by address: it stays while the card does. */
  chips: Map<string, string>
}

/** One description for each probe, because it remembers. */
export function amdVendor(files: FileWalk): CardVendor<AmdDevice> {
  const memory: Memory = { numbers: [], listed: [], driverVersion: null, chips: new Map() }
  return {
    vendor: 'amd',
    tools: ['amd-smi', 'rocm-smi', KERNEL],
    read: readAmd,
    inventory: (session) => inventory(session, files, memory),
    sample: (session) => sample(session, files, memory),
    identitiesOf,
    // A sleeping card tells no use: it is unknown for as long, and not one without a counter.
    offersOf: (device) => ({
      utilization: true,
      memory: true,
      processes: device.processes !== null,
      health: typeof device.ecc_uncorrected === 'number',
      power: device.power_w !== null,
    }),
    healthOf: ({ ecc_uncorrected }) => healthByErrors(ecc_uncorrected, 'uncorrected ECC errors'),
    cutOf,
    splitOf,
    deviceFileOf: (device, rootPrefix) => renderNodeOf(rootPrefix, device.pci_bdf),
    isGraphics: isDesktopProcess,
  }
}

/**
 * The chip's number, which amd-smi prints as ASIC serial, rocm-smi as Unique ID and the kernel as
 * `unique_id`, then amd-smi's UUID, which is made of it (ROCr's is another string). The serial is
 * that of the board, which the two dies of an MI250 share.
 */
function identitiesOf(device: AmdDevice): RawIdentity[] {
  const { uuid } = device
  const chip = chipOf(device.asic_serial ?? null) ?? chipOf(uuid)
  const strong = [chip, chipOf(uuid) === null ? (uuid?.toLowerCase() ?? null) : null]
  const ids = strong.flatMap((raw): RawIdentity[] =>
    raw === null ? [] : [{ strength: 'strong', raw }],
  )
  return ids.length > 0 ? ids : identitiesFrom({ board: ownSerial(device) })
}

/** `0x79CCD55167A2124A`, `79ccd55167a2124a`: one spelling of 64 bits. */
function chipOf(text: string | null): string | null {
  const [, digits] = /^(?:0x)?0*([0-9a-f]{4,16})$/i.exec(text ?? '') ?? []
  return digits === undefined ? null : `0x${digits.toLowerCase()}`
}

async function inventory(session: Session, files: FileWalk, memory: Memory): Promise<Reading> {
  const ids = session.tool === KERNEL ? null : await askIds(session)
  if (ids?.status === 'ok') {
    memory.numbers = ids.output.devices
    memory.listed = await cardsOf(ids.output.devices, files)
    memory.driverVersion = ids.output.driverVersion
  }
  memory.chips.clear()
  const answer = await sample(session, files, memory)
  if (answer.status === 'failed') return ids?.status === 'failed' ? ids : answer
  for (const { pci_bdf: address, asic_serial: chip } of answer.output.devices) {
    if (address !== null && typeof chip === 'string') memory.chips.set(address, chip)
  }
  const version = await files.walk((folder) => folder.text(DRIVER_VERSION))
  const driverVersion = memory.driverVersion ?? version
  return { status: 'ok', output: { ...answer.output, driverVersion } }
}

async function sample(session: Session, files: FileWalk, memory: Memory): Promise<Reading> {
  const kernel = await files.walk(async (folder) => {
    const cards = await readSysfsCards(folder)
    const kfd = await readKfd(folder)
    return { cards: withKfd(cards, kfd), kfd }
  })
  const cards = kernel?.cards ?? []
  if (session.tool === KERNEL || isEnough(cards, session, memory)) return answerOf(cards, memory)
  const figures = await askFigures(session, memory.numbers)
  if (figures.status === 'failed') return cards.length > 0 ? answerOf(cards, memory) : figures
  const told = await cardsOf(figures.output.devices, files)
  const processed = kernel === null ? told : withKfd(told, kernel.kfd)
  return answerOf(joined(cards, processed), memory, figures.output.tool)
}

/** What the tool lists without displays, and with the partitions of a card as one. */
async function cardsOf(devices: readonly AmdDevice[], files: FileWalk): Promise<AmdDevice[]> {
  const cards = await files.walk(async (folder) => {
    const kept: AmdDevice[] = []
    for (const device of devices) {
      if (!(await isDisplay(folder, device.pci_bdf))) kept.push(device)
    }
    return kept
  })
  return gatherPartitions(cards ?? devices)
}

/** Whether the kernel's files tell of every card what a verdict needs, so that no tool is started. */
function isEnough(cards: readonly AmdDevice[], { tool }: Session, { listed }: Memory): boolean {
  const addresses = new Set(cards.map(({ pci_bdf }) => pci_bdf))
  const isWhole = (card: AmdDevice) =>
    card.utilization_pct !== null &&
    card.memory_used_mib !== null &&
    (card.processes !== null || tool !== 'amd-smi') &&
    (!isCut(card) || cutOf(card) !== null)
  const isListed = ({ pci_bdf }: AmdDevice) => pci_bdf === null || addresses.has(pci_bdf)
  return cards.length > 0 && cards.every(isWhole) && listed.every(isListed)
}

/** The kernel's figures first. Where it shows cards, one without an address may be any of them. */
function joined(cards: readonly AmdDevice[], told: readonly AmdDevice[]): readonly AmdDevice[] {
  if (cards.length === 0) return told
  const rest = new Map(
    told.flatMap((card) => (card.pci_bdf === null ? [] : [[card.pci_bdf, card]])),
  )
  const both = cards.map((card) => {
    const other = rest.get(card.pci_bdf ?? '')
    rest.delete(card.pci_bdf ?? '')
    return other === undefined ? card : fillFrom(card, other)
  })
  return [...both, ...rest.values()]
}

/** A card that was put into the place of another one since the tool listed it. */
function isOtherChip(card: AmdDevice, listed: AmdDevice): boolean {
  const [own, other] = [card, listed].map(({ asic_serial = null }) => chipOf(asic_serial))
  return own != null && other != null && own !== other
}

/** With the ids that are known of the cards; the tool's name of a card is the one it is known by. */
function answerOf(
  cards: readonly AmdDevice[],
  { listed, chips }: Memory,
  tool: string = KERNEL,
): Reading {
  if (cards.length === 0) {
    const sentence = 'No accelerator of AMD is among the cards of the amdgpu driver.'
    return { status: 'failed', code: 'tool_failed', sentence }
  }
  const byAddress = new Map(listed.map((card) => [card.pci_bdf, card]))
  const devices = cards.map((card): AmdDevice => {
    const listed = card.pci_bdf === null ? undefined : byAddress.get(card.pci_bdf)
    const known = listed !== undefined && isOtherChip(card, listed) ? undefined : listed
    const chip = chips.get(card.pci_bdf ?? '') ?? null
    // The second die of an MI250 prints a limit of 0 W: it has none of its own.
    const cap = (card.power_cap_w || known?.power_cap_w) ?? null
    return {
      ...card,
      // What stays while the card does; its cut and its figures are those of now.
      name: known?.name ?? card.name,
      uuid: card.uuid ?? known?.uuid ?? null,
      serial: card.serial ?? known?.serial ?? null,
      asic_serial: card.asic_serial ?? known?.asic_serial ?? chip,
      power_cap_w: cap === 0 ? null : cap,
    }
  })
  return {
    status: 'ok',
    output: { tool, toolVersion: null, driverVersion: null, devices: markSharedSerials(devices) },
  }
}
