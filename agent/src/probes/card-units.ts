/**
 * From a device to units and readings, the same for every vendor: the card, the slices cut out of
 * it and the unsliced rest, with keys that stay while the ids stay. Figures that cannot be true
 * become absent and are named; a card shared out in parts of which nothing is told keeps no
 * process list, so that it is never proven free.
 */
import {
  ENGINES,
  type EngineUtilization,
  type ProcessReading,
  SHARE_PPM_WHOLE,
  type UnitReading,
} from '@yiben/shared'
import type { CardDevice, CardProcess } from './card.ts'
import type { CardRest, CardSlice, CardTraits, Cut } from './card-vendor.ts'
import type { Inventory, InventoryUnit, ProbeSample, RawIdentity, UnitProblem } from './probe.ts'
import { bytesOf, checkFigures, checkRatio } from './readings.ts'
import { sharesPpm } from './shares.ts'

/** A device with what the probe remembers of it. */
export interface PlacedCard<Device extends CardDevice> {
  readonly device: Device
  readonly place: string
  /** Empty where two devices claim the same id: then neither is known by it. */
  readonly identities: readonly RawIdentity[]
}

function keyOf<Device extends CardDevice>(
  { vendor }: CardTraits<Device>,
  { identities, place }: PlacedCard<Device>,
): string {
  return identities[0]?.raw ?? `${vendor}:${place}`
}

/** Each device with its place and ids; two that claim one key are known by their places alone. */
export function placedCards<Device extends CardDevice>(
  traits: CardTraits<Device>,
  devices: readonly Device[],
  placeOf: (device: Device) => string,
): PlacedCard<Device>[] {
  const cards = devices.map((device) => ({
    device,
    place: placeOf(device),
    identities: traits.identitiesOf(device),
  }))
  const claims = new Map<string, number>()
  for (const card of cards) {
    const key = keyOf(traits, card)
    claims.set(key, (claims.get(key) ?? 0) + 1)
  }
  return cards.map((card) =>
    claims.get(keyOf(traits, card)) === 1 ? card : { ...card, identities: [] },
  )
}

/** What an inventory tells of these cards. */
export function inventoryOf<Device extends CardDevice>(
  traits: CardTraits<Device>,
  cards: readonly PlacedCard<Device>[],
  known: { readonly driverVersion: string | null; readonly rootPrefix: string },
): Pick<Inventory, 'units' | 'problems'> {
  return {
    units: cards.flatMap((card) => unitsOfCard(traits, card, known)),
    problems: problemsOf(traits, cards),
  }
}

/** What a sample tells of them, one reading per unit. */
export function sampleOf<Device extends CardDevice>(
  traits: CardTraits<Device>,
  cards: readonly PlacedCard<Device>[],
): Pick<ProbeSample, 'readings' | 'problems'> {
  return {
    readings: cards.flatMap((card) => readingsOfCard(traits, card)),
    problems: problemsOf(traits, cards),
  }
}

/** The card first, then its slices, then the rest. */
function unitsOfCard<Device extends CardDevice>(
  vendor: CardTraits<Device>,
  card: PlacedCard<Device>,
  known: { readonly driverVersion: string | null; readonly rootPrefix: string },
): InventoryUnit[] {
  const { device } = card
  const key = keyOf(vendor, card)
  const base = {
    vendor: vendor.vendor,
    driverVersion: known.driverVersion,
    pciAddress: device.pci_bdf,
    name: device.name ?? `${vendor.vendor} (name not told)`,
  }
  const offers = vendor.offersOf(device)
  const whole: InventoryUnit = {
    ...base,
    key,
    parentKey: null,
    kind: 'card',
    memoryTotalBytes: bytesOf(device.memory_total_mib),
    powerCapWatts: device.power_cap_w ?? null,
    sharePpm: SHARE_PPM_WHOLE,
    identities: card.identities,
    deviceFile: vendor.deviceFileOf?.(device, known.rootPrefix) ?? null,
    // Of a split card the list of processes is required and never there.
    offers: isSplit(vendor, device) ? { ...offers, processes: true } : offers,
  }
  const cut = cutOf(vendor, device)
  if (cut === null) return [whole]
  const shares = sharesPpm(
    cut.slices.map((slice) => slice.weight),
    cut.whole,
  )
  const part = { ...base, parentKey: key, powerCapWatts: null }
  const slices = cut.slices.map(
    (slice, at): InventoryUnit => ({
      ...part,
      key: sliceKey(key, slice),
      kind: 'slice',
      name: [base.name, slice.profile].filter(Boolean).join(' '),
      memoryTotalBytes: bytesOf(slice.memory_total_mib),
      sharePpm: shares.slicesPpm[at] ?? 0,
      identities: slice.uuid === null ? [] : [{ strength: 'strong', raw: slice.uuid }],
      deviceFile: slice.deviceFile ?? null,
      offers: {
        ...offers,
        utilization: slice.has_utilization ?? slice.utilization_pct !== null,
        processes: true,
        power: false,
      },
    }),
  )
  const rest: InventoryUnit = {
    ...part,
    key: restKey(key),
    kind: 'unsliced',
    memoryTotalBytes: bytesOf(cut.rest?.memory_total_mib),
    sharePpm: shares.unslicedPpm,
    identities: [],
    deviceFile: null,
    offers: { ...offers, utilization: false, processes: true, power: false },
  }
  return [whole, ...slices, rest]
}

/** One reading per unit of `unitsOfCard`, in its order. */
function readingsOfCard<Device extends CardDevice>(
  vendor: CardTraits<Device>,
  card: PlacedCard<Device>,
): UnitReading[] {
  const { device } = card
  const key = keyOf(vendor, card)
  const outOfRange: string[] = []
  const health = vendor.healthOf(device)
  const whole: UnitReading = {
    key,
    utilization: utilizationOf(vendor, device, outOfRange),
    ...checkFigures(
      {
        memoryTotalMib: device.memory_total_mib,
        memoryUsedMib: device.memory_used_mib,
        powerWatts: device.power_w,
        powerCapWatts: device.power_cap_w ?? null,
        temperatureCelsius: device.temperature_c,
      },
      outOfRange,
    ),
    health,
    processes: isSplit(vendor, device) ? null : processesOn(vendor, device, device.processes),
    kernelAgeMs: vendor.kernelAgeMsOf?.(device) ?? null,
    outOfRange,
  }
  const cut = cutOf(vendor, device)
  if (cut === null) return [whole]
  const partOf = (part: Part): UnitReading => ({
    ...partReading(whole, part),
    processes: processesOn(vendor, device, part.processes),
  })
  const slices = cut.slices.map((slice) => partOf({ ...slice, key: sliceKey(key, slice) }))
  return [whole, ...slices, partOf({ ...(cut.rest ?? EMPTY_REST), key: restKey(key) })]
}

/** Why a card that is split cannot be proven free. */
function problemsOf<Device extends CardDevice>(
  traits: CardTraits<Device>,
  cards: readonly PlacedCard<Device>[],
): UnitProblem[] {
  return cards
    .filter(({ device }) => isSplit(traits, device))
    .map((card) => ({
      key: keyOf(traits, card),
      pciAddress: card.device.pci_bdf,
      code: 'tool_output_unreadable',
      sentence: `The card is shared out in parts (${traits.splitOf?.(card.device)}) whose use the tool does not tell, so it is never proven free.`,
    }))
}

function isSplit<Device extends CardDevice>(vendor: CardTraits<Device>, device: Device): boolean {
  return (vendor.splitOf?.(device) ?? null) !== null && cutOf(vendor, device) === null
}

function cutOf<Device extends CardDevice>(vendor: CardTraits<Device>, device: Device): Cut | null {
  const cut = vendor.cutOf?.(device) ?? null
  return cut === null || cut.slices.length === 0 || cut.whole <= 0 ? null : cut
}

function sliceKey(cardKey: string, slice: CardSlice): string {
  return slice.uuid ?? `${cardKey}/${slice.part}`
}

function restKey(cardKey: string): string {
  return `${cardKey}/unsliced`
}

interface Part extends CardRest {
  readonly key: string
  readonly utilization_pct?: number | null
}

/** Nothing can be put on the rest of a cut card; what is used lies in its slices. */
const EMPTY_REST: CardRest = { memory_total_mib: null, memory_used_mib: 0, processes: [] }

/** A part shares the health and the silicon of its card. */
function partReading(whole: UnitReading, part: Part): UnitReading {
  const { utilization_pct: percent = null } = part
  const outOfRange: string[] = []
  const compute = checkRatio('utilization', percent, outOfRange)
  return {
    ...whole,
    key: part.key,
    utilization: percent === null ? {} : { compute },
    ...checkFigures(
      {
        memoryTotalMib: part.memory_total_mib,
        memoryUsedMib: part.memory_used_mib,
        powerWatts: null,
        powerCapWatts: null,
        temperatureCelsius: null,
      },
      outOfRange,
    ),
    outOfRange,
  }
}

function utilizationOf<Device extends CardDevice>(
  vendor: CardTraits<Device>,
  device: Device,
  outOfRange: string[],
): EngineUtilization {
  const others = vendor.enginesOf?.(device) ?? {}
  const ratios = ENGINES.filter((engine) => engine !== 'compute' && others[engine] !== undefined)
  return {
    compute: checkRatio('utilization', device.utilization_pct, outOfRange),
    ...Object.fromEntries(
      ratios.map((engine) => [
        engine,
        checkRatio(`${engine} utilization`, others[engine], outOfRange),
      ]),
    ),
  }
}

/** Counted, with the memory they hold together where each of them tells it. */
function processesOn<Device extends CardDevice>(
  vendor: CardTraits<Device>,
  device: Device,
  processes: readonly CardProcess[] | null,
): ProcessReading | null {
  if (processes === null) return null
  const { isGraphics = () => false, listsGraphics = () => vendor.isGraphics !== undefined } = vendor
  const compute = processes.filter((process) => !isGraphics(process))
  const memory = processes.map((process) => process.memory_mib)
  const isSumKnown = memory.every((mib) => mib !== null)
  return {
    computeCount: compute.length,
    graphicsCount: listsGraphics(device) ? processes.length - compute.length : null,
    memoryUsedBytes: isSumKnown
      ? bytesOf(memory.reduce<number>((sum, mib) => sum + (mib ?? 0), 0))
      : null,
  }
}
