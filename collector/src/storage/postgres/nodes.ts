/** Nodes as people look at them: lists, one node with its cards, all of them counted. */
import type { NodeFilter, NodeHealth, NodeHealthLimits } from '../node-requests.ts'
import { pageLimit, pageOf } from '../paging.ts'
import type { PageRequest, Scope, UnitSpan } from '../requests.ts'
import { nodeListRowOf, unitOf } from '../rows.ts'
import type { Store } from '../store.ts'
import { integer, text, textOrNull } from '../values.ts'
import type { Database } from './driver.ts'
import { OpenRows } from './evidence.ts'
import { unitSpanOf } from './reads.ts'
import { inScope, sitesInScope } from './scope.ts'
import { join, type Sql, sql } from './sql.ts'
import { UNIT_COLUMNS, UNIT_TABLES } from './units.ts'

const NODE_LIST = sql`SELECT n.*,
  (SELECT t.number FROM thing_numbers t WHERE t.kind = 'node' AND t.key = n.node_id) AS number,
  o.timeline_end_ms, f.received_at_ms, f.facts,
    s.node_id AS session_node, s.generation, s.is_connected, s.collector_instance,
    s.remote_address, s.agent_version, s.boot_id, s.connected_at_ms, s.last_heard_ms,
    s.ended_reason, s.clock_offset_ms,
    (SELECT count(*) FROM units u WHERE u.node_id = n.node_id AND u.valid_to_ms IS NULL)
      AS unit_count
  FROM nodes n LEFT JOIN sessions s ON s.node_id = n.node_id
  LEFT JOIN node_facts f ON f.node_id = n.node_id
  LEFT JOIN open_nodes o ON o.node_id = n.node_id`
function silentSince(sinceMs: number): Sql {
  return sql`(s.node_id IS NULL OR NOT s.is_connected OR s.last_heard_ms < ${sinceMs})`
}
const ACTIVE = sql`n.status = 'active'`

/** Slices are units too: a cut card never makes a card on the bus look missing. */
const PROBES = sql`json_array_elements(f.facts::json -> 'probes') p (value)`
const PROBLEM = sql`p.value ->> 'problemCode'`
const HAS_PROBLEM = sql`(${PROBLEM} IS NOT NULL
  OR (p.value ->> 'unitsFound')::bigint < (p.value ->> 'cardsPresent')::bigint)`

type NodeMethods = Pick<Store, 'listNodes' | 'findNode' | 'readNodeHealth' | 'readNodeSpans'>

export function nodeMethods(db: Database): NodeMethods {
  return {
    listNodes: async (scope, page, filter) => await listNodes(db, scope, page, filter ?? null),

    findNode: async (scope, nodeId) => {
      const sites = await sitesInScope(db, scope)
      const row = await db.get(
        sql`${NODE_LIST} WHERE n.node_id = ${nodeId} AND ${inScope(sql`n.site_code`, sites)}`,
      )
      return row === undefined ? null : nodeListRowOf(row)
    },

    readNodeHealth: async (scope, limits) => await readNodeHealth(db, scope, limits),

    readNodeSpans: async (scope, nodeId, range) => {
      const sites = await sitesInScope(db, scope)
      const openRows = new OpenRows(db)
      const rows = await db.all(sql`
        SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES}
        WHERE u.node_id = ${nodeId} AND u.valid_to_ms IS NULL
          AND ${inScope(sql`n.site_code`, sites)}
        ORDER BY u.unit_id`)
      const spans: UnitSpan[] = []
      for (const row of rows) spans.push(await unitSpanOf(db, unitOf(row), openRows, range))
      return spans
    },
  }
}

async function listNodes(db: Database, scope: Scope, page: PageRequest, filter: NodeFilter | null) {
  const sites = await sitesInScope(db, scope)
  const limit = pageLimit(page)
  const conditions = [
    sql`n.node_id > ${page.cursor ?? ''}`,
    inScope(sql`n.site_code`, sites),
    ...(filter === null ? [] : conditionsOf(filter)),
  ]
  const found = await db.all(sql`
    ${NODE_LIST} WHERE ${join(conditions, ' AND ')} ORDER BY n.node_id LIMIT ${limit + 1}`)
  const rows = found.map(nodeListRowOf)
  return pageOf(rows, limit, (row) => row.node.nodeId)
}

function conditionsOf(filter: NodeFilter): readonly Sql[] {
  const { agentVersion, clockOffsetMsOver, nameContains, problem, siteCode, unheardSinceMs } =
    filter
  const found: Sql[] = []
  if (siteCode !== null) found.push(sql`n.site_code = ${siteCode}`)
  if (nameContains !== null) {
    found.push(sql`(strpos(lower(n.name), lower(${nameContains})) > 0
      OR strpos(n.node_id, ${nameContains}) > 0)`)
  }
  const health: Sql[] = []
  if (agentVersion !== null) health.push(sql`s.agent_version = ${agentVersion}`)
  if (problem !== null) {
    const isIt = problem === 'any' ? HAS_PROBLEM : sql`${PROBLEM} = ${problem}`
    health.push(sql`EXISTS (SELECT 1 FROM ${PROBES} WHERE ${isIt})`)
  }
  if (unheardSinceMs !== null) health.push(silentSince(unheardSinceMs))
  if (clockOffsetMsOver !== null) health.push(sql`abs(s.clock_offset_ms) > ${clockOffsetMsOver}`)
  return health.length === 0 ? found : [...found, ACTIVE, ...health]
}

async function readNodeHealth(
  db: Database,
  scope: Scope,
  limits: NodeHealthLimits,
): Promise<NodeHealth> {
  const sites = await sitesInScope(db, scope)
  const isSeen = inScope(sql`n.site_code`, sites)
  const active = sql`${ACTIVE} AND ${isSeen}`
  const counts =
    (await db.get(sql`
      SELECT count(*) FILTER (WHERE ${ACTIVE}) AS active,
        count(*) FILTER (WHERE n.status <> 'active') AS revoked,
        count(*) FILTER (WHERE ${ACTIVE} AND s.is_connected) AS connected,
        count(*) FILTER (WHERE ${ACTIVE} AND ${silentSince(limits.unheardSinceMs)}) AS silent,
        count(*) FILTER (WHERE ${ACTIVE} AND s.node_id IS NULL) AS never_connected,
        count(*) FILTER (WHERE ${ACTIVE}
          AND abs(s.clock_offset_ms) > ${limits.clockOffsetMsOver}) AS clock_off
      FROM nodes n LEFT JOIN sessions s ON s.node_id = n.node_id WHERE ${isSeen}`)) ?? {}
  const withProblem = await db.get(sql`
    SELECT count(DISTINCT n.node_id) AS nodes
    FROM nodes n JOIN node_facts f ON f.node_id = n.node_id, ${PROBES}
    WHERE ${active} AND ${HAS_PROBLEM}`)
  const versions = await db.all(sql`
    SELECT s.agent_version, count(*) AS nodes FROM nodes n
    LEFT JOIN sessions s ON s.node_id = n.node_id WHERE ${active}
    GROUP BY s.agent_version ORDER BY nodes DESC, s.agent_version DESC NULLS LAST`)
  const problems = await db.all(sql`
    SELECT (p.value ->> 'vendor') COLLATE "C" AS vendor, (${PROBLEM}) COLLATE "C" AS code,
      count(DISTINCT n.node_id) AS nodes
    FROM nodes n JOIN node_facts f ON f.node_id = n.node_id, ${PROBES}
    WHERE ${active} AND ${HAS_PROBLEM} GROUP BY vendor, code
    ORDER BY nodes DESC, vendor, code NULLS FIRST`)
  return {
    active: integer(counts, 'active'),
    revoked: integer(counts, 'revoked'),
    connected: integer(counts, 'connected'),
    silent: integer(counts, 'silent'),
    neverConnected: integer(counts, 'never_connected'),
    clockOff: integer(counts, 'clock_off'),
    withProblem: integer(withProblem ?? {}, 'nodes'),
    versions: versions.map((row) => ({
      agentVersion: textOrNull(row, 'agent_version'),
      nodes: integer(row, 'nodes'),
    })),
    problems: problems.map((row) => ({
      vendor: text(row, 'vendor'),
      code: textOrNull(row, 'code'),
      nodes: integer(row, 'nodes'),
    })),
  }
}
