/**
 * `GET /v1/nodes`, `/v1/nodes/health`, `/v1/nodes/{id}`: who is enrolled, connected, and what it
 * says of itself; all of them counted by how they fare. Its cards: `routes/node-cards.ts`.
 */
import { AppError, resourceCode } from '@yiben/shared'
import { z } from 'zod'
import { nodeRevoked } from '../../inventory/administration.ts'
import type { NodeFilter } from '../../storage/node-requests.ts'
import type { NodeListRow } from '../../storage/requests.ts'
import { issuedCodesOf } from '../answers/codes.ts'
import {
  type NodeAnswer,
  nodeHealthOf,
  nodeHealthSchema,
  nodeOf,
  nodeSchema,
  OFFSET_FLAGGED_MS,
  oneNodeOf,
  oneNodeSchema,
  SILENT_AFTER_MS,
} from '../answers/nodes.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { nextCursorOut, PROBLEMS, pageIn, pageOf } from '../schemas.ts'

const WORD_LENGTH_MAX = 120

const nodesSchema = z.object({
  demo: z.boolean(),
  nodes: z.array(nodeSchema),
  next_cursor: nextCursorOut,
})

const trueIn = z.literal('true', { error: 'must be true, or left out' }).optional()
const questionSchema = z.strictObject({
  ...pageIn,
  site: z.string().min(1).max(64).optional(),
  name: z.string().min(1).max(WORD_LENGTH_MAX).optional().meta({
    description: 'part of the name in any case, or of the id',
  }),
  version: z.string().min(1).max(WORD_LENGTH_MAX).optional().meta({
    description: 'of the agent, exactly; active nodes only, as with the next three',
  }),
  problem: z.string().min(1).max(WORD_LENGTH_MAX).optional().meta({
    description: 'code of a probe’s problem; `any`: some problem, or cards that were not read',
  }),
  silent: trueIn.meta({ description: 'true: without a connection, or unheard for 90 s' }),
  clock_off: trueIn.meta({ description: 'true: offset of more than 2 s, in either direction' }),
})
type Question = z.output<typeof questionSchema>

export function nodesRoutes(app: App, context: ApiContext): void {
  const { clock, ledger, store } = context
  app.get(
    '/v1/nodes',
    {
      config: { access: 'nodes' },
      schema: {
        summary: 'Nodes with an agent',
        querystring: questionSchema,
        response: { 200: nodesSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { query } = request
      const filter = filterOf(query, clock.wallMs())
      const page = await store.listNodes(askerOf(request).scope, pageOf(query), filter)
      return {
        demo: ledger.isDemo,
        nodes: page.rows.map((row) => answerOf(context, row)),
        next_cursor: page.nextCursor,
      }
    },
  )
  app.get(
    '/v1/nodes/health',
    {
      config: { access: 'nodes' },
      schema: {
        summary: 'All nodes counted: silent, by version of the agent, by problem of their probes',
        response: { 200: nodeHealthSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const nowMs = clock.wallMs()
      const health = await store.readNodeHealth(askerOf(request).scope, {
        unheardSinceMs: nowMs - SILENT_AFTER_MS,
        clockOffsetMsOver: OFFSET_FLAGGED_MS,
      })
      return nodeHealthOf(health, { isDemo: ledger.isDemo, nowMs })
    },
  )
  app.get(
    '/v1/nodes/:id',
    {
      config: { access: 'nodes' },
      schema: {
        summary: 'One node with its facts',
        params: z.object({ id: z.string().max(64) }),
        response: { 200: oneNodeSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const row = await store.findNode(askerOf(request).scope, request.params.id)
      if (row === null) throw new AppError('not_found', `no node ${request.params.id} here`)
      const issued = await issuedCodesOf(context, resourceCode('node', row.number))
      return oneNodeOf(row, presentOf(context, row), issued)
    },
  )
  app.post(
    '/v1/nodes/:id/revoke',
    {
      config: { access: 'nodes_change' },
      schema: {
        summary: 'Ends a node’s right to tell anything, at once; its history stays',
        params: z.object({ id: z.string().max(64) }),
        response: { 200: nodeSchema, 409: PROBLEMS[400], ...PROBLEMS },
      },
    },
    (request) => revoke(context, askerOf(request), request.params.id),
  )
}

function filterOf(query: Question, nowMs: number): NodeFilter {
  return {
    siteCode: query.site ?? null,
    nameContains: query.name ?? null,
    agentVersion: query.version ?? null,
    problem: query.problem ?? null,
    unheardSinceMs: query.silent === undefined ? null : nowMs - SILENT_AFTER_MS,
    clockOffsetMsOver: query.clock_off === undefined ? null : OFFSET_FLAGGED_MS,
  }
}

function answerOf(context: ApiContext, row: NodeListRow): NodeAnswer {
  return nodeOf(row, presentOf(context, row))
}

function presentOf({ clock, isSuspended }: ApiContext, { node }: NodeListRow) {
  return { nowMs: clock.wallMs(), isSuspended: isSuspended(node.nodeId) }
}

async function revoke(context: ApiContext, asker: Asker, id: string): Promise<NodeAnswer> {
  const { store, clock, control } = context
  const row = await store.findNode(asker.scope, id)
  if (row === null) throw new AppError('not_found', `no node ${id} here`)
  const { nodeId } = row.node
  const atMs = clock.wallMs()
  const entry = nodeRevoked(nodeId, authorOf(asker), atMs)
  const { status } = await store.revokeNode({ nodeId, atMs, outbox: [entry] })
  if (status === 'already_revoked') {
    throw new AppError('conflict', `node ${id} has been revoked already`)
  }
  control.nodeRevoked(nodeId)
  context.onOutbox()
  const revoked = await store.findNode(asker.scope, id)
  return answerOf(context, revoked ?? row)
}
