/** Records as a node of eight cards writes them, for the benchmarks. */
import { runCode, type Tick, type UnitTick } from '@yiben/shared'

export type Shape = 'free' | 'busy' | 'flipping'
export const CARDS = 8
export const MINUTE_MS = 60_000
const SAMPLES = 6

/** Values that differ from card to card and from minute to minute, as measured ones do. */
export function tickAt(startMs: number, shape: Shape): Tick {
  const minute = Math.floor(startMs / MINUTE_MS)
  return {
    factsRevision: 1,
    startMs,
    spanMs: MINUTE_MS,
    samplesExpected: SAMPLES,
    cpuBusyMs: 812_345 + ((minute * 7919) % 90_000),
    cpuTotalMs: 7_680_000,
    units: Array.from({ length: CARDS }, (_, index) => unitTick(index, minute, shape)),
  }
}

function unitTick(index: number, minute: number, shape: Shape): UnitTick {
  const spread = (range: number) => (index * 7919 + minute * 104_729) % range
  const isFree = shape === 'free'
  const quietSamples = isFree ? SAMPLES : shape === 'busy' ? 0 : SAMPLES / 2
  return {
    index,
    runs: runsOf(shape),
    samplesGot: SAMPLES,
    utilizationSumPermille: isFree ? 0 : 5_000 + spread(950),
    utilizationMaxPermille: isFree ? 0 : 900 + spread(100),
    samplesZero: quietSamples,
    samplesBelowTenth: quietSamples,
    activeMs: isFree ? 0 : shape === 'busy' ? MINUTE_MS : MINUTE_MS / 2,
    givenMs: 0,
    memoryUsedMibMax: isFree ? 4 : 60_000 + spread(20_000),
    energyJoules: isFree ? 4_000 + spread(800) : 20_000 + spread(10_000),
    temperatureCelsiusMax: isFree ? 30 + spread(10) : 55 + spread(25),
    evidence: 'A',
    depositable: true,
  }
}

function runsOf(shape: Shape): UnitTick['runs'] {
  if (shape === 'free') return [{ code: runCode('free/proven'), durationMs: MINUTE_MS }]
  if (shape === 'busy') return [{ code: runCode('busy/active'), durationMs: MINUTE_MS }]
  return Array.from({ length: SAMPLES }, (_, sample) => ({
    code: runCode(sample % 2 === 0 ? 'busy/active' : 'free/proven'),
    durationMs: MINUTE_MS / SAMPLES,
  }))
}
