/** The two learned models on tables whose truth is known. */
import { describe, expect, test } from 'vitest'
import {
  type BoostingOptions,
  boostedScore,
  trainBoosted,
} from '../../../collector/src/forecast/boosting.ts'
import {
  logisticScore,
  type Table,
  trainLogistic,
} from '../../../collector/src/forecast/logistic.ts'
import { seededFractions, sigmoid } from '../../../collector/src/forecast/numbers.ts'

const OPTIONS: BoostingOptions = {
  trees: 40,
  depth: 3,
  learningRate: 0.2,
  leafWeightMin: 5,
  ridge: 1,
  rowShare: 0.7,
  featureShare: 1,
  seed: 7,
}

/** Rows of random inputs in [-1, 1) and what `truth` makes of them. */
function tableOf(rows: number, columns: number, truth: (inputs: number[]) => number): Table {
  const random = seededFractions(11)
  const values = new Float32Array(rows * columns)
  const labels = new Float32Array(rows)
  for (let row = 0; row < rows; row += 1) {
    const inputs = Array.from({ length: columns }, () => 2 * random() - 1)
    values.set(inputs, row * columns)
    labels[row] = random() < truth(inputs) ? 1 : 0
  }
  return { rows, columns, values, labels }
}

describe('logistic regression', () => {
  test('finds the weights that made the labels', () => {
    const table = tableOf(20_000, 3, ([first = 0, second = 0]) => sigmoid(1 + 2 * first - second))
    const model = trainLogistic(table, { ridge: 1, prior: null })
    const own = model.weights.map((weight, column) => weight / (model.scales[column] ?? 1))
    expect(own).toEqual([expect.closeTo(2, 0), expect.closeTo(-1, 0), expect.closeTo(0, 0)])
    expect(logisticScore(model, [0, 0, 0], 0)).toBeCloseTo(1, 0)
  })

  test('separable data end in bounded weights that separate', () => {
    const table = tableOf(500, 1, ([only = 0]) => (only > 0 ? 1 : 0))
    const model = trainLogistic(table, { ridge: 10, prior: null })
    expect(Math.abs(model.weights[0] ?? 0)).toBeLessThan(20)
    expect(sigmoid(logisticScore(model, [0.5], 0))).toBeGreaterThan(0.9)
    expect(sigmoid(logisticScore(model, [-0.5], 0))).toBeLessThan(0.1)
  })

  test('what is absent says nothing, and a column that never moves does not either', () => {
    const table = tableOf(2_000, 2, ([first = 0]) => sigmoid(3 * first))
    for (let row = 0; row < table.rows; row += 1) table.values[row * 2 + 1] = 5
    const model = trainLogistic(table, { ridge: 1, prior: null })
    expect(logisticScore(model, [Number.NaN, 5], 0)).toBeCloseTo(model.intercept, 10)
    expect(logisticScore(model, [0.3, 99], 0)).toBe(logisticScore(model, [0.3, 5], 0))
  })

  test('without rows it is the prior, with few it stays near it', () => {
    const prior = { intercept: 0.5, weights: [1.5], means: [0], scales: [1] }
    const none = trainLogistic(
      tableOf(0, 1, () => 0),
      { ridge: 100, prior },
    )
    expect(none.weights[0]).toBeCloseTo(1.5, 3)
    const few = trainLogistic(
      tableOf(20, 1, () => 0.5),
      { ridge: 100, prior },
    )
    expect(few.weights[0]).toBeCloseTo(1.5, 0)
  })
})

describe('boosted trees', () => {
  test('learn what no straight line can: an exclusive or', () => {
    const table = tableOf(4_000, 2, ([first = 0, second = 0]) =>
      first > 0 !== second > 0 ? 0.95 : 0.05,
    )
    const model = trainBoosted(table, OPTIONS)
    const chance = (inputs: number[]) => sigmoid(boostedScore(model, inputs, 0))
    expect(chance([0.5, -0.5])).toBeGreaterThan(0.85)
    expect(chance([-0.5, 0.5])).toBeGreaterThan(0.85)
    expect(chance([0.5, 0.5])).toBeLessThan(0.15)
  })

  test('from noise they learn next to nothing', () => {
    const table = tableOf(4_000, 5, () => 0.3)
    const model = trainBoosted(table, {
      ...OPTIONS,
      leafWeightMin: 50,
      ridge: 10,
      learningRate: 0.05,
    })
    const chances = [-0.9, -0.3, 0.2, 0.8].map((value) =>
      sigmoid(boostedScore(model, new Array<number>(5).fill(value), 0)),
    )
    for (const chance of chances) expect(Math.abs(chance - 0.3)).toBeLessThan(0.1)
  })

  test('what is absent is a value of its own', () => {
    const table = tableOf(3_000, 1, () => 0.5)
    for (let row = 0; row < table.rows; row += 3) {
      table.values[row] = Number.NaN
      table.labels[row] = 1
    }
    const model = trainBoosted(table, OPTIONS)
    expect(sigmoid(boostedScore(model, [Number.NaN], 0))).toBeGreaterThan(0.9)
    expect(sigmoid(boostedScore(model, [0.1], 0))).toBeLessThan(0.65)
  })

  test('the same table gives the same trees, and they survive as JSON', () => {
    const table = tableOf(1_000, 4, ([first = 0]) => sigmoid(4 * first))
    const model = trainBoosted(table, OPTIONS)
    expect(trainBoosted(table, OPTIONS)).toEqual(model)
    const again: typeof model = JSON.parse(JSON.stringify(model))
    expect(boostedScore(again, [0.4, 0, 0, 0], 0)).toBe(boostedScore(model, [0.4, 0, 0, 0], 0))
  })

  test('an empty table gives a model that says nothing', () => {
    const model = trainBoosted(
      tableOf(0, 2, () => 0),
      OPTIONS,
    )
    expect(Number.isFinite(boostedScore(model, [1, 1], 0))).toBe(true)
  })
})
