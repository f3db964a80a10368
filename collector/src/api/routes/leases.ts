/** `POST /v1/leases/{id}/recall`: the owner's side takes lent cards back, now or with notice (C11). */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { isSeen, seenSites } from '../answers/draw-scope.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantOut, instantText, PROBLEMS } from '../schemas.ts'

const NOTICE_MS_MAX = 7 * 24 * 3_600_000
const recallIn = z.strictObject({
  notice_ms: z.number().int().min(0).max(NOTICE_MS_MAX).meta({
    description: 'from now to the end; 0: at once',
  }),
  cause: z.string().trim().min(1).max(120).meta({ description: 'for bank and borrower' }),
})

export function leasesRoutes(app: App, context: ApiContext): void {
  app.post(
    '/v1/leases/:id/recall',
    {
      config: { access: 'leases_recall' },
      schema: {
        summary: 'The owner takes a lease back: broken(recall) from the end of the notice on',
        params: z.object({ id: z.string().regex(/^e-[0-9a-f]{16}$/, 'must be a lease id') }),
        body: recallIn,
        response: {
          200: z.object({ draw_id: z.string(), recall_at: instantOut }),
          409: PROBLEMS[400],
          ...PROBLEMS,
        },
      },
    },
    async (request) => {
      const sites = await seenSites(context, askerOf(request))
      const leaseId = request.params.id
      const known = await context.store.findDrawOfLease(leaseId)
      const claim = known?.claims.find((one) => one.leaseId === leaseId)
      // A lease is of one node, so of one site.
      if (!isSeen(sites, claim?.siteCode ?? null) || claim === undefined) {
        throw new AppError('not_found', `no lease ${leaseId} here`)
      }
      const { notice_ms: noticeMs, cause } = request.body
      const result = await context.control.recall({ leaseId, noticeMs, cause })
      if (result.status !== 'recalled') {
        throw new AppError('conflict', `lease ${leaseId} is over`)
      }
      const recallAt = instantText(result.recallAtMs)
      return { draw_id: result.draw.request.drawId, recall_at: recallAt }
    },
  )
}
