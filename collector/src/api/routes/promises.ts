/** `GET /v1/promises`: how the promises of a span ended, with and without swaps, and what broke them. */
import { HOUR_MS } from '@yiben/shared'
import { z } from 'zod'
import { promisesAnswer, promisesSchema } from '../answers/promises.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { checkedSpan, instantIn, invalid, PROBLEMS } from '../schemas.ts'

/** A quarter: what a person looks back on. */
const SPAN_MS_MAX = 92 * 24 * HOUR_MS

const questionSchema = z.strictObject({
  from: instantIn,
  to: instantIn,
  known_at: instantIn.optional(),
})

export function promisesRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/promises',
    {
      config: { access: 'statements' },
      schema: {
        summary: 'Promises kept and broken, by cause and by model; `from` and `to` are full hours',
        querystring: questionSchema,
        response: { 200: promisesSchema, ...PROBLEMS },
      },
    },
    (request) => {
      const { query } = request
      const span = checkedSpan(query, SPAN_MS_MAX)
      if (query.from % HOUR_MS !== 0) throw invalid('from', 'must be a full hour')
      if (query.to % HOUR_MS !== 0) throw invalid('to', 'must be a full hour')
      return promisesAnswer(context, {
        scope: askerOf(request).scope,
        ...span,
        knownAtMs: query.known_at ?? null,
        nowMs: context.clock.wallMs(),
        timeZone: context.settings.timeZone,
      })
    },
  )
}
