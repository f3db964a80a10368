/**
 * The cutter beside a second, naive bookkeeper that keeps every sample and asks, second by second,
 * what the rules say. Random samples, missing units, slow probes, units that come and go.
 */
import type { RunName, Tick } from '@yiben/shared'
import { HOUR_MS, hourStartMs, runCode, runName, spanCode } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Cutter } from '../../../agent/src/verdict/cutter.ts'
import { row } from './readings.ts'

const STEP_MS = 1000
const PERIOD_MS = 10_000
const UNITS = 4
const NAMES = [
  'free/proven',
  'busy/active',
  'busy/grey',
  'occupied/in_use',
  'allocated/scheduler',
  'faulty/health',
  'unknown/probe',
] as const satisfies readonly RunName[]

interface Sample {
  readonly atMs: number
  readonly name: RunName
  readonly periodMs: number
}

/** One unit from when it came to when it went. */
interface Life {
  readonly index: number
  readonly fromMs: number
  readonly samples: Sample[]
  /** What the cutter booked, one entry per step. */
  readonly booked: RunName[]
}

/** What the rules say of the step that ends at `endMs`, knowing everything. */
function naiveCode({ samples }: Life, endMs: number): RunName {
  const next = samples.findIndex((sample) => sample.atMs >= endMs)
  const to = samples[next]
  const from = samples[next - 1]
  if (to === undefined || from === undefined) return 'unknown/gap'
  if (to.atMs - from.atMs > 3 * from.periodMs) return 'unknown/gap'
  return runName(spanCode(effective(samples, next - 1), effective(samples, next)))
}

function effective(samples: readonly Sample[], position: number) {
  const here = samples[position]
  const before = samples[position - 1]
  const isSecondGrey =
    here?.name === 'busy/grey' &&
    before?.name === 'busy/grey' &&
    here.atMs - before.atMs <= 3 * before.periodMs
  return runCode(isSecondGrey ? 'busy/active' : (here?.name ?? 'unknown/gap'))
}

const anyUnitSample = fc.record({
  isSampled: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
  name: fc.oneof(
    { weight: 2, arbitrary: fc.constant('free/proven' as const) },
    fc.constantFrom(...NAMES),
  ),
  periodMs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(PERIOD_MS) },
    fc.constantFrom(20_000, 60_000),
  ),
})

const anyRound = fc.record({
  delaySteps: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 8, max: 13 }) },
    fc.integer({ min: 1, max: 90 }),
  ),
  units: fc.array(anyUnitSample, { minLength: UNITS, maxLength: UNITS }),
  /** Which units are there from this round on; mostly no change. */
  change: fc.oneof(
    { weight: 6, arbitrary: fc.constant(null) },
    fc.uniqueArray(fc.integer({ min: 0, max: UNITS - 1 })),
  ),
})

const anyWorld = fc.record({
  startMs: fc
    .integer({ min: -200, max: 200 })
    .map((steps) => Date.UTC(2026, 2, 1, 10) + steps * STEP_MS),
  nodePhaseMs: fc.integer({ min: 0, max: 59 }).map((steps) => steps * STEP_MS),
  rounds: fc.array(anyRound, { minLength: 1, maxLength: 60 }),
})
type AnyWorld = typeof anyWorld extends fc.Arbitrary<infer T> ? T : never

interface Played {
  readonly ticks: readonly Tick[]
  readonly lives: readonly Life[]
}

function play(world: AnyWorld): Played {
  const { startMs, nodePhaseMs, rounds } = world
  const cutter = new Cutter({ nodePhaseMs, tickMs: 60_000, samplePeriodMs: PERIOD_MS, startMs })
  const lives: Life[] = []
  const ticks: Tick[] = []
  let present: Life[] = []
  const change = (indexes: readonly number[], revision: number) => {
    cutter.setUnits(
      indexes.map((index) => ({ index, depositable: false })),
      revision,
    )
    present = indexes.map((index) => {
      const known = present.find((life) => life.index === index)
      const life = known ?? { index, fromMs: cutter.startMs, samples: [], booked: [] }
      if (known === undefined) lives.push(life)
      return life
    })
  }
  const cut = (atMs: number) => {
    for (const tick of cutter.cut(atMs, { busyMs: null, totalMs: null })) {
      ticks.push(tick)
      tick.units.forEach((unit, position) => {
        for (const run of unit.runs) {
          for (let ms = 0; ms < run.durationMs; ms += STEP_MS) {
            present[position]?.booked.push(runName(run.code))
          }
        }
      })
    }
  }
  change([0, 1], 1)
  let atMs = startMs
  rounds.forEach((round, position) => {
    atMs += round.delaySteps * STEP_MS
    const sampled = present.filter((life) => round.units[life.index]?.isSampled)
    cutter.observe(
      atMs,
      sampled.map((life) => {
        const { name, periodMs } = round.units[life.index] ?? {
          name: 'unknown/probe' as const,
          periodMs: PERIOD_MS,
        }
        life.samples.push({ atMs, name, periodMs })
        return row(life.index, name, { periodMs })
      }),
    )
    if (cutter.cutDue(atMs)) cut(atMs)
    if (round.change === null) return
    cut(atMs)
    change(round.change, position + 2)
  })
  cut(atMs)
  return { ticks, lives }
}

describe('the cutter', () => {
  test('books every unit exactly once, in contiguous ticks that never cross a UTC hour', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        let endMs = world.startMs
        for (const tick of play(world).ticks) {
          expect(tick.startMs).toBe(endMs)
          expect(tick.spanMs).toBeGreaterThan(0)
          endMs = tick.startMs + tick.spanMs
          expect(endMs).toBeLessThanOrEqual(hourStartMs(tick.startMs) + HOUR_MS)
          for (const unit of tick.units) {
            const sumMs = unit.runs.reduce((sum, run) => sum + run.durationMs, 0)
            expect(sumMs).toBe(tick.spanMs)
            unit.runs.forEach((run, position) => {
              expect(run.durationMs).toBeGreaterThan(0)
              expect(run.code).not.toBe(unit.runs[position + 1]?.code)
            })
            expect(unit.samplesGot).toBeLessThanOrEqual(tick.samplesExpected)
          }
        }
      }),
    )
  })

  test('books what the naive bookkeeper says, second by second', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const life of play(world).lives) {
          const expected = life.booked.map((_, step) =>
            naiveCode(life, life.fromMs + (step + 1) * STEP_MS),
          )
          expect(life.booked).toEqual(expected)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('books free only between two free samples at most three periods apart', () => {
    let freeSteps = 0
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const life of play(world).lives) {
          life.booked.forEach((name, step) => {
            if (name !== 'free/proven') return
            freeSteps += 1
            const endMs = life.fromMs + (step + 1) * STEP_MS
            const next = life.samples.findIndex((sample) => sample.atMs >= endMs)
            const from = life.samples[next - 1]
            const to = life.samples[next]
            // A lone grey reading has booked the span before it and starts a free one (C21).
            expect(['free/proven', 'busy/grey']).toContain(from?.name)
            expect(to?.name).toBe('free/proven')
            const apartMs = (to?.atMs ?? 0) - (from?.atMs ?? 0)
            expect(apartMs).toBeLessThanOrEqual(3 * (from?.periodMs ?? 0))
          })
        }
      }),
    )
    expect(freeSteps).toBeGreaterThan(0)
  })
})
