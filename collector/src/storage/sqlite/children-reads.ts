/** What people see of children: the tree, its nodes, what is wrong with what was told. */
import { ERROR_CODES } from '@yiben/shared'
import type { ChildNodeRow, CollectorRow } from '../../model/child.ts'
import type { ChildId } from '../../model/ids.ts'
import { childNodeOf, collectorOf, EPOCH_CHANGES, QUALITY_ROWS_MAX } from '../child-rows.ts'
import type { ChildQuality } from '../children-store.ts'
import { pageLimit, pageOf } from '../paging.ts'
import type { Page, PageRequest, Scope } from '../requests.ts'
import { integer, text, wordOf } from '../values.ts'
import { conflictsSince } from './children-conflicts.ts'
import { takenOutSpans } from './children-taken-out.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { inScope, sitesInScope } from './scope.ts'

type ReadMethods = Pick<SyncStore, 'listCollectors' | 'listChildNodes' | 'readChildQuality'>

export function childReadMethods(db: Database): ReadMethods {
  return {
    listCollectors: (scope) => listCollectors(db, scope),
    listChildNodes: (scope, origin, page) => listNodes(db, scope, origin, page),
    readChildQuality: (scope, sinceMs) => readQuality(db, scope, sinceMs),
  }
}

/** A ledger is seen by who sees one of its sites; one that has told of none, by who sees all. */
function listCollectors(db: Database, scope: Scope): readonly CollectorRow[] {
  const sites = sitesInScope(db, scope)
  const rows = db.all(
    `SELECT c.*, k.child_id, s.from_ms AS silent_from_ms, p.log_origin, p.tree_size, p.root_hash,
       p.received_at_ms AS checkpoint_at_ms,
       (SELECT max((SELECT max(h.hour_ms) FROM child_hours h
           WHERE h.collector_number = o.collector_number AND h.site_code = o.site_code))
         FROM site_origins o WHERE o.collector_number = c.collector_number
         AND ${inScope('o.site_code')}) AS last_hour_ms,
       (SELECT count(*) FROM site_origins o WHERE o.collector_number = c.collector_number
         AND ${inScope('o.site_code')}) AS sites,
       COALESCE(t.nodes, 0) AS nodes, COALESCE(t.cards, 0) AS cards
     FROM child_collectors c JOIN children k ON k.child_number = c.child_number
     LEFT JOIN child_silences s ON s.collector_number = c.collector_number AND s.to_ms IS NULL
     LEFT JOIN child_checkpoints p ON p.collector_number = c.collector_number
     LEFT JOIN (SELECT o.collector_number, count(*) FILTER (WHERE n.is_revoked = 0) AS nodes,
         sum(n.cards) AS cards
       FROM site_origins o CROSS JOIN child_nodes n ON n.site_code = o.site_code
         AND n.collector_number = o.collector_number
       WHERE ${inScope('o.site_code')} GROUP BY o.collector_number) t
       ON t.collector_number = c.collector_number
     ORDER BY k.child_number, c.collector_number`,
    ...[sites, sites, sites, sites, sites, sites],
  )
  return rows.map(collectorOf).filter((one) => sites === null || one.sites > 0)
}

function listNodes(
  db: Database,
  scope: Scope,
  origin: string,
  page: PageRequest,
): Page<ChildNodeRow> {
  const sites = sitesInScope(db, scope)
  const limit = pageLimit(page)
  const nodes = db.all(
    `SELECT n.*, c.origin FROM child_collectors c
     JOIN child_nodes n ON n.collector_number = c.collector_number
     JOIN site_origins o ON o.site_code = n.site_code AND o.collector_number = n.collector_number
     WHERE c.origin = ? AND n.node_id > ? AND ${inScope('n.site_code')}
     ORDER BY n.node_id LIMIT ?`,
    origin,
    page.cursor ?? '',
    sites,
    sites,
    limit + 1,
  )
  const taken = new Set(takenOutSpans(db).map(({ collector, unit }) => `${collector}/${unit}`))
  const rows = nodes.map((row): ChildNodeRow => {
    const cards = db.all(
      `SELECT d.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
       FROM child_cards d INDEXED BY child_cards_node
       JOIN profiles p ON p.profile_id = d.profile_id
       WHERE d.collector_number = ? AND d.node_id = ? ORDER BY d.unit_number`,
      integer(row, 'collector_number'),
      text(row, 'node_id'),
    )
    return childNodeOf(row, cards, taken)
  })
  return pageOf(rows, limit, ({ nodeId }) => nodeId)
}

/** What is wrong with a child as a whole is for who sees all of the country. */
function readQuality(db: Database, scope: Scope, sinceMs: number): ChildQuality {
  const sites = sitesInScope(db, scope)
  const unbalanced = db.all(
    `SELECT c.origin, h.site_code, h.hour_ms, h.unbalanced_ms FROM child_hours h
     JOIN site_origins o ON o.site_code = h.site_code AND o.collector_number = h.collector_number
     JOIN child_collectors c ON c.collector_number = h.collector_number
     WHERE h.unbalanced_ms <> 0 AND h.received_at_ms >= ? AND ${inScope('h.site_code')}
     ORDER BY h.received_at_ms DESC LIMIT ${QUALITY_ROWS_MAX}`,
    sinceMs,
    sites,
    sites,
  )
  return {
    unbalanced: unbalanced.map((row) => ({
      origin: text(row, 'origin'),
      siteCode: text(row, 'site_code'),
      hourMs: integer(row, 'hour_ms'),
      missingMs: integer(row, 'unbalanced_ms'),
    })),
    conflicts: conflictsSince(db, scope, sinceMs, QUALITY_ROWS_MAX),
    refused: sites === null ? refusedSince(db, sinceMs) : [],
    epochs: sites === null ? epochsSince(db, sinceMs) : [],
  }
}

function refusedSince(db: Database, sinceMs: number): ChildQuality['refused'] {
  const rows = db.all(
    `SELECT k.child_id, r.epoch, r.seq, r.code, r.sentence, r.refused_at_ms FROM child_refused r
     JOIN children k ON k.child_number = r.child_number WHERE r.refused_at_ms >= ?
     ORDER BY r.refused_at_ms DESC, r.seq DESC LIMIT ${QUALITY_ROWS_MAX}`,
    sinceMs,
  )
  return rows.map((row) => ({
    childId: text(row, 'child_id') as ChildId,
    epoch: text(row, 'epoch'),
    seq: integer(row, 'seq'),
    code: wordOf(row, 'code', ERROR_CODES),
    sentence: text(row, 'sentence'),
    refusedAtMs: integer(row, 'refused_at_ms'),
  }))
}

function epochsSince(db: Database, sinceMs: number): ChildQuality['epochs'] {
  const rows = db.all(
    `SELECT k.child_id, e.epoch, e.begun_as, e.began_at_ms FROM child_epochs e
     JOIN children k ON k.child_number = e.child_number
     WHERE e.begun_as <> 'first' AND e.began_at_ms >= ?
     ORDER BY e.began_at_ms DESC LIMIT ${QUALITY_ROWS_MAX}`,
    sinceMs,
  )
  return rows.map((row) => ({
    childId: text(row, 'child_id') as ChildId,
    epoch: text(row, 'epoch'),
    begunAs: wordOf(row, 'begun_as', EPOCH_CHANGES),
    beganAtMs: integer(row, 'began_at_ms'),
  }))
}
