/**
 * All probes at once: each with its own deadline, breaker, cadence and success flag, each result
 * handed on as soon as it is there. One hung tool delays nobody else, and a probe whose call has
 * not come back is not called again: until it does, every tick gives a failure at once.
 */
import {
  type Clock,
  type ErrorCode,
  errorSentence,
  type Logger,
  type Random,
  type Vendor,
} from '@yiben/shared'
import { afterFailure, afterSuccess, type Breaker, CLOSED_BREAKER, mayCall } from './breaker.ts'
import { CORE_SHARE_MAX, smoothedCostMs, stretchedPeriodMs } from './cadence.ts'
import { type MeteredRunner, meterTools } from './meter.ts'
import {
  type Detection,
  type Inventory,
  PROBE_DEADLINE_MS,
  type Probe,
  type ProbeContext,
  type ProbeFailure,
  type ProbeSample,
  type VendorEntry,
} from './probe.ts'

/** After its tools are killed a call comes back at once; a native one may not. */
const RELEASE_IN_FLIGHT_MS = 1_000
/** Ids are asked chip by chip at inventory: a node of 16 takes a while, and it is no sample. */
const INVENTORY_DEADLINE_MS = 60_000
/** A driver found broken so often in a row is not touched again by a detection for so long. */
const BROKEN_IN_ROW_MAX = 2
const BROKEN_REST_MS = 5 * 60_000

export interface ProbeOutcome<Result> {
  readonly vendor: Vendor
  readonly result: Result | ProbeFailure
  readonly isSuccess: boolean
  /** Monotonic ms: when the probe was asked; of a sample, when its values were true. */
  readonly observedAtMs: number
  readonly durationMs: number
  /** How often this probe is asked now; longer than the base period for an expensive tool. */
  readonly periodMs: number
}
export type SampleOutcome = ProbeOutcome<ProbeSample>
export type InventoryOutcome = ProbeOutcome<Inventory>

export interface VendorDetection {
  readonly vendor: Vendor
  readonly detection: Detection
}

export interface ProbeStatus {
  readonly vendor: Vendor
  readonly periodMs: number
  readonly isOpen: boolean
  readonly failuresInRow: number
  /** A call has passed its deadline and has not come back. */
  readonly isOverdue: boolean
  readonly lastDurationMs: number | null
  readonly lastFailure: ProbeFailure | null
}

export interface ProbeRunnerOptions {
  readonly entries: readonly VendorEntry[]
  readonly context: ProbeContext
  readonly random: Random
  readonly basePeriodMs: number
  readonly sampleDeadlineMs?: number
  /** Of one core, per vendor. */
  readonly coreShareMax?: number
  readonly inventoryDeadlineMs?: number
}

export class ProbeRunner {
  readonly #slots: readonly Slot[]

  constructor(options: ProbeRunnerOptions) {
    this.#slots = options.entries.map((entry) => new Slot(entry, options))
  }

  get vendors(): readonly Vendor[] {
    return this.#slots.map((slot) => slot.vendor)
  }

  /** Some call can never be taken back: the process must be ended with SIGKILL at shutdown. */
  get isHung(): boolean {
    return this.#slots.some((slot) => slot.probe.isHung === true)
  }

  /**
   * Looks which vendors are here at all. Those that are absent are not asked for samples and
   * inventory until a later detection finds them; one that was read before never counts as absent
   * again, because a tool that vanishes does not take the accelerators with it.
   */
  async detectAll(): Promise<VendorDetection[]> {
    return Promise.all(
      this.#slots.map(async (slot) => ({ vendor: slot.vendor, detection: await slot.detect() })),
    )
  }

  /**
   * Asks every probe that is due. `deliver` is called once per probe asked, in the order they
   * answer; a probe that is not due (stretched cadence) delivers nothing. Resolves after the last.
   */
  async sampleAll(deliver: (outcome: SampleOutcome) => void): Promise<void> {
    const due = this.#slots.filter((slot) => !slot.isAbsent && slot.isDue())
    await Promise.all(due.map(async (slot) => deliver(await slot.sample())))
  }

  /**
   * A sample of one vendor that begins after this was asked, whatever its cadence; `null` where it is
   * absent. It waits for the call under way, and all who wait for it share it.
   */
  async sampleNow(vendor: Vendor): Promise<SampleOutcome | null> {
    const slot = this.#slots.find((one) => one.vendor === vendor)
    return slot === undefined || slot.isAbsent ? null : slot.sampleNext()
  }

  /** The same for inventory; it takes no notice of cadence, and waits for a sample under way. */
  async inventoryAll(deliver: (outcome: InventoryOutcome) => void): Promise<void> {
    const present = this.#slots.filter((slot) => !slot.isAbsent)
    await Promise.all(present.map(async (slot) => deliver(await slot.inventory())))
  }

  /** One vendor's inventory, when its samples show units nobody knows. */
  async inventoryOf(vendor: Vendor): Promise<InventoryOutcome | null> {
    return (await this.#slots.find((slot) => slot.vendor === vendor)?.inventory()) ?? null
  }

  /** Lets go of every driver handle (`pause`, shutdown); each probe takes at most 2 s. */
  async release(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.release()))
  }

  status(): ProbeStatus[] {
    return this.#slots.map((slot) => slot.status())
  }
}

/** One probe and everything remembered about it between calls. */
class Slot {
  readonly vendor: Vendor
  readonly probe: Probe
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: Logger
  readonly #basePeriodMs: number
  readonly #sampleDeadlineMs: number
  readonly #inventoryDeadlineMs: number
  readonly #coreShareMax: number
  readonly #tools: MeteredRunner
  #breaker: Breaker = CLOSED_BREAKER
  #costMs: number | null = null
  #nextDueMs: number | null = null
  /** The call under way, however late it is. */
  #inFlight: Promise<unknown> | null = null
  /** A sample that begins when the call under way has ended. */
  #next: Promise<SampleOutcome> | null = null
  #isOverdue = false
  #lastDurationMs: number | null = null
  #lastFailure: ProbeFailure | null = null
  #detection: Detection | null = null
  #brokenInRow = 0
  #brokenAtMs = 0
  #wasRead = false

  constructor(entry: VendorEntry, options: ProbeRunnerOptions) {
    const { context } = options
    const exec = meterTools(context.exec)
    const log = context.log.child({ component: 'probe', vendor: entry.vendor })
    this.vendor = entry.vendor
    this.probe = entry.create({ ...context, exec, log })
    this.#clock = context.clock
    this.#random = options.random
    this.#log = log
    this.#basePeriodMs = options.basePeriodMs
    this.#sampleDeadlineMs = options.sampleDeadlineMs ?? PROBE_DEADLINE_MS
    this.#inventoryDeadlineMs = options.inventoryDeadlineMs ?? INVENTORY_DEADLINE_MS
    this.#coreShareMax = options.coreShareMax ?? CORE_SHARE_MAX
    this.#tools = exec
  }

  get #periodMs(): number {
    return stretchedPeriodMs(this.#basePeriodMs, this.#costMs ?? 0, this.#coreShareMax)
  }

  get isAbsent(): boolean {
    return this.#detection?.status === 'absent' && !this.#wasRead
  }

  async detect(): Promise<Detection> {
    if (this.#inFlight === null && !this.#isLeftAlone()) {
      const found = await this.#within(
        this.#start(() => this.probe.detect()),
        this.#sampleDeadlineMs,
      )
      if (found === null) this.#isOverdue = true
      else this.#noteDetection(found.status === 'failed' ? { ...found, status: 'broken' } : found)
    }
    if (this.#inFlight !== null || this.#detection === null) {
      const sentence = 'The call before this one has not come back yet.'
      return { status: 'broken', code: 'tool_timeout', sentence }
    }
    if (this.#detection.status === 'absent' && this.#wasRead) {
      const sentence = 'The tool that read the accelerators of this vendor has vanished.'
      return { status: 'broken', code: 'tool_missing', sentence }
    }
    return this.#detection
  }

  /** Looking touches the driver: one found broken twice in a row is given time. */
  #isLeftAlone(): boolean {
    const restedMs = this.#clock.monotonicMs() - this.#brokenAtMs
    return this.#brokenInRow >= BROKEN_IN_ROW_MAX && restedMs < BROKEN_REST_MS
  }

  #noteDetection(detection: Detection): void {
    this.#detection = detection
    this.#brokenInRow = detection.status === 'broken' ? this.#brokenInRow + 1 : 0
    this.#brokenAtMs = this.#clock.monotonicMs()
  }

  isDue(): boolean {
    // Ticks come a little early or late; half a period decides.
    const nowMs = this.#clock.monotonicMs()
    return this.#nextDueMs === null || nowMs >= this.#nextDueMs - this.#basePeriodMs / 2
  }

  async sample(): Promise<SampleOutcome> {
    const askedAtMs = this.#clock.monotonicMs()
    this.#nextDueMs = askedAtMs + this.#basePeriodMs
    const outcome = await this.#call(() => this.probe.sample(), this.#sampleDeadlineMs)
    // What the call cost is known only now; a failure is tried again at the next tick.
    if (outcome.isSuccess) this.#nextDueMs = askedAtMs + this.#periodMs
    return outcome
  }

  sampleNext(): Promise<SampleOutcome> {
    const begin = () => {
      this.#next = null
      return this.sample()
    }
    this.#next ??= this.#within(Promise.resolve(this.#inFlight), this.#sampleDeadlineMs).then(begin)
    return this.#next
  }

  inventory(): Promise<InventoryOutcome> {
    return this.#call(() => this.probe.inventory(), this.#inventoryDeadlineMs)
  }

  /** A call under way would open the driver again, so its tools go, and what it opened after. */
  async release(): Promise<void> {
    this.#tools.close()
    await this.probe.release()
    const inFlight = this.#inFlight
    if (inFlight === null) return
    const again = inFlight.then(() => this.probe.release())
    await this.#within(again, RELEASE_IN_FLIGHT_MS)
  }

  status(): ProbeStatus {
    return {
      vendor: this.vendor,
      periodMs: this.#periodMs,
      isOpen: !mayCall(this.#breaker, this.#clock.monotonicMs()),
      failuresInRow: this.#breaker.failuresInRow,
      isOverdue: this.#isOverdue,
      lastDurationMs: this.#lastDurationMs,
      lastFailure: this.#lastFailure,
    }
  }

  async #call<Result extends Inventory | ProbeSample>(
    ask: () => Promise<Result | ProbeFailure>,
    deadlineMs: number,
  ): Promise<ProbeOutcome<Result>> {
    const startedAtMs = this.#clock.monotonicMs()
    const finish = (result: Result | ProbeFailure, askedAtMs = startedAtMs) =>
      this.#outcome(result, { startedAtMs, askedAtMs })
    if (this.#inFlight !== null && !this.#isOverdue) {
      await this.#within(this.#inFlight, deadlineMs)
    }
    if (this.#inFlight !== null) {
      return finish(failure('tool_timeout', 'The call before this one has not come back yet.'))
    }
    if (!mayCall(this.#breaker, startedAtMs)) {
      const before =
        this.#lastFailure === null ? '' : ` The last failure: ${this.#lastFailure.sentence}`
      return finish(failure('circuit_open', `Left alone after repeated failures.${before}`))
    }
    // Later than the start where another call had to end first: its values were not true before.
    const askedAtMs = this.#clock.monotonicMs()
    const call = this.#start(ask)
    const answer = await this.#within(call, deadlineMs - (askedAtMs - startedAtMs))
    if (answer === null) this.#isOverdue = true
    const result =
      answer ??
      failure('tool_timeout', `The probe did not answer within ${deadlineMs} ms; it goes on alone.`)
    this.#note(result, this.#clock.monotonicMs() - startedAtMs)
    return finish(result, askedAtMs)
  }

  /** Keeps the call as the one under way until it comes back, which may be long after its deadline. */
  #start<Result>(ask: () => Promise<Result | ProbeFailure>): Promise<Result | ProbeFailure> {
    this.#tools.open()
    const call = (async () => {
      try {
        return await ask()
      } catch (error) {
        // A probe never throws for what a tool does, so this is a fault of ours: say so.
        this.#log.error({ err: error }, 'a probe failed unexpectedly')
        return failure('internal', `The probe failed unexpectedly: ${errorSentence(error)}.`)
      }
    })()
    this.#inFlight = call
    const clear = () => {
      this.#inFlight = null
      this.#isOverdue = false
    }
    call.then(clear, clear)
    return call
  }

  /** `null` when the time is up first. */
  #within<T>(work: Promise<T>, limitMs: number): Promise<T | null> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(Math.max(0, limitMs), () => resolve(null))
      work.then((value) => {
        timer.cancel()
        resolve(value)
      }, reject)
    })
  }

  #note(result: Inventory | ProbeSample | ProbeFailure, durationMs: number): void {
    this.#lastDurationMs = durationMs
    // Tools are metered; what runs inside this process is not, and its duration bounds it.
    const costMs = this.#tools.takeCpuMs() ?? durationMs
    if (result.status === 'ok') {
      if (this.#lastFailure !== null) this.#log.info({ durationMs }, 'probe answers again')
      this.#wasRead = true
      this.#costMs = smoothedCostMs(this.#costMs, costMs)
      this.#breaker = afterSuccess()
      this.#lastFailure = null
      return
    }
    const { code, sentence } = result
    if (this.#lastFailure?.code !== code) {
      this.#log.warn({ code, sentence, durationMs }, 'probe failed')
    }
    this.#lastFailure = result
    const nowMs = this.#clock.monotonicMs()
    this.#breaker = afterFailure(this.#breaker, nowMs, this.#random.fraction())
  }

  #outcome<Result extends Inventory | ProbeSample>(
    result: Result | ProbeFailure,
    { askedAtMs, startedAtMs }: { readonly askedAtMs: number; readonly startedAtMs: number },
  ): ProbeOutcome<Result> {
    const observedAtMs =
      result.status === 'ok' && 'observedAtMs' in result ? result.observedAtMs : undefined
    return {
      vendor: this.vendor,
      result,
      isSuccess: result.status === 'ok',
      observedAtMs: observedAtMs ?? askedAtMs,
      durationMs: this.#clock.monotonicMs() - startedAtMs,
      periodMs: this.#periodMs,
    }
  }
}

function failure(code: ErrorCode, sentence: string): ProbeFailure {
  return { status: 'failed', code, sentence }
}
