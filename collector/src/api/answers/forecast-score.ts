/** The forecast's own record by itself, for those who are told chances and may not see the quality page. */
import { z } from 'zod'
import { instantOut } from '../schemas.ts'
import { type ForecastQuality, forecastQualitySchema } from './forecast.ts'

const scored = forecastQualitySchema.unwrap()

export const forecastScoreSchema = z
  .object({
    demo: z.boolean(),
    known_at: instantOut,
    forecast: scored
      .omit({ horizons: true })
      .nullable()
      .meta({ description: 'null where no forecast runs' }),
    horizons: scored.shape.horizons,
  })
  .meta({ id: 'ForecastScore' })
export type ForecastScoreAnswer = z.infer<typeof forecastScoreSchema>

export function forecastScoreOf(
  quality: ForecastQuality,
): Pick<ForecastScoreAnswer, 'forecast' | 'horizons'> {
  if (quality === null) return { forecast: null, horizons: [] }
  const { horizons, ...forecast } = quality
  return { forecast, horizons }
}
