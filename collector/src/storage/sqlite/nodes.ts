/** Nodes as people look at them: lists, one node with its cards, all of them counted. */
import type { UnitId } from '../../model/ids.ts'
import type { NodeFilter, NodeHealth, NodeHealthLimits } from '../node-requests.ts'
import { pageLimit, pageOf } from '../paging.ts'
import type { PageRequest, Scope } from '../requests.ts'
import { nodeListRowOf } from '../rows.ts'
import { integer, text, textOrNull } from '../values.ts'
import type { Database } from './driver.ts'
import { OpenRows } from './evidence.ts'
import type { SyncStore } from './methods.ts'
import { unitSpanOf } from './reads.ts'
import { inScope, sitesInScope } from './scope.ts'
import { readUnit } from './units.ts'

const NODE_LIST = `SELECT n.*,
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

/** Slices are units too: a cut card never makes a card on the bus look missing. */
const PROBES = `json_each(f.facts, '$.probes') p`
const PROBLEM = `json_extract(p.value, '$.problemCode')`
const HAS_PROBLEM = `(${PROBLEM} IS NOT NULL
  OR json_extract(p.value, '$.unitsFound') < json_extract(p.value, '$.cardsPresent'))`
/** Binds the instant. */
const SILENT = `(s.node_id IS NULL OR s.is_connected = 0 OR s.last_heard_ms < ?)`
const ACTIVE = "n.status = 'active'"

type NodeMethods = Pick<SyncStore, 'listNodes' | 'findNode' | 'readNodeHealth' | 'readNodeSpans'>

export function nodeMethods(db: Database): NodeMethods {
  return {
    listNodes: (scope, page, filter) => listNodes(db, scope, page, filter ?? null),

    findNode: (scope, nodeId) => {
      const sites = sitesInScope(db, scope)
      const row = db.get(
        `${NODE_LIST} WHERE n.node_id = ? AND ${inScope('n.site_code')}`,
        nodeId,
        sites,
        sites,
      )
      return row === undefined ? null : nodeListRowOf(row)
    },

    readNodeHealth: (scope, limits) => readNodeHealth(db, scope, limits),

    readNodeSpans: (scope, nodeId, range) => {
      const sites = sitesInScope(db, scope)
      const openRows = new OpenRows(db)
      return db
        .all(
          `SELECT u.unit_id FROM units u JOIN nodes n ON n.node_id = u.node_id
           WHERE u.node_id = ? AND u.valid_to_ms IS NULL AND ${inScope('n.site_code')}
           ORDER BY u.unit_id`,
          nodeId,
          sites,
          sites,
        )
        .flatMap((row) => readUnit(db, integer(row, 'unit_id') as UnitId) ?? [])
        .map((unit) => unitSpanOf(db, unit, openRows, range))
    },
  }
}

function listNodes(db: Database, scope: Scope, page: PageRequest, filter: NodeFilter | null) {
  const sites = sitesInScope(db, scope)
  const limit = pageLimit(page)
  const narrowed = filter === null ? [] : conditionsOf(filter)
  const conditions = ['n.node_id > ?', inScope('n.site_code'), ...narrowed.map(([sql]) => sql)]
  const rows = db
    .all(
      `${NODE_LIST} WHERE ${conditions.join(' AND ')} ORDER BY n.node_id LIMIT ?`,
      page.cursor ?? '',
      sites,
      sites,
      ...narrowed.flatMap(([, ...values]) => values),
      limit + 1,
    )
    .map(nodeListRowOf)
  return pageOf(rows, limit, (row) => row.node.nodeId)
}

/** A condition and what is bound to it. */
type Condition = readonly [sql: string, ...values: (string | number)[]]

function conditionsOf(filter: NodeFilter): readonly Condition[] {
  const { agentVersion, clockOffsetMsOver, nameContains, problem, siteCode, unheardSinceMs } =
    filter
  const found: Condition[] = []
  if (siteCode !== null) found.push(['n.site_code = ?', siteCode])
  if (nameContains !== null) {
    const contains = '(instr(lower(n.name), lower(?)) > 0 OR instr(n.node_id, ?) > 0)'
    found.push([contains, nameContains, nameContains])
  }
  const health: Condition[] = []
  if (agentVersion !== null) health.push(['s.agent_version = ?', agentVersion])
  if (problem === 'any') health.push([`EXISTS (SELECT 1 FROM ${PROBES} WHERE ${HAS_PROBLEM})`])
  else if (problem !== null) {
    health.push([`EXISTS (SELECT 1 FROM ${PROBES} WHERE ${PROBLEM} = ?)`, problem])
  }
  if (unheardSinceMs !== null) health.push([SILENT, unheardSinceMs])
  if (clockOffsetMsOver !== null) health.push(['abs(s.clock_offset_ms) > ?', clockOffsetMsOver])
  return health.length === 0 ? found : [...found, [ACTIVE], ...health]
}

function readNodeHealth(db: Database, scope: Scope, limits: NodeHealthLimits): NodeHealth {
  const sites = sitesInScope(db, scope)
  const active = `${ACTIVE} AND ${inScope('n.site_code')}`
  const counts =
    db.get(
      `SELECT count(*) FILTER (WHERE ${ACTIVE}) AS active,
         count(*) FILTER (WHERE n.status <> 'active') AS revoked,
         count(*) FILTER (WHERE ${ACTIVE} AND s.is_connected = 1) AS connected,
         count(*) FILTER (WHERE ${ACTIVE} AND ${SILENT}) AS silent,
         count(*) FILTER (WHERE ${ACTIVE} AND s.node_id IS NULL) AS never_connected,
         count(*) FILTER (WHERE ${ACTIVE} AND abs(s.clock_offset_ms) > ?) AS clock_off
       FROM nodes n LEFT JOIN sessions s ON s.node_id = n.node_id WHERE ${inScope('n.site_code')}`,
      limits.unheardSinceMs,
      limits.clockOffsetMsOver,
      sites,
      sites,
    ) ?? {}
  const withProblem = db.get(
    `SELECT count(DISTINCT n.node_id) AS nodes
     FROM nodes n JOIN node_facts f ON f.node_id = n.node_id, ${PROBES}
     WHERE ${active} AND ${HAS_PROBLEM}`,
    sites,
    sites,
  )
  return {
    active: integer(counts, 'active'),
    revoked: integer(counts, 'revoked'),
    connected: integer(counts, 'connected'),
    silent: integer(counts, 'silent'),
    neverConnected: integer(counts, 'never_connected'),
    clockOff: integer(counts, 'clock_off'),
    withProblem: integer(withProblem ?? {}, 'nodes'),
    versions: db
      .all(
        `SELECT s.agent_version, count(*) AS nodes FROM nodes n
         LEFT JOIN sessions s ON s.node_id = n.node_id WHERE ${active}
         GROUP BY s.agent_version ORDER BY nodes DESC, s.agent_version DESC`,
        sites,
        sites,
      )
      .map((row) => ({
        agentVersion: textOrNull(row, 'agent_version'),
        nodes: integer(row, 'nodes'),
      })),
    problems: db
      .all(
        `SELECT json_extract(p.value, '$.vendor') AS vendor, ${PROBLEM} AS code,
           count(DISTINCT n.node_id) AS nodes
         FROM nodes n JOIN node_facts f ON f.node_id = n.node_id, ${PROBES}
         WHERE ${active} AND ${HAS_PROBLEM} GROUP BY vendor, code
         ORDER BY nodes DESC, vendor, code`,
        sites,
        sites,
      )
      .map((row) => ({
        vendor: text(row, 'vendor'),
        code: textOrNull(row, 'code'),
        nodes: integer(row, 'nodes'),
      })),
  }
}
