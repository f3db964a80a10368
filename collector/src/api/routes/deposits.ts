/** `GET /v1/deposits`: what is put in now, with its lots; `open=false` adds what has been closed. */
import { z } from 'zod'
import { depositOf, depositSchema, lotsOfDeposits, unitsOfDeposits } from '../answers/deposits.ts'
import { lotSchema } from '../answers/lots.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { flagIn, nextCursorOut, PROBLEMS, pageIn, pageOf } from '../schemas.ts'

const answerSchema = z.object({
  demo: z.boolean(),
  catalogue_version: z.string(),
  deposits: z.array(depositSchema).meta({ description: 'one per card, in the order of opening' }),
  lots: z.array(lotSchema).meta({
    description:
      'the lots in which the open deposits of this page lie, each with all its cards, so that one ' +
      'may come with several pages',
  }),
  next_cursor: nextCursorOut,
})

export function depositsRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/deposits',
    {
      config: { access: 'deposits' },
      schema: {
        summary: 'Deposits and their lots, open ones only unless open=false',
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
      const [units, lots] = await Promise.all([
        unitsOfDeposits(context, asker, unitIds),
        lotsOfDeposits(context, asker, page.rows),
      ])
      return {
        demo: ledger.isDemo,
        catalogue_version: catalogue.version,
        deposits: page.rows.flatMap((deposit) => {
          const unit = units.get(deposit.unitId)
          return unit === undefined ? [] : [depositOf(context, asker, deposit, unit)]
        }),
        lots: [...lots],
        next_cursor: page.nextCursor,
      }
    },
  )
}
