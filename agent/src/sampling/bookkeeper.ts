/**
 * Turns samples into the node's durable records: owns the timeline, the cutter, the numbers of
 * facts and policy, and the queue to the spool.
 *
 * Promises: the records of an epoch are contiguous in time, the first is a gap that says since when
 * nothing is known; facts stand in the stream before the first tick that names them; what cannot be
 * written now is written later or becomes unknown(lost), never left out. All times are UTC ms on
 * the node's timeline.
 */
import {
  type Clock,
  type DepositPolicy,
  type DurableRecord,
  encodeRecord,
  type Gap,
  GOODBYE_REASONS,
  type Goodbye,
  type Logger,
  type RunCode,
  type Spool,
  type Veto,
} from '@yiben/shared'
import { createTimeline, type NodeTimeline } from '../timeline/anchor.ts'
import { resumeTimeline } from '../timeline/resume.ts'
import { SHIFT_MS_MIN } from '../timeline/shift.ts'
import { type CpuTime, Cutter, type CutterUnit, type SampleRow } from '../verdict/cutter.ts'
import type { LendingPlan } from '../verdict/lending.ts'
import type { FactsBody } from './facts.ts'
import { NodeFigures } from './node-figures.ts'
import { NumberedContent } from './numbered.ts'
import { isDiskFailure, RecordQueue } from './record-queue.ts'
import { shiftUnsent } from './shift-unsent.ts'

/** Time kept in memory while the disk takes nothing. */
const WAITING_MS_MAX = 15 * 60_000
/** Meta keys in the spool's file. */
const META_BOOT = 'agent.boot'
const META_GOODBYE = 'agent.goodbye'
const META_FACTS = 'agent.facts'
const META_POLICY = 'agent.policy'

export type PolicyBody = Omit<DepositPolicy, 'version' | 'atMs'>

export interface BookkeeperOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly spool: Spool
  readonly bootId: string
  readonly nodePhaseMs: number
  readonly tickMs: number
  readonly samplePeriodMs: number
  readonly policy: PolicyBody
  /** Milliseconds since boot including suspend; `null` where it cannot be read. */
  readonly bootTimeMs: () => number | null
  /** Core-milliseconds since some start, counting up. */
  readonly cpuTime: () => CpuTime
  /** Where an earlier epoch of this process ended; `null` for none. Time is not booked twice. */
  readonly notBeforeMs: number | null
  /** How a unit stands with the bank: intervals are cut and booked by it. */
  readonly lendingOf: (index: number) => LendingPlan
  /** Records are on disk: whoever sends them may look. */
  readonly onAppended: () => void
}

/** What the next facts record says, and the units the next ticks are of. */
export interface FactsAndUnits {
  readonly body: FactsBody
  readonly units: readonly CutterUnit[]
}

export class Bookkeeper {
  readonly #options: BookkeeperOptions
  readonly #log: Logger
  readonly #queue: RecordQueue
  readonly #facts: NumberedContent
  readonly #policy: NumberedContent
  #timeline: NodeTimeline
  #cutter: Cutter
  readonly #figures: NodeFigures
  #isAnchorTested = false
  #lastUnits: readonly CutterUnit[] = []
  /** Of this life of the process; few, because facts seldom change. */
  readonly #unitsOfRevision = new Map<number, readonly number[]>()

  /**
   * Begins this life of the node's timeline: the gap since the last one, the facts and the policy
   * where they differ. Throws a disk failure when the file cannot even take their numbers.
   */
  constructor(options: BookkeeperOptions, initial: FactsAndUnits) {
    this.#options = options
    this.#log = options.log.child({ component: 'bookkeeper' })
    this.#facts = new NumberedContent(options.spool, META_FACTS)
    this.#policy = new NumberedContent(options.spool, META_POLICY)
    this.#queue = new RecordQueue({
      spool: options.spool,
      encode: encodeRecord,
      log: options.log,
      bootId: options.bootId,
      ticksMax: Math.max(2, Math.ceil(WAITING_MS_MAX / options.tickMs)),
    })
    this.#figures = new NodeFigures(options.cpuTime)
    const gap = this.#resume()
    this.#timeline = this.#newTimeline(gap.endMs)
    this.#cutter = this.#newCutter(gap.endMs)
    this.#unitsOfRevision.set(
      this.#facts.number,
      initial.body.units.map((unit) => unit.index),
    )
    const facts = this.#factsRecord(initial.body, false)
    const policy = this.#policyRecord(false)
    this.#setUnits(initial.units)
    this.#add([{ kind: 'gap', gap }, ...facts, ...policy])
    this.#tryMeta(META_BOOT, options.bootId)
  }

  nowMs(): number {
    return this.#timeline.nowMs()
  }

  /** The timeline at a monotonic instant not long ago. */
  atMonotonic(monotonicMs: number): number {
    return this.nowMs() - Math.round(this.#options.clock.monotonicMs() - monotonicMs)
  }

  get stepMs(): number {
    return this.#timeline.stepMs()
  }

  get offsetMs(): number | null {
    return this.#timeline.offsetMs()
  }

  get waitingRecords(): number {
    return this.#queue.waitingRecords
  }

  get factsRevision(): number {
    return this.#facts.number
  }

  currentCode(index: number): RunCode | null {
    return this.#cutter.currentCode(index)
  }

  runStartMs(index: number, atMs: number): number {
    return this.#cutter.runStartMs(index, atMs)
  }

  /** Looks at the clocks and tries again what waits for the disk. Once per sampling round. */
  round(): void {
    for (const event of this.#timeline.check()) {
      if (event.kind === 'step') {
        this.#figures.noteStep(event.stepMs)
        this.#log.warn(
          { stepMs: event.stepMs },
          "the system's clock was stepped; no record is moved",
        )
      } else {
        this.#log.warn({ startMs: event.startMs, endMs: event.endMs }, 'the machine slept')
        this.#leaveGap(event.startMs, event.endMs, 'suspend')
      }
    }
    if (this.#queue.waitingRecords > 0) this.#add([])
    this.cutIfDue()
  }

  observe(atMs: number, rows: readonly SampleRow[]): void {
    this.#cutter.observe(atMs, rows)
  }

  cutIfDue(): void {
    const nowMs = this.nowMs()
    if (!this.#cutter.cutDue(nowMs)) return
    this.#add(this.#cut(nowMs))
    this.#enforceLimits(nowMs)
  }

  /**
   * New facts where they differ or are asked for; units and consent hold from the cut made here.
   * Throws a disk failure when their number cannot be kept; then the old facts hold on.
   */
  setFacts(next: FactsAndUnits, isAsked = false): void {
    if (!isAsked && this.#facts.isSame(JSON.stringify(next.body))) {
      this.setConsent(next.units)
      return
    }
    // The ticks come first: they are cut, and must not be lost with a number that fails.
    this.#add(this.#cut(this.nowMs()))
    const records = this.#factsRecord(next.body, isAsked)
    this.#setUnits(next.units)
    this.#add(records)
    if (isAsked) this.#add(this.#policyRecord(true))
  }

  /** The units ticks are of now; others have no facts on record yet. */
  hasUnit(index: number): boolean {
    return this.#lastUnits.some((unit) => unit.index === index)
  }

  unitsOf<Unit extends { readonly index: number }>(units: readonly Unit[]): Unit[] {
    return units.filter(({ index }) => this.hasUnit(index))
  }

  /** Where the owner's consent changed for some unit, the bit holds from a cut made here. */
  setConsent(units: readonly CutterUnit[]): void {
    const before = new Map(this.#lastUnits.map((unit) => [unit.index, unit.depositable]))
    if (units.every((unit) => before.get(unit.index) === unit.depositable)) return
    const ticks = this.#cut(this.nowMs())
    this.#setConsentOf(units)
    this.#add(ticks)
  }

  /** Durable at once: what was decided before it, then what is told of leases. */
  addLeases(records: readonly DurableRecord[]): 'durable' | 'waiting' {
    return this.#add([...this.#cut(this.nowMs()), ...records])
  }

  /** Durable at once: what was decided before it, then the veto itself. */
  addVeto(veto: Veto, units: readonly CutterUnit[]): 'durable' | 'waiting' {
    const ticks = this.#cut(this.nowMs())
    this.#setConsentOf(units)
    return this.#add([...ticks, { kind: 'veto', veto }])
  }

  /** The last word of an ordered stop; nothing is observed after it. */
  goodbye(reason: Goodbye['reason']): void {
    const { spool } = this.#options
    const atMs = this.nowMs()
    const written = this.#add([...this.#cut(atMs), { kind: 'goodbye', goodbye: { atMs, reason } }])
    if (written !== 'durable') return
    const { epoch, lastSeq } = spool.state()
    this.#tryMeta(META_GOODBYE, `${reason} ${epoch}:${lastSeq}`)
  }

  /**
   * Tells the collector's time minus ours. It is slewed away; only the first one told may prove the
   * anchor itself wrong: then what was never sent is moved as one block, and the timeline goes on
   * from there. Later a large offset accuses one of two running clocks, and nobody knows which (C4).
   */
  learnOffset(offsetMs: number): void {
    const isFirst = !this.#isAnchorTested
    this.#isAnchorTested = true
    if (!isFirst || !this.#hasMoved(offsetMs)) this.#timeline.learn(offsetMs)
  }

  #hasMoved(offsetMs: number): boolean {
    const { spool, bootId } = this.#options
    if (Math.abs(offsetMs) <= SHIFT_MS_MIN) return false
    const nowMs = this.nowMs()
    if (this.#add(this.#cut(nowMs)) === 'waiting') return false
    const unitsOf = (revision: number) => this.#unitsOfRevision.get(revision) ?? null
    const outcome = shiftUnsent({ spool, shiftMs: offsetMs, bootId, unitsOf })
    if (outcome.status !== 'shifted') return false
    this.#log.warn(
      { offsetMs, records: outcome.records },
      'the clock was wrong: the records not yet sent were moved to the right time',
    )
    this.#queue.restart()
    const endMs = this.#queue.endMs
    const startMs = Math.max(nowMs + Math.round(offsetMs), endMs)
    this.#timeline = this.#newTimeline(startMs)
    this.#cutter = this.#newCutter(startMs)
    this.#setUnits(this.#lastUnits)
    if (startMs > endMs) this.#add([{ kind: 'gap', gap: this.#gap(endMs, startMs, 'clock') }])
    return true
  }

  #resume(): Gap {
    const { spool, clock, bootId } = this.#options
    const { epoch, lastSeq, timelineEndMs } = spool.state()
    const [word, of] = (spool.getMeta(META_GOODBYE) ?? '').split(' ')
    const { gap, aheadMs } = resumeTimeline({
      wallMs: Math.max(clock.wallMs(), this.#options.notBeforeMs ?? 0),
      bootId,
      lastEndMs: timelineEndMs,
      lastBootId: timelineEndMs === null ? null : spool.getMeta(META_BOOT),
      goodbye:
        of === `${epoch}:${lastSeq}`
          ? (GOODBYE_REASONS.find((one) => one === word) ?? 'stop')
          : null,
    })
    if (aheadMs > 0) {
      this.#log.warn({ aheadMs }, "the system's clock is behind what is already booked")
    }
    return gap
  }

  /** A gap from what is booked to `endMs`; what was observed before `startMs` is cut first. */
  #leaveGap(startMs: number, endMs: number, cause: Gap['cause']): void {
    const ticks = this.#cut(startMs)
    const gap = this.#gap(this.#cutter.startMs, endMs, cause)
    this.#cutter.restartAt(endMs)
    this.#add([...ticks, { kind: 'gap', gap }])
  }

  #gap(startMs: number, endMs: number, cause: Gap['cause']): Gap {
    return { startMs, endMs, cause, bootId: this.#options.bootId }
  }

  #cut(atMs: number): DurableRecord[] {
    const ticks = this.#cutter.cut(atMs, this.#figures.spent())
    return this.#figures.tell(ticks).map((tick) => ({ kind: 'tick', tick }))
  }

  #add(records: readonly DurableRecord[]): 'durable' | 'waiting' {
    if (records.length === 0 && this.#queue.waitingRecords === 0) return 'durable'
    const written = this.#queue.add(records)
    if (written === 'durable') {
      this.#confirmNumbers()
      this.#options.onAppended()
    }
    return written
  }

  #confirmNumbers(): void {
    try {
      this.#facts.confirm()
      this.#policy.confirm()
    } catch (error) {
      // Confirmed with the next record; a restart before that tells the facts once more.
      if (!isDiskFailure(error)) throw error
    }
  }

  #tryMeta(key: string, value: string): void {
    try {
      this.#options.spool.setMeta(key, value)
    } catch (error) {
      // It only names the cause of the next gap more exactly.
      if (!isDiskFailure(error)) throw error
    }
  }

  #factsRecord(body: FactsBody, isAsked: boolean): DurableRecord[] {
    const content = JSON.stringify(body)
    if (!isAsked && this.#facts.isSame(content)) return []
    const revision = this.#facts.reserve(content)
    this.#unitsOfRevision.set(
      revision,
      body.units.map((unit) => unit.index),
    )
    return [{ kind: 'facts', facts: { ...body, revision, atMs: this.#cutter.startMs } }]
  }

  #policyRecord(isAsked: boolean): DurableRecord[] {
    const content = JSON.stringify(this.#options.policy)
    if (!isAsked && this.#policy.isSame(content)) return []
    const version = this.#policy.reserve(content)
    const atMs = this.#cutter.startMs
    return [{ kind: 'policy', policy: { ...this.#options.policy, version, atMs } }]
  }

  #setUnits(units: readonly CutterUnit[]): void {
    this.#lastUnits = units
    this.#cutter.setUnits(units, this.#facts.number)
  }

  /** Units of the facts on record stay as they are; only the bit changes. */
  #setConsentOf(units: readonly CutterUnit[]): void {
    const bits = new Map(units.map((unit) => [unit.index, unit.depositable]))
    this.#setUnits(
      this.#lastUnits.map(({ index, depositable }) => ({
        index,
        depositable: bits.get(index) ?? depositable,
      })),
    )
  }

  #enforceLimits(nowMs: number): void {
    try {
      const { droppedRecords } = this.#options.spool.enforceLimits(nowMs)
      if (droppedRecords > 0) {
        this.#log.error({ droppedRecords }, 'the spool is full: its oldest records were dropped')
      }
    } catch (error) {
      // The queue tells about a disk that takes nothing; limits are enforced again at the next tick.
      if (!isDiskFailure(error)) throw error
    }
  }

  #newTimeline(startMs: number): NodeTimeline {
    const { clock, bootTimeMs } = this.#options
    return createTimeline({ clock, startMs, bootTimeMs })
  }

  #newCutter(startMs: number): Cutter {
    const { nodePhaseMs, tickMs, samplePeriodMs, lendingOf } = this.#options
    return new Cutter({ nodePhaseMs, tickMs, samplePeriodMs, lendingOf, startMs })
  }
}
