/** A vendor in memory: its cards show what a test sets, hang, fail or vanish. */
import type { UnitReading, Vendor } from '@yiben/shared'
import type {
  Detection,
  Inventory,
  InventoryUnit,
  PciAccelerator,
  Probe,
  ProbeFailure,
  ProbeSample,
  UnitProblem,
} from '../../agent/src/probes/probe.ts'

const GIB = 1024 ** 3

export interface FakeCard {
  readonly unit: InventoryUnit
  reading: UnitReading
}

/** A card with nothing on it; its model has a shipped baseline of 0. */
export function fakeCard(key: string, overrides: Partial<InventoryUnit> = {}): FakeCard {
  const unit: InventoryUnit = {
    key,
    parentKey: null,
    kind: 'card',
    vendor: 'nvidia',
    name: 'NVIDIA GeForce RTX 4090',
    memoryTotalBytes: 24 * GIB,
    powerCapWatts: 450,
    sharePpm: 1_000_000,
    driverVersion: '550.54.15',
    identities: [{ strength: 'strong', raw: key }],
    pciAddress: `0000:${key.slice(-2).padStart(2, '0')}:00.0`,
    deviceFile: null,
    offers: { utilization: true, memory: true, processes: true, health: true, power: true },
    ...overrides,
  }
  return { unit, reading: idleReading(key) }
}

export function idleReading(key: string): UnitReading {
  return {
    key,
    utilization: { compute: 0 },
    memoryUsedBytes: 0,
    memoryTotalBytes: 24 * GIB,
    powerWatts: 20,
    temperatureCelsius: 30,
    health: { status: 'ok', cause: null, detail: null },
    processes: { computeCount: 0, graphicsCount: 0, memoryUsedBytes: 0 },
    kernelAgeMs: null,
    outOfRange: [],
  }
}

export function busyReading(key: string, ratio = 0.9): UnitReading {
  return {
    ...idleReading(key),
    utilization: { compute: ratio },
    memoryUsedBytes: 20 * GIB,
    powerWatts: 400,
    processes: { computeCount: 1, graphicsCount: 0, memoryUsedBytes: 20 * GIB },
  }
}

export function pciCardOf(card: FakeCard, overrides: Partial<PciAccelerator> = {}): PciAccelerator {
  return {
    address: card.unit.pciAddress ?? '0000:00:00.0',
    vendor: card.unit.vendor,
    model: null,
    vendorId: '10de',
    deviceId: '2684',
    driver: 'nvidia',
    isVirtualFunction: false,
    ...overrides,
  }
}

export class FakeProbe implements Probe {
  readonly vendor: Vendor
  cards: FakeCard[]
  /** `hung`: calls never end. `failing`: they end with a failure. `absent`: nothing here. */
  mode: 'ok' | 'hung' | 'failing' | 'absent' = 'ok'
  problems: UnitProblem[] = []
  readonly calls: ('detect' | 'inventory' | 'sample' | 'release')[] = []
  #waiting: (() => void)[] = []

  constructor(cards: FakeCard[], vendor: Vendor = 'nvidia') {
    this.cards = cards
    this.vendor = vendor
  }

  count(call: FakeProbe['calls'][number]): number {
    return this.calls.filter((made) => made === call).length
  }

  /** Lets the calls that hang end. */
  unhang(): void {
    this.mode = 'ok'
    for (const end of this.#waiting.splice(0)) end()
  }

  async detect(): Promise<Detection> {
    this.calls.push('detect')
    await this.#answer()
    if (this.mode === 'absent') return { status: 'absent' }
    return { status: 'present', tool: 'fake', toolVersion: '1' }
  }

  async inventory(): Promise<Inventory | ProbeFailure> {
    this.calls.push('inventory')
    await this.#answer()
    if (this.mode === 'failing') return FAILURE
    const units = this.cards.map(({ unit }) => unit)
    return { status: 'ok', tool: 'fake', toolVersion: '1', units, problems: this.problems }
  }

  async sample(): Promise<ProbeSample | ProbeFailure> {
    this.calls.push('sample')
    await this.#answer()
    if (this.mode === 'failing') return FAILURE
    const readings = this.cards.map(({ reading }) => reading)
    return { status: 'ok', tool: 'fake', readings, problems: this.problems }
  }

  async release(): Promise<void> {
    this.calls.push('release')
  }

  async #answer(): Promise<void> {
    if (this.mode !== 'hung') return
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

const FAILURE: ProbeFailure = {
  status: 'failed',
  code: 'tool_failed',
  sentence: 'The fake tool was told to fail.',
}
