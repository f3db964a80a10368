/** `GET /v1/rollups`: card time by state, rates with bounds, P·h. */
import { HOUR_MS, isTimeZone, VENDORS } from '@yiben/shared'
import { z } from 'zod'
import { ROLLUP_GROUPINGS } from '../answers/rollup-groups.ts'
import {
  GRAINS,
  ROLLUP_MS_MAX,
  type RollupsAnswer,
  rollupsAnswer,
  rollupsSchema,
} from '../answers/rollups.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { checkedSpan, flagIn, instantIn, invalid, PROBLEMS } from '../schemas.ts'

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
  region: z
    .string()
    .regex(/^[1-8]\d(\d{2}){0,2}$/, 'must be 2, 4 or 6 digits of a GB/T 2260 code')
    .optional(),
  hub: z.string().max(32).optional(),
  cluster: z.string().max(64).optional(),
  operator: z.string().max(18).optional(),
  models: flagIn.optional().meta({ description: 'false: rows without their models, much smaller' }),
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
    withModels: query.models ?? true,
    filter: {
      site: query.site ?? null,
      owner: query.owner ?? null,
      vendor: query.vendor ?? null,
      model: query.model ?? null,
      region: query.region ?? null,
      hub: query.hub ?? null,
      cluster: query.cluster ?? null,
      operator: query.operator ?? null,
    },
  })
}
