/** `GET /v1/nodes/{id}/accelerators`: the cards that are in a node now, and what each of them does. */
import { AppError, HOUR_MS } from '@yiben/shared'
import { z } from 'zod'
import { seesDepositReasons } from '../access.ts'
import { nodeCardOf, nodeCardsSchema } from '../answers/node-cards.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantText, PROBLEMS } from '../schemas.ts'

/** A card that flips at every sample has some hundred runs in it. */
const LOOK_BACK_MS = 2 * HOUR_MS

export function nodeCardsRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/nodes/:id/accelerators',
    {
      config: { access: 'accelerators' },
      schema: {
        summary: 'The cards that are in a node now, what each does, and why it is deposited or not',
        params: z.object({ id: z.string().max(64) }),
        response: { 200: nodeCardsSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { catalogue, clock, control, ledger, store } = context
      const { role, scope } = askerOf(request)
      const node = (await store.findNode(scope, request.params.id))?.node
      if (node === undefined) throw new AppError('not_found', `no node ${request.params.id} here`)
      const nowMs = clock.wallMs()
      const range = { fromMs: nowMs - LOOK_BACK_MS, toMs: nowMs }
      const [spans, told] = await Promise.all([
        store.readNodeSpans(scope, node.nodeId, { ...range, knownAtMs: nowMs }),
        seesDepositReasons(role) ? control.explainDeposits(node.nodeId) : null,
      ])
      return {
        demo: ledger.isDemo,
        catalogue_version: catalogue.version,
        node_id: node.nodeId,
        known_at: instantText(nowMs),
        looked_back_ms: LOOK_BACK_MS,
        accelerators: spans.map((span) => nodeCardOf(context, span, range, told)),
      }
    },
  )
}
