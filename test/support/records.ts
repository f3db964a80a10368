/** Records as a healthy node makes them, for tests that need some. */
import { type DurableRecord, HOUR_MS, type NodeFacts, runCode, type Tick } from '@yiben/shared'

/** 2026-11-20T00:00:00Z, a full hour. */
export const RECORDS_START_MS = 1_795_132_800_000
export const MINUTE_MS = 60_000

/** A node of identical cards, each with one strong identity. */
export function factsOf(cards: number, revision = 1): NodeFacts {
  return {
    revision,
    atMs: RECORDS_START_MS,
    agentVersion: '0.1.0',
    bootId: 'boot-1',
    operatingSystem: 'Ubuntu 22.04',
    kernel: '5.15.0',
    architecture: 'x64',
    cpuModel: 'Kunpeng 920',
    cpuCores: 128,
    memoryTotalMib: 1_048_576,
    virtualization: 'none',
    ownerKind: 'none',
    units: Array.from({ length: cards }, (_, index) => ({
      index,
      kind: 'card',
      parentIndex: null,
      vendor: 'nvidia',
      name: 'NVIDIA H800',
      memoryTotalMib: 81_559,
      powerCapWatts: 700,
      sharePpm: 1_000_000,
      driverVersion: '550.54.15',
      identities: [
        { keyNumber: 1, hash: index.toString(16).padStart(64, '0'), strength: 'strong' },
      ],
    })),
    probes: [
      {
        vendor: 'nvidia',
        tool: 'nvml',
        toolVersion: '12.550',
        unitsFound: cards,
        cardsPresent: cards,
        problemCode: null,
        problem: null,
      },
    ],
  }
}

/** What a unit does in a tick: nothing, everything, or something else at every sample. */
export type TickShape = 'free' | 'busy' | 'flipping'

/** One tick; `salt` makes the cards differ as real ones do. */
export function tickOf(options: {
  readonly startMs: number
  readonly spanMs?: number
  readonly cards?: number
  readonly shape?: TickShape
  readonly salt?: number
}): Tick {
  const { startMs, spanMs = MINUTE_MS, cards = 8, shape = 'free', salt = 1 } = options
  const spread = (index: number, range: number) => ((index * 7919 + salt * 104_729) >>> 0) % range
  const samples = 6
  const isFree = shape === 'free'
  const half = Math.floor(spanMs / 2)
  return {
    factsRevision: 1,
    startMs,
    spanMs,
    samplesExpected: samples,
    cpuBusyMs: 812_345,
    cpuTotalMs: 7_680_000,
    units: Array.from({ length: cards }, (_, index) => ({
      index,
      runs: runsOf(shape, spanMs),
      samplesGot: samples,
      utilizationSumPermille: isFree ? 0 : 5000 + spread(index, 950),
      utilizationMaxPermille: isFree ? 0 : 900 + spread(index, 100),
      samplesZero: isFree ? samples : shape === 'busy' ? 0 : samples / 2,
      samplesBelowTenth: isFree ? samples : shape === 'busy' ? 0 : samples / 2,
      activeMs: isFree ? 0 : shape === 'busy' ? spanMs : half,
      givenMs: 0,
      memoryUsedMibMax: isFree ? 4 : 60_000 + spread(index, 20_000),
      energyJoules: isFree ? 4000 + spread(index, 800) : 20_000 + spread(index, 10_000),
      temperatureCelsiusMax: isFree ? 30 + spread(index, 10) : 55 + spread(index, 25),
      evidence: 'A',
      depositable: true,
    })),
  }
}

function runsOf(shape: TickShape, spanMs: number): Tick['units'][number]['runs'] {
  if (shape === 'free') return [{ code: runCode('free/proven'), durationMs: spanMs }]
  if (shape === 'busy') return [{ code: runCode('busy/active'), durationMs: spanMs }]
  const sampleMs = Math.floor(spanMs / 6)
  return Array.from({ length: 6 }, (_, sample) => ({
    code: runCode(sample % 2 === 0 ? 'busy/active' : 'free/proven'),
    durationMs: sample === 5 ? spanMs - 5 * sampleMs : sampleMs,
  }))
}

export function tickRecord(startMs: number, spanMs = MINUTE_MS): DurableRecord {
  return { kind: 'tick', tick: tickOf({ startMs, spanMs, salt: startMs % HOUR_MS }) }
}
