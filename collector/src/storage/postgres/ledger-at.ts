/**
 * The state of every card at one instant, as known at another (C14), as counts of cards that are
 * alike. For a card a run that covers the instant wins; else a silence declared by then; else
 * nothing has been told yet. Where a lease that was known then covers the instant it is `lent`,
 * unless the evidence speaks against it.
 *
 * A whole country is asked about at once, so what is found for many cards comes in columns, as one
 * JSON array each: a row each would cost more than finding it.
 */
import { assert } from '@yiben/shared'
import { type CardCounts, type LedgerInstant, WHOLE, wholeOf } from '../../model/card-count.ts'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { Silence } from '../../model/timeline.ts'
import {
  CountSums,
  coreHourMs,
  type Found,
  fillFounds,
  isFreeLive,
  isLendableCard,
  type NodeCards,
  nodeCardsOf,
  unitsWith,
} from '../ledger-count.ts'
import type { Scope } from '../requests.ts'
import { silenceOf } from '../rows.ts'
import { storedJson, text } from '../values.ts'
import { childrenAt } from './children-at.ts'
import type { Database } from './driver.ts'
import { lentAt } from './lent-spans.ts'
import { inScope, sitesInScope } from './scope.ts'
import { sitesAt } from './site-terms.ts'
import { sql } from './sql.ts'

export async function readLedgerAt(
  db: Database,
  scope: Scope,
  instant: LedgerInstant,
): Promise<CardCounts> {
  const nodes = await readNodes(db, scope, instant)
  await findClosedRuns(db, nodes, instant)
  const lent = await lentUnits(db, nodes, instant)
  const deposited = await depositedUnits(db, nodes, instant, lent)
  const silences = await readSilences(db, nodes, instant)
  const sums = new CountSums(instant, (nodeId) => silences.get(nodeId) ?? [])
  for (const node of nodes) sums.add(node, { lent, deposited })
  const sites = await sitesAt(db, { atMs: instant.asOfMs, knownAtMs: instant.knownAtMs })
  const own = sums.finish(sites, await db.all(sql`SELECT * FROM profiles`))
  // What children have told is not of our nodes: it goes with the first part of them.
  if ((instant.part ?? WHOLE).number !== 0) return own
  const told = await childrenAt(db, await sitesInScope(db, scope), instant, sites)
  return told.nodes.length === 0 && told.counts.length === 0
    ? own
    : wholeOf([own, { ...own, ...told }])
}

/**
 * Whole cards by node, each counted once, with the open runs that they may be in. The last
 * character of a node's id is a random one: parts by it are about equal.
 */
async function readNodes(
  db: Database,
  scope: Scope,
  instant: LedgerInstant,
): Promise<readonly NodeCards[]> {
  const { asOfMs, knownAtMs, part = WHOLE } = instant
  const sites = await sitesInScope(db, scope)
  const rows = await db.all(sql`
    SELECT n.node_id, n.site_code, o.timeline_end_ms, o.runs, c.unit_ids, c.profile_ids,
      t.owner_kind, t.cpu_cores, h.cpu_busy_ms, h.cpu_total_ms
    FROM (SELECT u.node_id, json_agg(u.unit_id)::text AS unit_ids,
        json_agg(u.profile_id)::text AS profile_ids
      FROM units u WHERE u.kind = 'card' AND u.is_counted AND u.valid_from_ms <= ${asOfMs}
        AND (u.booked_to_ms IS NULL OR u.booked_to_ms > ${asOfMs})
          AND u.known_from_ms <= ${knownAtMs}
        AND ascii(right(u.node_id, 1)) % ${part.of}::int = ${part.number}
      GROUP BY u.node_id) c
    JOIN nodes n ON n.node_id = c.node_id LEFT JOIN open_nodes o ON o.node_id = n.node_id
    LEFT JOIN LATERAL (SELECT l.owner_kind, l.cpu_cores FROM node_traits l
      WHERE l.node_id = c.node_id AND l.from_ms <= ${asOfMs} AND l.known_from_ms <= ${knownAtMs}
      ORDER BY l.from_ms DESC, l.trait_number DESC LIMIT 1) t ON true
    LEFT JOIN node_hours h ON h.hour_ms = ${coreHourMs(instant)} AND h.node_id = c.node_id
      AND h.known_at_ms <= ${knownAtMs}
    WHERE ${inScope(sql`n.site_code`, sites)} ORDER BY n.node_id`)
  return rows.map((row) => nodeCardsOf(row, { asOfMs, knownAtMs }))
}

/** Of each card whose open run says nothing the last closed run known then, as a `Found`. */
async function findClosedRuns(
  db: Database,
  nodes: readonly NodeCards[],
  { asOfMs, knownAtMs }: LedgerInstant,
): Promise<void> {
  const asked = unitsWith(nodes, (found) => found === null)
  if (asked.length === 0) return
  const row = await db.get(sql`
    SELECT json_agg(f.found ORDER BY j.place)::text AS found
    FROM unnest(${asked}::bigint[]) WITH ORDINALITY j (unit_id, place)
    LEFT JOIN LATERAL (
      SELECT CASE
        WHEN r.end_ms > ${asOfMs}
          AND (r.recorded_at_ms IS NOT NULL OR ${knownAtMs}::bigint >= ${asOfMs}::bigint)
          THEN 2 * r.code + (r.recorded_at_ms IS NOT NULL)::int
        WHEN r.recorded_at_ms IS NULL THEN -least(r.end_ms, ${knownAtMs + 1})
        ELSE -r.end_ms END AS found
      FROM runs r WHERE r.unit_id = j.unit_id AND r.start_ms <= ${asOfMs}
        AND COALESCE(r.recorded_at_ms, r.start_ms) <= ${knownAtMs}
      ORDER BY r.start_ms DESC LIMIT 1) f ON true`)
  const answers = storedJson<readonly Found[]>(text(row ?? {}, 'found'))
  assert(answers.length === asked.length, 'there is an answer for every card asked about')
  fillFounds(nodes, answers)
}

/** Under a lease, and their evidence does not speak against it. */
async function lentUnits(
  db: Database,
  nodes: readonly NodeCards[],
  instant: LedgerInstant,
): Promise<ReadonlySet<UnitId>> {
  const leased = new Set(await lentAt(db, instant))
  if (leased.size === 0) return leased
  return new Set(unitsWith(nodes, isLendableCard).filter((unitId) => leased.has(unitId)))
}

/**
 * Of the cards that are free, were told so as it happened and are not lent (nothing else is
 * deposited), those whose last deposit that was opened by the instant, and lasted, was open then.
 */
async function depositedUnits(
  db: Database,
  nodes: readonly NodeCards[],
  { asOfMs }: LedgerInstant,
  lent: ReadonlySet<UnitId>,
): Promise<ReadonlySet<UnitId>> {
  const asked = unitsWith(nodes, isFreeLive).filter((unitId) => !lent.has(unitId))
  if (asked.length === 0) return new Set()
  const row = await db.get(sql`
    SELECT COALESCE(json_agg(j.unit_id), '[]')::text AS unit_ids
    FROM unnest(${asked}::bigint[]) j (unit_id)
    CROSS JOIN LATERAL (SELECT d.closed_at_ms FROM deposits d
      WHERE d.unit_id = j.unit_id AND d.opened_at_ms <= ${asOfMs}
        AND d.closed_at_ms IS DISTINCT FROM d.opened_at_ms
      ORDER BY d.opened_at_ms DESC LIMIT 1) d
    WHERE d.closed_at_ms IS NULL OR d.closed_at_ms > ${asOfMs}`)
  return new Set(storedJson<readonly UnitId[]>(text(row ?? {}, 'unit_ids')))
}

/**
 * Of nodes with a card that no run places at the instant, and of their cards: what covers the
 * instant and was declared by then, in order.
 */
async function readSilences(
  db: Database,
  nodes: readonly NodeCards[],
  { asOfMs, knownAtMs }: LedgerInstant,
): Promise<ReadonlyMap<NodeId, readonly Silence[]>> {
  const asked = nodes
    .filter(({ found }) => found.some((one) => one === null || one <= 0))
    .map(({ nodeId }) => nodeId)
  if (asked.length === 0) return new Map()
  const rows = await db.all(sql`
    SELECT * FROM silences WHERE node_id = ANY(${asked}::text[]) AND from_ms <= ${asOfMs}
      AND (to_ms IS NULL OR to_ms > greatest(${asOfMs}, from_ms)) AND declared_at_ms <= ${knownAtMs}
    ORDER BY from_ms, silence_id`)
  return Map.groupBy(rows.map(silenceOf), ({ nodeId }) => nodeId)
}
