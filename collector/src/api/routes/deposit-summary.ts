/** `GET /v1/deposits/summary`: what is deposited now, by site and kind of card, and what will last. */
import { z } from 'zod'
import { DEPOSIT_GROUPINGS, depositGroups } from '../../bank/deposit-groups.ts'
import { amountsOf, depositGroupOf, depositSummarySchema } from '../answers/deposit-summary.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantText, PROBLEMS, pageIn, pageOf } from '../schemas.ts'

const questionSchema = z.strictObject({
  by: z.enum(DEPOSIT_GROUPINGS).optional().meta({ description: 'default site_model' }),
  ...pageIn,
})

export function depositSummaryRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/deposits/summary',
    {
      config: { access: 'deposits' },
      schema: {
        summary: 'Open deposits by site and kind of card: how much, how long free, what will last',
        querystring: questionSchema,
        response: { 200: depositSummarySchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { capacity, catalogue, isSuspended, ledger, outlook } = context
      const { query } = request
      const { scope } = askerOf(request)
      const { view, asOfMs, lagMs } = await capacity.upToDate()
      const by = query.by ?? 'site_model'
      const groups = depositGroups(view, { scope, by, isSuspended, outlook: outlook() })
      const { cursor, limit } = pageOf(query)
      const left = cursor === null ? groups : groups.filter(({ key }) => key > cursor)
      const shown = left.slice(0, limit)
      return {
        demo: ledger.isDemo,
        as_of: instantText(asOfMs),
        lag_ms: lagMs,
        catalogue_version: catalogue.version,
        total: amountsOf(groups),
        groups: shown.map(depositGroupOf),
        next_cursor: shown.length === left.length ? null : (shown.at(-1)?.key ?? null),
      }
    },
  )
}
