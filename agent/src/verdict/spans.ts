/**
 * Decided time of one unit, and its folding into the runs and statistics of a tick. Pure.
 * A span runs from one sample to the next, (startMs, endMs]: the sample that ends it belongs to
 * the tick in which it falls, and a tick that ends on a sample counts that sample.
 */
import type { EvidenceClass, Run, RunCode, UnitReading, UnitTick } from '@yiben/shared'
import { appendRun, assert, stateOf } from '@yiben/shared'

/** What the sample at the end of a span adds to the statistics. */
export interface SampleFacts {
  /** The highest engine in thousandths; `null` where none was read. */
  readonly utilizationPermille: number | null
  readonly memoryUsedMib: number | null
  readonly temperatureCelsius: number | null
  readonly evidence: EvidenceClass
  /** A reading was got at all. */
  readonly isGot: boolean
}

export interface Span {
  readonly startMs: number
  readonly endMs: number
  readonly code: RunCode
  /** Ends with a utilization of 5 % or more. */
  readonly isActive: boolean
  readonly isGiven: boolean
  /** Power at both ends; `null` unless both were read. */
  readonly watts: { readonly start: number; readonly end: number } | null
  /** The sample at `endMs`; `null` for time booked without one. */
  readonly sample: SampleFacts | null
}

const BYTES_PER_MIB = 1024 * 1024
const PERMILLE = 1000
const BELOW_TENTH_PERMILLE = 100

export function sampleFacts(
  reading: UnitReading | null,
  utilizationRatio: number | null,
  evidence: EvidenceClass,
): SampleFacts {
  const memoryBytes = reading?.memoryUsedBytes ?? null
  const celsius = reading?.temperatureCelsius ?? null
  return {
    utilizationPermille: utilizationRatio === null ? null : Math.round(utilizationRatio * PERMILLE),
    // Upwards, so that memory in use never reads as none.
    memoryUsedMib: memoryBytes === null ? null : Math.ceil(memoryBytes / BYTES_PER_MIB),
    temperatureCelsius: celsius === null ? null : Math.round(celsius),
    evidence,
    isGot: reading !== null,
  }
}

/** Cuts the spans at `edgeMs`: what lies before it, and what is left. Both keep their order. */
export function splitSpans(
  spans: readonly Span[],
  edgeMs: number,
): { readonly before: Span[]; readonly after: Span[] } {
  const before: Span[] = []
  const after: Span[] = []
  for (const span of spans) {
    if (span.endMs <= edgeMs) before.push(span)
    else if (span.startMs >= edgeMs) after.push(span)
    else {
      const middle = wattsAt(span, edgeMs)
      const { watts } = span
      before.push({
        ...span,
        endMs: edgeMs,
        sample: null,
        watts: watts === null || middle === null ? null : { start: watts.start, end: middle },
      })
      after.push({
        ...span,
        startMs: edgeMs,
        watts: watts === null || middle === null ? null : { start: middle, end: watts.end },
      })
    }
  }
  return { before, after }
}

/** Power between two readings is taken as a straight line. */
function wattsAt(span: Span, atMs: number): number | null {
  if (span.watts === null) return null
  const share = (atMs - span.startMs) / (span.endMs - span.startMs)
  return span.watts.start + (span.watts.end - span.watts.start) * share
}

export interface UnitTickOptions {
  readonly index: number
  readonly depositable: boolean
  /** What evidence the unit last gave, for a tick without a sample. */
  readonly evidence: EvidenceClass
  readonly spanMs: number
}

/** Folds spans that fill `spanMs` exactly into one unit's part of a tick. */
export function unitTick(spans: readonly Span[], options: UnitTickOptions): UnitTick {
  const runs: Run[] = []
  let activeMs = 0
  let givenMs = 0
  let bookedMs = 0
  for (const span of spans) {
    const durationMs = span.endMs - span.startMs
    const state = stateOf(span.code)
    appendRun(runs, span.code, durationMs)
    bookedMs += durationMs
    // Active time lies within busy, given time outside unknown: so that no rate can pass 1.
    if (span.isActive && state === 'busy') activeMs += durationMs
    if (span.isGiven && state !== 'unknown') givenMs += durationMs
  }
  assert(bookedMs === options.spanMs, 'the runs of a unit fill the tick exactly')
  const samples = spans.map((span) => span.sample).filter((sample) => sample !== null)
  return {
    index: options.index,
    runs,
    ...utilizationStatistics(samples),
    samplesGot: samples.filter((sample) => sample.isGot).length,
    activeMs,
    givenMs,
    memoryUsedMibMax: maxOrNull(samples.map((sample) => sample.memoryUsedMib)),
    energyJoules: energyJoules(spans),
    temperatureCelsiusMax: maxOrNull(samples.map((sample) => sample.temperatureCelsius)),
    evidence: evidenceOf(samples) ?? options.evidence,
    depositable: options.depositable,
  }
}

type UtilizationStatistics = Pick<
  UnitTick,
  'utilizationSumPermille' | 'utilizationMaxPermille' | 'samplesZero' | 'samplesBelowTenth'
>

function utilizationStatistics(samples: readonly SampleFacts[]): UtilizationStatistics {
  const permilles = samples
    .map((sample) => sample.utilizationPermille)
    .filter((permille) => permille !== null)
  if (permilles.length === 0) {
    return {
      utilizationSumPermille: null,
      utilizationMaxPermille: null,
      samplesZero: null,
      samplesBelowTenth: null,
    }
  }
  return {
    utilizationSumPermille: permilles.reduce((sum, permille) => sum + permille, 0),
    utilizationMaxPermille: Math.max(...permilles),
    samplesZero: permilles.filter((permille) => permille === 0).length,
    samplesBelowTenth: permilles.filter((permille) => permille < BELOW_TENTH_PERMILLE).length,
  }
}

/** Whole joules over the spans with power at both ends; absent when there is none of them. */
function energyJoules(spans: readonly Span[]): number | null {
  let joules = 0
  let isKnown = false
  for (const { watts, startMs, endMs } of spans) {
    if (watts === null || endMs === startMs) continue
    joules += ((watts.start + watts.end) / 2) * ((endMs - startMs) / 1000)
    isKnown = true
  }
  return isKnown ? Math.round(joules) : null
}

/** One sample on possession alone makes the whole tick evidence B. */
function evidenceOf(samples: readonly SampleFacts[]): EvidenceClass | null {
  if (samples.length === 0) return null
  return samples.some((sample) => sample.evidence === 'B') ? 'B' : 'A'
}

function maxOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}
