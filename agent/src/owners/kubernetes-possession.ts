/**
 * From what a kubelet has given away to the possession of each unit. Pure. It promises never to
 * guess: a device that was given and fits no unit, or may stand for another one, leaves every unit
 * of its vendor unproven that is not itself proven to be given; only a unit that a device plugin
 * manages and nobody was given is nobody's.
 *
 * A card of which a slice is given is given itself, its other slices are not; a card given gives
 * its slices.
 */
import type { Vendor } from '@yiben/shared'
import type { Assignment } from './kubernetes-resources.ts'
import { readingsOf } from './kubernetes-resources.ts'
import type { OwnedUnit, Possession } from './owner.ts'

/** A device as the kubelet names it, of a resource known to be an accelerator. */
export interface Device {
  readonly resource: string
  readonly vendor: Vendor
  readonly ids: Assignment
  readonly id: string
}

export interface GivenDevice extends Device {
  readonly toBank: boolean
}

export interface KubeletState {
  readonly given: readonly GivenDevice[]
  /** Every healthy device of every plugin, given or not; `null`: this kubelet does not tell. */
  readonly allocatable: readonly Device[] | null
}

/** Further names of a unit that the system tells (DRM nodes); without `/dev/`. */
export type AliasesOf = (unit: OwnedUnit) => readonly string[]

const NOT_TOLD =
  'This kubelet does not tell which devices it may give away (GetAllocatableResources): update it to Kubernetes 1.23 or later.'
const NOT_MANAGED =
  'The kubelet does not list this card as allocatable: no device plugin manages it, or its plugin calls it unhealthy.'
/** Resource names have at most 253 + 64 characters and come from others; sentences stay short. */
const NAME_LENGTH_MAX = 80

export function possessionsByKubelet(
  units: readonly OwnedUnit[],
  state: KubeletState,
  aliasesOf: AliasesOf,
): Map<string, Possession> {
  const byVendor = Map.groupBy(units, ({ vendor }) => vendor)
  return new Map(
    [...byVendor].flatMap(([vendor, own]) => {
      const names = new UnitNames(own, aliasesOf)
      const ofVendor = (device: Device) => device.vendor === vendor
      const given = giftsOf(
        state.given.filter(ofVendor),
        state.allocatable?.filter(ofVendor),
        names,
      )
      const managed = state.allocatable === null ? null : keysOf(state.allocatable, names)
      return own.map((unit): [string, Possession] => [unit.key, judge(unit, own, given, managed)])
    }),
  )
}

/** What is given, by unit key, and why others may be given all the same. */
interface Gifts {
  /** Whether all that was given of the unit was given to the bank. */
  readonly toBank: ReadonlyMap<string, boolean>
  /** Why a unit not in the map is not proven to be nobody's; `null`: it is. */
  readonly doubt: string | null
}

/** `allocatable` tells whether a resource is given away to the last device. */
function giftsOf(
  given: readonly GivenDevice[],
  allocatable: readonly Device[] | undefined,
  names: UnitNames,
): Gifts {
  const toBank = new Map<string, boolean>()
  let doubt: string | null = null
  for (const [resource, devices] of Map.groupBy(given, (device) => device.resource)) {
    const found = devices.map((device) => ({ ...device, ...names.find(device) }))
    if (found.some(({ keys }) => keys.length === 0)) doubt = unmatched(resource)
    const isExact = found.every(({ ids }) => ids === 'exact')
    const isMixed = new Set(devices.map((device) => device.toBank)).size > 1
    const isGivenOut = isAllGiven(devices, allocatable, resource)
    if (!isExact && !isGivenOut) doubt ??= substituted(resource)
    // Which of them is the bank's is told by nobody.
    if (!isExact && isMixed && !isGivenOut) continue
    for (const { keys, toBank: isBanks } of found) {
      const isAllBanks = isBanks && (isExact || !isMixed)
      for (const key of keys) toBank.set(key, (toBank.get(key) ?? true) && isAllBanks)
    }
  }
  return { toBank, doubt }
}

function isAllGiven(
  given: readonly Device[],
  allocatable: readonly Device[] | undefined,
  resource: string,
): boolean {
  const own = allocatable?.filter((device) => device.resource === resource) ?? []
  const ids = new Set(given.map(({ id }) => id))
  return own.length > 0 && own.every(({ id }) => ids.has(id))
}

function keysOf(devices: readonly Device[], names: UnitNames): ReadonlySet<string> {
  return new Set(devices.flatMap((device) => names.find(device).keys))
}

function judge(
  unit: OwnedUnit,
  units: readonly OwnedUnit[],
  gifts: Gifts,
  managed: ReadonlySet<string> | null,
): Possession {
  const slices = units.filter(({ parentKey }) => parentKey === unit.key)
  const touching = [unit.key, unit.parentKey, ...slices.map(({ key }) => key)]
  const given = touching.flatMap((key) => (key === null ? [] : (gifts.toBank.get(key) ?? [])))
  if (given.length > 0) return { status: 'given', by: 'scheduler', toBank: !given.includes(false) }
  if (gifts.doubt !== null) return unproven(gifts.doubt)
  if (managed === null) return unproven(NOT_TOLD)
  return isManaged(unit, units, managed) ? { status: 'nobody' } : unproven(NOT_MANAGED)
}

/** By itself, with its card, or, for a cut card, by every slice that has a name. */
function isManaged(
  unit: OwnedUnit,
  units: readonly OwnedUnit[],
  managed: ReadonlySet<string>,
): boolean {
  if (managed.has(unit.key)) return true
  const card = units.find(({ key }) => key === unit.parentKey)
  if (unit.parentKey !== null) {
    if (managed.has(unit.parentKey)) return true
    // What no plugin could name (the rest of a cut card) is as well kept as its card is.
    return !hasName(unit) && card !== undefined && isManaged(card, units, managed)
  }
  const named = units.filter(({ parentKey }) => parentKey === unit.key).filter(hasName)
  return named.length > 0 && named.every(({ key }) => managed.has(key))
}

function hasName({ ids, deviceFile }: OwnedUnit): boolean {
  return ids.length > 0 || deviceFile !== null
}

/** The units of one vendor by everything they may be called. */
class UnitNames {
  readonly #keys = new Map<string, string[]>()

  constructor(units: readonly OwnedUnit[], aliasesOf: AliasesOf) {
    for (const unit of units) {
      const { key, ids, deviceFile } = unit
      for (const id of ids) this.#add(id, key)
      for (const alias of aliasesOf(unit)) this.#add(alias, key)
      if (deviceFile !== null) this.#add(deviceFile.replace(/^\/dev\//, ''), key)
      const address = addressOf(unit, units)
      if (address !== null) this.#add(address, key)
    }
  }

  #add(name: string, key: string): void {
    const folded = name.toLowerCase()
    const keys = this.#keys.get(folded)
    if (keys === undefined) this.#keys.set(folded, [key])
    else if (!keys.includes(key)) keys.push(key)
  }

  /** No keys: the device fits no unit. */
  find({ vendor, id, ids }: Device): { keys: readonly string[]; ids: Assignment } {
    for (const reading of readingsOf(vendor, id)) {
      const assignment = reading.ids === 'substituted' ? reading.ids : ids
      for (const name of reading.names) {
        const keys = this.#keys.get(name.toLowerCase().replace(/^\/dev\//, ''))
        if (keys !== undefined) return { keys, ids: assignment }
      }
    }
    return { keys: [], ids }
  }
}

/** Slices show the address of their card; only the card goes by it. */
function addressOf({ pciAddress, parentKey }: OwnedUnit, units: readonly OwnedUnit[]) {
  const card = units.find(({ key }) => key === parentKey)
  return card?.pciAddress === pciAddress ? null : pciAddress
}

function unproven(sentence: string): Possession {
  return { status: 'unproven', sentence }
}

function unmatched(resource: string): string {
  return `A pod has been given a device of ${printable(resource)} that fits no card read here; if the resource is no accelerator, say ignore: true for it in owner.kubernetes.resources.`
}

function substituted(resource: string): string {
  return `Pods have been given devices of ${printable(resource)}, whose scheduler may use other cards than the kubelet names; if none does, say ids: exact for it in owner.kubernetes.resources.`
}

function printable(resource: string): string {
  return resource.replace(/[^\w./:-]/g, '?').slice(0, NAME_LENGTH_MAX)
}
