/**
 * `GET /v1/journal/forecasts/{hour}`: the list behind the `forecast` entry of a full hour, byte by byte
 * as it was hashed, so that `sha256sum` of the answer is the `sha256` of the entry. Its format is in
 * `forecast/live/hourly.ts`. Kept for 35 days; the entries stay for ever.
 */
import { AppError, HOUR_MS } from '@yiben/shared'
import { z } from 'zod'
import { listOfHour } from '../../forecast/live/hourly.ts'
import type { App } from '../app.ts'
import type { ApiContext } from '../context.ts'
import { instantIn, PROBLEMS } from '../schemas.ts'

export function forecastHoursRoutes(app: App, { store }: ApiContext): void {
  app.get(
    '/v1/journal/forecasts/:hour',
    {
      config: { access: 'journal' },
      schema: {
        summary: 'What was forecast at a full hour of every free window: the list behind its entry',
        params: z.strictObject({
          hour: instantIn.refine((atMs) => atMs % HOUR_MS === 0, 'must be a full hour'),
        }),
        produces: ['text/plain'],
        response: { 200: z.string(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const hour = await store.readForecastHour(request.params.hour)
      if (hour === null) throw new AppError('not_found', 'No forecast of that hour is kept.')
      reply.header('content-type', 'text/plain; charset=utf-8')
      return listOfHour(hour)
    },
  )
}
