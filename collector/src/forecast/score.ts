/**
 * How good the promises have been: squared error against Kaplan-Meier's and against the base rate,
 * and what was kept of what was promised at 0.9 or more. Counted on the forecaster's own questions,
 * which nobody chose, and faded within a week. For `/metrics` and the quality page.
 */
import { HORIZONS_MS } from './pool-history.ts'

/** What is offered as safe: DESIGN 5 promises from here on. */
export const PROMISE_LEAST = 0.9

export interface HorizonScore {
  readonly horizonMs: number
  /** Weighted number of guesses that are scored; 0: nothing is known yet, the rest is `null`. */
  readonly guesses: number
  readonly baseRate: number | null
  readonly brier: number | null
  readonly brierReference: number | null
  /** 1 − brier ÷ brierReference: above 0 is better than Kaplan-Meier. */
  readonly skill: number | null
  readonly promises: number
  readonly promisesKeptShare: number | null
}

export interface ScoreSums {
  guesses: number
  lasted: number
  squares: number
  squaresReference: number
  promises: number
  promisesKept: number
}

/** One entry per horizon. */
export class ForecastScore {
  readonly #sums: ScoreSums[]

  constructor(sums: readonly ScoreSums[] = HORIZONS_MS.map(emptySums)) {
    this.#sums = sums.map((one) => ({ ...one }))
  }

  add(horizon: number, outcome: { promised: number; reference: number; label: number }): void {
    const sums = this.#sums[horizon]
    if (sums === undefined) return
    const { promised, reference, label } = outcome
    sums.guesses += 1
    sums.lasted += label
    sums.squares += (promised - label) ** 2
    sums.squaresReference += (reference - label) ** 2
    if (promised < PROMISE_LEAST) return
    sums.promises += 1
    sums.promisesKept += label
  }

  fade(kept: number): void {
    for (const sums of this.#sums) {
      sums.guesses *= kept
      sums.lasted *= kept
      sums.squares *= kept
      sums.squaresReference *= kept
      sums.promises *= kept
      sums.promisesKept *= kept
    }
  }

  view(): HorizonScore[] {
    return this.#sums.map((sums, horizon) => ({
      horizonMs: HORIZONS_MS[horizon] ?? 0,
      guesses: sums.guesses,
      baseRate: shareOf(sums.lasted, sums.guesses),
      brier: shareOf(sums.squares, sums.guesses),
      brierReference: shareOf(sums.squaresReference, sums.guesses),
      skill: sums.squaresReference === 0 ? null : 1 - sums.squares / sums.squaresReference,
      promises: sums.promises,
      promisesKeptShare: shareOf(sums.promisesKept, sums.promises),
    }))
  }

  toJSON(): ScoreSums[] {
    return this.#sums.map((one) => ({ ...one }))
  }
}

function emptySums(): ScoreSums {
  return {
    guesses: 0,
    lasted: 0,
    squares: 0,
    squaresReference: 0,
    promises: 0,
    promisesKept: 0,
  }
}

function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
