/** `GET /v1/ledger`: the one ledger, as of any time. */
import { z } from 'zod'
import { LEDGER_GROUPINGS } from '../../rollup/ledger.ts'
import { ledgerAnswer, ledgerSchema } from '../answers/ledger.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantIn, PROBLEMS } from '../schemas.ts'

const questionSchema = z.strictObject({
  as_of: instantIn.optional(),
  known_at: instantIn.optional(),
  by: z.enum(LEDGER_GROUPINGS).optional(),
})

export function ledgerRoutes(app: App, context: ApiContext): void {
  const { store, lookup, ledger, catalogue, settings, clock } = context
  const parts = { store, lookup, ledger, catalogueVersion: catalogue.version, ...settings }
  app.get(
    '/v1/ledger',
    {
      config: { access: 'ledger' },
      schema: {
        summary: 'The one ledger: cards and P per stage',
        querystring: questionSchema,
        response: { 200: ledgerSchema, ...PROBLEMS },
      },
    },
    (request) =>
      ledgerAnswer(parts, {
        scope: askerOf(request).scope,
        asOfMs: request.query.as_of ?? null,
        knownAtMs: request.query.known_at ?? null,
        by: request.query.by ?? 'total',
        nowMs: clock.wallMs(),
      }),
  )
}
