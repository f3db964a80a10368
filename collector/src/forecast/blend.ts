/**
 * How much each expert is listened to: weights that would have made the recent squared error least,
 * drawn to a plain average, which is hard to beat and never far off. Where the learned ones fail, the
 * record says so and Kaplan-Meier takes over.
 */

import { EXPERTS } from './examples.ts'
import { at } from './numbers.ts'

const COUNT = EXPERTS.length
/**
 * Reference, mixture, logistic, boosted. The learned ones know the mixture's guess already; the reference
 * only speaks when the others fail.
 */
export const PLAIN_WEIGHTS: readonly number[] = [0, 0.1, 0.45, 0.45]
/** In squared error: differences this small are noise, for windows of one pool end together. */
const PULL = 0.004
const STEPS_MAX = 200
const STEP_CHANGE_MIN = 1e-6

/** Sums of products of the experts' errors, and how many there were. */
export interface ErrorMoments {
  readonly products: Float64Array
  count: number
}

export function newMoments(): ErrorMoments {
  return { products: new Float64Array(COUNT * COUNT), count: 0 }
}

export function addErrors(moments: ErrorMoments, guesses: ArrayLike<number>, label: number): void {
  for (let left = 0; left < COUNT; left += 1) {
    for (let right = 0; right < COUNT; right += 1) {
      const product = (at(guesses, left) - label) * (at(guesses, right) - label)
      moments.products[left * COUNT + right] = at(moments.products, left * COUNT + right) + product
    }
  }
  moments.count += 1
}

export function fadeMoments(moments: ErrorMoments, kept: number): void {
  for (let index = 0; index < COUNT * COUNT; index += 1) {
    moments.products[index] = at(moments.products, index) * kept
  }
  moments.count *= kept
}

/** Weights from the record; `prior` rows of a plain average stand against it. */
export function blendWeights({ products, count }: ErrorMoments, priorCount: number): number[] {
  let weights = [...PLAIN_WEIGHTS]
  const trust = count / (count + priorCount)
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const slope = weights.map((weight, left) => {
      let sum = PULL * (weight - at(PLAIN_WEIGHTS, left))
      for (let right = 0; right < COUNT; right += 1) {
        sum +=
          (trust * at(products, left * COUNT + right) * at(weights, right)) / Math.max(1, count)
      }
      return sum
    })
    const next = onSimplex(weights.map((weight, index) => weight - 0.5 * at(slope, index)))
    const change = Math.max(...next.map((weight, index) => Math.abs(weight - at(weights, index))))
    weights = next
    if (change < STEP_CHANGE_MIN) break
  }
  return weights
}

/** The nearest weights that are not negative and sum to one. */
export function onSimplex(values: readonly number[]): number[] {
  const sorted = [...values].sort((left, right) => right - left)
  let sum = 0
  let shift = 0
  sorted.forEach((value, index) => {
    sum += value
    const candidate = (sum - 1) / (index + 1)
    if (value > candidate) shift = candidate
  })
  return values.map((value) => Math.max(0, value - shift))
}
