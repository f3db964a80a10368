/**
 * Which units this node has, made of what every vendor's tool listed and what the PCI bus shows.
 * Pure. It promises that no accelerator is overlooked and none is dropped because a tool failed:
 * a card without driver or tool is a unit that says so, and a known card whose tool fell silent
 * stays a unit without readings.
 */
import type { RunCode, Vendor } from '@yiben/shared'
import { runCode, SHARE_PPM_WHOLE, UNITS_PER_NODE_MAX } from '@yiben/shared'
import { type PciFinding, type PciVerdict, reconcilePci, type VendorView } from '../probes/pci.ts'
import type {
  Inventory,
  InventoryUnit,
  PciAccelerator,
  ProbeFailure,
  UnitProblem,
} from '../probes/probe.ts'

/** Why a unit gives no readings for as long as the inventory stands. */
export interface StandingProblem {
  readonly code: RunCode
  readonly sentence: string
}

export interface NodeUnit {
  /** Unique on this node; the inventory key wherever no other vendor uses it too. */
  readonly id: string
  readonly unit: InventoryUnit
  /** PCI device id (`2330`) where the bus shows the card: another one in its slot is not it. */
  readonly pciDeviceId: string | null
  readonly problem: StandingProblem | null
}

/** What the last attempt at one vendor's inventory gave; `pending`: none has come back yet. */
export interface VendorInventory {
  readonly vendor: Vendor
  readonly result: Inventory | ProbeFailure | { readonly status: 'absent' | 'pending' }
}

export interface MergeInput {
  readonly known: readonly NodeUnit[]
  readonly inventories: readonly VendorInventory[]
  /** `null`: the bus could not be read; then it says nothing. */
  readonly pci: readonly PciAccelerator[] | null
}

/** The units of the node now; known ones first, in their order, so that lists do not jump. */
export function mergeUnits(input: MergeInput): NodeUnit[] {
  const vendors = new Set(input.inventories.map(({ vendor }) => vendor))
  for (const { vendor } of input.pci ?? []) vendors.add(vendor)
  for (const { unit } of input.known) vendors.add(unit.vendor)
  const listed = new Map<string, NodeUnit>()
  for (const vendor of vendors) {
    for (const unit of unitsOfVendor(vendor, input)) {
      const id = listed.has(unit.id) ? `${vendor}:${unit.id}` : unit.id
      listed.set(id, { ...unit, id })
    }
  }
  dropForeignCards(listed, input.pci ?? [])
  return inKnownOrder(input.known, listed).slice(0, UNITS_PER_NODE_MAX)
}

/**
 * A card that the tools of two makers list (a shim under another maker's name, a tool of a shared
 * family) is one card: that of the maker whose id it carries on the bus, else of whoever listed it
 * first. The other one goes, with its slices.
 */
function dropForeignCards(listed: Map<string, NodeUnit>, bus: readonly PciAccelerator[]): void {
  const makers = new Map(bus.map(({ address, vendor }) => [address, vendor]))
  for (const { unit } of listed.values()) {
    const { pciAddress } = unit
    if (unit.kind !== 'card' || pciAddress === null || makers.has(pciAddress)) continue
    makers.set(pciAddress, unit.vendor)
  }
  const isForeign = ({ unit: { pciAddress, vendor } }: NodeUnit) =>
    pciAddress !== null && makers.get(pciAddress) !== vendor
  for (const [id, unit] of [...listed]) if (isForeign(unit)) listed.delete(id)
}

/** What one vendor's units are made of. */
interface VendorInput {
  readonly known: readonly NodeUnit[]
  readonly result: VendorInventory['result']
  readonly bus: readonly PciAccelerator[] | null
  readonly findings: readonly PciFinding[]
}

function unitsOfVendor(vendor: Vendor, input: MergeInput): NodeUnit[] {
  const known = input.known.filter(({ unit }) => unit.vendor === vendor)
  const inventory = input.inventories.find((candidate) => candidate.vendor === vendor)
  const result = inventory?.result ?? { status: 'absent' }
  const bus = input.pci?.filter((card) => card.vendor === vendor) ?? null
  const view = viewOf(vendor, result, known)
  const { findings } = reconcilePci({
    accelerators: bus ?? [],
    views: view === null ? [] : [view],
    addressesSeen: new Set(),
  })
  const parts = { known, result, bus, findings }
  const here = result.status === 'ok' ? listedUnits(result, parts) : keptUnits(parts)
  // Before the first answer a card of the bus has no name: its own will come in a moment.
  return result.status === 'pending' ? here : [...here, ...unlistedCards(here, parts)]
}

/** `null`: no tool of this vendor is here. */
function viewOf(
  vendor: Vendor,
  result: VendorInventory['result'],
  known: readonly NodeUnit[],
): VendorView | null {
  if (result.status === 'ok') {
    const problemAddresses = result.problems.flatMap(({ pciAddress }) => pciAddress ?? [])
    return { vendor, isReadable: true, units: result.units, problemAddresses }
  }
  const hasNothingToReadWith =
    result.status === 'absent' ||
    (result.status === 'failed' && ['tool_missing', 'library_missing'].includes(result.code))
  if (hasNothingToReadWith && known.length === 0) return null
  return { vendor, isReadable: false, units: [], problemAddresses: [] }
}

/** The tool answered: its list holds, and a known card it could not open stays, with the reason. */
function listedUnits(inventory: Inventory, { known, findings, bus }: VendorInput): NodeUnit[] {
  const units: NodeUnit[] = inventory.units.map((unit) => ({
    id: unit.key,
    unit,
    pciDeviceId: bus?.find((card) => card.address === unit.pciAddress)?.deviceId ?? null,
    problem: null,
  }))
  const ids = new Set(units.map(({ id }) => id))
  const addresses = new Set(units.map(({ unit }) => unit.pciAddress))
  for (const unit of known) {
    const { pciAddress, kind } = unit.unit
    if (ids.has(unit.id) || kind !== 'card') continue
    if (pciAddress !== null && addresses.has(pciAddress)) continue
    const finding = findings.find(({ accelerator }) => accelerator.address === pciAddress)
    const problem = inventory.problems.find((candidate) => isProblemOf(candidate, unit.unit))
    if (finding !== undefined) units.push({ ...unit, problem: problemOf(finding, problem ?? null) })
    else if (problem !== undefined) units.push({ ...unit, problem: lost(problem.sentence) })
  }
  return units
}

/** No list: every known unit stays, unless the bus, which could be read, no longer shows its card. */
function keptUnits({ known, findings, bus }: VendorInput): NodeUnit[] {
  return known.flatMap((unit) => {
    const address = addressOf(unit, known)
    const card = bus?.find((candidate) => candidate.address === address)
    const isGone = bus !== null && unit.pciDeviceId !== null && card?.deviceId !== unit.pciDeviceId
    if (isGone) return []
    const finding = findings.find(({ accelerator }) => accelerator.address === address)
    const isProven = finding !== undefined && PROVEN_BY_BUS.includes(finding.verdict)
    return [{ ...unit, problem: isProven ? problemOf(finding, null) : null }]
  })
}

/** What the kernel says whether or not a tool answers. */
const PROVEN_BY_BUS: readonly PciVerdict[] = ['passthrough', 'no_driver']

/**
 * Cards the bus shows and nobody lists. A unit whose address no tool tells may be any of them, so
 * that many are taken as accounted for: a card is not invented to make a count come out.
 */
function unlistedCards(units: readonly NodeUnit[], { findings, result }: VendorInput): NodeUnit[] {
  const addresses = new Set(units.map(({ unit }) => unit.pciAddress))
  const unplaced = units.filter(({ unit }) => unit.kind === 'card' && unit.pciAddress === null)
  const problems = result.status === 'ok' ? result.problems : []
  return findings
    .filter(({ accelerator }) => !addresses.has(accelerator.address))
    .slice(unplaced.length)
    .map((finding) => {
      const { address } = finding.accelerator
      const problem = problems.find((candidate) => candidate.pciAddress === address)
      return pciUnit(finding.accelerator, problemOf(finding, problem ?? null))
    })
}

/** A card known from the bus alone: named by its slot, of which nothing can be read. */
function pciUnit(card: PciAccelerator, problem: StandingProblem): NodeUnit {
  const key = `pci:${card.address}`
  return {
    id: key,
    pciDeviceId: card.deviceId,
    problem,
    unit: {
      key,
      parentKey: null,
      kind: 'card',
      vendor: card.vendor,
      name: card.model ?? `${card.vendor} ${card.vendorId}:${card.deviceId}`,
      memoryTotalBytes: null,
      powerCapWatts: null,
      sharePpm: SHARE_PPM_WHOLE,
      driverVersion: null,
      identities: [],
      pciAddress: card.address,
      deviceFile: null,
      offers: { utilization: false, memory: false, processes: false, health: false, power: false },
    },
  }
}

/** A slice lies where its card lies. */
function addressOf({ unit }: NodeUnit, known: readonly NodeUnit[]): string | null {
  if (unit.pciAddress !== null) return unit.pciAddress
  const parent = known.find(({ id }) => id === unit.parentKey)
  return parent?.unit.pciAddress ?? null
}

export function isProblemOf(problem: UnitProblem, unit: InventoryUnit): boolean {
  if (problem.key !== null && problem.key === unit.key) return true
  return problem.pciAddress !== null && problem.pciAddress === unit.pciAddress
}

function problemOf(finding: PciFinding, problem: UnitProblem | null): StandingProblem {
  const { accelerator, verdict } = finding
  const card = `${accelerator.vendor} card at ${accelerator.address}`
  switch (verdict) {
    case 'passthrough':
      return {
        code: runCode('allocated/passthrough'),
        sentence: `The ${card} has been passed through to a virtual machine.`,
      }
    case 'no_driver':
      return {
        code: runCode('faulty/no_driver'),
        sentence: `No driver is bound to the ${card}: install or load the driver of its maker.`,
      }
    case 'no_tool':
      return {
        code: runCode('faulty/no_tool'),
        sentence: `No tool reads the ${card}: install the tools of its maker.`,
      }
    case 'lost':
      return lost(problem?.sentence ?? `The driver cannot reach the ${card}.`)
    case 'read':
    case 'unread':
      return {
        code: runCode('unknown/probe'),
        sentence: problem?.sentence ?? `The vendor tool does not list the ${card}.`,
      }
    default:
      return verdict satisfies never
  }
}

/** Known, and named by its own tool as out of reach. */
function lost(sentence: string): StandingProblem {
  return { code: runCode('faulty/fallen_off_bus'), sentence }
}

function inKnownOrder(
  known: readonly NodeUnit[],
  listed: ReadonlyMap<string, NodeUnit>,
): NodeUnit[] {
  const first = known.flatMap(({ id }) => listed.get(id) ?? [])
  const ids = new Set(first.map(({ id }) => id))
  return [...first, ...[...listed.values()].filter(({ id }) => !ids.has(id))]
}
