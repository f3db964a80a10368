/**
 * Statistics of one unit in one UTC hour. Its six state sums are exactly the time booked of that
 * hour; what was not read stays `null` and never counts as zero.
 */
import {
  type EvidenceClass,
  HOUR_MS,
  type MeasuredState,
  type RunCode,
  stateOf,
  type UnitTick,
} from '@yiben/shared'
import type { UnitId } from '../model/ids.ts'
import type { UnitHour } from '../model/timeline.ts'

/** A `UnitHour` while it is being added to. */
export type RunningHour = { -readonly [Key in keyof UnitHour]: UnitHour[Key] }

type StateKey = `${MeasuredState}Ms`
const STATE_KEYS: Readonly<Record<MeasuredState, StateKey>> = {
  busy: 'busyMs',
  allocated: 'allocatedMs',
  occupied: 'occupiedMs',
  free: 'freeMs',
  faulty: 'faultyMs',
  unknown: 'unknownMs',
}

export function emptyHour(unitId: UnitId, hourMs: number): RunningHour {
  return {
    unitId,
    hourMs,
    busyMs: 0,
    allocatedMs: 0,
    occupiedMs: 0,
    freeMs: 0,
    faultyMs: 0,
    unknownMs: 0,
    classBMs: 0,
    activeMs: 0,
    givenMs: 0,
    samplesExpected: 0,
    samplesGot: 0,
    samplesZero: 0,
    samplesBelowTenth: 0,
    samplesUtilization: 0,
    utilizationSumPermille: 0,
    utilizationMaxPermille: null,
    memoryUsedMibMax: null,
    energyJoules: null,
    temperatureCelsiusMax: null,
  }
}

/** Books `[fromMs, toMs)`, which lies within the hour, under one code. */
export function addSpan(
  hour: RunningHour,
  span: { readonly code: RunCode; readonly fromMs: number; readonly toMs: number },
  evidence: EvidenceClass,
): void {
  const state = stateOf(span.code)
  hour[STATE_KEYS[state]] += span.toMs - span.fromMs
  if (state === 'free' && evidence === 'B') hour.classBMs += span.toMs - span.fromMs
}

/** Adds what a tick counted. `bookedMs` is how much of the tick this unit was booked for. */
export function addTickStatistics(
  hour: RunningHour,
  unit: UnitTick,
  samplesExpected: number,
  bookedMs: number,
): void {
  hour.activeMs += Math.min(unit.activeMs, bookedMs)
  hour.givenMs += Math.min(unit.givenMs, bookedMs)
  hour.samplesExpected += samplesExpected
  hour.samplesGot += unit.samplesGot
  hour.samplesZero += unit.samplesZero ?? 0
  hour.samplesBelowTenth += unit.samplesBelowTenth ?? 0
  if (unit.utilizationSumPermille !== null) {
    hour.samplesUtilization += unit.samplesGot
    hour.utilizationSumPermille += unit.utilizationSumPermille
  }
  hour.utilizationMaxPermille = larger(hour.utilizationMaxPermille, unit.utilizationMaxPermille)
  hour.memoryUsedMibMax = larger(hour.memoryUsedMibMax, unit.memoryUsedMibMax)
  hour.temperatureCelsiusMax = larger(hour.temperatureCelsiusMax, unit.temperatureCelsiusMax)
  if (unit.energyJoules !== null) hour.energyJoules = (hour.energyJoules ?? 0) + unit.energyJoules
}

/** All time booked in the hour. */
export function bookedMsOf(hour: UnitHour): number {
  return (
    hour.busyMs + hour.allocatedMs + hour.occupiedMs + hour.freeMs + hour.faultyMs + hour.unknownMs
  )
}

/** The pieces of `[fromMs, toMs)` between full UTC hours. */
export function* hourPieces(
  fromMs: number,
  toMs: number,
): Generator<{ readonly hourMs: number; readonly fromMs: number; readonly toMs: number }> {
  let startMs = fromMs
  // Bounded by the span: each round moves on to the next full hour.
  while (startMs < toMs) {
    const hourMs = Math.floor(startMs / HOUR_MS) * HOUR_MS
    const endMs = Math.min(toMs, hourMs + HOUR_MS)
    yield { hourMs, fromMs: startMs, toMs: endMs }
    startMs = endMs
  }
}

function larger(left: number | null, right: number | null): number | null {
  if (left === null) return right
  return right === null ? left : Math.max(left, right)
}
