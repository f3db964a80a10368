/**
 * `GET /v1/conflicts`, `POST /v1/conflicts/{id}/resolve`: accelerators that two nodes claim (C5), and
 * a person's word on which claim counts. Only who may see both claims may decide between them.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { conflictResolved } from '../../inventory/administration.ts'
import { claimsOf, conflictAnswers, conflictSchema } from '../answers/conflicts.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { flagIn, nextCursorOut, PROBLEMS, pageIn, pageOf } from '../schemas.ts'

const listSchema = z.object({
  demo: z.boolean(),
  conflicts: z.array(conflictSchema),
  next_cursor: nextCursorOut,
})
const idParams = z.object({ id: z.string().regex(/^[1-9]\d{0,14}$/, 'must be a number') })
const resolveIn = z.strictObject({ keep_unit_id: z.number().int().positive() })

export function conflictsRoutes(app: App, context: ApiContext): void {
  const { store, ledger } = context
  app.get(
    '/v1/conflicts',
    {
      config: { access: 'quality' },
      schema: {
        summary: 'Accelerators that two nodes claim, newest first',
        querystring: z.strictObject({ open: flagIn.optional(), ...pageIn }),
        response: { 200: listSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { scope } = askerOf(request)
      const openOnly = request.query.open ?? true
      const page = await store.listConflicts(scope, openOnly, pageOf(request.query))
      const conflicts = await conflictAnswers(store, scope, page.rows)
      return { demo: ledger.isDemo, conflicts, next_cursor: page.nextCursor }
    },
  )
  app.post(
    '/v1/conflicts/:id/resolve',
    {
      config: { access: 'conflicts_resolve' },
      schema: {
        summary: 'Decides which of two claims to an accelerator counts; the other one does not',
        params: idParams,
        body: resolveIn,
        response: { 200: conflictSchema, 409: PROBLEMS[400], ...PROBLEMS },
      },
    },
    (request) =>
      resolve(context, askerOf(request), Number(request.params.id), request.body.keep_unit_id),
  )
}

async function resolve(context: ApiContext, asker: Asker, conflictId: number, keepUnitId: number) {
  const { store, clock, control } = context
  const conflict = await store.findConflict(asker.scope, conflictId)
  if (conflict === null) throw notFound(conflictId)
  const units = await store.readUnits(asker.scope, claimsOf(conflict))
  if (units.length < 2) {
    throw new AppError('forbidden', 'one of the claims lies outside what this token may see')
  }
  const by = authorOf(asker)
  const change = conflictResolved(conflict, keepUnitId, by, clock.wallMs())
  const { status } = await store.resolveConflict(change)
  if (status === 'not_found') throw notFound(conflictId)
  if (status === 'already_resolved') {
    throw new AppError('conflict', `conflict ${conflictId} has been resolved already`)
  }
  control.placementsDecided(units.map((unit) => unit.nodeId))
  context.onOutbox()
  const resolved = await store.findConflict(asker.scope, conflictId)
  const [answer] = await conflictAnswers(store, asker.scope, resolved === null ? [] : [resolved])
  if (answer === undefined) throw notFound(conflictId)
  return answer
}

function notFound(conflictId: number): AppError {
  return new AppError('not_found', `no conflict ${conflictId} here`)
}
