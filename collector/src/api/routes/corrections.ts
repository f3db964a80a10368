/**
 * `GET /v1/corrections`: what late data moved in sealed hours, found by when it became known (`from`,
 * `to`) or by the civil month of the hours (`month`), whenever it became known.
 */
import { isTimeZone } from '@yiben/shared'
import { z } from 'zod'
import { MONTH_SHAPE, monthSpan } from '../../rollup/report-month.ts'
import type { CorrectionRange } from '../../storage/report-store.ts'
import { correctionsAnswer, correctionsSchema } from '../answers/corrections.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { checkedSpan, instantIn, invalid, PROBLEMS, pageIn, pageOf } from '../schemas.ts'

const SPAN_MS_MAX = 400 * 86_400_000
/** Later than any hour and any instant of knowing. */
const END_MS = Number.MAX_SAFE_INTEGER

export const monthIn = z.string().regex(MONTH_SHAPE, 'must be a month such as 2026-10')
export const timeZoneIn = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be a time zone of the IANA list')

const correctionsIn = {
  from: instantIn.optional().meta({ description: 'known from then on' }),
  to: instantIn.optional().meta({ description: 'known before then' }),
  month: monthIn.optional().meta({ description: 'instead of from and to: hours of this month' }),
  tz: timeZoneIn.optional().meta({ description: 'whose month' }),
}
const questionSchema = z.strictObject({ ...correctionsIn, ...pageIn })
type Question = Pick<z.output<typeof questionSchema>, keyof typeof correctionsIn>

export function correctionsRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/corrections',
    {
      config: { access: 'corrections' },
      schema: {
        summary: 'Sealed hours that were written again: what moved, by how much, since when known',
        querystring: questionSchema,
        response: { 200: correctionsSchema, ...PROBLEMS },
      },
    },
    (request) => {
      const range = correctionRange(context, request.query)
      return correctionsAnswer(context, askerOf(request).scope, range, pageOf(request.query))
    },
  )
}

function correctionRange(
  { settings }: Pick<ApiContext, 'settings'>,
  { from, to, month, tz }: Question,
): CorrectionRange {
  if (month !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw invalid('month', 'asks for the hours of a month: leave from and to out')
    }
    const { fromMs, toMs } = monthSpan(month, tz ?? settings.timeZone)
    return { fromMs, toMs, knownFromMs: 0, knownToMs: END_MS }
  }
  if (from === undefined || to === undefined) {
    throw invalid(from === undefined ? 'from' : 'to', 'is needed, or a month')
  }
  const known = checkedSpan({ from, to }, SPAN_MS_MAX)
  return { fromMs: 0, toMs: END_MS, knownFromMs: known.fromMs, knownToMs: known.toMs }
}
