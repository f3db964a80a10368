import { describe, expect, test } from 'vitest'
import { guarded, PromiseGuard } from '../../../collector/src/forecast/promise-guard.ts'
import { ForecastScore } from '../../../collector/src/forecast/score.ts'

const DOUBT = { standardErrors: 0.6, priorWitnesses: 3 }

/** Days of four pools, a hundred guesses each, kept as `keptOf` says for a pool and day. */
function guardAfter(
  days: number,
  guess: number,
  keptOf: (day: number, pool: number) => number,
): PromiseGuard {
  const guard = new PromiseGuard(DOUBT)
  for (let day = 0; day < days; day += 1) {
    for (let pool = 0; pool < 4; pool += 1) {
      const kept = Math.round(100 * keptOf(day, pool))
      for (let index = 0; index < 100; index += 1) {
        guard.add(pool, { guess, label: index < kept ? 1 : 0, weight: 1 })
      }
    }
    guard.closeDay(0.93)
  }
  return guard
}

describe('the promise guard', () => {
  test('without a record nothing is promised', () => {
    expect(new PromiseGuard(DOUBT).threshold()).toBeNull()
  })

  test.each([
    { name: 'kept every day', keptOf: () => 0.96, most: 0.9 },
    { name: 'kept too rarely', keptOf: () => 0.85, most: null },
    {
      name: 'every fifth day of a pool fails whole',
      keptOf: (day: number, pool: number) => ((day + pool) % 5 === 0 ? 0 : 1),
      most: null,
    },
  ])('guesses of 0.93: $name', ({ keptOf, most }) => {
    const threshold = guardAfter(14, 0.93, keptOf).threshold()
    if (most === null) expect(threshold === null || threshold > 0.93).toBe(true)
    else expect(threshold).toBeLessThanOrEqual(most)
  })

  test('a burst weighs as a pool and a day, not as its many cards', () => {
    const guard = guardAfter(14, 0.95, () => 0.97)
    for (let index = 0; index < 100; index += 1) guard.add(9, { guess: 0.95, label: 0, weight: 1 })
    expect(guard.threshold()).not.toBeNull()
    // The same loss in every pool is a bad day.
    for (let pool = 0; pool < 9; pool += 1) {
      for (let index = 0; index < 300; index += 1)
        guard.add(pool, { guess: 0.95, label: 0, weight: 1 })
    }
    expect(guard.threshold() ?? 1).toBeGreaterThan(0.95)
  })

  test('its state survives as plain JSON', () => {
    const guard = guardAfter(5, 0.95, () => 0.99)
    guard.add(1, { guess: 0.99, label: 1, weight: 2 })
    const again = new PromiseGuard(DOUBT, JSON.parse(JSON.stringify(guard)))
    expect(again.threshold()).toBe(guard.threshold())
    expect(again.toJSON()).toEqual(guard.toJSON())
  })

  test.each([null, 0.84, 0.9, 0.96])(
    'with a threshold of %s guesses keep their order',
    (threshold) => {
      let before = 0
      for (let guess = 0.01; guess < 1; guess += 0.005) {
        const promised = guarded(guess, threshold)
        expect(promised).toBeGreaterThanOrEqual(before)
        expect(promised >= 0.9).toBe(threshold !== null && guess >= threshold)
        before = promised
      }
    },
  )
})

describe('the score', () => {
  test('is unknown before there is a record', () => {
    const [first] = new ForecastScore().view()
    expect(first).toMatchObject({ guesses: 0, brier: null, skill: null, promisesKeptShare: null })
  })

  test('counts squared errors, skill over Kaplan-Meier and promises kept', () => {
    const score = new ForecastScore()
    score.add(1, { promised: 0.95, reference: 0.5, label: 1 })
    score.add(1, { promised: 0.9, reference: 0.5, label: 0 })
    score.add(1, { promised: 0.2, reference: 0.5, label: 0 })
    const view = score.view()[1]
    expect(view?.brier).toBeCloseTo((0.0025 + 0.81 + 0.04) / 3, 10)
    expect(view?.brierReference).toBeCloseTo(0.25, 10)
    expect(view?.skill).toBeCloseTo(1 - 0.8525 / 0.75, 10)
    expect(view).toMatchObject({ promises: 2, promisesKeptShare: 0.5, baseRate: 1 / 3 })
    expect(new ForecastScore(score.toJSON()).view()).toEqual(score.view())
  })
})
