/**
 * Turns the verdicts of one node's units into ticks: runs of (state, cause) and statistics per
 * unit, all units of a tick over the same span. Plain state, no clock, no I/O; times are whole UTC
 * ms on the node's timeline.
 *
 * It promises:
 * - Ticks are contiguous from `startMs` on, never cross a UTC hour or an edge of a lease, and the
 *   runs of every unit in a tick sum to its span.
 * - A span between two samples is `spanCode` of both, so `free` is proven at both ends. Samples
 *   more than three periods apart leave `unknown/gap` over the whole span.
 * - A tick ends at the last instant up to which every unit is decided: at a sample, or, for a unit
 *   silent for more than three periods, anywhere, because whatever comes cannot change that gap.
 * - A lone grey reading costs the span it ends (`busy/grey`); from the second in a row on it is
 *   `busy/active`, which ends a deposit (C21).
 */
import type { EvidenceClass, RunCode, Tick, UnitReading } from '@yiben/shared'
import { assert, HOUR_MS, hourStartMs, runCode, spanCode, stateOf } from '@yiben/shared'
import { bookedCode, type LendingPlan, leaseEdges, lendingAt, NEVER_LENT } from './lending.ts'
import type { Span } from './spans.ts'
import { sampleFacts, splitSpans, unitTick } from './spans.ts'
import { THRESHOLDS } from './thresholds.ts'
import type { Verdict } from './verdict.ts'

/** Samples further apart than this many periods prove nothing about the time between them. */
const GAP_PERIODS = 3
/** Two hours at 1 s: a caller that never cuts is a bug, found before it fills the memory. */
const SPANS_MAX = 7200

export interface CutterUnit {
  readonly index: number
  /** The owner consents to a deposit of this unit now. */
  readonly depositable: boolean
}

/** One unit at one sample; a unit that could not be read has a row with `reading: null`. */
export interface SampleRow {
  readonly index: number
  readonly verdict: Verdict
  readonly reading: UnitReading | null
  /** Given away by scheduler or contract at this instant. */
  readonly given: boolean
  /** By the scheduler, and to a job of the bank's own. Default: not. */
  readonly isBanks?: boolean
  /** When the next sample of this unit is due, where a slow tool stretches it; default: the node's. */
  readonly periodMs?: number
}

export interface CutterOptions {
  /** Tick edges lie at this phase of `tickMs`, drawn from the node's id. */
  readonly nodePhaseMs: number
  readonly tickMs: number
  readonly samplePeriodMs: number
  /** Where the first tick begins: the end of the record before it. */
  readonly startMs: number
  /** How a unit stands with the bank, asked whenever its time is booked. Default: never lent. */
  readonly lendingOf?: (index: number) => LendingPlan
}

/** Core-milliseconds of the node since the last cut; `null` where they were not read. */
export interface CpuTime {
  readonly busyMs: number | null
  readonly totalMs: number | null
}

interface UnitState {
  readonly index: number
  depositable: boolean
  /** Time is decided up to here; spans not yet cut end here. */
  decidedMs: number
  spans: Span[]
  /** When the last sample was taken; the start where there was none yet. */
  sampledMs: number
  /** What is known at `decidedMs`, as measured. */
  code: RunCode
  isGrey: boolean
  isGiven: boolean
  isBanks: boolean
  watts: number | null
  periodMs: number
  evidence: EvidenceClass
  hasSample: boolean
}

export class Cutter {
  readonly #options: CutterOptions
  #startMs: number
  #factsRevision = 0
  #units = new Map<number, UnitState>()
  #isCut = true

  constructor(options: CutterOptions) {
    assert(Number.isSafeInteger(options.startMs), 'a timeline runs in whole milliseconds')
    assert(options.tickMs > 0 && options.samplePeriodMs > 0, 'periods are positive')
    this.#options = options
    this.#startMs = options.startMs
  }

  /** End of the last tick cut and start of the next. */
  get startMs(): number {
    return this.#startMs
  }

  /** Directly after a cut only; units that stay keep what is known of them. */
  setUnits(units: readonly CutterUnit[], factsRevision: number): void {
    assert(this.#isCut, 'units change directly after a cut')
    const next = new Map<number, UnitState>()
    for (const { index, depositable } of units) {
      assert(!next.has(index), 'an index names one unit')
      const state = this.#units.get(index) ?? this.#newUnit(index)
      state.depositable = depositable
      next.set(index, state)
    }
    this.#units = next
    this.#factsRevision = factsRevision
  }

  /**
   * Books what the samples decide, each unit from its own last sample. `atMs` is when the tool was
   * asked. A sample older than what is already booked speaks from there on: booked time is closed.
   */
  observe(atMs: number, rows: readonly SampleRow[]): void {
    assert(Number.isSafeInteger(atMs), 'a timeline runs in whole milliseconds')
    this.#isCut = false
    for (const row of rows) {
      const unit = this.#units.get(row.index)
      assert(unit !== undefined, 'a sample is of a unit of this facts revision')
      this.#observeUnit(unit, atMs, row)
    }
  }

  /** Up to where every unit is decided, as of `atMs`; without units, `atMs` itself. */
  decidedMs(atMs: number): number {
    let decidedMs = Math.max(atMs, this.#startMs)
    for (const unit of this.#units.values()) {
      if (!isSilent(unit, atMs)) decidedMs = Math.min(decidedMs, unit.decidedMs)
    }
    return decidedMs
  }

  /** Whether an edge of a tick, a lease or a UTC hour lies within what is decided and not yet cut. */
  cutDue(atMs: number): boolean {
    const { nodePhaseMs, tickMs } = this.#options
    const ticks = Math.floor((this.#startMs - nodePhaseMs) / tickMs) + 1
    const tickEdgeMs = ticks * tickMs + nodePhaseMs
    return this.decidedMs(atMs) >= Math.min(tickEdgeMs, this.#edgeMs())
  }

  /** Closes everything decided; no tick when nothing is. CPU time is shared out by length. */
  cut(atMs: number, cpu: CpuTime): Tick[] {
    const endMs = this.decidedMs(atMs)
    const firstMs = this.#startMs
    this.#isCut = true
    for (const unit of this.#units.values()) {
      if (unit.decidedMs < endMs) this.#bookSilence(unit, endMs)
    }
    const ticks: Tick[] = []
    const cpuBusyMs = shareOut(cpu.busyMs, firstMs, endMs)
    const cpuTotalMs = shareOut(cpu.totalMs, firstMs, endMs)
    // Bounded by the hours and the leases between two cuts.
    while (this.#startMs < endMs) {
      const edgeMs = Math.min(endMs, this.#edgeMs())
      ticks.push(this.#cutTick(edgeMs, cpuBusyMs(edgeMs), cpuTotalMs(edgeMs)))
      this.#startMs = edgeMs
    }
    return ticks
  }

  /** After a suspend: forgets what is not cut and goes on at `startMs`, knowing nothing. */
  restartAt(startMs: number): void {
    assert(startMs >= this.#startMs, 'a timeline never goes back')
    this.#startMs = startMs
    this.#isCut = true
    for (const [index, { depositable }] of this.#units) {
      this.#units.set(index, { ...this.#newUnit(index), depositable })
    }
  }

  /** As booked at the unit's last sample, a second grey in a row as `busy/active`; else `null`. */
  currentCode(index: number): RunCode | null {
    const unit = this.#units.get(index)
    if (unit?.hasSample !== true) return null
    const lending = lendingAt(this.#lendingOf(index), unit.decidedMs)
    return bookedCode(unit.code, lending, unit.isBanks)
  }

  /**
   * Where a run begins that a sample at `atMs` finds on the unit: after a quiet sample not long ago
   * where that was taken, else at the new one.
   */
  runStartMs(index: number, atMs: number): number {
    const unit = this.#units.get(index)
    if (unit === undefined || !unit.hasSample || isSilent(unit, atMs)) return atMs
    const state = stateOf(unit.code)
    const isQuiet = state === 'free' || state === 'occupied' || state === 'allocated'
    return isQuiet ? Math.min(unit.decidedMs, atMs) : atMs
  }

  /** No tick crosses it. */
  #edgeMs(): number {
    const leases = [...this.#units.keys()].flatMap((index) =>
      leaseEdges(this.#lendingOf(index), this.#startMs),
    )
    return Math.min(hourStartMs(this.#startMs) + HOUR_MS, ...leases)
  }

  #lendingOf(index: number): LendingPlan {
    return this.#options.lendingOf?.(index) ?? NEVER_LENT
  }

  #newUnit(index: number): UnitState {
    return {
      index,
      depositable: false,
      decidedMs: this.#startMs,
      spans: [],
      sampledMs: this.#startMs,
      code: runCode('unknown/gap'),
      isGrey: false,
      isGiven: false,
      isBanks: false,
      watts: null,
      periodMs: this.#options.samplePeriodMs,
      evidence: 'A',
      hasSample: false,
    }
  }

  #observeUnit(unit: UnitState, atMs: number, row: SampleRow): void {
    const isGap = !unit.hasSample || isSilent(unit, atMs)
    const isGrey = row.verdict.code === runCode('busy/grey')
    const code = isGrey && unit.isGrey && !isGap ? runCode('busy/active') : row.verdict.code
    const watts = row.reading?.powerWatts ?? null
    const ratio = row.verdict.utilizationRatio
    const endMs = Math.max(atMs, unit.decidedMs)
    const isBanks = row.isBanks ?? false
    this.#append(unit, unit.isBanks || isBanks, {
      startMs: unit.decidedMs,
      endMs,
      code: isGap ? runCode('unknown/gap') : spanCode(unit.code, code),
      isActive: ratio !== null && ratio >= THRESHOLDS.utilizationBusyRatio,
      isGiven: row.given || unit.isGiven,
      watts:
        isGap || watts === null || unit.watts === null ? null : { start: unit.watts, end: watts },
      sample: sampleFacts(row.reading, ratio, row.verdict.evidence),
    })
    unit.decidedMs = endMs
    unit.sampledMs = Math.max(atMs, unit.sampledMs)
    unit.code = code
    unit.isGrey = isGrey
    unit.isGiven = row.given
    unit.isBanks = isBanks
    unit.watts = watts
    unit.periodMs = row.periodMs ?? this.#options.samplePeriodMs
    unit.evidence = row.verdict.evidence
    unit.hasSample = true
  }

  /** Books a gap without a sample at its end; whatever comes next starts from not knowing. */
  #bookSilence(unit: UnitState, endMs: number): void {
    this.#append(unit, unit.isBanks, {
      startMs: unit.decidedMs,
      endMs,
      code: runCode('unknown/gap'),
      isActive: false,
      isGiven: false,
      watts: null,
      sample: null,
    })
    unit.decidedMs = endMs
    unit.code = runCode('unknown/gap')
    unit.isGrey = false
    unit.watts = null
  }

  /** Cut where the unit's lending changes: each part is booked as the unit stood there. */
  #append(unit: UnitState, isBanks: boolean, span: Span): void {
    const plan = this.#lendingOf(unit.index)
    let rest = span
    const parts: Span[] = []
    for (const { fromMs } of plan) {
      const { before, after } = splitSpans([rest], fromMs)
      const [part] = before
      const [next] = after
      if (part === undefined || next === undefined) continue
      parts.push(part)
      rest = next
    }
    for (const part of [...parts, rest]) {
      const lending = lendingAt(plan, part.startMs)
      appendSpan(unit, {
        ...part,
        code: bookedCode(part.code, lending, isBanks),
        isGiven: part.isGiven || lending === 'lent',
      })
    }
  }

  #cutTick(edgeMs: number, cpuBusyMs: number | null, cpuTotalMs: number | null): Tick {
    const spanMs = edgeMs - this.#startMs
    const units = [...this.#units.values()].map((unit) => {
      const { before, after } = splitSpans(unit.spans, edgeMs)
      unit.spans = after
      return unitTick(before, { ...unit, spanMs })
    })
    return {
      factsRevision: this.#factsRevision,
      startMs: this.#startMs,
      spanMs,
      samplesExpected: this.#samplesExpected(
        edgeMs,
        units.map((unit) => unit.samplesGot),
      ),
      cpuBusyMs,
      cpuTotalMs,
      units,
    }
  }

  /**
   * Points of the sampling grid in the tick: over a day they add up to the day over the period,
   * however ticks are cut. A sample that came a little early is expected where it came.
   */
  #samplesExpected(edgeMs: number, got: readonly number[]): number {
    const { samplePeriodMs, startMs } = this.#options
    const before = Math.floor((this.#startMs - startMs) / samplePeriodMs)
    const upTo = Math.floor((edgeMs - startMs) / samplePeriodMs)
    return Math.max(upTo - before, ...got)
  }
}

/** Past this point whatever is sampled later leaves the whole span since the last one a gap. */
function isSilent(unit: UnitState, atMs: number): boolean {
  return atMs - unit.sampledMs > GAP_PERIODS * unit.periodMs
}

function appendSpan(unit: UnitState, span: Span): void {
  assert(unit.spans.length < SPANS_MAX, 'ticks are cut while samples come in')
  unit.spans.push(span)
}

/** Splits an amount over [startMs, endMs) by time, in whole numbers that sum to the amount. */
function shareOut(
  amount: number | null,
  startMs: number,
  endMs: number,
): (edgeMs: number) => number | null {
  if (amount === null) return () => null
  const whole = Math.round(amount)
  let given = 0
  return (edgeMs) => {
    const upTo = Math.round((whole * (edgeMs - startMs)) / (endMs - startMs))
    const part = upTo - given
    given = upTo
    return part
  }
}
