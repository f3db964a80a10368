/**
 * `GET /v1/balance`: whether the seven states of every card the asker may see add up to wall time,
 * from the raw runs. Bounded: what is too much for one answer is refused before it is read.
 */
import { AppError, HOUR_MS } from '@yiben/shared'
import { z } from 'zod'
import { balanceAnswer, balanceSchema } from '../answers/balance.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { checkedSpan, instantIn, PROBLEMS } from '../schemas.ts'
import { acceleratorIdOf } from './accelerators.ts'

/** A month at most; the runs of a card and a day are read at once. */
const SPAN_MS_MAX = 31 * 24 * HOUR_MS
/** 5,000 card-days: a few seconds of a reader. */
const CARD_MS_MAX = 5_000 * 24 * HOUR_MS

export function balanceRoutes(app: App, context: ApiContext): void {
  const { store, clock, ledger } = context
  app.get(
    '/v1/balance',
    {
      config: { access: 'balance' },
      schema: {
        summary: 'Whether the states of all cards add up to wall time; holes and overlaps if not',
        description: `At most 31 days and ${CARD_MS_MAX / HOUR_MS} card-hours in one answer.`,
        querystring: z.strictObject({
          from: instantIn,
          to: instantIn,
          accelerator: z.string().max(32).optional().meta({ description: 'this one only' }),
        }),
        response: { 200: balanceSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { scope } = askerOf(request)
      const { accelerator } = request.query
      const span = checkedSpan(request.query, SPAN_MS_MAX)
      const acceleratorId = accelerator === undefined ? null : acceleratorIdOf(accelerator)
      if (accelerator !== undefined) {
        const units = acceleratorId === null ? [] : await store.findUnits(scope, acceleratorId)
        if (units.length === 0) {
          throw new AppError('not_found', `no accelerator ${accelerator} here`)
        }
      }
      return balanceAnswer(store, {
        scope,
        acceleratorId,
        ...span,
        nowMs: clock.wallMs(),
        isDemo: ledger.isDemo,
        cardMsMax: CARD_MS_MAX,
      })
    },
  )
}
