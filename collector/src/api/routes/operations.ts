/** `healthz`, `readyz`, `metrics`: for those who keep the collector running. */
import { z } from 'zod'
import type { App } from '../app.ts'
import type { ApiContext } from '../context.ts'
import type { Metrics } from '../metrics.ts'

const readinessSchema = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()),
  notes: z.array(z.string()).meta({ description: 'what it does not do meanwhile, though ready' }),
})

export function operationsRoutes(app: App, context: ApiContext, metrics: Metrics): void {
  for (const prefix of ['', '/v1']) {
    app.get(
      `${prefix}/healthz`,
      {
        config: { access: 'open' },
        schema: {
          hide: prefix === '',
          summary: 'The process answers',
          response: { 200: z.object({ status: z.literal('ok') }) },
        },
      },
      () => ({ status: 'ok' as const }),
    )
    app.get(
      `${prefix}/readyz`,
      {
        config: { access: 'open' },
        schema: {
          hide: prefix === '',
          summary: 'The collector takes records and answers questions',
          response: { 200: readinessSchema, 503: readinessSchema },
        },
      },
      (_request, reply) => {
        const { isReady, notes, reasons } = context.readiness()
        reply.code(isReady ? 200 : 503)
        return { ready: isReady, reasons: [...reasons], notes: [...notes] }
      },
    )
    app.get(
      `${prefix}/metrics`,
      {
        config: { access: 'metrics' },
        schema: { hide: prefix === '', summary: 'Prometheus text', produces: ['text/plain'] },
      },
      async (_request, reply) => {
        const text = await metrics.text(await context.vitals())
        return reply.header('content-type', metrics.contentType).send(text)
      },
    )
  }
}
