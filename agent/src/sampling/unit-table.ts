/**
 * The units of this node over time: keeps what every probe last listed, merges it with the bus,
 * gives indexes, and remembers what was known over a restart, so that a card whose driver is broken
 * today is still the card it was yesterday.
 */
import type { ProbeFacts, Spool, Vendor } from '@yiben/shared'
import { IDENTITY_STRENGTHS, parseJson, UNIT_KINDS, VENDORS } from '@yiben/shared'
import * as z from 'zod/mini'
import type { Detection, PciAccelerator } from '../probes/probe.ts'
import { cardsOnBus, type IndexedUnit, probeFacts } from './facts.ts'
import { IndexBook } from './index-book.ts'
import { mergeUnits, type NodeUnit, type VendorInventory } from './units.ts'

const META_INDEXES = 'agent.indexes'
const META_UNITS = 'agent.units'

const knownSchema = z.array(
  z.object({
    id: z.string(),
    pciDeviceId: z.nullable(z.string()),
    unit: z.object({
      key: z.string(),
      parentKey: z.nullable(z.string()),
      kind: z.enum(UNIT_KINDS),
      vendor: z.enum(VENDORS),
      name: z.string(),
      memoryTotalBytes: z.nullable(z.number()),
      powerCapWatts: z.nullable(z.number()),
      sharePpm: z.int(),
      driverVersion: z.nullable(z.string()),
      identities: z.array(z.object({ strength: z.enum(IDENTITY_STRENGTHS), raw: z.string() })),
      pciAddress: z.nullable(z.string()),
      // Units kept by a version before 0.2 have none; their next inventory tells it.
      deviceFile: z._default(z.nullable(z.string()), null),
      offers: z.object({
        utilization: z.boolean(),
        memory: z.boolean(),
        processes: z.boolean(),
        health: z.boolean(),
        power: z.boolean(),
      }),
    }),
  }),
)

export interface UnitTableOptions {
  readonly spool: Spool
  /** Vendors that have a probe: their cards get their names from it. */
  readonly vendors: readonly Vendor[]
}

export class UnitTable {
  readonly #spool: Spool
  readonly #inventories = new Map<Vendor, VendorInventory>()
  readonly #detections = new Map<Vendor, Detection>()
  #book: IndexBook
  #isBookKept = true
  #pci: readonly PciAccelerator[] | null = null
  #known: readonly NodeUnit[]
  #units: readonly IndexedUnit[] = []
  #keptUnits = ''

  constructor(options: UnitTableOptions) {
    this.#spool = options.spool
    this.#book = IndexBook.load(options.spool.state().epoch, options.spool.getMeta(META_INDEXES))
    this.#known = parseKnown(options.spool.getMeta(META_UNITS))
    for (const vendor of options.vendors) {
      this.#inventories.set(vendor, { vendor, result: { status: 'pending' } })
    }
  }

  /** In the order of their indexes, as facts and heartbeats list them. */
  get units(): readonly IndexedUnit[] {
    return this.#units
  }

  /** Every probe has answered once, well or badly. */
  get isComplete(): boolean {
    return [...this.#inventories.values()].every(({ result }) => result.status !== 'pending')
  }

  /** What the bus shows now; `null` where it cannot be read. */
  notePci(pci: readonly PciAccelerator[] | null): void {
    this.#pci = pci
  }

  /** A failure that goes on keeps its first words: facts do not change with every attempt. */
  note(inventory: VendorInventory, detection: Detection): void {
    const { vendor, result } = inventory
    const before = this.#inventories.get(vendor)?.result
    const isSameFailure =
      result.status === 'failed' &&
      before?.status === 'failed' &&
      (result.code === before.code || result.code === 'circuit_open')
    if (!isSameFailure) this.#inventories.set(vendor, inventory)
    this.#detections.set(vendor, detection)
  }

  /** Merges anew. Throws a disk failure when a new index cannot be kept; then nothing changes. */
  refresh(): void {
    const merged = mergeUnits({
      known: this.#known,
      inventories: [...this.#inventories.values()],
      pci: this.#pci,
    })
    this.#units = this.#indexed(merged)
    this.#known = merged
    this.#keepUnits(merged)
  }

  /** A new epoch gives every unit a new index. */
  beginEpoch(): void {
    this.#book = IndexBook.load(this.#spool.state().epoch, null)
    this.refresh()
  }

  /** One row per vendor that has a tool or a card here. */
  probeFacts(): ProbeFacts[] {
    const pci = this.#pci ?? []
    const vendors = new Set([...this.#inventories.keys(), ...pci.map((card) => card.vendor)])
    return [...vendors].flatMap((vendor) => {
      const inventory = this.#inventories.get(vendor) ?? { vendor, result: { status: 'absent' } }
      const detection = this.#detections.get(vendor) ?? { status: 'absent' }
      const isHere = inventory.result.status === 'ok' || inventory.result.status === 'failed'
      if (!isHere && cardsOnBus(vendor, pci) === 0) return []
      return [probeFacts(inventory, detection, pci)]
    })
  }

  #indexed(merged: readonly NodeUnit[]): IndexedUnit[] {
    const units = merged.map((unit) => {
      const { index, isNew } = this.#book.assign(indexKey(unit))
      this.#isBookKept &&= !isNew
      return { ...unit, index }
    })
    // On disk before any record names the index: it is never given to another unit.
    if (!this.#isBookKept) this.#spool.setMeta(META_INDEXES, this.#book.toText())
    this.#isBookKept = true
    return units.sort((one, other) => one.index - other.index)
  }

  #keepUnits(units: readonly NodeUnit[]): void {
    const named = units.filter((unit) => unit.unit.identities.length > 0)
    const text = JSON.stringify(
      named.map(({ id, pciDeviceId, unit }) => ({ id, pciDeviceId, unit })),
    )
    if (text === this.#keptUnits) return
    this.#spool.setMeta(META_UNITS, text)
    this.#keptUnits = text
  }
}

/** A recut slice of the same name and another share is another unit. */
function indexKey({ id, unit }: NodeUnit): string {
  return [unit.vendor, unit.kind, id, unit.sharePpm].join('|')
}

/** What cannot be read is not known: cards are found anew, indexes are kept elsewhere. */
function parseKnown(text: string | null): NodeUnit[] {
  if (text === null) return []
  const parsed = knownSchema.safeParse(parseJson(text))
  return parsed.success ? parsed.data.map((unit) => ({ ...unit, problem: null })) : []
}
