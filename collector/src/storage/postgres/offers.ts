/**
 * What nodes offer, for those who keep a picture of it: by node, and as changes. An offer changes
 * with its node's row, and with a decision on a deposit or a draw, which is seen by its entry in
 * the outbox. An entry that has been numbered meanwhile is in the journal, where followers read it.
 */
import type { NodeId } from '../../model/ids.ts'
import { FEED_KINDS } from '../../model/ledger.ts'
import type { NodeOffer, OfferChanges, OfferCursor } from '../../model/offer.ts'
import { lastOf, nodesNamed, offerOf } from '../deposit-rows.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { Scope } from '../requests.ts'
import type { Store } from '../store.ts'
import type { Row } from '../values.ts'
import { integer, text } from '../values.ts'
import { DEPOSIT_COLUMNS } from './deposits.ts'
import type { Database } from './driver.ts'
import { CHANGED_TABLES, OPEN_COLUMNS } from './open-row.ts'
import { inScope, type SeenSites, sitesInScope } from './scope.ts'
import { sql } from './sql.ts'
import { UNIT_COLUMNS, UNIT_TABLES } from './units.ts'

const OFFERING = sql`${OPEN_COLUMNS}, n.site_code FROM ${CHANGED_TABLES}
  JOIN nodes n ON n.node_id = o.node_id`

type OfferMethods = Pick<Store, 'readOffers' | 'readOfferChanges'>

export function offerMethods(db: Database): OfferMethods {
  return {
    readOffers: async (scope, nodeIds) => await readOffers(db, scope, nodeIds),
    readOfferChanges: async (after, limit) => await readOfferChanges(db, after, limit),
  }
}

async function readOffers(
  db: Database,
  scope: Scope,
  nodeIds: readonly NodeId[],
): Promise<readonly NodeOffer[]> {
  return await offersOf(db, await rowsOf(db, nodeIds, await sitesInScope(db, scope)))
}

/** In no order. */
async function rowsOf(
  db: Database,
  nodeIds: readonly NodeId[],
  sites: SeenSites,
): Promise<readonly Row[]> {
  if (nodeIds.length === 0) return []
  return await db.all(
    sql`SELECT ${OFFERING} WHERE o.node_id = ANY(${nodeIds}::text[])
       AND ${inScope(sql`n.site_code`, sites)}`,
  )
}

async function readOfferChanges(
  db: Database,
  after: OfferCursor,
  limit: number,
): Promise<OfferChanges> {
  const count = Math.max(1, Math.min(limit, PAGE_ROWS_MAX))
  const moved = await db.all(
    sql`SELECT ${OFFERING} WHERE k.change_seq > ${after.changeSeq} ORDER BY k.change_seq
      LIMIT ${count}`,
  )
  const decided = await db.all(
    sql`SELECT outbox_id, payload::json ->> 'node_id' AS node_id,
       (payload::json -> 'node_ids')::text AS node_ids FROM outbox
     WHERE outbox_id > ${after.outboxId} AND kind = ANY(${FEED_KINDS}::text[])
     ORDER BY outbox_id LIMIT ${count}`,
  )
  const known = new Set(moved.map((row) => row.node_id))
  const others = new Set(decided.flatMap(nodesNamed).filter((nodeId) => !known.has(nodeId)))
  return {
    offers: await offersOf(db, [...moved, ...(await rowsOf(db, [...others], null))]),
    cursor: {
      changeSeq: lastOf(moved, 'change_seq', after.changeSeq),
      outboxId: lastOf(decided, 'outbox_id', after.outboxId),
    },
    hasMore: moved.length === count || decided.length === count,
  }
}

/** From nodes to their deposits: the other way leads through every deposit that is open. */
async function offersOf(db: Database, nodes: readonly Row[]): Promise<readonly NodeOffer[]> {
  if (nodes.length === 0) return []
  const nodeIds = nodes.map((row) => text(row, 'node_id'))
  const cardRows = await db.all(sql`
    SELECT ${UNIT_COLUMNS}, ${DEPOSIT_COLUMNS}, EXISTS (SELECT 1 FROM claims c
      WHERE c.accelerator_id = u.accelerator_id AND c.state <> 'ended') AS is_claimed
    FROM ${UNIT_TABLES} JOIN deposits d ON d.unit_id = u.unit_id AND d.closed_at_ms IS NULL
    WHERE d.node_id = ANY(${nodeIds}::text[]) ORDER BY d.deposit_number`)
  const deposited = Map.groupBy(cardRows, (row) => text(row, 'node_id'))
  const counts = await db.all(sql`
    SELECT node_id, count(*) AS cards FROM units
    WHERE node_id = ANY(${nodeIds}::text[]) AND kind = 'card' AND valid_to_ms IS NULL AND is_counted
    GROUP BY node_id`)
  const placed = new Map(counts.map((row) => [text(row, 'node_id'), integer(row, 'cards')]))
  return nodes.map((row) => offerOf(row, { deposited, placed }))
}
