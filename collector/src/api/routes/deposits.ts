/** `GET /v1/deposits`: what is put in now; `open=false` adds what has been closed. */
import { z } from 'zod'
import { depositOf, depositSchema, unitsOfDeposits } from '../answers/deposits.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { flagIn, nextCursorOut, PROBLEMS, pageIn, pageOf } from '../schemas.ts'

const answerSchema = z.object({
  demo: z.boolean(),
  catalogue_version: z.string(),
  deposits: z.array(depositSchema),
  next_cursor: nextCursorOut,
})

export function depositsRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/deposits',
    {
      config: { access: 'deposits' },
      schema: {
        summary: 'Deposits, open ones only unless open=false',
        querystring: z.strictObject({ ...pageIn, open: flagIn.optional() }),
        response: { 200: answerSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { store, ledger, catalogue } = context
      const asker = askerOf(request)
      const openOnly = request.query.open ?? true
      const page = await store.listDeposits(asker.scope, openOnly, pageOf(request.query))
      const unitIds = page.rows.map((deposit) => deposit.unitId)
      const units = await unitsOfDeposits(context, asker, unitIds)
      return {
        demo: ledger.isDemo,
        catalogue_version: catalogue.version,
        deposits: page.rows.flatMap((deposit) => {
          const unit = units.get(deposit.unitId)
          return unit === undefined ? [] : [depositOf(context, asker, deposit, unit)]
        }),
        next_cursor: page.nextCursor,
      }
    },
  )
}
