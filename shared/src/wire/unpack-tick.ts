/**
 * Packed columns to one tick of a node. Every value is checked against what a card can have done in
 * that span; the units come from the facts revision the tick names.
 */
import { assert } from '../assert.ts'
import {
  appendRun,
  HOUR_MS,
  hourStartMs,
  type Run,
  type Tick,
  type UnitTick,
} from '../model/interval.ts'
import { type RunCode, runCodeOf } from '../model/state.ts'
import {
  bitAt,
  type ColumnResult,
  type ColumnRule,
  hasBitsPast,
  lowered,
  unpackBytes,
  unpackColumn,
} from './columns.ts'
import { boundedList, FieldRefusal, refuseField, timeMs, wholeNumber } from './fields.ts'
import type { yiben } from './generated/link.js'
import {
  RUNS_PER_TICK_MAX,
  RUNS_PER_UNIT_MAX,
  TIME_MS_MAX,
  TIME_MS_MIN,
  UNITS_PER_NODE_MAX,
  WALL_STEPS_PER_TICK_MAX,
} from './limits.ts'
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

/** The sampler's floor is one second: an hour has 3,600 samples, one more at the edge. */
const SAMPLES_MAX = 3601
const PERMILLE_MAX = 1000
/** Either way; what a sum of utilizations can be is checked on the sum itself. */
const LACK_MAX = PERMILLE_MAX * SAMPLES_MAX
/** 16 TiB. */
const MEMORY_MIB_MAX = 16 * 1024 * 1024
/** 20 kW for an hour. */
const ENERGY_JOULES_MAX = 72_000_000
/** 100,000 cores for an hour. */
const CPU_MS_MAX = 100_000 * HOUR_MS

const RULES = {
  runCounts: { field: 'run_counts', offset: 0, min: 1, max: RUNS_PER_UNIT_MAX },
  runDurations: { field: 'run_durations_ms', offset: 0, min: 1, max: HOUR_MS },
  samplesGot: { field: 'samples_got', offset: 0, min: 0, max: SAMPLES_MAX },
  max: { field: 'utilization_max', offset: 1, min: 0, max: PERMILLE_MAX },
  lack: { field: 'utilization_lack', offset: 0, min: -LACK_MAX, max: LACK_MAX },
  zero: { field: 'samples_zero', offset: COUNT_OFFSET, min: -1, max: SAMPLES_MAX },
  belowTenth: { field: 'samples_below_tenth', offset: COUNT_OFFSET, min: -1, max: SAMPLES_MAX },
  activeLack: { field: 'active_lack_ms', offset: 0, min: -HOUR_MS, max: HOUR_MS },
  givenMs: { field: 'given_ms', offset: 0, min: 0, max: HOUR_MS },
  memory: { field: 'memory_max_mib', offset: 1, min: 0, max: MEMORY_MIB_MAX },
  energy: { field: 'energy_joules', offset: 1, min: 0, max: ENERGY_JOULES_MAX },
  // Byte 255 is left free for what the sender could not fit, so that it is refused, not clipped.
  temperature: { field: 'temperature_max', offset: TEMPERATURE_OFFSET, min: -60, max: 150 },
} as const satisfies Record<string, ColumnRule>

function spanMsOf(message: yiben.v1.Intervals.$Shape): number {
  const spanMs = message.spanMs ?? 0
  return spanMs === 0 ? SPAN_MS_USUAL : spanMs
}

/** What a span is worth although its record is refused: the time to book as unknown(refused). */
export function spanOfTick(
  message: yiben.v1.Intervals.$Shape,
): { readonly startMs: number; readonly endMs: number } | null {
  const startMs = message.startMs ?? 0
  const spanMs = spanMsOf(message)
  if (!Number.isSafeInteger(startMs) || startMs < TIME_MS_MIN || startMs > TIME_MS_MAX) return null
  if (spanMs < 1 || spanMs > HOUR_MS) return null
  return { startMs, endMs: startMs + spanMs }
}

/** Throws a `FieldRefusal` that names the column at fault. */
export function unpackTick(
  message: yiben.v1.Intervals.$Shape,
  unitsOf: (factsRevision: number) => readonly number[] | null,
): Tick {
  const startMs = timeMs(message.startMs, 'start_ms')
  const spanMs = wholeNumber(spanMsOf(message), 'span_ms', { min: 1, max: HOUR_MS })
  if (hourStartMs(startMs) !== hourStartMs(startMs + spanMs - 1)) {
    refuseField('span_ms', `of ${spanMs} crosses a full UTC hour`)
  }
  const factsRevision = message.factsRevision ?? 0
  const indexes = unitsOf(factsRevision)
  if (indexes === null) {
    refuseField('facts_revision', `${factsRevision} has not been told`, 'record_unknown_facts')
  }
  assert(indexes.length <= UNITS_PER_NODE_MAX, 'facts were bounded when they were read')
  const wallStepsMs = unpackWallSteps(message.wallStepsMs)
  const span = { spanMs, samplesExpected: unpackExpected(message.samplesExpected) }
  return {
    factsRevision,
    startMs,
    ...span,
    ...unpackCpu(message),
    ...(wallStepsMs.length === 0 ? {} : { wallStepsMs }),
    units: unpackUnits(message, indexes, span),
  }
}

function unpackExpected(value: number | null | undefined): number {
  const raised = wholeNumber(value, 'samples_expected', { min: 0, max: SAMPLES_MAX + 1 })
  return raised === 0 ? SAMPLES_EXPECTED_USUAL : raised - 1
}

function unpackWallSteps(value: readonly number[] | null | undefined): readonly number[] {
  // A clock that was set from 1970 to now, or back.
  const bounds = { min: -TIME_MS_MAX, max: TIME_MS_MAX }
  return boundedList(value, 'wall_steps_ms', WALL_STEPS_PER_TICK_MAX).map((stepMs) =>
    wholeNumber(stepMs, 'wall_steps_ms', bounds),
  )
}

function unpackCpu(message: yiben.v1.Intervals.$Shape): Pick<Tick, 'cpuBusyMs' | 'cpuTotalMs'> {
  const bounds = { min: 0, max: CPU_MS_MAX + 1 }
  const cpuBusyMs = lowered(wholeNumber(message.cpuBusyMs, 'cpu_busy_ms', bounds), 1)
  const cpuTotalMs = lowered(wholeNumber(message.cpuTotalMs, 'cpu_total_ms', bounds), 1)
  if (cpuBusyMs !== null && cpuTotalMs !== null && cpuBusyMs > cpuTotalMs) {
    refuseField('cpu_busy_ms', `is ${cpuBusyMs}, over cpu_total_ms ${cpuTotalMs}`)
  }
  return { cpuBusyMs, cpuTotalMs }
}

function unpackUnits(
  message: yiben.v1.Intervals.$Shape,
  indexes: readonly number[],
  { spanMs, samplesExpected }: Pick<Tick, 'spanMs' | 'samplesExpected'>,
): readonly UnitTick[] {
  const count = indexes.length
  const runs = unpackRuns(message, count, spanMs)
  const kinds = kindsOf(runs)
  const column = (packed: readonly number[] | null | undefined, rule: ColumnRule, usual = 0) =>
    elementsOf(unpackColumn(packed, kinds, usual, rule))
  const got = column(message.samplesGot, RULES.samplesGot, samplesExpected)
  const max = column(message.utilizationMax, RULES.max)
  const lack = column(message.utilizationLack, RULES.lack)
  const zero = column(message.samplesZero, RULES.zero)
  const belowTenth = column(message.samplesBelowTenth, RULES.belowTenth)
  const activeLack = column(message.activeLackMs, RULES.activeLack)
  const given = column(message.givenMs, RULES.givenMs)
  const memory = column(message.memoryMaxMib, RULES.memory)
  const energy = column(message.energyJoules, RULES.energy)
  const temperature = elementsOf(unpackBytes(message.temperatureMax, count, RULES.temperature))
  if (hasBitsPast(message.classBUnits, count)) refuseField('class_b_units', 'names no unit')
  if (hasBitsPast(message.depositable, count)) refuseField('depositable', 'names no unit')
  return indexes.map((index, position) => {
    const own = runs[position] ?? []
    const unit: UnitTick = {
      index,
      runs: own,
      ...unpackUtilization({
        runs: own,
        spanMs,
        samplesGot: at(got, position),
        utilizationMaxPermille: lowered(at(max, position), 1),
        lack: at(lack, position),
        zero: at(zero, position),
        belowTenth: at(belowTenth, position),
      }),
      activeMs: busyMsOf(own) - at(activeLack, position),
      givenMs: at(given, position),
      memoryUsedMibMax: lowered(at(memory, position), 1),
      energyJoules: lowered(at(energy, position), 1),
      temperatureCelsiusMax: lowered(at(temperature, position), TEMPERATURE_OFFSET),
      evidence: bitAt(message.classBUnits, position) ? 'B' : 'A',
      depositable: bitAt(message.depositable, position),
    }
    checkUnit(unit, spanMs)
    return unit
  })
}

/** Raw elements of one unit, and what its runs say that is usual. */
interface PackedUtilization extends Pick<UnitTick, 'samplesGot' | 'utilizationMaxPermille'> {
  readonly runs: readonly Run[]
  readonly spanMs: number
  readonly lack: number
  readonly zero: number
  readonly belowTenth: number
}

function unpackUtilization(
  packed: PackedUtilization,
): Pick<
  UnitTick,
  | 'samplesGot'
  | 'utilizationSumPermille'
  | 'utilizationMaxPermille'
  | 'samplesZero'
  | 'samplesBelowTenth'
> {
  const { samplesGot, utilizationMaxPermille: max } = packed
  const samplesZero = unpackCount(packed.zero, usualZeroOf(packed, packed.spanMs))
  return {
    samplesGot,
    utilizationMaxPermille: max,
    utilizationSumPermille:
      max === null ? null : max * usedSamplesOf({ samplesGot, samplesZero }) - packed.lack,
    samplesZero,
    samplesBelowTenth: unpackCount(packed.belowTenth, samplesZero),
  }
}

function unpackCount(element: number, usual: number | null): number | null {
  if (element === 0) return usual
  return element === 1 ? null : element - COUNT_OFFSET
}

/** Every unit's runs, each list filling the span exactly. */
function unpackRuns(
  message: yiben.v1.Intervals.$Shape,
  count: number,
  spanMs: number,
): readonly (readonly Run[])[] {
  const counts = elementsOf(unpackColumn(message.runCounts, oneKind(count), 1, RULES.runCounts))
  const total = counts.reduce((sum, runs) => sum + runs, 0)
  // Columns of length 1 could ask for far more runs than bytes were sent.
  if (total > RUNS_PER_TICK_MAX) refuseField('run_counts', `sums to ${total} runs`)
  const codes = unpackCodes(message.runCodes, total)
  const durations = elementsOf(
    unpackColumn(message.runDurationsMs, oneKind(total - count), 0, RULES.runDurations),
  )
  let nextCode = 0
  let nextDuration = 0
  return counts.map((runCount, position) => {
    const runs: Run[] = []
    let leftMs = spanMs
    for (let run = 0; run < runCount; run += 1) {
      const isLast = run === runCount - 1
      const durationMs = isLast ? leftMs : at(durations, nextDuration++)
      leftMs -= durationMs
      if (durationMs < 1 || leftMs < 0) {
        refuseField('run_durations_ms', `of unit position ${position} do not fit the span`)
      }
      appendRun(runs, codes(nextCode++), durationMs)
    }
    return runs
  })
}

/** Codes by position: one for all, or one each. */
function unpackCodes(
  packed: Uint8Array | null | undefined,
  total: number,
): (position: number) => RunCode {
  const bytes = packed ?? new Uint8Array(0)
  if (bytes.length !== total && !(bytes.length === 1 && total > 0)) {
    refuseField('run_codes', `has ${bytes.length} elements where ${total} are due`)
  }
  const codes = Array.from(
    bytes,
    (byte) => runCodeOf(byte) ?? refuseField('run_codes', `holds ${byte}, which is no run code`),
  )
  return (position) => {
    const code = codes[codes.length === 1 ? 0 : position]
    assert(code !== undefined, 'there is a code for every run')
    return code
  }
}

/** What one unit cannot have done in this span, whatever each number by itself. */
function checkUnit(unit: UnitTick, spanMs: number): void {
  const field = (name: string) => `${name} of unit ${unit.index}`
  const { utilizationSumPermille: sum, utilizationMaxPermille: max, samplesGot: got } = unit
  if (sum !== null && max !== null) {
    if (sum < 0 || sum > PERMILLE_MAX * got) {
      refuseField(field('utilization_sum'), `is ${sum}, outside 0 to 1000 in ${got} samples`)
    }
    if (max > sum) refuseField(field('utilization_max'), `is ${max}, over the sum ${sum}`)
  }
  const zero = unit.samplesZero
  const belowTenth = unit.samplesBelowTenth
  if (zero !== null && zero > got)
    refuseField(field('samples_zero'), `is ${zero} of ${got} samples`)
  if (belowTenth !== null && belowTenth > got) {
    refuseField(field('samples_below_tenth'), `is ${belowTenth} of ${got} samples`)
  }
  if (zero !== null && belowTenth !== null && zero > belowTenth) {
    refuseField(field('samples_zero'), `is ${zero}, over samples_below_tenth ${belowTenth}`)
  }
  if (unit.activeMs < 0 || unit.activeMs > spanMs) {
    refuseField(field('active_ms'), `is ${unit.activeMs}, outside the span`)
  }
  if (unit.givenMs > spanMs) refuseField(field('given_ms'), `is ${unit.givenMs}, over the span`)
}

function elementsOf(result: ColumnResult): readonly number[] {
  if (result.status === 'ok') return result.elements
  throw new FieldRefusal('record_out_of_range', result.sentence)
}

function at(elements: readonly number[], position: number): number {
  const element = elements[position]
  assert(element !== undefined, 'a column has an element for every unit')
  return element
}
