/**
 * Logistic regression with ridge, by Newton's method (iteratively reweighted least squares). Inputs
 * are standardised, clipped, and an absent input (NaN) stands at the mean, so that it says nothing.
 * Weights are drawn towards a prior, not to zero: a site starts from what was shipped.
 */
import { clamp, sigmoid } from './numbers.ts'

/** Rows of features, one after the other, and what became of each, in [0, 1]. */
export interface Table {
  readonly rows: number
  readonly columns: number
  readonly values: Float32Array
  readonly labels: Float32Array
}

export interface LogisticModel {
  readonly intercept: number
  readonly weights: readonly number[]
  readonly means: readonly number[]
  readonly scales: readonly number[]
}

/** Beyond this many standard deviations an input is not believed to say more. */
const STANDARD_MAX = 3
/** Newton's steps; five or six are enough, more are never needed. */
const STEPS_MAX = 6
const STEP_CHANGE_MIN = 1e-4
/** A column that hardly moves says nothing. */
const SCALE_MIN = 1e-6

export interface LogisticOptions {
  /** Strength of the pull to the prior, as a number of rows. */
  readonly ridge: number
  /** Standardisation and weights to start from and to be drawn to; `null`: zero weights. */
  readonly prior: LogisticModel | null
}

export function trainLogistic(table: Table, { ridge, prior }: LogisticOptions): LogisticModel {
  const { means, scales } = prior ?? momentsOf(table)
  const size = table.columns + 1
  const target = [
    ...(prior?.weights ?? new Array<number>(table.columns).fill(0)),
    prior?.intercept ?? 0,
  ]
  const solution = Float64Array.from(target)
  const inputs = standardised(table, means, scales)
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const { gradient, hessian } = slopes(inputs, table.labels, solution)
    for (let index = 0; index < size; index += 1) {
      // The intercept is free: how often windows last is each fleet's own.
      const pull = index === size - 1 ? ridge * 0.01 : ridge
      gradient[index] =
        (gradient[index] as number) +
        pull * ((solution[index] as number) - (target[index] as number))
      hessian[index * size + index] = (hessian[index * size + index] as number) + pull
    }
    const change = solveSymmetric(hessian, gradient)
    let largest = 0
    for (let index = 0; index < size; index += 1) {
      const move = clamp(change[index] as number, -2, 2)
      solution[index] = (solution[index] as number) - move
      largest = Math.max(largest, Math.abs(move))
    }
    if (largest < STEP_CHANGE_MIN) break
  }
  const weights = [...solution]
  const intercept = weights.pop() ?? 0
  return { intercept, weights, means, scales }
}

/** The logit of `values[offset …]`. */
export function logisticScore(
  model: LogisticModel,
  values: ArrayLike<number>,
  offset: number,
): number {
  let sum = model.intercept
  const { means, scales, weights } = model
  for (let column = 0; column < weights.length; column += 1) {
    const input = standard(
      values[offset + column] as number,
      means[column] as number,
      scales[column] as number,
    )
    sum += (weights[column] as number) * input
  }
  return sum
}

function standard(value: number, mean: number, scale: number): number {
  if (Number.isNaN(value) || scale < SCALE_MIN) return 0
  return clamp((value - mean) / scale, -STANDARD_MAX, STANDARD_MAX)
}

function momentsOf({ rows, columns, values }: Table) {
  const means: number[] = []
  const scales: number[] = []
  for (let column = 0; column < columns; column += 1) {
    let count = 0
    let sum = 0
    let squares = 0
    for (let row = 0; row < rows; row += 1) {
      const value = values[row * columns + column] as number
      if (Number.isNaN(value)) continue
      count += 1
      sum += value
      squares += value * value
    }
    const mean = count === 0 ? 0 : sum / count
    means.push(mean)
    scales.push(count === 0 ? 0 : Math.sqrt(Math.max(0, squares / count - mean * mean)))
  }
  return { means, scales }
}

/** Standardised rows, each with a 1 for the intercept at its end. */
function standardised(table: Table, means: readonly number[], scales: readonly number[]) {
  const size = table.columns + 1
  const inputs = new Float64Array(table.rows * size)
  for (let row = 0; row < table.rows; row += 1) {
    for (let column = 0; column < table.columns; column += 1) {
      const value = table.values[row * table.columns + column] as number
      inputs[row * size + column] = standard(
        value,
        means[column] as number,
        scales[column] as number,
      )
    }
    inputs[row * size + size - 1] = 1
  }
  return inputs
}

function slopes(inputs: Float64Array, labels: Float32Array, solution: Float64Array) {
  const size = solution.length
  const gradient = new Float64Array(size)
  const hessian = new Float64Array(size * size)
  for (let row = 0; row < labels.length; row += 1) {
    const base = row * size
    let score = 0
    for (let index = 0; index < size; index += 1)
      score += (inputs[base + index] as number) * (solution[index] as number)
    const probability = sigmoid(score)
    const error = probability - (labels[row] as number)
    const weight = Math.max(probability * (1 - probability), 1e-4)
    for (let index = 0; index < size; index += 1) {
      const input = inputs[base + index] as number
      if (input === 0) continue
      gradient[index] = (gradient[index] as number) + error * input
      const weighted = weight * input
      const line = index * size
      for (let other = index; other < size; other += 1) {
        hessian[line + other] =
          (hessian[line + other] as number) + weighted * (inputs[base + other] as number)
      }
    }
  }
  for (let index = 0; index < size; index += 1) {
    for (let other = 0; other < index; other += 1) {
      hessian[index * size + other] = hessian[other * size + index] as number
    }
  }
  return { gradient, hessian }
}

/** Cholesky's method; the matrix is positive definite because of the ridge. */
export function solveSymmetric(matrix: Float64Array, right: Float64Array): Float64Array {
  const size = right.length
  const lower = new Float64Array(size * size)
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = matrix[row * size + column] as number
      for (let k = 0; k < column; k += 1) {
        sum -= (lower[row * size + k] as number) * (lower[column * size + k] as number)
      }
      lower[row * size + column] =
        row === column
          ? Math.sqrt(Math.max(sum, 1e-9))
          : sum / (lower[column * size + column] as number)
    }
  }
  const solution = Float64Array.from(right)
  for (let row = 0; row < size; row += 1) {
    let sum = solution[row] as number
    for (let k = 0; k < row; k += 1)
      sum -= (lower[row * size + k] as number) * (solution[k] as number)
    solution[row] = sum / (lower[row * size + row] as number)
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    let sum = solution[row] as number
    for (let k = row + 1; k < size; k += 1)
      sum -= (lower[k * size + row] as number) * (solution[k] as number)
    solution[row] = sum / (lower[row * size + row] as number)
  }
  return solution
}
