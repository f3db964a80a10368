/**
 * `GET /v1/children`, `GET /v1/children/{origin}/nodes`: collectors that report here with those below
 * them, and what stands at one of them. Who is bound to a region sees those that have a site there,
 * and of them what is there. Cards of children are listed by their own ledger's numbers: they have
 * none here.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import {
  childNodeAnswer,
  childNodesSchema,
  childrenSchema,
  collectorAnswer,
} from '../answers/children.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { PROBLEMS, pageIn, pageOf } from '../schemas.ts'

const originParams = z.object({
  origin: z.string().regex(/^([0-9a-f]{64}|[0-9a-f]{66})$/, 'must be a public key in hex'),
})

export function childrenRoutes(app: App, context: ApiContext): void {
  const { ledger, store } = context
  app.get(
    '/v1/children',
    {
      config: { access: 'children' },
      schema: {
        summary:
          'Collectors that report here and those below them: heard or away, and what they tell',
        response: { 200: childrenSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { scope } = askerOf(request)
      const [rows, children] = await Promise.all([
        store.listCollectors(scope),
        store.listChildren(),
      ])
      const origins = new Set(rows.map(({ origin }) => origin))
      const drawing = new Map(
        context.below?.children().map(({ childId, isOpen }) => [childId, isOpen]),
      )
      const collectors = rows.map((row) => collectorAnswer(row, children, origins, drawing))
      return { demo: ledger.isDemo, collectors }
    },
  )
  app.get(
    '/v1/children/:origin/nodes',
    {
      config: { access: 'children' },
      schema: {
        summary:
          'Nodes of a collector that reports here with their cards, as it has told them last',
        params: originParams,
        querystring: z.strictObject(pageIn),
        response: { 200: childNodesSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { scope } = askerOf(request)
      const { origin } = request.params
      const known = await store.listCollectors(scope)
      if (!known.some((one) => one.origin === origin)) {
        throw new AppError('not_found', `there is no collector ${origin}`)
      }
      const page = await store.listChildNodes(scope, origin, pageOf(request.query))
      return {
        demo: ledger.isDemo,
        origin,
        nodes: page.rows.map(childNodeAnswer),
        next_cursor: page.nextCursor,
      }
    },
  )
}
