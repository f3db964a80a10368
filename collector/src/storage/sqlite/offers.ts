/**
 * What nodes offer, for those who keep a picture of it: by node, and as changes. An offer changes
 * with its node's row, and with a decision on a deposit or a draw, which is seen by its entry in the
 * outbox. An entry that has been numbered meanwhile is in the journal, where followers read it.
 */
import type { NodeId } from '../../model/ids.ts'
import { FEED_KINDS } from '../../model/ledger.ts'
import type { NodeOffer, OfferChanges, OfferCursor } from '../../model/offer.ts'
import { lastOf, nodesNamed, offerOf } from '../deposit-rows.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { Scope } from '../requests.ts'
import { UNIT_COLUMNS, UNIT_TABLES } from '../rows.ts'
import { integer, type Row, text } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { OPEN_COLUMNS } from './open-row.ts'
import { inScope, sitesInScope } from './scope.ts'

const KINDS = JSON.stringify(FEED_KINDS)
const OFFERING = `${OPEN_COLUMNS}, n.site_code FROM open_nodes o
  JOIN nodes n ON n.node_id = o.node_id`

type OfferMethods = Pick<SyncStore, 'readOffers' | 'readOfferChanges'>

export function offerMethods(db: Database): OfferMethods {
  return {
    readOffers: (scope, nodeIds) => readOffers(db, scope, nodeIds),
    readOfferChanges: (after, limit) => readOfferChanges(db, after, limit),
  }
}

function readOffers(db: Database, scope: Scope, nodeIds: readonly NodeId[]): readonly NodeOffer[] {
  return offersOf(db, rowsOf(db, nodeIds, sitesInScope(db, scope)))
}

/** In no order. */
function rowsOf(db: Database, nodeIds: readonly unknown[], sites: string | null): readonly Row[] {
  if (nodeIds.length === 0) return []
  return db.all(
    `SELECT ${OFFERING} WHERE o.node_id IN (SELECT value FROM json_each(?))
       AND ${inScope('n.site_code')}`,
    JSON.stringify(nodeIds),
    sites,
    sites,
  )
}

function readOfferChanges(db: Database, after: OfferCursor, limit: number): OfferChanges {
  const count = Math.max(1, Math.min(limit, PAGE_ROWS_MAX))
  const moved = db.all(
    `SELECT ${OFFERING} WHERE o.change_seq > ? ORDER BY o.change_seq LIMIT ?`,
    after.changeSeq,
    count,
  )
  const decided = db.all(
    `SELECT outbox_id, json_extract(payload, '$.node_id') AS node_id,
       json_extract(payload, '$.node_ids') AS node_ids FROM outbox
     WHERE outbox_id > ? AND kind IN (SELECT value FROM json_each(?))
     ORDER BY outbox_id LIMIT ?`,
    after.outboxId,
    KINDS,
    count,
  )
  const known = new Set(moved.map((row) => row.node_id))
  const others = new Set(decided.flatMap(nodesNamed).filter((nodeId) => !known.has(nodeId)))
  return {
    offers: offersOf(db, [...moved, ...rowsOf(db, [...others], null)]),
    cursor: {
      changeSeq: lastOf(moved, 'change_seq', after.changeSeq),
      outboxId: lastOf(decided, 'outbox_id', after.outboxId),
    },
    hasMore: moved.length === count || decided.length === count,
  }
}

/** From nodes to their deposits: the other way leads through every deposit that is open. */
function offersOf(db: Database, nodes: readonly Row[]): readonly NodeOffer[] {
  if (nodes.length === 0) return []
  const nodeIds = JSON.stringify(nodes.map((row) => text(row, 'node_id')))
  const deposited = Map.groupBy(
    db.all(
      `SELECT ${UNIT_COLUMNS}, d.deposit_id, d.window_start_ms, d.opened_at_ms,
         d.consent_end_count, d.closed_at_ms, d.close_reason,
         EXISTS (SELECT 1 FROM claims c INDEXED BY claims_live_accelerator
           WHERE c.accelerator_id = u.accelerator_id AND c.state <> 'ended') AS is_claimed
       FROM json_each(?) asked CROSS JOIN deposits d INDEXED BY deposits_open_node
         ON d.node_id = asked.value AND d.closed_at_ms IS NULL
       CROSS JOIN ${UNIT_TABLES} WHERE u.unit_id = d.unit_id ORDER BY d.deposit_number`,
      nodeIds,
    ),
    (row) => text(row, 'node_id'),
  )
  const placed = new Map(
    db
      .all(
        `SELECT node_id, count(*) AS cards FROM units
         WHERE node_id IN (SELECT value FROM json_each(?)) AND kind = 'card'
           AND valid_to_ms IS NULL AND is_counted = 1 GROUP BY node_id`,
        nodeIds,
      )
      .map((row) => [text(row, 'node_id'), integer(row, 'cards')] as const),
  )
  return nodes.map((row) => offerOf(row, { deposited, placed }))
}
