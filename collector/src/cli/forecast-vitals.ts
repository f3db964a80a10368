/** The forecast's numbers for `/metrics`: its score per horizon, its training, its state, its lag. */
import type { Vital } from '../api/context.ts'
import type { ForecastReport } from '../forecast/live/report.ts'
import type { HorizonScore } from '../forecast/score.ts'
import { counter, flagGauge, gauge, known } from './vital.ts'

const SECOND_MS = 1_000

export function forecastVitals(report: ForecastReport, nowMs: number): readonly Vital[] {
  const { cards, lagMs, models, stateBytes, trainedAtMs, training } = report
  return [
    ...report.scores.flatMap(scoreVitals),
    gauge('forecast_cards', 'cards that the forecast follows', cards),
    flagGauge('forecast_prior', '1 while the shipped models answer', models === 'shipped'),
    counter('forecast_trainings_total', 'trainings that succeeded', training.trainings),
    counter('forecast_training_failures_total', 'trainings that failed', training.failures),
    ...known(training.tookMs, (ms) =>
      gauge('forecast_training_seconds', 'how long the last training took', ms / SECOND_MS),
    ),
    ...known(trainedAtMs, (atMs) =>
      gauge(
        'forecast_models_age_seconds',
        'since the models were trained',
        (nowMs - atMs) / SECOND_MS,
      ),
    ),
    ...known(stateBytes, (bytes) =>
      gauge('forecast_state_bytes', 'its state as written last', bytes),
    ),
    ...known(lagMs, (ms) =>
      gauge('forecast_lag_seconds', 'how far what is told lies behind the present', ms / SECOND_MS),
    ),
  ]
}

/** Faded within a week, so that they go down too: gauges. */
function scoreVitals(score: HorizonScore): readonly Vital[] {
  const labels = { horizon: `${score.horizonMs / 60_000}min` }
  const { brier, brierReference, promises, promisesKeptShare, skill } = score
  const scored = (name: string, help: string, value: number | null) =>
    known(value, (one) => ({ ...gauge(`forecast_${name}`, help, one), labels }))
  return [
    ...scored('brier', 'mean squared error of the probabilities', brier),
    ...scored('brier_reference', 'the same of Kaplan-Meier by age', brierReference),
    ...scored('skill', '1 - brier / brier_reference: below 0 is worse than Kaplan-Meier', skill),
    ...scored('promises', 'probabilities of 0.9 and more', promises),
    ...scored('promises_kept', 'windows of these that lasted', promises * (promisesKeptShare ?? 0)),
  ]
}
