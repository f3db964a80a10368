/** `GET /v1/nodes`, `GET /v1/nodes/{id}`: who is enrolled, connected, and what it says of itself. */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { nodeRevoked } from '../../inventory/administration.ts'
import type { NodeListRow } from '../../storage/requests.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import {
  instantOrNull,
  instantOut,
  instantText,
  nextCursorOut,
  PROBLEMS,
  pageIn,
  pageOf,
} from '../schemas.ts'

const nodeSchema = z
  .object({
    node_id: z.string(),
    name: z.string(),
    site_code: z.string(),
    status: z.enum(['active', 'revoked']),
    enrolled_at: instantOut,
    units: z.number().int(),
    told_to: instantOut.nullable(),
    session: z
      .object({
        connected: z.boolean(),
        connected_at: instantOut,
        last_heard_at: instantOut,
        agent_version: z.string(),
        remote_address: z.string(),
        ended_reason: z.string().nullable(),
        clock_offset_ms: z.number().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Node' })

const factsSchema = z.object({
  received_at: instantOut,
  agent_version: z.string(),
  operating_system: z.string().nullable(),
  kernel: z.string().nullable(),
  architecture: z.string().nullable(),
  cpu_model: z.string().nullable(),
  cpu_cores: z.number().nullable(),
  memory_total_mib: z.number().nullable(),
  virtualization: z.string().nullable(),
  owner_kind: z.string(),
  probes: z.array(
    z.object({
      vendor: z.string(),
      tool: z.string().nullable(),
      tool_version: z.string().nullable(),
      units_found: z.number().int(),
      cards_present: z.number().int(),
      problem_code: z.string().nullable(),
      problem: z.string().nullable(),
    }),
  ),
})

const oneNodeSchema = nodeSchema.extend({ facts: factsSchema.nullable() })
const nodesSchema = z.object({
  demo: z.boolean(),
  nodes: z.array(nodeSchema),
  next_cursor: nextCursorOut,
})

export function nodesRoutes(app: App, context: ApiContext): void {
  const { store, ledger } = context
  app.get(
    '/v1/nodes',
    {
      config: { access: 'nodes' },
      schema: {
        summary: 'Nodes with an agent',
        querystring: z.strictObject(pageIn),
        response: { 200: nodesSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const page = await store.listNodes(askerOf(request).scope, pageOf(request.query))
      return {
        demo: ledger.isDemo,
        nodes: page.rows.map(nodeOf),
        next_cursor: page.nextCursor,
      }
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
      return { ...nodeOf(row), facts: factsOf(row) }
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

async function revoke(context: ApiContext, asker: Asker, id: string) {
  const { store, clock, control } = context
  const row = await store.findNode(asker.scope, id)
  if (row === null) throw new AppError('not_found', `no node ${id} here`)
  const { nodeId } = row.node
  const atMs = clock.wallMs()
  const entry = nodeRevoked(nodeId, `token ${asker.tokenId}`, atMs)
  const { status } = await store.revokeNode({ nodeId, atMs, outbox: [entry] })
  if (status === 'already_revoked') {
    throw new AppError('conflict', `node ${id} has been revoked already`)
  }
  control.nodeRevoked(nodeId)
  context.onOutbox()
  const revoked = await store.findNode(asker.scope, id)
  return nodeOf(revoked ?? row)
}

function nodeOf({ node, session, unitCount, timelineEndMs }: NodeListRow) {
  return {
    node_id: node.nodeId,
    name: node.name,
    site_code: node.siteCode,
    status: node.status,
    enrolled_at: instantText(node.enrolledAtMs),
    units: unitCount,
    told_to: instantOrNull(timelineEndMs),
    session:
      session === null
        ? null
        : {
            connected: session.isConnected,
            connected_at: instantText(session.connectedAtMs),
            last_heard_at: instantText(session.lastHeardMs),
            agent_version: session.agentVersion,
            remote_address: session.remoteAddress,
            ended_reason: session.endedReason,
            clock_offset_ms: session.clockOffsetMs,
          },
  }
}

function factsOf({ facts: row }: NodeListRow): z.infer<typeof factsSchema> | null {
  if (row === null) return null
  const { facts } = row
  return {
    received_at: instantText(row.receivedAtMs),
    agent_version: facts.agentVersion,
    operating_system: facts.operatingSystem,
    kernel: facts.kernel,
    architecture: facts.architecture,
    cpu_model: facts.cpuModel,
    cpu_cores: facts.cpuCores,
    memory_total_mib: facts.memoryTotalMib,
    virtualization: facts.virtualization,
    owner_kind: facts.ownerKind,
    probes: facts.probes.map((probe) => ({
      vendor: probe.vendor,
      tool: probe.tool,
      tool_version: probe.toolVersion,
      units_found: probe.unitsFound,
      cards_present: probe.cardsPresent,
      problem_code: probe.problemCode,
      problem: probe.problem,
    })),
  }
}
