/**
 * Watches the units: asks the probes in rounds, joins what they answer with what the owner says,
 * and hands on one judged row per unit. A unit nobody could read gets its row too, so that it
 * becomes unknown by a statement and not by silence.
 *
 * Promises: an answer is judged against the units as they are when it is judged; a slow owner probe
 * leaves possession unproven and delays nobody else; after `pause` no probe is asked, and what
 * comes back late is thrown away.
 */
import {
  type Clock,
  errorSentence,
  type Logger,
  type Random,
  runCode,
  type Timer,
  type Vendor,
} from '@yiben/shared'
import type { OwnedUnit, OwnerProbe, Possession } from '../owners/owner.ts'
import type {
  Detection,
  PciAccelerator,
  ProbeContext,
  ProbeFailure,
  VendorEntry,
} from '../probes/probe.ts'
import { ProbeRunner, type SampleOutcome } from '../probes/run-all.ts'
import type { IndexedUnit } from './facts.ts'
import { type JudgeContext, type JudgedUnit, judge, judgeUnread, type Missing } from './judge.ts'
import { Sampler } from './sampler.ts'
import type { VendorInventory } from './units.ts'

/** Cards do not come and go: often enough to notice a recut that no sample showed. */
const INVENTORY_EVERY_MS = 600_000
/** A sample that does not fit the list asks for a new one, but not more often than this. */
const INVENTORY_ASKED_EVERY_MS = 30_000
/** Without a reading for more than this many periods, a unit is unknown. */
const SILENT_PERIODS = 3
/** An owner probe bounds itself at 2 s; this is the guard for one that does not. */
const OWNER_MS_MAX = 2_500
/** C26: every driver handle is closed within 2 s, or we say that it is not. */
const RELEASE_MS_MAX = 2_000

const PAUSED: Missing = {
  code: runCode('unknown/paused'),
  sentence: 'The agent is paused on this node and has let go of every driver handle.',
}

export interface ObserverOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly random: Random
  readonly entries: readonly VendorEntry[]
  readonly probeContext: ProbeContext
  readonly owner: OwnerProbe
  readonly pci: () => Promise<readonly PciAccelerator[] | null>
  readonly context: JudgeContext
  readonly periodMs: number
  readonly phaseMs: number
  /** Of one call of a vendor's tool, and of all its calls. */
  readonly limits: { readonly deadlineMs: number; readonly coreShareMax: number }
  /** The units to be judged now. */
  readonly units: () => readonly IndexedUnit[]
  /** UTC ms on the node's timeline, for the owner's calendar. */
  readonly nowMs: () => number
  readonly events: ObserverEvents
}

/** A unit as it was seen for somebody who asked; `observedAtMs` is monotonic. */
export interface SeenNow extends JudgedUnit {
  readonly observedAtMs: number
}

export interface ObserverEvents {
  /** What the PCI bus shows; `null` where it cannot be read. Told before each list. */
  bus(pci: readonly PciAccelerator[] | null): void
  /** One vendor has been looked for, and listed where it is here. */
  inventory(inventory: VendorInventory, detection: Detection): void
  /** `observedAtMs` is monotonic: when the values were true as far as is known. */
  judged(judged: readonly JudgedUnit[], observedAtMs: number): void
  /** Once per round, before the probes are asked. */
  round(): void
}

export class Observer {
  readonly #options: ObserverOptions
  readonly #log: Logger
  readonly #runner: ProbeRunner
  readonly #sampler: Sampler
  /** When each unit was last read, by unit id: monotonic ms. */
  readonly #readAtMs = new Map<string, number>()
  readonly #periods = new Map<Vendor, number>()
  #isPaused = false
  /** Counts up with each pause: an answer to a question from before is thrown away. */
  #generation = 0
  /** A driver was not let go of in time: a call into it is under way, maybe for ever. */
  #isHeld = false
  #isListing = false
  /** A list has come back in this life, or since the last pause. */
  #isListed = false
  #isListingAsked = false
  #listedAtMs: number | null = null
  #samples = 0

  constructor(options: ObserverOptions) {
    this.#options = options
    this.#log = options.log.child({ component: 'observer' })
    this.#runner = new ProbeRunner({
      entries: options.entries,
      context: options.probeContext,
      random: options.random,
      basePeriodMs: options.periodMs,
      sampleDeadlineMs: options.limits.deadlineMs,
      coreShareMax: options.limits.coreShareMax,
    })
    this.#sampler = new Sampler({
      clock: options.clock,
      log: options.log,
      periodMs: options.periodMs,
      phaseMs: options.phaseMs,
      onRound: () => this.#round(),
    })
  }

  /** A call of some library may never come back: only SIGKILL ends this process. */
  get isHung(): boolean {
    return this.#runner.isHung || this.#isHeld
  }

  start(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.#sampler.start()
  }

  /** Every driver handle is closed when this resolves; at most 2 s. */
  async pause(): Promise<void> {
    this.#isPaused = true
    this.#isListed = false
    this.#generation += 1
    let timer: Timer | null = null
    const late = new Promise<'late'>((resolve) => {
      timer = this.#options.clock.after(RELEASE_MS_MAX, () => resolve('late'))
    })
    try {
      const released = this.#runner.release().then(() => 'released' as const)
      this.#isHeld = (await Promise.race([released, late])) === 'late'
      if (this.#isHeld) {
        this.#log.error({ limitMs: RELEASE_MS_MAX }, 'a driver handle could not be let go in time')
      }
    } catch (error) {
      this.#log.error({ reason: errorSentence(error) }, 'a driver handle could not be let go')
    } finally {
      ;(timer as Timer | null)?.cancel()
    }
  }

  resume(): void {
    this.#isPaused = false
    this.#listedAtMs = null
    this.#readAtMs.clear()
  }

  async stop(): Promise<void> {
    this.#sampler.stop()
    await Promise.all([this.pause(), this.#options.owner.stop()])
  }

  /** Samples answered since this was last asked; for the heartbeat. */
  takeSampleCount(): number {
    const samples = this.#samples
    this.#samples = 0
    return samples
  }

  /**
   * Asks probes and owner about these units now, whatever the cadence. What they say is booked as any
   * sample is; a unit that was not read is left out. As bounded as probes and owners are: whoever is
   * in a hurry bounds it himself.
   */
  async lookNow(units: readonly IndexedUnit[]): Promise<SeenNow[]> {
    if (this.#isPaused) return []
    const generation = this.#generation
    const vendors = [...new Set(units.map(({ unit }) => unit.vendor))]
    const seen = await Promise.all(
      vendors.map(async (vendor) => {
        const outcome = await this.#runner.sampleNow(vendor)
        if (outcome === null || generation !== this.#generation) return []
        const { observedAtMs } = outcome
        const judged = await this.#judge(outcome, generation, true)
        return judged.map((one) => ({ ...one, observedAtMs }))
      }),
    )
    const asked = new Set(units.map(({ id }) => id))
    return seen.flat().filter(({ unit, reading }) => reading !== null && asked.has(unit.id))
  }

  /** Rows for the units that give no reading: paused, without driver, silent for too long. */
  unread(): JudgedUnit[] {
    const { units, clock, context } = this.#options
    const nowMs = clock.monotonicMs()
    return units().flatMap((unit) => {
      const periodMs = this.#periods.get(unit.unit.vendor) ?? this.#options.periodMs
      const missing = this.#missing(unit, nowMs, periodMs)
      return missing === null ? [] : [judgeUnread(context, unit, missing, periodMs)]
    })
  }

  /** A unit new here is given time for its first reading. */
  #missing(unit: IndexedUnit, nowMs: number, periodMs: number): Missing | null {
    if (this.#isPaused) return PAUSED
    if (unit.problem !== null) return unit.problem
    const readAtMs = this.#readAtMs.get(unit.id)
    if (readAtMs === undefined) {
      this.#readAtMs.set(unit.id, nowMs)
      return null
    }
    const silentMs = nowMs - readAtMs
    if (silentMs <= SILENT_PERIODS * periodMs) return null
    const seconds = Math.round(silentMs / 1000)
    return {
      code: runCode('unknown/probe'),
      sentence: `The vendor tool has told nothing of this card for ${seconds} s.`,
    }
  }

  #round(): void {
    this.#options.events.round()
    if (this.#isPaused) return
    // The first list comes before the first sample: nobody knows yet what a sample is of.
    const isFirst = this.#listedAtMs === null
    if (this.#isListingDue()) this.#start(this.#list(isFirst), 'the cards could not be listed')
    if (this.#isListed) this.#start(this.#sample(), 'the probes could not be asked')
  }

  #isListingDue(): boolean {
    if (this.#isListing) return false
    if (this.#listedAtMs === null) return true
    const ageMs = this.#options.clock.monotonicMs() - this.#listedAtMs
    return ageMs >= (this.#isListingAsked ? INVENTORY_ASKED_EVERY_MS : INVENTORY_EVERY_MS)
  }

  async #list(isFirst: boolean): Promise<void> {
    const { events, clock, pci } = this.#options
    const generation = this.#generation
    this.#isListing = true
    this.#isListingAsked = false
    this.#listedAtMs = clock.monotonicMs()
    try {
      events.bus(await pci())
      const detections = new Map(
        (await this.#runner.detectAll()).map(({ vendor, detection }) => [vendor, detection]),
      )
      if (generation !== this.#generation) return
      for (const [vendor, detection] of detections) {
        if (detection.status !== 'absent') continue
        events.inventory({ vendor, result: { status: 'absent' } }, detection)
      }
      await this.#runner.inventoryAll(({ vendor, result }) => {
        if (generation !== this.#generation) return
        if (result.status === 'failed') this.#isListingAsked = true
        events.inventory({ vendor, result }, detections.get(vendor) ?? brokenAs(result))
      })
    } finally {
      this.#isListing = false
    }
    if (generation !== this.#generation) return
    this.#isListed = true
    if (isFirst) await this.#sample()
  }

  async #sample(): Promise<void> {
    const generation = this.#generation
    await this.#runner.sampleAll((outcome) => {
      if (generation !== this.#generation) return
      this.#periods.set(outcome.vendor, outcome.periodMs)
      if (outcome.isSuccess) this.#samples += 1
      this.#start(this.#judge(outcome, generation), 'a sample could not be judged')
    })
  }

  async #judge(
    outcome: SampleOutcome,
    generation: number,
    isFresh = false,
  ): Promise<readonly JudgedUnit[]> {
    const { context, units, events } = this.#options
    const ofVendor = () => units().filter(({ unit }) => unit.vendor === outcome.vendor)
    const possession = await this.#possession(ofVendor(), isFresh)
    // Paused while the owner was asked: what was read is no longer to be said.
    if (generation !== this.#generation) return []
    const { result, periodMs, observedAtMs } = outcome
    const judged = judge(context, { units: ofVendor(), result, possession, periodMs })
    this.#askListingIfOther(outcome, judged)
    for (const { unit, reading } of judged) {
      if (reading !== null) this.#readAtMs.set(unit.id, observedAtMs)
    }
    // A unit with a standing problem has its row from the round, unless it was read after all.
    const told = judged.filter(({ unit, reading }) => unit.problem === null || reading !== null)
    events.judged(told, observedAtMs)
    return told
  }

  async #possession(
    units: readonly IndexedUnit[],
    isFresh: boolean,
  ): Promise<ReadonlyMap<string, Possession>> {
    const { owner, clock, nowMs } = this.#options
    if (units.length === 0) return new Map()
    const query = {
      atMs: nowMs(),
      isFresh,
      units: units.map((unit) => ownedUnit(unit, units)),
    }
    let timer: Timer | null = null
    const late = new Promise<ReadonlyMap<string, Possession>>((resolve) => {
      timer = clock.after(OWNER_MS_MAX, () => resolve(new Map()))
    })
    try {
      return await Promise.race([owner.possession(query), late])
    } finally {
      ;(timer as Timer | null)?.cancel()
    }
  }

  /** A card that is missing, or one nobody listed, means that the list is no longer true. */
  #askListingIfOther({ result }: SampleOutcome, judged: readonly JudgedUnit[]): void {
    if (result.status !== 'ok') return
    const keys = new Set(judged.map(({ unit }) => unit.unit.key))
    const hasNew = result.readings.some(({ key }) => !keys.has(key))
    const hasMissing = judged.some(({ unit, reading }) => unit.problem === null && reading === null)
    this.#isListingAsked ||= hasNew || hasMissing
  }

  /** Nobody waits for it; what it throws is a bug, told and survived. */
  #start(work: Promise<unknown>, message: string): void {
    work.catch((error: unknown) => this.#log.error({ reason: errorSentence(error) }, message))
  }
}

/** Parents are named by the ids of this node, which differ from keys where two vendors share one. */
function ownedUnit({ id, unit }: IndexedUnit, ofVendor: readonly IndexedUnit[]): OwnedUnit {
  const { vendor, pciAddress, deviceFile, identities } = unit
  const parent = ofVendor.find((other) => other.unit.key === unit.parentKey)
  const ids = identities.map(({ raw }) => raw)
  return { key: id, parentKey: parent?.id ?? null, vendor, pciAddress, deviceFile, ids }
}

function brokenAs(result: { readonly status: 'ok' } | ProbeFailure): Detection {
  return result.status === 'ok' ? { status: 'absent' } : { ...result, status: 'broken' }
}
