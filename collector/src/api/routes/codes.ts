/**
 * `GET /v1/codes/{code}`: what a resource code of ours names; `PUT /v1/codes/{code}/issued` keeps a
 * code that a national or regional node has issued for it. A repeated record changes nothing.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { codeRecord } from '../../inventory/issued-codes.ts'
import { CODE_USES } from '../../model/issued-code.ts'
import { codeAnswer, codeSchema, resourceNamed } from '../answers/codes.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantIn, PROBLEMS } from '../schemas.ts'

const codeParams = z.object({ code: z.string().max(64) })
const issuedIn = z.strictObject({
  scheme: z.string().meta({ description: 'the rules the code is made by, such as CPURL' }),
  use: z.enum(CODE_USES).meta({ description: 'what there is in total, or what is available' }),
  value: z.string().nullable().meta({ description: 'null: it has been taken back' }),
  issued_by: z.string(),
  valid_from: instantIn.optional(),
})

export function codesRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/codes/:code',
    {
      config: { access: 'codes' },
      schema: {
        summary: 'What a resource code names, with the codes that others issued for it',
        params: codeParams,
        response: { 200: codeSchema, ...PROBLEMS },
      },
    },
    (request) => codeAnswer(context, askerOf(request).scope, resourceNamed(request.params.code)),
  )
  app.put(
    '/v1/codes/:code/issued',
    {
      config: { access: 'codes_change' },
      schema: {
        summary: 'Keeps a code that somebody else has issued for a thing',
        params: codeParams,
        body: issuedIn,
        response: { 200: codeSchema, 409: PROBLEMS[400], ...PROBLEMS },
      },
    },
    (request) => putIssued(context, askerOf(request), request.params.code, request.body),
  )
}

async function putIssued(
  context: ApiContext,
  asker: Asker,
  text: string,
  body: z.output<typeof issuedIn>,
) {
  const { store, clock } = context
  const thing = resourceNamed(text)
  // Whoever may not see the thing may not name it.
  await codeAnswer(context, asker.scope, thing)
  const nowMs = clock.wallMs()
  const record = codeRecord({
    thing,
    scheme: body.scheme,
    use: body.use,
    value: body.value,
    issuedBy: body.issued_by,
    validFromMs: body.valid_from ?? nowMs,
    recordedAtMs: nowMs,
    author: authorOf(asker),
  })
  const { status } = await store.recordCode(record.code, record.outbox)
  if (status === 'taken') {
    const sentence = `${body.scheme} ${body.value} (${body.use}) is the code of another thing`
    throw new AppError('conflict', sentence)
  }
  context.onOutbox()
  return codeAnswer(context, asker.scope, thing)
}
