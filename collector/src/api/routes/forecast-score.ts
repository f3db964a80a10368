/** `GET /v1/forecast`: how good the chances have been that were told, scored in public. */
import { forecastQuality } from '../answers/forecast.ts'
import { forecastScoreOf, forecastScoreSchema } from '../answers/forecast-score.ts'
import type { App } from '../app.ts'
import type { ApiContext } from '../context.ts'
import { instantText, PROBLEMS } from '../schemas.ts'

export function forecastScoreRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/forecast',
    {
      config: { access: 'capacity' },
      schema: {
        summary: 'The forecast’s own record: Brier score, skill, promises kept, by length of time',
        response: { 200: forecastScoreSchema, ...PROBLEMS },
      },
    },
    () => ({
      demo: context.ledger.isDemo,
      known_at: instantText(context.clock.wallMs()),
      ...forecastScoreOf(forecastQuality(context.forecast?.report() ?? null)),
    }),
  )
}
