/**
 * `GET /v1/recovery`: whether a restored ledger grants again, and what it waits for.
 * `POST /v1/recovery/replayed`: the bank has asked again for every draw it knows of.
 * `POST /v1/recovery/finish`: a person ends the waiting, by name.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { isOpaqueFor } from '../access.ts'
import type { App } from '../app.ts'
import { askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantOut, instantText, PROBLEMS } from '../schemas.ts'

const NODES_SHOWN_MAX = 500
const NAME_LENGTH_MAX = 120

const recoverySchema = z.object({
  demo: z.boolean(),
  recovering: z.boolean().meta({ description: 'nothing is granted while it is true' }),
  generation: z.number().int(),
  since: instantOut.meta({ description: 'when this generation of the ledger began' }),
  bank: z
    .enum(['none', 'awaited', 'told'])
    .meta({ description: 'awaited: ask again for every draw, then POST /v1/recovery/replayed' }),
  nodes_told: z.number().int(),
  nodes_missing: z.number().int(),
  missing: z.array(z.string()).meta({ description: 'node ids, cut; empty for the bank' }),
  nodes_wait_seconds: z
    .number()
    .int()
    .meta({ description: 'how long missing nodes are still waited for' }),
  leases_unclaimed: z
    .number()
    .int()
    .meta({ description: 'shown by nodes, and of no draw that is known' }),
  leases_adopted: z.number().int(),
})
const doneSchema = z.object({ status: z.enum(['heard', 'finished']) })

export function recoveryRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/recovery',
    {
      config: { access: 'recovery' },
      schema: {
        summary: 'What a restored ledger still waits for before it grants anything',
        response: { 200: recoverySchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { ledger } = context
      const status = await context.control.recovery().status()
      const isOpaque = isOpaqueFor(askerOf(request).role)
      return {
        demo: ledger.isDemo,
        recovering: status.isRecovering,
        generation: ledger.generation,
        since: instantText(ledger.openedAtMs),
        bank: status.bank,
        nodes_told: status.nodesTold,
        nodes_missing: status.missing.length,
        missing: isOpaque ? [] : status.missing.slice(0, NODES_SHOWN_MAX),
        nodes_wait_seconds: Math.ceil(status.nodesWaitMs / 1_000),
        leases_unclaimed: status.unclaimed.length,
        leases_adopted: status.leasesAdopted,
      }
    },
  )
  app.post(
    '/v1/recovery/replayed',
    {
      config: { access: 'recovery_replayed' },
      schema: {
        summary: 'The bank has asked again for every draw it knows of',
        response: { 200: doneSchema, ...PROBLEMS },
      },
    },
    () => {
      context.control.recovery().bankTold()
      return { status: 'heard' as const }
    },
  )
  app.post(
    '/v1/recovery/finish',
    {
      config: { access: 'recovery_finish' },
      schema: {
        summary: 'Grants again, whatever has been told: journaled with the name',
        body: z.strictObject({ by: z.string().trim().min(1).max(NAME_LENGTH_MAX) }),
        response: { 200: doneSchema, 409: PROBLEMS[400], ...PROBLEMS },
      },
    },
    async (request) => {
      const by = `${request.body.by} (${authorOf(askerOf(request))})`
      const { status } = await context.control.recovery().finish(by)
      if (status === 'not_recovering') {
        throw new AppError('conflict', 'this ledger is not recovering')
      }
      return { status: 'finished' as const }
    },
  )
}
