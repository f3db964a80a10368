/**
 * Measured time as it travels: per tick (60 s, cut at each full UTC hour and at lease edges) one
 * record for the whole node, per unit the runs as (code, duration) one after the other. Starts are
 * not written, so a gap or an overlap cannot be: all runs of a unit sum to the tick's span.
 */
import type { RunCode } from './state.ts'

/** `A`: utilization was read. `B`: possession alone decided, shown apart. */
export type EvidenceClass = 'A' | 'B'

export interface Run {
  readonly code: RunCode
  readonly durationMs: number
}

/** What one unit did in one tick. Statistics are absent (`null`) where nothing was read. */
export interface UnitTick {
  readonly index: number
  /** At least one; durations positive, summing to the tick's `spanMs`; neighbours differ in code. */
  readonly runs: readonly Run[]
  readonly samplesGot: number
  /** Sum and maximum over the samples of the highest engine, in thousandths (0..1000 each). */
  readonly utilizationSumPermille: number | null
  readonly utilizationMaxPermille: number | null
  /** Samples at exactly 0, and below 10 %: for comparison with published definitions of idle. */
  readonly samplesZero: number | null
  readonly samplesBelowTenth: number | null
  /** Time with utilization of 5 % or more. */
  readonly activeMs: number
  /** Time given away by scheduler, contract or lease, busy or not. */
  readonly givenMs: number
  readonly memoryUsedMibMax: number | null
  readonly energyJoules: number | null
  readonly temperatureCelsiusMax: number | null
  readonly evidence: EvidenceClass
  /** The owner consents to a deposit of this unit now: configuration, calendar, no veto. */
  readonly depositable: boolean
}

export interface Tick {
  readonly factsRevision: number
  /** UTC epoch ms on the node's timeline; equals the end of the record before it in this epoch. */
  readonly startMs: number
  /** Positive; the tick lies within one UTC hour. */
  readonly spanMs: number
  readonly samplesExpected: number
  readonly cpuBusyMs: number | null
  readonly cpuTotalMs: number | null
  /**
   * Steps of the wall clock against the node's timeline, seen since the tick before, in their order:
   * evidence, nothing is moved by them (C2). Left out where there were none.
   */
  readonly wallStepsMs?: readonly number[]
  /** Every unit of the facts revision exactly once, in its order. */
  readonly units: readonly UnitTick[]
}

export const HOUR_MS = 3_600_000

/** The start of the UTC hour that contains `ms`. */
export function hourStartMs(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS
}

/** Appends a run, joining it to the last one when the code is the same. */
export function appendRun(runs: Run[], code: RunCode, durationMs: number): void {
  if (durationMs <= 0) return
  const last = runs.at(-1)
  if (last !== undefined && last.code === code) {
    runs[runs.length - 1] = { code, durationMs: last.durationMs + durationMs }
  } else {
    runs.push({ code, durationMs })
  }
}
