/**
 * What the forecast knows before it has seen anything: how fast free windows end by age, and what the
 * features of a window mean on average, learned at other sites (`prior-data.ts` names them). A site's own
 * history takes over as it grows: both are priors that data outweighs, not rules.
 */
import { assert } from '@yiben/shared'
import { INPUTS } from './features.ts'
import type { LogisticModel } from './logistic.ts'
import { PRIOR_TEXT } from './prior-data.ts'
import { AGE_BINS } from './survival.ts'

export interface Prior {
  /** Rates at which free windows end, per hour and bin of age. */
  readonly ratesPerHour: readonly number[]
  /** Per horizon and age class. */
  readonly logistic: readonly (readonly LogisticModel[])[]
}

export const PRIOR: Prior = {
  ratesPerHour: numbers(PRIOR_TEXT.ratesPerHour, AGE_BINS),
  logistic: PRIOR_TEXT.logistic.map((classes) =>
    classes.map(({ intercept, weights, means, scales }) => ({
      intercept,
      weights: numbers(weights, INPUTS),
      means: numbers(means, INPUTS),
      scales: numbers(scales, INPUTS),
    })),
  ),
}

/**
 * Lists are shipped as numbers with spaces between them. A prior of another version of the features
 * would be nonsense in silence: it stops the program.
 */
function numbers(text: string, count: number): number[] {
  const found = text.split(' ').map(Number)
  const isWhole = found.length === count && found.every(Number.isFinite)
  assert(isWhole, 'the shipped prior fits the features: make it anew')
  return found
}
