/**
 * Keeps promises honest by their own record: what was guessed and what became of it, in bins, older
 * record fading. A non-decreasing map (pool adjacent violators) from what is guessed to what was kept.
 */
import { at, clamp, clampProbability } from './numbers.ts'

/** Upper edges of the bins: fine at the top, where promises are made. */
export const CALIBRATION_EDGES: readonly number[] = [
  ...[0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75],
  ...[0.8, 0.84, 0.88, 0.9, 0.92, 0.94, 0.96, 0.98, 1],
]
export const CALIBRATION_BINS = CALIBRATION_EDGES.length

/** Guesses, the sum of what was guessed, and how many lasted, per bin. */
export interface ReliabilityBins {
  readonly counts: Float64Array
  readonly guessed: Float64Array
  readonly kept: Float64Array
}

export function newBins(): ReliabilityBins {
  const bins = () => new Float64Array(CALIBRATION_BINS)
  return { counts: bins(), guessed: bins(), kept: bins() }
}

export function binOfGuess(guess: number): number {
  let low = 0
  let high = CALIBRATION_BINS - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (guess < at(CALIBRATION_EDGES, middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** The record keeps a share of `kept` of itself, then takes one more. */
export function record(bins: ReliabilityBins, guess: number, label: number): void {
  const bin = binOfGuess(guess)
  bins.counts[bin] = at(bins.counts, bin) + 1
  bins.guessed[bin] = at(bins.guessed, bin) + guess
  bins.kept[bin] = at(bins.kept, bin) + label
}

export function fadeBins(bins: ReliabilityBins, kept: number): void {
  for (const values of [bins.counts, bins.guessed, bins.kept]) {
    for (let bin = 0; bin < values.length; bin += 1) values[bin] = at(values, bin) * kept
  }
}

/** Non-decreasing values nearest to `values` in weighted least squares: pool adjacent violators. */
export function poolAdjacentViolators(
  values: readonly number[],
  weights: readonly number[],
): number[] {
  const blocks: { sum: number; weight: number; size: number }[] = []
  values.forEach((value, index) => {
    const weight = at(weights, index)
    let block = { sum: value * weight, weight, size: 1 }
    for (;;) {
      const before = blocks.at(-1)
      if (before === undefined || before.sum / before.weight <= block.sum / block.weight) break
      blocks.pop()
      block = {
        sum: before.sum + block.sum,
        weight: before.weight + block.weight,
        size: before.size + block.size,
      }
    }
    blocks.push(block)
  })
  return blocks.flatMap(({ sum, weight, size }) => new Array<number>(size).fill(sum / weight))
}

/** A map by straight lines between knots, outside them constant in the shift it makes. */
export interface CalibrationMap {
  readonly guesses: readonly number[]
  readonly values: readonly number[]
}

/**
 * The map of a record. Every bin begins as honest as `trust` guesses: a record of few, or of many
 * that were one job's, does not move it far.
 */
export function calibrationOf(bins: ReliabilityBins, trust: number): CalibrationMap {
  const guesses: number[] = []
  const raw: number[] = []
  const weights: number[] = []
  for (let bin = 0; bin < CALIBRATION_BINS; bin += 1) {
    const low = bin === 0 ? 0 : at(CALIBRATION_EDGES, bin - 1)
    const middle = (low + at(CALIBRATION_EDGES, bin)) / 2
    const count = at(bins.counts, bin)
    const guess = (at(bins.guessed, bin) + middle) / (count + 1)
    guesses.push(guess)
    raw.push((at(bins.kept, bin) + trust * guess) / (count + trust))
    weights.push(count + trust)
  }
  return { guesses, values: poolAdjacentViolators(raw, weights) }
}

export function calibrated({ guesses, values }: CalibrationMap, guess: number): number {
  const last = guesses.length - 1
  if (last < 0) return guess
  let above = 0
  while (above <= last && at(guesses, above) < guess) above += 1
  if (above === 0) return clampProbability((at(values, 0) / at(guesses, 0)) * guess)
  if (above > last) {
    const rest = (1 - at(values, last)) / (1 - at(guesses, last))
    return clampProbability(1 - (1 - guess) * rest)
  }
  const low = at(guesses, above - 1)
  const share = clamp((guess - low) / (at(guesses, above) - low), 0, 1)
  return clampProbability(at(values, above - 1) * (1 - share) + at(values, above) * share)
}
