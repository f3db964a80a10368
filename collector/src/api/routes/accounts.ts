/**
 * Statements of owners and of borrowers: what was promised and where it went. `format=signed` gives a
 * note that stands by itself, and leaves its hash in the journal: what a claim can rest on.
 */
import { HOUR_MS, isTimeZone } from '@yiben/shared'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { AccountFilter } from '../../storage/account-requests.ts'
import {
  type StatementAnswer,
  signStatement,
  statementAnswer,
  statementCsv,
  statementSchema,
} from '../answers/statement.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { checkedSpan, instantIn, invalid, PROBLEMS } from '../schemas.ts'

/** A year and a month: its lines are months. */
const STATEMENT_MS_MAX = 400 * 24 * HOUR_MS

const questionSchema = z.strictObject({
  from: instantIn,
  to: instantIn,
  known_at: instantIn.optional().meta({
    description: 'what was known then; ten seconds before now at the latest',
  }),
  tz: z
    .string()
    .max(64)
    .refine(isTimeZone, 'must be a time zone of the IANA list')
    .optional()
    .meta({ description: 'whose months make the lines' }),
  format: z.enum(['json', 'csv', 'signed']).optional().meta({
    description: 'signed: a C2SP signed note, checked by `yiben-collector verify-statement`',
  }),
})
type Question = z.output<typeof questionSchema>

const NOUNS = [
  {
    url: '/v1/accounts/:code/statement',
    params: z.object({
      code: z.string().max(64).meta({ description: 'unified social credit code of the owner' }),
    }),
    summary: 'What an owner promised, and where it went',
    filterOf: (code: string): AccountFilter => ({ ownerCode: code, borrower: null, bank: null }),
  },
  {
    url: '/v1/borrowers/:code/statement',
    params: z.object({
      code: z.string().max(64).meta({ description: 'the borrower, as draws name it' }),
    }),
    summary: 'What a borrower was promised, and where it went',
    filterOf: (code: string): AccountFilter => ({ ownerCode: null, borrower: code, bank: null }),
  },
] as const

export function accountsRoutes(app: App, context: ApiContext): void {
  for (const { url, params, summary, filterOf } of NOUNS) {
    app.get(
      url,
      {
        config: { access: 'statements' },
        schema: {
          summary,
          description:
            'Reproduced exactly by its `known_at`. Lines are provisional until day 9 of the next ' +
            'month. `from` and `to` are full hours.',
          params,
          querystring: questionSchema,
          produces: ['application/json', 'text/csv', 'text/plain'],
          response: { 200: statementSchema, ...PROBLEMS },
        },
      },
      async (request, reply) => {
        const asker = askerOf(request)
        const filter = filterOf(request.params.code)
        const answer = await answerOf(context, asker, filter, request.query)
        if (request.query.format === 'csv') return sendText(reply, 'csv', statementCsv(answer))
        if (request.query.format !== 'signed') return answer
        return sendText(reply, 'signed', await issue(context, asker, answer))
      },
    )
  }
}

function answerOf(
  context: ApiContext,
  { scope }: Asker,
  filter: AccountFilter,
  query: Question,
): Promise<StatementAnswer> {
  const { clock, settings } = context
  const span = checkedSpan(query, STATEMENT_MS_MAX)
  for (const [field, atMs] of [
    ['from', span.fromMs],
    ['to', span.toMs],
  ] as const) {
    if (atMs % HOUR_MS !== 0) throw invalid(field, 'must be a full hour')
  }
  return statementAnswer(context, {
    scope,
    filter,
    ...span,
    knownAtMs: query.known_at ?? null,
    nowMs: clock.wallMs(),
    timeZone: query.tz ?? settings.timeZone,
  })
}

/** The same statement leaves one entry, however often it is asked for. */
async function issue(
  context: ApiContext,
  { actor }: Asker,
  answer: StatementAnswer,
): Promise<string> {
  const { clock, onOutbox, store } = context
  const { note, sha256 } = signStatement(context, answer)
  const atMs = clock.wallMs()
  const { subject, from, to, known_at } = answer
  const payload = { sha256, subject, from, to, known_at, by: actor }
  const outbox = [{ kind: 'statement_issued' as const, atMs, payload }]
  const { status } = await store.keepStatement({ sha256, issuedAtMs: atMs, outbox })
  if (status === 'issued') onOutbox()
  return note
}

const SENT_AS = {
  csv: { type: 'text/csv; charset=utf-8', file: 'statement.csv' },
  signed: { type: 'text/plain; charset=utf-8', file: 'statement.note' },
} as const

function sendText(reply: FastifyReply, format: keyof typeof SENT_AS, text: string) {
  const { type, file } = SENT_AS[format]
  reply.header('content-type', type)
  reply.header('content-disposition', `attachment; filename="${file}"`)
  return reply.serializer((sent: unknown) => String(sent)).send(text as never)
}
