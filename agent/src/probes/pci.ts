/**
 * Accelerators on the PCI bus, from sysfs, whether anything can read them or not: what a node has,
 * beside what its tools tell. A card nobody drives is faulty, one given to a virtual machine is
 * allocated, one that has left the bus is lost; none is overlooked.
 */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Vendor } from '@yiben/shared'
import { normalisePciAddress } from './formats/pci-address.ts'
import { acceleratorRow } from './pci-table.ts'
import type { PciAccelerator } from './probe.ts'

/** A node with more functions than this is not one we know how to read. */
const FUNCTIONS_MAX = 4096

/** `null` when sysfs cannot be read: then nothing is known, which is not "no accelerator". */
export async function readPciAccelerators(
  rootPrefix: string,
): Promise<readonly PciAccelerator[] | null> {
  const folder = join(rootPrefix || '/', 'sys/bus/pci/devices')
  let names: string[]
  try {
    names = await readdir(folder)
  } catch {
    return null
  }
  const found: PciAccelerator[] = []
  for (const name of names.sort().slice(0, FUNCTIONS_MAX)) {
    const accelerator = await readFunction(join(folder, name), name)
    if (accelerator !== null) found.push(accelerator)
  }
  return found
}

async function readFunction(path: string, name: string): Promise<PciAccelerator | null> {
  const address = normalisePciAddress(name)
  const [vendorId, deviceId, classCode] = await Promise.all([
    readHex(join(path, 'vendor')),
    readHex(join(path, 'device')),
    readHex(join(path, 'class')),
  ])
  if (address === null || vendorId === null || deviceId === null || classCode === null) return null
  const row = acceleratorRow({ vendorId, deviceId, classCode: classCode.slice(0, 4) })
  if (row === null) return null
  const isVirtual = row.virtual?.includes(deviceId) === true
  return {
    address,
    vendor: row.vendor,
    model: row.models[deviceId] ?? null,
    vendorId,
    deviceId,
    driver: await linkName(join(path, 'driver')),
    isVirtualFunction: isVirtual || (await exists(join(path, 'physfn'))),
  }
}

/** `0x10de` and `0x030200` as lower-case digits. */
async function readHex(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, 'utf8')).trim().toLowerCase()
    return /^0x([0-9a-f]{4,8})$/.exec(text)?.[1] ?? null
  } catch {
    return null
  }
}

async function linkName(path: string): Promise<string | null> {
  try {
    return basename(await readlink(path))
  } catch {
    return null
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    return false
  }
}

/** Drivers that hand a card to a virtual machine or to a program of the user. */
const PASSTHROUGH_DRIVERS = new Set(['vfio-pci', 'xen-pciback', 'pci-stub', 'uio_pci_generic'])
/** Drivers of a display that leave the accelerator unused. */
const DISPLAY_ONLY_DRIVERS = new Set(['nouveau', 'simple-framebuffer'])

/** What a vendor's probe knows of its cards, as far as the bus is concerned. */
export interface VendorView {
  readonly vendor: Vendor
  /** Whether the last inventory or sample succeeded. */
  readonly isReadable: boolean
  readonly units: readonly { readonly key: string; readonly pciAddress: string | null }[]
  /** Addresses the tool named as lost or unreadable. */
  readonly problemAddresses: readonly string[]
}

/**
 * `read`: a tool reads it. `passthrough`: given to a virtual machine. `no_driver`, `no_tool`: faulty
 * with that cause. `unread`: driver and tool are there, but this card was not among what they told;
 * nothing is proven. `lost`: the tool names it and cannot reach it.
 */
export type PciVerdict = 'read' | 'passthrough' | 'no_driver' | 'no_tool' | 'unread' | 'lost'

export interface PciFinding {
  readonly accelerator: PciAccelerator
  readonly verdict: PciVerdict
  /** Keys of the units at this address: two chips of one board may share it. */
  readonly unitKeys: readonly string[]
}

export interface PciReconciliation {
  readonly findings: readonly PciFinding[]
  /** Virtual functions, which are parts of cards that are counted already. */
  readonly virtualFunctions: readonly PciAccelerator[]
  /** Units whose address was on the bus and is not any more: they have fallen off it. */
  readonly vanishedUnitKeys: readonly string[]
}

export interface PciQuestion {
  readonly accelerators: readonly PciAccelerator[]
  /** Vendors without a view have no tool (or none this agent knows). */
  readonly views: readonly VendorView[]
  /** Every address this agent has seen on the bus since it started. */
  readonly addressesSeen: ReadonlySet<string>
}

/** Sets what is on the bus beside what the probes know. */
export function reconcilePci({
  accelerators,
  views,
  addressesSeen,
}: PciQuestion): PciReconciliation {
  const byVendor = new Map(views.map((view) => [view.vendor, view]))
  const addresses = new Set(accelerators.map((accelerator) => accelerator.address))
  const findings = accelerators
    .filter((accelerator) => countsAsCard(accelerator, byVendor.get(accelerator.vendor)))
    .map((accelerator) => findingOf(accelerator, byVendor.get(accelerator.vendor)))
  const counted = new Set(findings.map((finding) => finding.accelerator.address))
  // WSL and some containers hide the bus: what was never on it cannot have left it.
  const hasLeft = (address: string | null) =>
    address !== null && addressesSeen.has(address) && !addresses.has(address)
  const vanished = views.flatMap((view) => view.units.filter((unit) => hasLeft(unit.pciAddress)))
  return {
    findings,
    virtualFunctions: accelerators.filter(({ address }) => !counted.has(address)),
    vanishedUnitKeys: vanished.map((unit) => unit.key),
  }
}

/** In a virtual machine the virtual function is all there is, and the tool lists it as the card. */
function countsAsCard(accelerator: PciAccelerator, view: VendorView | undefined): boolean {
  if (!accelerator.isVirtualFunction) return true
  return view?.units.some((unit) => unit.pciAddress === accelerator.address) === true
}

function findingOf(accelerator: PciAccelerator, view: VendorView | undefined): PciFinding {
  const units = view?.units.filter((unit) => unit.pciAddress === accelerator.address) ?? []
  return {
    accelerator,
    verdict: verdictOf(accelerator, view, units.length > 0),
    unitKeys: units.map((unit) => unit.key),
  }
}

/** In this order: what the kernel says about the card goes before what tools say. */
function verdictOf(
  { driver, address }: PciAccelerator,
  view: VendorView | undefined,
  isListed: boolean,
): PciVerdict {
  if (driver !== null && PASSTHROUGH_DRIVERS.has(driver)) return 'passthrough'
  if (view?.problemAddresses.includes(address) === true) return 'lost'
  if (isListed) return view?.isReadable === true ? 'read' : 'unread'
  if (driver === null || DISPLAY_ONLY_DRIVERS.has(driver)) return 'no_driver'
  if (view === undefined) return 'no_tool'
  return 'unread'
}
