/** `GET /v1/rollups` and `/v1/rollups.csv`: card time by state, rates with bounds, P·h. */
import { HOUR_MS, isTimeZone, VENDORS } from '@yiben/shared'
import { z } from 'zod'
import {
  GRAINS,
  ROLLUP_GROUPINGS,
  ROLLUP_MS_MAX,
  type RollupsAnswer,
  rollupsAnswer,
  rollupsCsv,
  rollupsSchema,
} from '../answers/rollups.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { checkedSpan, instantIn, invalid, PROBLEMS } from '../schemas.ts'

const questionSchema = z.strictObject({
  from: instantIn,
  to: instantIn,
  known_at: instantIn.optional(),
  tz: z.string().max(64).refine(isTimeZone, 'must be a time zone of the IANA list').optional(),
  grain: z.enum(GRAINS).optional(),
  by: z.enum(ROLLUP_GROUPINGS).optional(),
  site: z.string().max(32).optional(),
  owner: z.string().max(18).optional(),
  vendor: z.enum(VENDORS).optional(),
  model: z.string().max(120).optional(),
})
type Question = z.output<typeof questionSchema>

export function rollupsRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/rollups',
    {
      config: { access: 'rollups' },
      schema: {
        summary: 'Sums over sealed hours',
        querystring: questionSchema,
        response: { 200: rollupsSchema, ...PROBLEMS },
      },
    },
    (request) => answerOf(context, askerOf(request), request.query),
  )
  app.get(
    '/v1/rollups.csv',
    {
      config: { access: 'rollups' },
      schema: {
        summary: 'The same as CSV',
        querystring: questionSchema,
        produces: ['text/csv'],
        response: PROBLEMS,
      },
    },
    async (request, reply) => {
      const answer = await answerOf(context, askerOf(request), request.query)
      reply.header('content-type', 'text/csv; charset=utf-8')
      reply.header('content-disposition', 'attachment; filename="rollups.csv"')
      return reply.serializer((text: unknown) => String(text)).send(rollupsCsv(answer) as never)
    },
  )
}

function answerOf(context: ApiContext, asker: Asker, query: Question): Promise<RollupsAnswer> {
  const { store, lookup, ledger, catalogue, settings, clock } = context
  const span = checkedSpan(query, ROLLUP_MS_MAX)
  for (const [field, atMs] of [
    ['from', span.fromMs],
    ['to', span.toMs],
  ] as const) {
    if (atMs % HOUR_MS !== 0) throw invalid(field, 'must be a full hour: buckets are hours')
  }
  const parts = { store, lookup, ledger, catalogueVersion: catalogue.version }
  return rollupsAnswer(parts, {
    scope: asker.scope,
    ...span,
    knownAtMs: query.known_at ?? clock.wallMs(),
    timeZone: query.tz ?? settings.timeZone,
    grain: query.grain ?? 'day',
    by: query.by ?? 'total',
    filter: {
      site: query.site ?? null,
      owner: query.owner ?? null,
      vendor: query.vendor ?? null,
      model: query.model ?? null,
    },
  })
}
