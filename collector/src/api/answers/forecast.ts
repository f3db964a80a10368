/** The forecast's own record, written out for the quality page. */
import { z } from 'zod'
import type { ForecastReport } from '../../forecast/live/report.ts'
import { instantOrNull, instantOut } from '../schemas.ts'

const SECOND_MS = 1_000

const scoreOut = z.number().nullable()

export const forecastQualitySchema = z
  .object({
    models: z.string().meta({
      description: 'version of the models; `shipped` while the shipped ones answer',
    }),
    is_shipped_prior: z.boolean(),
    trained_at: instantOut.nullable(),
    examples: z.number().int().nullable(),
    training_failures: z.number().int().meta({ description: 'since the collector started' }),
    cards: z.number().int(),
    lag_seconds: z.number().nullable().meta({
      description: 'how far what it has been told lies behind the present',
    }),
    horizons: z.array(
      z.object({
        minutes: z.number().int(),
        guesses: z.number().meta({ description: 'scored of late; what is older fades in a week' }),
        base_rate: scoreOut.meta({ description: 'share of windows that lasted' }),
        brier: scoreOut,
        brier_reference: scoreOut.meta({ description: 'of Kaplan-Meier by age' }),
        skill: scoreOut.meta({ description: 'above 0 is better than Kaplan-Meier' }),
        promises: z.number().meta({ description: 'probabilities of 0.9 and more' }),
        promises_kept: scoreOut.meta({ description: 'share of them that lasted' }),
      }),
    ),
  })
  .nullable()
  .meta({ description: 'null where no forecast runs' })

export type ForecastQuality = z.infer<typeof forecastQualitySchema>

export function forecastQuality(report: ForecastReport | null): ForecastQuality {
  if (report === null) return null
  return {
    models: report.models,
    is_shipped_prior: report.trainedAtMs === null,
    trained_at: instantOrNull(report.trainedAtMs),
    examples: report.examples,
    training_failures: report.training.failures,
    cards: report.cards,
    lag_seconds: report.lagMs === null ? null : report.lagMs / SECOND_MS,
    horizons: report.scores.map((score) => ({
      minutes: score.horizonMs / 60_000,
      guesses: score.guesses,
      base_rate: score.baseRate,
      brier: score.brier,
      brier_reference: score.brierReference,
      skill: score.skill,
      promises: score.promises,
      promises_kept: score.promisesKeptShare,
    })),
  }
}
