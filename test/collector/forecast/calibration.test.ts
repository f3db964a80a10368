import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addErrors,
  blendWeights,
  newMoments,
  onSimplex,
  PLAIN_WEIGHTS,
} from '../../../collector/src/forecast/blend.ts'
import {
  calibrated,
  calibrationOf,
  newBins,
  poolAdjacentViolators,
  record,
} from '../../../collector/src/forecast/calibration.ts'

describe('pool adjacent violators', () => {
  test.each([
    { name: 'what rises stays', values: [1, 2, 3], weights: [1, 1, 1], pooled: [1, 2, 3] },
    {
      name: 'neighbours are averaged',
      values: [1, 3, 2],
      weights: [1, 1, 1],
      pooled: [1, 2.5, 2.5],
    },
    { name: 'by their weight', values: [3, 1], weights: [3, 1], pooled: [2.5, 2.5] },
    { name: 'back to the beginning', values: [4, 3, 2], weights: [1, 1, 1], pooled: [3, 3, 3] },
    { name: 'nothing', values: [], weights: [], pooled: [] },
  ])('$name', ({ values, weights, pooled }) => {
    expect(poolAdjacentViolators(values, weights)).toEqual(pooled)
  })

  test('it never falls and keeps the weighted sum', () => {
    const pairs = fc.array(
      fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 9 })),
    )
    fc.assert(
      fc.property(pairs, (list) => {
        const values = list.map(([value]) => value)
        const weights = list.map(([, weight]) => weight)
        const pooled = poolAdjacentViolators(values, weights)
        const sum = (of: readonly number[]) =>
          of.reduce((total, value, index) => total + value * (weights[index] ?? 0), 0)
        expect(sum(pooled)).toBeCloseTo(sum(values), 6)
        pooled.forEach((value, index) => {
          expect(value).toBeGreaterThanOrEqual((pooled[index - 1] ?? 0) - 1e-12)
        })
      }),
    )
  })
})

describe('the calibration', () => {
  test('without a record it changes next to nothing', () => {
    const map = calibrationOf(newBins(), 500)
    for (const guess of [0.05, 0.3, 0.5, 0.72, 0.91, 0.97]) {
      expect(calibrated(map, guess)).toBeCloseTo(guess, 2)
    }
  })

  test('a boast is taken back as far as the record speaks', () => {
    const bins = newBins()
    for (let index = 0; index < 2_000; index += 1) record(bins, 0.95, index % 2)
    const map = calibrationOf(bins, 500)
    // The bin alone would say (1000 + 475) ÷ 2500 = 0.59; pooled with those below it, which are believed.
    expect(calibrated(map, 0.95)).toBeLessThan(0.75)
    expect(calibrated(map, 0.95)).toBeGreaterThan(0.59)
    expect(calibrated(map, 0.3)).toBeCloseTo(0.3, 2)
  })
})

describe('the blend', () => {
  test('starts as a plain average of those that learn', () => {
    expect(blendWeights(newMoments(), 1_000)).toEqual(
      PLAIN_WEIGHTS.map((one) => expect.closeTo(one, 5)),
    )
  })

  test('leaves an expert that fails and turns to Kaplan-Meier', () => {
    const moments = newMoments()
    for (let index = 0; index < 20_000; index += 1) {
      const label = index % 2
      addErrors(moments, [0.5, 0.5, 1 - label, 1 - label], label)
    }
    const [reference = 0, mixture = 0, logistic = 0, boosted = 0] = blendWeights(moments, 1_000)
    expect(reference + mixture).toBeGreaterThan(0.9)
    expect(logistic + boosted).toBeLessThan(0.1)
  })

  test.each([
    { values: [0.5, 0.5], nearest: [0.5, 0.5] },
    { values: [2, 0], nearest: [1, 0] },
    { values: [0.8, 0.4, -1], nearest: [0.7, 0.3, 0] },
  ])('the nearest weights to $values', ({ values, nearest }) => {
    expect(onSimplex(values)).toEqual(nearest.map((one) => expect.closeTo(one, 10)))
  })
})
