/**
 * From devices to units: the card, the slices cut out of it and the unsliced rest, with keys that
 * are the same whichever way read them. Slices offer utilization where the library compares their
 * counters (Hopper on), else none; nothing can run on the unsliced rest, so only what does not belong
 * to any slice is booked on it.
 */
import type { ProcessReading, UnitReading } from '@yiben/shared'
import type { InventoryUnit, OfferedSignals, RawIdentity, UnitProblem } from '../probe.ts'
import { bytesOf, checkFigures, checkRatio } from '../readings.ts'
import { sharesPpm } from '../shares.ts'
import type { NvidiaDevice, NvidiaProcess, NvidiaSlice } from './devices.ts'
import { healthOf, tellsHealth } from './health.ts'
import { computeSlicesOfProfile } from './parse-list.ts'

const WHOLE_CARD_PPM = 1_000_000
/** Parts by name whose uncut card has so many compute slices (NVIDIA's MIG user guide). */
const WHOLE_SLICES: readonly { readonly pattern: RegExp; readonly slices: number }[] = [
  { pattern: /\bA30\b|\bRTX PRO\b/, slices: 4 },
  { pattern: /\b(?:A100|A800|G?H\d{2,3}|G?B[123]00)/, slices: 7 },
]

/** Why a cut card cannot be booked by its slices, or `null` when it can (or is not cut). */
export function sliceProblem(device: NvidiaDevice): UnitProblem | null {
  if ((device.mig_devices ?? []).length === 0 || cutOf(device) !== null) return null
  return {
    key: cardKey(device),
    pciAddress: device.pci_bdf,
    code: 'tool_output_unreadable',
    sentence: 'The card is cut into MIG slices whose sizes the tool does not tell.',
  }
}

/** The card first, then its slices, then the rest. `deviceFile` is the card's. */
export function unitsOf(
  device: NvidiaDevice,
  driverVersion: string | null,
  deviceFile: string | null,
): InventoryUnit[] {
  const key = cardKey(device)
  const base = {
    vendor: 'nvidia' as const,
    driverVersion,
    pciAddress: device.pci_bdf,
    deviceFile: null,
  }
  const card: InventoryUnit = {
    ...base,
    key,
    parentKey: null,
    kind: 'card',
    deviceFile,
    name: device.name ?? 'NVIDIA (name not told)',
    memoryTotalBytes: bytesOf(device.memory_total_mib),
    powerCapWatts: device.power_cap_w ?? null,
    sharePpm: WHOLE_CARD_PPM,
    identities: identitiesOf(device),
    offers: offersOf(device),
  }
  const cut = cutOf(device)
  if (cut === null) return [card]
  const part = { ...base, parentKey: key, powerCapWatts: null, offers: partOffers(device) }
  const slices = cut.slices.map(
    (slice, at): InventoryUnit => ({
      ...part,
      key: sliceKey(key, slice),
      kind: 'slice',
      name: [card.name, slice.profile].filter(Boolean).join(' MIG '),
      memoryTotalBytes: bytesOf(slice.memory_total_mib),
      sharePpm: cut.slicesPpm[at] ?? 0,
      identities: slice.uuid ? [{ strength: 'strong', raw: slice.uuid }] : [],
      offers: { ...part.offers, utilization: slice.has_utilization === true },
    }),
  )
  const rest: InventoryUnit = {
    ...part,
    key: unslicedKey(key),
    kind: 'unsliced',
    name: card.name,
    memoryTotalBytes: bytesOf(restOf(device, (slice) => slice.memory_total_mib)?.total),
    sharePpm: cut.unslicedPpm,
    identities: [],
  }
  return [card, ...slices, rest]
}

/** One reading per unit of `unitsOf`, in its order. */
export function readingsOf(device: NvidiaDevice): UnitReading[] {
  const outOfRange: string[] = []
  const health = healthOf(device)
  const key = cardKey(device)
  const isMeaningless = health.cause === 'fallen_off_bus' || (device.health_words ?? []).length > 0
  const card: UnitReading = {
    key,
    utilization: utilizationOf(device, outOfRange),
    ...checkFigures(
      {
        memoryTotalMib: device.memory_total_mib,
        // A card that is lost or waits for a reset prints 0 MiB, which says nothing.
        memoryUsedMib: isMeaningless ? null : device.memory_used_mib,
        powerWatts: device.power_w,
        temperatureCelsius: device.temperature_c,
      },
      outOfRange,
    ),
    health,
    processes: isMeaningless ? null : countProcesses(device, () => true),
    kernelAgeMs: null,
    outOfRange,
  }
  const cut = cutOf(device)
  if (cut === null) return [card]
  const slices = cut.slices.map((slice) =>
    partReading(card, device, {
      key: sliceKey(key, slice),
      totalMib: slice.memory_total_mib ?? null,
      usedMib: slice.memory_used_mib ?? null,
      utilizationPercent: slice.has_utilization === true ? (slice.utilization_pct ?? null) : null,
      isOn: (process) => process.gi === slice.gi && process.ci === slice.ci,
    }),
  )
  const memory = restOf(device, (slice) => slice.memory_total_mib)
  const used = restOf(device, (slice) => slice.memory_used_mib)
  const rest = partReading(card, device, {
    key: unslicedKey(key),
    totalMib: memory?.total ?? null,
    usedMib: used?.used ?? null,
    utilizationPercent: null,
    isOn: (process) => process.gi === undefined,
  })
  return [card, ...slices, rest]
}

/** The strongest id the card has; a zeroed UUID is a mask, not an id. */
function cardKey(device: NvidiaDevice): string {
  const [strongest] = identitiesOf(device)
  return strongest?.raw ?? `nvidia:${device.pci_bdf ?? device.index}`
}

function identitiesOf(device: NvidiaDevice): RawIdentity[] {
  const identities: RawIdentity[] = []
  const { uuid, serial } = device
  if (uuid !== null && /^GPU-[0-9a-f-]{36}$/i.test(uuid) && !/^GPU-[0-]+$/.test(uuid)) {
    identities.push({ strength: 'strong', raw: uuid })
  }
  if (serial !== null && /^\d{6,}$/.test(serial) && !/^0+$/.test(serial)) {
    identities.push({ strength: 'board', raw: serial })
  }
  return identities
}

function sliceKey(parentKey: string, slice: NvidiaSlice): string {
  return slice.uuid ?? `${parentKey}/gi${slice.gi ?? '?'}ci${slice.ci ?? '?'}`
}

function unslicedKey(parentKey: string): string {
  return `${parentKey}/unsliced`
}

export function offersOf(device: NvidiaDevice): OfferedSignals {
  return {
    utilization: device.has_utilization !== false && device.mig_enabled !== true,
    memory: true,
    processes: true,
    health: tellsHealth(device),
    power: device.power_w !== null,
  }
}

function partOffers(device: NvidiaDevice): OfferedSignals {
  return { ...offersOf(device), utilization: false, power: false }
}

interface Cut {
  readonly slices: readonly NvidiaSlice[]
  readonly slicesPpm: readonly number[]
  readonly unslicedPpm: number
}

/** The shares of a cut card by compute slices; `null` for a card in one piece or of unknown cut. */
function cutOf(device: NvidiaDevice): Cut | null {
  const slices = device.mig_devices ?? []
  const weights = slices.map(
    (slice) => slice.compute_slices ?? computeSlicesOfProfile(slice.profile ?? ''),
  )
  const known = weights.filter((weight) => weight !== null)
  const whole =
    device.compute_slices_whole ??
    WHOLE_SLICES.find(({ pattern }) => pattern.test(device.name ?? ''))?.slices ??
    null
  if (slices.length === 0 || known.length < slices.length || whole === null || whole <= 0) {
    return null
  }
  return { slices, ...sharesPpm(known, whole) }
}

function utilizationOf(device: NvidiaDevice, outOfRange: string[]): UnitReading['utilization'] {
  const ratio = (name: string, percent: number | null | undefined) =>
    checkRatio(name, percent, outOfRange)
  return {
    compute: ratio('utilization', device.utilization_pct),
    memory_controller: ratio('memoryControllerUtilization', device.memory_utilization_pct),
    encoder: ratio('encoderUtilization', device.encoder_utilization_pct),
    decoder: ratio('decoderUtilization', device.decoder_utilization_pct),
    jpeg: ratio('jpegUtilization', device.jpeg_utilization_pct),
    optical_flow: ratio('opticalFlowUtilization', device.optical_flow_utilization_pct),
  }
}

function countProcesses(
  device: NvidiaDevice,
  isOn: (process: NvidiaProcess) => boolean,
): ProcessReading | null {
  const { processes } = device
  if (processes === null) return null
  const own = processes.filter(isOn)
  const memory = own.map((process) => process.memory_mib)
  const isSumKnown = memory.every((mib) => mib !== null)
  const graphics = own.filter((process) => process.type === 'G').length
  return {
    computeCount: own.filter((process) => process.type !== 'G').length,
    graphicsCount: device.lists_graphics === true ? graphics : null,
    memoryUsedBytes: isSumKnown
      ? bytesOf(memory.reduce<number>((sum, mib) => sum + (mib ?? 0), 0))
      : null,
  }
}

interface Part {
  readonly key: string
  readonly totalMib: number | null
  readonly usedMib: number | null
  readonly utilizationPercent: number | null
  readonly isOn: (process: NvidiaProcess) => boolean
}

/** A part shares the health and the silicon of its card. */
function partReading(card: UnitReading, device: NvidiaDevice, part: Part): UnitReading {
  const outOfRange: string[] = []
  const { totalMib: memoryTotalMib, usedMib: memoryUsedMib } = part
  const figures = { memoryTotalMib, memoryUsedMib, powerWatts: null, temperatureCelsius: null }
  const compute = checkRatio('utilization', part.utilizationPercent, outOfRange)
  return {
    ...card,
    key: part.key,
    utilization: compute === null ? {} : { compute },
    ...checkFigures(figures, outOfRange),
    processes: card.processes === null ? null : countProcesses(device, part.isOn),
    outOfRange,
  }
}

/** What the card has beyond its slices; `null` unless every figure is told. */
function restOf(
  device: NvidiaDevice,
  of: (slice: NvidiaSlice) => number | null | undefined,
): { total: number | null; used: number | null } | null {
  const parts = (device.mig_devices ?? []).map(of)
  if (parts.some((part) => part === null || part === undefined)) return null
  // Compute instances of one GPU instance share its memory: count each instance once.
  const byInstance = new Map(
    (device.mig_devices ?? []).map((slice, at) => [slice.gi ?? `slice ${at}`, of(slice) ?? 0]),
  )
  const sum = [...byInstance.values()].reduce((total, part) => total + part, 0)
  const left = (whole: number | null) => (whole === null ? null : Math.max(0, whole - sum))
  return { total: left(device.memory_total_mib) || null, used: left(device.memory_used_mib) }
}
