/**
 * Small arithmetic that every part of the forecast shares: checked reads of typed arrays, logits,
 * exponential forgetting, and typed arrays as text, so that a state is plain JSON. Pure.
 */
import { assert } from '@yiben/shared'

export const SECOND_MS = 1_000
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** No probability nearer to 0 or 1 than this is believed: nothing here is seen often enough. */
export const PROBABILITY_MIN = 0.002

/** The number at `index`; outside the list it is a bug, never `undefined`. */
export function at(list: ArrayLike<number>, index: number): number {
  const value = list[index]
  assert(value !== undefined, 'an index of the forecast is outside its list')
  return value
}

/** The entry at `index` of a list of objects. */
export function entry<Value>(list: readonly Value[], index: number): Value {
  const value = list[index]
  assert(value !== undefined, 'an index of the forecast is outside its list')
  return value
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}

export function clampProbability(value: number): number {
  return clamp(value, PROBABILITY_MIN, 1 - PROBABILITY_MIN)
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}

/** NaN stays NaN: what is not known has no logit. */
export function logitOf(probability: number): number {
  const inside = clampProbability(probability)
  return Math.log(inside / (1 - inside))
}

/** What is left of a weight after `elapsedMs`, when a share of 1/e is left after `timeConstantMs`. */
export function remaining(elapsedMs: number, timeConstantMs: number): number {
  return elapsedMs <= 0 ? 1 : Math.exp(-elapsedMs / timeConstantMs)
}

/** A repeatable number in [0, 1) for three integers: sampling that is the same in every run. */
export function hashFraction(first: number, second: number, third: number): number {
  let mixed = Math.imul(first ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(second ^ 0x7f4a7c15, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ third, 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296
}

/** A small seeded generator (mulberry32): 32 bits of state, the same sequence in every run. */
export function seededFractions(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
