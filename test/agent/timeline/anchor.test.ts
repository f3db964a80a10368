import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTimeline } from '../../../agent/src/timeline/anchor.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const START_MS = Date.UTC(2026, 2, 1, 10)
const PERIOD_MS = 10_000
const DAY_MS = 86_400_000

/** A machine that can be put to sleep: the boot clock and the wall go on, the monotonic stops. */
function machine(hasBootTime = true) {
  const clock = new FakeClock(START_MS)
  let sleptMs = 0
  const timeline = createTimeline({
    clock,
    startMs: START_MS,
    ...(hasBootTime ? { bootTimeMs: () => clock.monotonicMs() + sleptMs } : {}),
  })
  const suspend = (ms: number) => {
    sleptMs += ms
    clock.stepWall(ms)
  }
  return { clock, timeline, suspend }
}

describe('the timeline of a node', () => {
  test('starts where it is told and runs with the monotonic clock', () => {
    const { clock, timeline } = machine()
    expect(timeline.nowMs()).toBe(START_MS)
    clock.advance(12_345.6)
    expect(timeline.nowMs()).toBe(START_MS + 12_345)
    expect(timeline.check()).toEqual([])
  })

  test('is moved by no step of the wall clock; the step is told (C2)', () => {
    const { clock, timeline } = machine()
    clock.advance(PERIOD_MS)
    clock.stepWall(40_000)
    expect(timeline.check()).toEqual([{ kind: 'step', stepMs: 40_000, atMs: START_MS + PERIOD_MS }])
    expect(timeline.stepMs()).toBe(40_000)
    expect(timeline.aheadOfWallMs()).toBe(-40_000)
    clock.advance(PERIOD_MS)
    clock.stepWall(-40_000)
    expect(timeline.check()).toEqual([
      { kind: 'step', stepMs: -40_000, atMs: START_MS + 2 * PERIOD_MS },
    ])
    expect(timeline.nowMs()).toBe(START_MS + 2 * PERIOD_MS)
    expect(timeline.check()).toEqual([])
    expect(timeline.stepMs()).toBe(-40_000)
  })

  test('takes a wall clock that is slewed for no step', () => {
    const { clock, timeline } = machine()
    for (let round = 0; round < 1000; round += 1) {
      clock.advance(PERIOD_MS)
      clock.stepWall(5)
      expect(timeline.check()).toEqual([])
    }
    expect(timeline.nowMs()).toBe(START_MS + 1000 * PERIOD_MS)
  })

  test('moves on over a suspend and tells the span nobody saw', () => {
    const { clock, timeline, suspend } = machine()
    clock.advance(PERIOD_MS)
    suspend(600_000)
    clock.advance(500)
    expect(timeline.check()).toEqual([
      {
        kind: 'suspend',
        startMs: START_MS + PERIOD_MS + 500,
        endMs: START_MS + PERIOD_MS + 600_500,
      },
    ])
    expect(timeline.nowMs()).toBe(START_MS + PERIOD_MS + 600_500)
    expect(timeline.aheadOfWallMs()).toBe(0)
  })

  test('tells a suspend and a step apart when both happen', () => {
    const { clock, timeline, suspend } = machine()
    clock.advance(PERIOD_MS)
    suspend(600_000)
    clock.stepWall(-7_000)
    expect(timeline.check().map((event) => event.kind)).toEqual(['suspend', 'step'])
    expect(timeline.stepMs()).toBe(-7_000)
  })

  test('without a boot clock cannot tell a suspend: nothing moves, the step is told', () => {
    const { clock, timeline, suspend } = machine(false)
    clock.advance(PERIOD_MS)
    suspend(600_000)
    expect(timeline.check()).toEqual([
      { kind: 'step', stepMs: 600_000, atMs: START_MS + PERIOD_MS },
    ])
    expect(timeline.nowMs()).toBe(START_MS + PERIOD_MS)
  })

  test('a boot clock that cannot be read for a while invents no suspend', () => {
    const clock = new FakeClock(START_MS)
    let bootMs: number | null = 5000
    const timeline = createTimeline({ clock, startMs: START_MS, bootTimeMs: () => bootMs })
    bootMs = null
    clock.advance(100_000)
    expect(timeline.check()).toEqual([])
    bootMs = 105_000
    clock.advance(PERIOD_MS)
    expect(timeline.check()).toEqual([])
    expect(timeline.nowMs()).toBe(START_MS + 110_000)
  })

  test('follows a measured offset by at most 500 ppm, and then stands', () => {
    const { clock, timeline } = machine()
    timeline.learn(60)
    clock.advance(100_000)
    expect(timeline.nowMs()).toBe(START_MS + 100_050)
    expect(timeline.offsetMs()).toBe(10)
    clock.advance(100_000)
    expect(timeline.nowMs()).toBe(START_MS + 200_060)
    expect(timeline.offsetMs()).toBe(0)
  })

  test('falls back towards a collector that is behind, still rising', () => {
    const { clock, timeline } = machine()
    timeline.learn(-1000)
    clock.advance(100_000)
    expect(timeline.nowMs()).toBe(START_MS + 99_950)
    timeline.learn(-950)
    clock.advance(3_000_000)
    expect(timeline.nowMs()).toBe(START_MS + 3_100_000 - 1000)
  })

  test('has no offset before one was measured', () => {
    expect(machine().timeline.offsetMs()).toBeNull()
  })

  test('whatever the clocks and the collector say, it rises within 500 ppm of real time', () => {
    const anyEvent = fc.oneof(
      fc.record({ kind: fc.constant('advance'), ms: fc.integer({ min: 0, max: DAY_MS }) }),
      fc.record({ kind: fc.constant('step'), ms: fc.integer({ min: -DAY_MS, max: DAY_MS }) }),
      fc.record({ kind: fc.constant('suspend'), ms: fc.integer({ min: 2_001, max: DAY_MS }) }),
      fc.record({ kind: fc.constant('learn'), ms: fc.integer({ min: -DAY_MS, max: DAY_MS }) }),
    )
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const { clock, timeline, suspend } = machine()
        let realMs = START_MS
        let awakeMs = 0
        let lastMs = timeline.nowMs()
        for (const { kind, ms } of events) {
          if (kind === 'advance') clock.advance(ms)
          if (kind === 'step') clock.stepWall(ms)
          if (kind === 'suspend') suspend(ms)
          if (kind === 'learn') timeline.learn(ms)
          if (kind === 'advance' || kind === 'suspend') realMs += ms
          if (kind === 'advance') awakeMs += ms
          timeline.check()
          const nowMs = timeline.nowMs()
          expect(nowMs).toBeGreaterThanOrEqual(lastMs)
          expect(Number.isSafeInteger(nowMs)).toBe(true)
          expect(Math.abs(nowMs - realMs)).toBeLessThanOrEqual(awakeMs * 500e-6 + 2)
          lastMs = nowMs
        }
      }),
    )
  })
})
