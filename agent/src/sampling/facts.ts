/**
 * The facts record: what this node and its units are, told whenever it changes. Pure. Raw ids
 * become keyed hashes here and go no further; sentences are cut to what the wire carries.
 */
import type { Identity, NodeFacts, OwnerKind, ProbeFacts, UnitFacts, Vendor } from '@yiben/shared'
import { hashIdentity, type IdentityKey } from '../identity.ts'
import type { HostFacts } from '../probes/node-facts.ts'
import type { Detection, InventoryUnit, PciAccelerator, RawIdentity } from '../probes/probe.ts'
import type { NodeUnit, VendorInventory } from './units.ts'

/** Facts without their number and their instant: equal bodies are no change. */
export type FactsBody = Omit<NodeFacts, 'revision' | 'atMs'>

export interface IndexedUnit extends NodeUnit {
  readonly index: number
}

const MIB = 1024 * 1024
/** Bounds of the wire, in UTF-8 bytes. */
const NAME_BYTES_MAX = 200
const SENTENCE_BYTES_MAX = 500
const WORD_BYTES_MAX = 64

export interface FactsInput {
  readonly agentVersion: string
  readonly bootId: string
  readonly host: HostFacts
  readonly ownerKind: OwnerKind
  readonly units: readonly IndexedUnit[]
  readonly probes: readonly ProbeFacts[]
  readonly identityKey: IdentityKey
  readonly nodeId: string
}

export function factsBody(input: FactsInput): FactsBody {
  const indexes = new Map(input.units.map((unit) => [unit.id, unit.index]))
  return {
    agentVersion: clip(input.agentVersion, WORD_BYTES_MAX),
    bootId: input.bootId,
    operatingSystem: clipped(input.host.operatingSystem, NAME_BYTES_MAX),
    kernel: clipped(input.host.kernel, NAME_BYTES_MAX),
    architecture: clipped(input.host.architecture, WORD_BYTES_MAX),
    cpuModel: clipped(input.host.cpuModel, NAME_BYTES_MAX),
    cpuCores: input.host.cpuCores,
    memoryTotalMib: input.host.memoryTotalMib,
    virtualization: clipped(input.host.virtualization, WORD_BYTES_MAX),
    ownerKind: input.ownerKind,
    units: input.units
      .map((unit) => unitFacts(unit, indexes, input))
      .sort((one, other) => one.index - other.index),
    probes: input.probes,
  }
}

function unitFacts(
  { unit, index }: IndexedUnit,
  indexes: ReadonlyMap<string, number>,
  input: FactsInput,
): UnitFacts {
  return {
    index,
    kind: unit.kind,
    parentIndex: unit.parentKey === null ? null : (indexes.get(unit.parentKey) ?? null),
    vendor: unit.vendor,
    name: clip(unit.name, NAME_BYTES_MAX),
    memoryTotalMib: unit.memoryTotalBytes === null ? null : Math.round(unit.memoryTotalBytes / MIB),
    powerCapWatts: unit.powerCapWatts === null ? null : Math.round(unit.powerCapWatts),
    sharePpm: unit.sharePpm,
    driverVersion: clipped(unit.driverVersion, WORD_BYTES_MAX),
    identities: identitiesOf(unit).map(
      (id): Identity =>
        hashIdentity(input.identityKey, { vendor: unit.vendor, ...id }, input.nodeId),
    ),
  }
}

/** A unit no tool could name is named by its place: weak, and flagged so by the collector. */
export function identitiesOf(unit: InventoryUnit): readonly RawIdentity[] {
  if (unit.identities.length > 0) return unit.identities
  // A part of a card shares its slot, so it goes by its own key.
  const raw = unit.kind === 'card' ? (unit.pciAddress ?? unit.key) : unit.key
  return [{ strength: 'slot', raw }]
}

/** How one vendor fared: from its inventory, or from its detection where that already failed. */
export function probeFacts(
  inventory: VendorInventory,
  detection: Detection,
  pci: readonly PciAccelerator[],
): ProbeFacts {
  const { vendor, result } = inventory
  const cardsPresent = cardsOnBus(vendor, pci)
  if (result.status === 'ok') {
    const problem = result.problems[0] ?? null
    return {
      vendor,
      tool: clip(result.tool, WORD_BYTES_MAX),
      toolVersion: clipped(result.toolVersion, WORD_BYTES_MAX),
      unitsFound: result.units.length,
      cardsPresent,
      problemCode: problem?.code ?? null,
      problem: problem === null ? null : clip(problem.sentence, SENTENCE_BYTES_MAX),
    }
  }
  const problem =
    result.status === 'failed' ? result : detection.status === 'broken' ? detection : null
  return {
    vendor,
    tool: null,
    toolVersion: null,
    unitsFound: 0,
    cardsPresent,
    problemCode: problem?.code ?? null,
    problem: problem === null ? null : clip(problem.sentence, SENTENCE_BYTES_MAX),
  }
}

export function cardsOnBus(vendor: Vendor, pci: readonly PciAccelerator[]): number {
  return pci.filter((card) => card.vendor === vendor && !card.isVirtualFunction).length
}

function clipped(text: string | null, bytesMax: number): string | null {
  return text === null ? null : clip(text, bytesMax)
}

/** Cuts at a character, never inside one. */
function clip(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text, 'utf8') <= bytesMax) return text
  const cut = Buffer.from(text, 'utf8').subarray(0, bytesMax).toString('utf8')
  return cut.replace(/\uFFFD+$/u, '')
}
