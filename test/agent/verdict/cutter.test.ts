import type { RunName, Tick } from '@yiben/shared'
import { HOUR_MS, runName, stateOf } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { SampleRow } from '../../../agent/src/verdict/cutter.ts'
import { Cutter } from '../../../agent/src/verdict/cutter.ts'
import { MIB, reading, row, verdict } from './readings.ts'

const TEN_MS = Date.UTC(2026, 2, 1, 10, 0, 0)
const NO_CPU = { busyMs: null, totalMs: null }
const PERIOD_MS = 10_000

function cutterAt(startMs: number, units = 1, nodePhaseMs = 0): Cutter {
  const cutter = new Cutter({ nodePhaseMs, tickMs: 60_000, samplePeriodMs: PERIOD_MS, startMs })
  cutter.setUnits(
    Array.from({ length: units }, (_, index) => ({ index, depositable: true })),
    1,
  )
  return cutter
}

/** One unit, a sample every 10 s from the start on; returns what was booked, in seconds. */
function booked(names: readonly (RunName | null)[]): [RunName, number][] {
  const cutter = cutterAt(TEN_MS)
  names.forEach((name, position) => {
    if (name !== null) cutter.observe(TEN_MS + position * PERIOD_MS, [row(0, name)])
  })
  return runsOf(cutter.cut(TEN_MS + (names.length - 1) * PERIOD_MS, NO_CPU))
}

function runsOf(ticks: readonly Tick[], unit = 0): [RunName, number][] {
  return ticks.flatMap((tick) =>
    (tick.units[unit]?.runs ?? []).map(({ code, durationMs }): [RunName, number] => [
      runName(code),
      durationMs / 1000,
    ]),
  )
}

const F = 'free/proven'
const A = 'busy/active'
const G = 'busy/grey'
const P = 'unknown/probe'

describe('the span between two samples', () => {
  test.each<[string, (RunName | null)[], [RunName, number][]]>([
    ['is their common state', [F, F], [[F, 10]]],
    [
      'is busy when free ends in busy (C20)',
      [F, A, F, F],
      [
        [A, 20],
        [F, 10],
      ],
    ],
    [
      'of a lone grey reading is the one it ends (C21)',
      [F, G, F, F],
      [
        [G, 10],
        [F, 20],
      ],
    ],
    [
      'from the second grey in a row on is active, which ends a deposit (C21)',
      [F, G, G, F, F],
      [
        [G, 10],
        [A, 20],
        [F, 10],
      ],
    ],
    ['between a third and a second grey is active too', [G, G, G, G], [[A, 30]]],
    [
      'with an unknown between two greys keeps them alone',
      [F, G, P, G, F],
      [
        [G, 10],
        [P, 20],
        [F, 10],
      ],
    ],
    [
      'is unknown when either end is (C23)',
      [F, P, F, F],
      [
        [P, 20],
        [F, 10],
      ],
    ],
    ['three periods long is their common state', [F, null, null, F], [[F, 30]]],
    [
      'more than three periods long is a gap',
      [F, null, null, null, F, F],
      [
        ['unknown/gap', 40],
        [F, 10],
      ],
    ],
    [
      'before the first sample is a gap',
      [null, F, F],
      [
        ['unknown/gap', 10],
        [F, 10],
      ],
    ],
    [
      'of a gap does not join two greys',
      [G, null, null, null, G, F],
      [
        ['unknown/gap', 40],
        [F, 10],
      ],
    ],
  ])('%s', (_name, names, expected) => {
    expect(booked(names)).toEqual(expected)
  })
})

describe('where ticks are cut', () => {
  function ticksOf(cutter: Cutter, startMs: number, samples: number): Tick[] {
    const ticks: Tick[] = []
    for (let position = 0; position <= samples; position += 1) {
      const atMs = startMs + position * PERIOD_MS
      cutter.observe(atMs, [row(0, F)])
      if (cutter.cutDue(atMs)) ticks.push(...cutter.cut(atMs, NO_CPU))
    }
    return ticks
  }

  test('at the first sample past the phase of the node, one after the other', () => {
    const startMs = TEN_MS + 15_000
    const ticks = ticksOf(cutterAt(startMs, 1, 3_000), startMs, 20)
    expect(ticks.map((tick) => [tick.startMs - TEN_MS, tick.spanMs])).toEqual([
      [15_000, 50_000],
      [65_000, 60_000],
      [125_000, 60_000],
    ])
  })

  test('at each full UTC hour, inside a span between two samples', () => {
    const startMs = TEN_MS - 35_000
    const ticks = ticksOf(cutterAt(startMs), startMs, 6)
    expect(ticks.map((tick) => [tick.startMs - TEN_MS, tick.spanMs])).toEqual([
      [-35_000, 35_000],
      [0, 5_000],
    ])
    expect(runsOf(ticks)).toEqual([
      [F, 35],
      [F, 5],
    ])
  })

  test('never later than the slowest unit was sampled', () => {
    const cutter = cutterAt(TEN_MS, 2)
    cutter.observe(TEN_MS, [row(0, F), row(1, F)])
    cutter.observe(TEN_MS + 50_000, [row(0, F), { ...row(1, F), periodMs: 60_000 }])
    cutter.observe(TEN_MS + 70_000, [row(0, F)])
    expect(cutter.cutDue(TEN_MS + 70_000)).toBe(false)
    expect(cutter.cut(TEN_MS + 70_000, NO_CPU)).toHaveLength(1)
    expect(cutter.startMs).toBe(TEN_MS + 50_000)
    cutter.observe(TEN_MS + 100_000, [row(0, F), row(1, F)])
    const [tick] = cutter.cut(TEN_MS + 100_000, NO_CPU)
    expect(tick?.units.map((unit) => unit.runs)).toEqual([
      [{ code: 1, durationMs: 50_000 }],
      [{ code: 1, durationMs: 50_000 }],
    ])
  })

  test('past a unit silent for more than three periods, whose time is a gap', () => {
    const cutter = cutterAt(TEN_MS, 2)
    cutter.observe(TEN_MS, [row(0, F), row(1, F)])
    for (const second of [10, 20, 30]) cutter.observe(TEN_MS + second * 1000, [row(0, F)])
    expect(cutter.decidedMs(TEN_MS + 30_000)).toBe(TEN_MS)
    cutter.observe(TEN_MS + 40_000, [row(0, F)])
    const ticks = cutter.cut(TEN_MS + 40_000, NO_CPU)
    expect(runsOf(ticks, 0)).toEqual([[F, 40]])
    expect(runsOf(ticks, 1)).toEqual([['unknown/gap', 40]])
    // An answer that was asked for before the cut speaks from the cut on, never into it.
    cutter.observe(TEN_MS + 25_000, [row(1, F)])
    cutter.observe(TEN_MS + 50_000, [row(0, F), row(1, F)])
    expect(runsOf(cutter.cut(TEN_MS + 50_000, NO_CPU), 1)).toEqual([[F, 10]])
  })

  test('not at all while nothing is decided', () => {
    const cutter = cutterAt(TEN_MS)
    expect(cutter.cut(TEN_MS + 5_000, NO_CPU)).toEqual([])
    expect(cutter.startMs).toBe(TEN_MS)
  })

  test('on a node without accelerators as well, for its CPU time', () => {
    const cutter = cutterAt(TEN_MS, 0)
    const [tick] = cutter.cut(TEN_MS + 60_000, { busyMs: 1, totalMs: 60_000 })
    expect(tick).toMatchObject({ spanMs: 60_000, units: [], cpuBusyMs: 1, cpuTotalMs: 60_000 })
  })

  test('over several hours of silence, one tick an hour, CPU time shared without a rest', () => {
    const cutter = cutterAt(TEN_MS - 1_000)
    const ticks = cutter.cut(TEN_MS + 2 * HOUR_MS, { busyMs: 1001, totalMs: 10_007 })
    expect(ticks.map((tick) => tick.spanMs)).toEqual([1_000, HOUR_MS, HOUR_MS])
    expect(ticks.reduce((sum, tick) => sum + (tick.cpuBusyMs ?? 0), 0)).toBe(1001)
    expect(ticks.reduce((sum, tick) => sum + (tick.cpuTotalMs ?? 0), 0)).toBe(10_007)
  })
})

describe('the statistics of a tick', () => {
  function tickOf(rows: readonly [second: number, row: SampleRow][]): Tick {
    const cutter = cutterAt(TEN_MS)
    for (const [second, sample] of rows) cutter.observe(TEN_MS + second * 1000, [sample])
    const [tick] = cutter.cut(TEN_MS + (rows.at(-1)?.[0] ?? 0) * 1000, NO_CPU)
    if (tick === undefined) throw new Error('no tick was cut')
    return tick
  }

  test('count the samples of the tick and sum their utilization', () => {
    const at = (utilizationRatio: number) => ({ verdict: verdict(A, utilizationRatio) })
    const tick = tickOf([
      [0, row(0, F)],
      [10, row(0, A, at(0.5))],
      [20, row(0, A, at(0.0995))],
      [30, row(0, F, { verdict: verdict(F, 0) })],
    ])
    expect(tick.samplesExpected).toBe(4)
    expect(tick.units[0]).toMatchObject({
      samplesGot: 4,
      utilizationSumPermille: 600,
      utilizationMaxPermille: 500,
      samplesZero: 2,
      samplesBelowTenth: 2,
      activeMs: 20_000,
    })
  })

  test('are absent, not 0, where nothing was read', () => {
    const tick = tickOf([
      [0, row(0, P)],
      [10, row(0, P)],
    ])
    expect(tick.units[0]).toMatchObject({
      samplesGot: 0,
      utilizationSumPermille: null,
      utilizationMaxPermille: null,
      samplesZero: null,
      samplesBelowTenth: null,
      memoryUsedMibMax: null,
      energyJoules: null,
      temperatureCelsiusMax: null,
      activeMs: 0,
      givenMs: 0,
    })
  })

  test('count active time only where busy is proven', () => {
    const tick = tickOf([
      [0, row(0, P)],
      [10, row(0, A)],
      [20, row(0, A)],
    ])
    expect(tick.units[0]?.activeMs).toBe(10_000)
  })

  test('count given time where either end is given and the state is known', () => {
    const given = { given: true }
    const tick = tickOf([
      [0, row(0, F)],
      [10, row(0, 'allocated/scheduler')],
      [20, row(0, A, given)],
      [30, row(0, F)],
      [40, row(0, F)],
      [50, row(0, P, given)],
    ])
    expect(tick.units[0]?.givenMs).toBe(30_000)
    expect(tick.units[0]?.runs.map((run) => stateOf(run.code))).toEqual([
      'allocated',
      'busy',
      'free',
      'unknown',
    ])
  })

  test('take energy as the trapezoid of power read at both ends', () => {
    const watts = (powerWatts: number | null) => ({ reading: reading({ powerWatts }) })
    const tick = tickOf([
      [0, row(0, F, watts(100))],
      [10, row(0, F, watts(200))],
      [20, row(0, F, watts(null))],
      [30, row(0, F, watts(100))],
      [40, row(0, F, watts(100))],
    ])
    expect(tick.units[0]?.energyJoules).toBe(1500 + 1000)
  })

  test('keep the maximum of memory and temperature', () => {
    const read = (mib: number, temperatureCelsius: number) => ({
      reading: reading({ memoryUsedBytes: mib * MIB, temperatureCelsius }),
    })
    const tick = tickOf([
      [0, row(0, F, read(1, 30))],
      [10, row(0, F, read(7.2, 41.4))],
      [20, row(0, F, read(3, 35))],
    ])
    expect(tick.units[0]).toMatchObject({ memoryUsedMibMax: 8, temperatureCelsiusMax: 41 })
  })

  test('say evidence B when one sample rested on possession alone', () => {
    const evidenceB = { verdict: { ...verdict(F), evidence: 'B' as const } }
    expect(
      tickOf([
        [0, row(0, F)],
        [10, row(0, F, evidenceB)],
      ]).units[0]?.evidence,
    ).toBe('B')
    expect(
      tickOf([
        [0, row(0, F)],
        [10, row(0, F)],
      ]).units[0]?.evidence,
    ).toBe('A')
  })

  test('are cut at the hour: energy by time, the sample where it fell', () => {
    const cutter = cutterAt(TEN_MS - 5_000)
    const watts = (powerWatts: number) => ({ reading: reading({ powerWatts }) })
    cutter.observe(TEN_MS - 5_000, [row(0, F, watts(100))])
    cutter.observe(TEN_MS + 5_000, [row(0, A, watts(300))])
    const ticks = cutter.cut(TEN_MS + 5_000, NO_CPU)
    expect(ticks.map((tick) => tick.units[0])).toMatchObject([
      { energyJoules: 750, samplesGot: 1, activeMs: 5_000, utilizationMaxPermille: 0 },
      { energyJoules: 1250, samplesGot: 1, activeMs: 5_000, utilizationMaxPermille: 800 },
    ])
  })
})

describe('units and restarts', () => {
  test('a unit that stays keeps what is known of it, a new one starts from not knowing', () => {
    const cutter = cutterAt(TEN_MS)
    cutter.observe(TEN_MS, [row(0, F)])
    cutter.observe(TEN_MS + 10_000, [row(0, F)])
    cutter.cut(TEN_MS + 10_000, NO_CPU)
    cutter.setUnits(
      [
        { index: 1, depositable: true },
        { index: 0, depositable: false },
      ],
      2,
    )
    cutter.observe(TEN_MS + 20_000, [row(0, F), row(1, F)])
    const [tick] = cutter.cut(TEN_MS + 20_000, NO_CPU)
    expect(tick?.factsRevision).toBe(2)
    expect(tick?.units.map((unit) => [unit.index, unit.depositable])).toEqual([
      [1, true],
      [0, false],
    ])
    expect(tick?.units.map((unit) => unit.runs.map((run) => runName(run.code)))).toEqual([
      ['unknown/gap'],
      [F],
    ])
  })

  test('units change only directly after a cut', () => {
    const cutter = cutterAt(TEN_MS)
    cutter.observe(TEN_MS, [row(0, F)])
    expect(() => cutter.setUnits([], 2)).toThrow(/directly after a cut/)
  })

  test('after a suspend nothing undecided is booked and free is proven anew', () => {
    const cutter = cutterAt(TEN_MS)
    cutter.observe(TEN_MS, [row(0, F)])
    cutter.observe(TEN_MS + 10_000, [row(0, F)])
    cutter.restartAt(TEN_MS + 15_000)
    expect(cutter.currentCode(0)).toBeNull()
    cutter.observe(TEN_MS + 20_000, [row(0, F)])
    cutter.observe(TEN_MS + 30_000, [row(0, F)])
    const ticks = cutter.cut(TEN_MS + 30_000, NO_CPU)
    expect(ticks[0]?.startMs).toBe(TEN_MS + 15_000)
    expect(runsOf(ticks)).toEqual([
      ['unknown/gap', 5],
      [F, 10],
    ])
  })

  test('the current code is that of the last sample, a second grey as active', () => {
    const cutter = cutterAt(TEN_MS)
    expect(cutter.currentCode(0)).toBeNull()
    const seen = [F, G, G].map((name, position) => {
      cutter.observe(TEN_MS + position * PERIOD_MS, [row(0, name as RunName)])
      const code = cutter.currentCode(0)
      return code === null ? null : runName(code)
    })
    expect(seen).toEqual([F, G, A])
  })

  test('8 h of an empty card with 1 % of samples failing: windows go on, little is unknown (C23)', () => {
    const cutter = cutterAt(TEN_MS)
    const samples = (8 * HOUR_MS) / PERIOD_MS
    const ticks: Tick[] = []
    let seed = 23
    for (let position = 0; position <= samples; position += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      const atMs = TEN_MS + position * PERIOD_MS
      cutter.observe(atMs, [row(0, seed % 100_000 < 1000 && position > 0 ? P : F)])
      if (cutter.cutDue(atMs)) ticks.push(...cutter.cut(atMs, NO_CPU))
    }
    const unknownMs = runsOf(ticks)
      .filter(([name]) => name === P)
      .map(([, seconds]) => seconds * 1000)
    const share = unknownMs.reduce((sum, ms) => sum + ms, 0) / (8 * HOUR_MS)
    expect(share).toBeGreaterThan(0.005)
    expect(share).toBeLessThan(0.03)
    // Runs are cut at ticks: only two failures in a row would pass the 30 s a window bears.
    expect(Math.max(...unknownMs)).toBeLessThanOrEqual(30_000)
  })
})
