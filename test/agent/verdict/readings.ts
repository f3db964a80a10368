/** Readings and verdict inputs for these tests: an empty, quiet 80 GiB card unless told otherwise. */
import type { RunName, UnitReading } from '@yiben/shared'
import { runCode } from '@yiben/shared'
import type { SampleRow } from '../../../agent/src/verdict/cutter.ts'
import { THRESHOLDS } from '../../../agent/src/verdict/thresholds.ts'
import type { Verdict, VerdictInput } from '../../../agent/src/verdict/verdict.ts'

export const MIB = 1024 * 1024
export const GIB = 1024 * MIB

export const NO_PROCESS = { computeCount: 0, graphicsCount: 0, memoryUsedBytes: null }
export const ONE_PROCESS = { computeCount: 1, graphicsCount: 0, memoryUsedBytes: null }

export function reading(changes: Partial<UnitReading> = {}): UnitReading {
  return {
    key: 'GPU-1',
    utilization: { compute: 0 },
    memoryUsedBytes: 0,
    memoryTotalBytes: 80 * GIB,
    powerWatts: 70,
    temperatureCelsius: 30,
    health: { status: 'ok', cause: null, detail: null },
    processes: NO_PROCESS,
    kernelAgeMs: null,
    outOfRange: [],
    ...changes,
  }
}

export const OFFERS_ALL = {
  utilization: true,
  memory: true,
  processes: true,
  health: true,
  power: true,
} as const

export function input(changes: Partial<VerdictInput> = {}): VerdictInput {
  return {
    reading: reading(),
    readingProblem: null,
    offers: OFFERS_ALL,
    possession: { status: 'nobody' },
    baseline: { basis: 'shipped', idleMemoryBytesMax: 1 * MIB, idlePowerWattsMax: 75 },
    hostPidNamespace: true,
    thresholds: THRESHOLDS,
    ...changes,
  }
}

export function verdict(name: RunName, utilizationRatio: number | null = null): Verdict {
  return { code: runCode(name), evidence: 'A', utilizationRatio, sentence: name }
}

/** A row as the sampler makes it; utilization follows from the state where it is not given. */
export function row(index: number, name: RunName, changes: Partial<SampleRow> = {}): SampleRow {
  const ratios: Partial<Record<RunName, number>> = {
    'busy/active': 0.8,
    'busy/grey': 0.03,
    'free/proven': 0,
  }
  const isRead = !name.startsWith('unknown') && !name.startsWith('faulty')
  return {
    index,
    verdict: verdict(name, ratios[name] ?? (isRead ? 0 : null)),
    reading: isRead ? reading() : null,
    given: name.startsWith('allocated'),
    ...changes,
  }
}
