/**
 * A probe of made-up cards: what a vendor's tool would show of a site's activity. Some cards are
 * not well, as in every real fleet: a failed one, one whose counter is missing, one without driver.
 */
import type { Clock, UnitReading } from '@yiben/shared'
import type {
  Detection,
  Inventory,
  InventoryUnit,
  PciAccelerator,
  Probe,
  ProbeSample,
} from '../../agent/src/probes/probe.ts'
import type { SiteActivity } from './activity.ts'
import { DEMO_CARDS_PER_NODE, type DemoModel } from './fleet.ts'

const MIB = 1024 * 1024

export interface DemoProbeOptions {
  readonly clock: Clock
  readonly model: DemoModel
  readonly activity: SiteActivity
  /** Position of the node in its site, from 0. */
  readonly node: number
  /** Makes the ids of this node's cards unique in the fleet. */
  readonly keyPrefix: string
  /** Card whose health has failed, and card whose utilization cannot be read; `null` for none. */
  readonly failedCard: number | null
  readonly unreadableCard: number | null
}

export class DemoProbe implements Probe {
  readonly vendor: DemoModel['vendor']
  readonly #options: DemoProbeOptions
  readonly #units: readonly InventoryUnit[]

  constructor(options: DemoProbeOptions) {
    this.#options = options
    this.vendor = options.model.vendor
    this.#units = Array.from({ length: DEMO_CARDS_PER_NODE }, (_, card) =>
      demoUnit(options.model, `${options.keyPrefix}-${card}`, card),
    )
  }

  async detect(): Promise<Detection> {
    return { status: 'present', tool: 'demo', toolVersion: null }
  }

  async inventory(): Promise<Inventory> {
    return { status: 'ok', tool: 'demo', toolVersion: null, units: this.#units, problems: [] }
  }

  /** What the node's bus shows: the same cards. */
  bus(): readonly PciAccelerator[] {
    return this.#units.flatMap(({ pciAddress }) =>
      pciAddress === null
        ? []
        : {
            address: pciAddress,
            vendor: this.vendor,
            model: null,
            vendorId: 'demo',
            deviceId: 'demo',
            driver: 'demo',
            isVirtualFunction: false,
          },
    )
  }

  async sample(): Promise<ProbeSample> {
    const readings = this.#units.map((unit, card) => this.#reading(unit.key, card))
    return { status: 'ok', tool: 'demo', readings, problems: [] }
  }

  async release(): Promise<void> {}

  #reading(key: string, card: number): UnitReading {
    const { activity, clock, failedCard, model, node, unreadableCard } = this.#options
    const { kind, memoryRatio, utilizationRatio } = activity.at(node, card, clock.wallMs())
    const power =
      model.idlePowerWatts + (model.fullPowerWatts - model.idlePowerWatts) * utilizationRatio
    const usedMib = model.idleMemoryMib + memoryRatio * (model.memoryTotalMib - model.idleMemoryMib)
    const hasFailed = card === failedCard
    return {
      key,
      utilization: { compute: card === unreadableCard ? null : utilizationRatio },
      memoryUsedBytes: Math.round(usedMib) * MIB,
      memoryTotalBytes: model.memoryTotalMib * MIB,
      powerWatts: Math.round(power),
      temperatureCelsius: Math.round(32 + 40 * utilizationRatio),
      health: hasFailed
        ? { status: 'failed', cause: 'ecc', detail: 'uncorrectable memory error (demo)' }
        : { status: 'ok', cause: null, detail: null },
      processes:
        kind === 'idle'
          ? { computeCount: 0, graphicsCount: 0, memoryUsedBytes: 0 }
          : { computeCount: 1, graphicsCount: 0, memoryUsedBytes: Math.round(usedMib) * MIB },
      kernelAgeMs: null,
      outOfRange: [],
    }
  }
}

function demoUnit(model: DemoModel, key: string, card: number): InventoryUnit {
  return {
    key,
    parentKey: null,
    kind: 'card',
    vendor: model.vendor,
    name: model.name,
    memoryTotalBytes: model.memoryTotalMib * MIB,
    powerCapWatts: null,
    sharePpm: 1_000_000,
    driverVersion: 'demo',
    identities: [{ strength: 'strong', raw: key }],
    pciAddress: `0000:${(0x10 + card).toString(16)}:00.0`,
    deviceFile: null,
    offers: { utilization: true, memory: true, processes: true, health: true, power: true },
  }
}
