/**
 * Nodes as people who look after them see them: who is connected, what its probes found and could
 * not read and why, and what somebody should look at. Never told to whom nodes are opaque.
 */
import { resourceCode } from '@yiben/shared'
import { z } from 'zod'
import type { NodeHealth } from '../../storage/node-requests.ts'
import type { NodeListRow } from '../../storage/requests.ts'
import { instantOrNull, instantOut, instantText } from '../schemas.ts'
import { issuedCodesSchema } from './codes.ts'

/** DESIGN 1: more than this ends the windows of a node. */
export const SILENT_AFTER_MS = 90_000
/** DESIGN 2.1: over 2 s flagged, over 5 s not depositable. */
export const OFFSET_FLAGGED_MS = 2_000
const OFFSET_NOT_DEPOSITABLE_MS = 5_000

const ATTENTION = [
  'silent',
  'suspended',
  'clock_not_depositable',
  'clock_flagged',
  'probe_problem',
  'cards_unread',
] as const
type Attention = (typeof ATTENTION)[number]

const probeSchema = z.object({
  vendor: z.string(),
  tool: z.string().nullable().meta({ description: 'null: none worked' }),
  tool_version: z.string().nullable(),
  units_found: z.number().int(),
  cards_present: z.number().int().meta({ description: 'on the PCI bus' }),
  problem_code: z.string().nullable(),
  problem: z.string().nullable(),
})

export const nodeSchema = z
  .object({
    node_id: z.string(),
    resource_code: z.string().meta({ description: 'our own resource code' }),
    name: z.string(),
    site_code: z.string(),
    status: z.enum(['active', 'revoked']),
    enrolled_at: instantOut,
    units: z.number().int(),
    told_to: instantOut.nullable(),
    attention: z.array(z.enum(ATTENTION)).meta({
      description:
        'what somebody should look at; silent: no connection, or unheard for 90 s; suspended: its ' +
        'deposits cannot be drawn now; cards_unread: fewer units than cards on the bus',
    }),
    found: z
      .object({
        units_found: z.number().int().meta({ description: 'slices of cut cards among them' }),
        cards_present: z.number().int().meta({ description: 'on the PCI bus' }),
        problem_codes: z.array(z.string()),
      })
      .nullable()
      .meta({ description: 'by all its probes; null before it has told any facts' }),
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
export type NodeAnswer = z.infer<typeof nodeSchema>

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
  probes: z.array(probeSchema),
})

export const oneNodeSchema = nodeSchema.extend({
  facts: factsSchema.nullable(),
  issued_codes: issuedCodesSchema,
})
export type OneNodeAnswer = z.infer<typeof oneNodeSchema>

export const nodeHealthSchema = z
  .object({
    demo: z.boolean(),
    known_at: instantOut,
    active: z.number().int(),
    revoked: z.number().int(),
    connected: z.number().int(),
    silent: z.number().int(),
    never_connected: z.number().int().meta({ description: 'among the silent ones' }),
    clock_off: z.number().int().meta({ description: 'more than 2 s, in either direction' }),
    with_problem: z.number().int(),
    versions: z.array(
      z.object({
        agent_version: z.string().nullable().meta({ description: 'null: never connected' }),
        nodes: z.number().int(),
      }),
    ),
    problems: z.array(
      z.object({
        vendor: z.string(),
        code: z.string().nullable().meta({
          description: 'null: fewer units were read than cards are on the bus, without a code',
        }),
        nodes: z.number().int(),
      }),
    ),
  })
  .meta({ id: 'NodeHealth' })
export type NodeHealthAnswer = z.infer<typeof nodeHealthSchema>

/** What the store does not know of a node. */
export interface NodePresent {
  readonly nowMs: number
  /** Its deposits are visible, not drawable. */
  readonly isSuspended: boolean
}

export function nodeOf(row: NodeListRow, present: NodePresent): NodeAnswer {
  const { node, number, session, unitCount, timelineEndMs } = row
  const found = foundOf(row)
  return {
    node_id: node.nodeId,
    resource_code: resourceCode('node', number),
    name: node.name,
    site_code: node.siteCode,
    status: node.status,
    enrolled_at: instantText(node.enrolledAtMs),
    units: unitCount,
    told_to: instantOrNull(timelineEndMs),
    attention: node.status === 'active' ? attentionOf(row, found, present) : [],
    found,
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

export function oneNodeOf(
  row: NodeListRow,
  present: NodePresent,
  issued_codes: OneNodeAnswer['issued_codes'],
): OneNodeAnswer {
  return { ...nodeOf(row, present), facts: factsOf(row), issued_codes }
}

function foundOf({ facts }: NodeListRow): NodeAnswer['found'] {
  if (facts === null) return null
  const { probes } = facts.facts
  return {
    units_found: probes.reduce((sum, { unitsFound }) => sum + unitsFound, 0),
    cards_present: probes.reduce((sum, { cardsPresent }) => sum + cardsPresent, 0),
    problem_codes: [...new Set(probes.flatMap(({ problemCode }) => problemCode ?? []))],
  }
}

function attentionOf(
  { facts, session }: NodeListRow,
  found: NodeAnswer['found'],
  { isSuspended, nowMs }: NodePresent,
): Attention[] {
  const isHeard = session?.isConnected === true && nowMs - session.lastHeardMs <= SILENT_AFTER_MS
  const offsetMs = Math.abs(session?.clockOffsetMs ?? 0)
  const isUnread = facts?.facts.probes.some((probe) => probe.unitsFound < probe.cardsPresent)
  const stands: Readonly<Record<Attention, boolean>> = {
    silent: !isHeard,
    suspended: isSuspended,
    clock_not_depositable: offsetMs > OFFSET_NOT_DEPOSITABLE_MS,
    clock_flagged: offsetMs > OFFSET_FLAGGED_MS && offsetMs <= OFFSET_NOT_DEPOSITABLE_MS,
    probe_problem: found !== null && found.problem_codes.length > 0,
    cards_unread: isUnread === true,
  }
  return ATTENTION.filter((one) => stands[one])
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

export function nodeHealthOf(
  health: NodeHealth,
  known: { readonly isDemo: boolean; readonly nowMs: number },
): NodeHealthAnswer {
  return {
    demo: known.isDemo,
    known_at: instantText(known.nowMs),
    active: health.active,
    revoked: health.revoked,
    connected: health.connected,
    silent: health.silent,
    never_connected: health.neverConnected,
    clock_off: health.clockOff,
    with_problem: health.withProblem,
    versions: health.versions.map(({ agentVersion, nodes }) => ({
      agent_version: agentVersion,
      nodes,
    })),
    problems: health.problems.map((row) => ({ ...row })),
  }
}
