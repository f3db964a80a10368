import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SteadyClock } from '../../../collector/src/bank/steady-clock.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const SECOND = 1_000
const MINUTE = 60_000

interface Rig {
  readonly clock: FakeClock
  readonly steady: SteadyClock
  readonly doubt: { isAccused: boolean }
}

function rig(): Rig {
  const clock = new FakeClock()
  const doubt = { isAccused: false }
  const steady = new SteadyClock({ clock, isAccused: () => doubt.isAccused })
  return { clock, steady, doubt }
}

/** Asks once a second for as long. */
function live({ clock, steady }: Rig, ms: number): number {
  for (let leftMs = ms; leftMs > 0; leftMs -= SECOND) {
    clock.advance(Math.min(SECOND, leftMs))
    steady.nowMs()
  }
  return steady.nowMs()
}

test('without steps it says what the wall clock says', () => {
  const one = rig()
  live(one, 10 * MINUTE)
  expect(one.steady.nowMs()).toBe(one.clock.wallMs())
})

test.each([40 * SECOND, -40 * SECOND])('C4: a step by %i ms does not move it', (byMs) => {
  const one = rig()
  const beforeMs = live(one, MINUTE)
  one.clock.stepWall(byMs)
  expect(live(one, 9 * MINUTE)).toBe(beforeMs + 9 * MINUTE)
})

test('C4: a step is kept out for as long as the collector accuses its own clock', () => {
  const one = rig()
  const beforeMs = live(one, MINUTE)
  one.clock.stepWall(40 * SECOND)
  one.doubt.isAccused = true
  expect(live(one, 120 * MINUTE)).toBe(beforeMs + 120 * MINUTE)
})

test('a step that lasts is taken over after 10 minutes, by a tenth of the time that passes', () => {
  const one = rig()
  const beforeMs = live(one, MINUTE)
  one.clock.stepWall(40 * SECOND)
  expect(live(one, 10 * MINUTE)).toBe(beforeMs + 10 * MINUTE)
  const halfMs = live(one, 200 * SECOND)
  expect(halfMs - beforeMs - 10 * MINUTE - 200 * SECOND).toBeGreaterThan(15 * SECOND)
  expect(halfMs - beforeMs - 10 * MINUTE - 200 * SECOND).toBeLessThan(25 * SECOND)
  live(one, 3 * 60 * MINUTE)
  expect(one.steady.nowMs()).toBe(one.clock.wallMs())
})

test('a step that is undone within 10 minutes leaves no trace', () => {
  const one = rig()
  one.clock.stepWall(40 * SECOND)
  live(one, 9 * MINUTE)
  one.clock.stepWall(-40 * SECOND)
  live(one, MINUTE)
  expect(one.steady.nowMs()).toBe(one.clock.wallMs())
})

test('a second step begins its ten minutes anew', () => {
  const one = rig()
  const beforeMs = live(one, MINUTE)
  one.clock.stepWall(40 * SECOND)
  live(one, 9 * MINUTE)
  one.clock.stepWall(10 * SECOND)
  expect(live(one, 9 * MINUTE)).toBe(beforeMs + 18 * MINUTE)
})

test('a small difference is drift and followed by 500 ppm', () => {
  const one = rig()
  const beforeMs = live(one, MINUTE)
  one.clock.stepWall(1_500)
  const laterMs = live(one, 10 * MINUTE)
  expect(laterMs - beforeMs - 10 * MINUTE).toBe(300)
})

test('never back, never faster or slower than a tenth, never moved while it is in doubt', () => {
  const step = fc.record({
    byMs: fc.oneof(fc.constant(0), fc.integer({ min: -7_200_000, max: 7_200_000 })),
    forMs: fc.integer({ min: 0, max: 20 * MINUTE }),
    isAccused: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const one = rig()
      let beforeMs = one.steady.nowMs()
      for (const { byMs, forMs, isAccused } of steps) {
        one.doubt.isAccused = isAccused
        one.clock.stepWall(byMs)
        const gapMs = Math.abs(one.clock.wallMs() - beforeMs)
        one.clock.advance(forMs)
        const nowMs = one.steady.nowMs()
        const movedMs = nowMs - beforeMs - forMs
        expect(nowMs).toBeGreaterThanOrEqual(beforeMs)
        expect(Math.abs(movedMs)).toBeLessThanOrEqual(forMs * 0.1 + 1)
        if (isAccused && gapMs > 2_001) expect(Math.abs(movedMs)).toBeLessThanOrEqual(1)
        else if (gapMs <= 1_999) expect(Math.abs(movedMs)).toBeLessThanOrEqual(forMs * 500e-6 + 1)
        beforeMs = nowMs
      }
    }),
  )
})
