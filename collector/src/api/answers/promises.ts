/**
 * All promises in the asker's scope: how they ended, and where the promised time went, by model.
 * Sums over the lines of a statement that is of everybody; over models there is P·h alone.
 */
import { z } from 'zod'
import { BROKEN_CAUSES } from '../../model/draw.ts'
import type { ApiContext } from '../context.ts'
import { pedigreeSchema } from './pedigree.ts'
import { type StatementAsk, statementAnswer, statementSchema } from './statement.ts'

const statementParts = statementSchema.shape
const { promised_card_ms: amountOut, swapped_card_ms: signedAmountOut } =
  statementParts.lines.element.shape

const modelSchema = z.object({
  model: z.string().meta({ description: 'of the catalogue; as printed where it is unrated' }),
  promised_card_ms: amountOut,
  delivered_active_card_ms: amountOut,
  delivered_idle_card_ms: amountOut,
  returned_card_ms: amountOut,
  broken_card_ms: z.partialRecord(z.enum(BROKEN_CAUSES), amountOut),
  unproven_card_ms: amountOut,
  pending_card_ms: amountOut,
  swapped_card_ms: signedAmountOut,
})

export const promisesSchema = pedigreeSchema
  .extend({
    from: statementParts.from,
    to: statementParts.to,
    coverage: statementParts.coverage,
    draws: statementParts.draws,
    bookings: statementParts.bookings,
    p_hours: statementParts.p_hours,
    unrated_lines: statementParts.unrated_lines,
    models: z.array(modelSchema).meta({
      description: 'promised = delivered + returned + broken + unproven + pending + swapped',
    }),
  })
  .meta({ id: 'Promises' })
export type PromisesAnswer = z.infer<typeof promisesSchema>
type Line = Awaited<ReturnType<typeof statementAnswer>>['lines'][number]

export async function promisesAnswer(
  context: Pick<ApiContext, 'store' | 'lookup' | 'ledger' | 'catalogue' | 'settings'>,
  ask: Omit<StatementAsk, 'filter'>,
): Promise<PromisesAnswer> {
  const filter = { ownerCode: null, borrower: null, bank: null }
  const {
    lines,
    subject: _,
    sites: __,
    tz: ___,
    ...rest
  } = await statementAnswer(context, {
    ...ask,
    filter,
  })
  const byModel = Map.groupBy(lines, ({ model }) => model)
  return {
    ...rest,
    models: [...byModel].map(([model, ofModel]) => modelOf(model, ofModel)),
  }
}

function modelOf(model: string, lines: readonly Line[]): PromisesAnswer['models'][number] {
  const sum = (amount: (line: Line) => string | undefined) =>
    lines.reduce((total, line) => total + BigInt(amount(line) ?? '0'), 0n)
  const broken = BROKEN_CAUSES.map(
    (cause) => [cause, sum(({ broken_card_ms: by }) => by[cause])] as const,
  )
  return {
    model,
    promised_card_ms: String(sum((line) => line.promised_card_ms)),
    delivered_active_card_ms: String(sum((line) => line.delivered_active_card_ms)),
    delivered_idle_card_ms: String(sum((line) => line.delivered_idle_card_ms)),
    returned_card_ms: String(sum((line) => line.returned_card_ms)),
    broken_card_ms: Object.fromEntries(
      broken.filter(([, ms]) => ms !== 0n).map(([cause, ms]) => [cause, String(ms)]),
    ),
    unproven_card_ms: String(sum((line) => line.unproven_card_ms)),
    pending_card_ms: String(sum((line) => line.pending_card_ms)),
    swapped_card_ms: String(sum((line) => line.swapped_card_ms)),
  }
}
