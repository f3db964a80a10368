/** One tick of a node to packed columns; what is as usual costs no byte. */
import { assert } from '../assert.ts'
import type { Tick, UnitTick } from '../model/interval.ts'
import { packBits, packBytes, packColumn, raised } from './columns.ts'
import type { yiben } from './generated/link.js'
import {
  busyMsOf,
  COUNT_OFFSET,
  kindsOf,
  oneKind,
  SAMPLES_EXPECTED_USUAL,
  SPAN_MS_USUAL,
  TEMPERATURE_OFFSET,
  usedSamplesOf,
  usualZeroOf,
} from './tick-rules.ts'

export function packTick(tick: Tick): yiben.v1.Intervals.$Properties {
  const { samplesExpected, spanMs, units } = tick
  for (const unit of units) {
    const sum = unit.runs.reduce((total, run) => total + run.durationMs, 0)
    assert(sum === spanMs, 'the runs of a unit sum to the span of its tick')
  }
  const codes = units.flatMap((unit) => unit.runs.map((run) => run.code as number))
  const durations = units.flatMap((unit) => unit.runs.slice(0, -1).map((run) => run.durationMs))
  const runCounts = units.map((unit) => unit.runs.length)
  return {
    factsRevision: tick.factsRevision,
    startMs: tick.startMs,
    spanMs: spanMs === SPAN_MS_USUAL ? null : spanMs,
    samplesExpected: samplesExpected === SAMPLES_EXPECTED_USUAL ? null : samplesExpected + 1,
    cpuBusyMs: raised(tick.cpuBusyMs, 1),
    cpuTotalMs: raised(tick.cpuTotalMs, 1),
    runCounts: packColumn(runCounts, oneKind(units.length), 1),
    runCodes: packBytes(codes),
    runDurationsMs: packColumn(durations, oneKind(durations.length), 0),
    temperatureMax: packBytes(
      units.map((unit) => raised(unit.temperatureCelsiusMax, TEMPERATURE_OFFSET)),
    ),
    classBUnits: packBits(units.map((unit) => unit.evidence === 'B')),
    depositable: packBits(units.map((unit) => unit.depositable)),
    wallStepsMs: [...(tick.wallStepsMs ?? [])],
    ...packColumns(tick),
  }
}

function packColumns({ samplesExpected, spanMs, units }: Tick): yiben.v1.Intervals.$Properties {
  const kinds = kindsOf(units.map((unit) => unit.runs))
  const column = (value: (unit: UnitTick) => number, usual = 0) =>
    packColumn(units.map(value), kinds, usual)
  const absentable = (value: (unit: UnitTick) => number | null) =>
    column((unit) => raised(value(unit), 1))
  return {
    samplesGot: column((unit) => unit.samplesGot, samplesExpected),
    utilizationMax: absentable((unit) => unit.utilizationMaxPermille),
    utilizationLack: column(utilizationLackOf),
    samplesZero: column((unit) => packCount(unit.samplesZero, usualZeroOf(unit, spanMs))),
    samplesBelowTenth: column((unit) => packCount(unit.samplesBelowTenth, unit.samplesZero)),
    activeLackMs: column((unit) => busyMsOf(unit.runs) - unit.activeMs),
    givenMs: column((unit) => unit.givenMs),
    memoryMaxMib: absentable((unit) => unit.memoryUsedMibMax),
    energyJoules: absentable((unit) => unit.energyJoules),
  }
}

/** What the samples that were not at 0 lack, in sum, to the greatest of them. */
function utilizationLackOf(unit: UnitTick): number {
  const { utilizationMaxPermille: max, utilizationSumPermille: sum } = unit
  assert((max === null) === (sum === null), 'utilization has a sum and a maximum, or neither')
  return max === null || sum === null ? 0 : max * usedSamplesOf(unit) - sum
}

function packCount(count: number | null, usual: number | null): number {
  if (count === usual) return 0
  return count === null ? 1 : count + COUNT_OFFSET
}
