/**
 * `GET /v1/findings`, `POST /v1/findings/{id}/clear`: what nodes told and no honest one tells, and a
 * person's word, with a reason, that nothing is wrong. Not for operators: it may be their own doing.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { findingCleared } from '../../inventory/administration.ts'
import { findingAnswer, findingSchema } from '../answers/findings.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { flagIn, nextCursorOut, PROBLEMS, pageIn, pageOf } from '../schemas.ts'

const BECAUSE_CHARACTERS_MAX = 500

const listSchema = z.object({
  demo: z.boolean(),
  findings: z.array(findingSchema),
  next_cursor: nextCursorOut,
})
const idParams = z.object({ id: z.string().regex(/^[1-9]\d{0,14}$/, 'must be a number') })
const clearIn = z.strictObject({
  because: z
    .string()
    .trim()
    .min(1)
    .max(BECAUSE_CHARACTERS_MAX)
    .meta({ description: 'why nothing is wrong; stands in the journal' }),
})

export function findingsRoutes(app: App, context: ApiContext): void {
  const { store, ledger } = context
  app.get(
    '/v1/findings',
    {
      config: { access: 'quality' },
      schema: {
        summary: 'What nodes told and no honest one tells, newest first',
        querystring: z.strictObject({ open: flagIn.optional(), ...pageIn }),
        response: { 200: listSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { scope } = askerOf(request)
      const openOnly = request.query.open ?? true
      const page = await store.listFindings(scope, openOnly, pageOf(request.query))
      const findings = page.rows.map(findingAnswer)
      return { demo: ledger.isDemo, findings, next_cursor: page.nextCursor }
    },
  )
  app.post(
    '/v1/findings/:id/clear',
    {
      config: { access: 'findings_clear' },
      schema: {
        summary: 'Says why nothing is wrong; the rule is not raised again there for 30 days',
        params: idParams,
        body: clearIn,
        response: { 200: findingSchema, 409: PROBLEMS[400], ...PROBLEMS },
      },
    },
    (request) => clear(context, askerOf(request), Number(request.params.id), request.body.because),
  )
}

async function clear(context: ApiContext, asker: Asker, findingId: number, because: string) {
  const { store, clock, control } = context
  const finding = await store.findFinding(asker.scope, findingId)
  if (finding === null) throw notFound(findingId)
  const change = findingCleared(finding, because, authorOf(asker), clock.wallMs())
  const { status } = await store.clearFinding(change)
  if (status === 'already_cleared') {
    throw new AppError('conflict', `finding ${findingId} has been cleared already`)
  }
  control.placementsDecided([finding.nodeId])
  context.onOutbox()
  const cleared = await store.findFinding(asker.scope, findingId)
  if (cleared === null) throw notFound(findingId)
  return findingAnswer(cleared)
}

function notFound(findingId: number): AppError {
  return new AppError('not_found', `no finding ${findingId} here`)
}
