/**
 * The state of every card at one instant, as known at another (C14), as counts of cards that are
 * alike. For a card a run that covers the instant wins; else a silence declared by then; else
 * nothing has been told yet. Where a lease that was known then covers the instant it is `lent`,
 * unless the evidence speaks against it.
 *
 * A whole country is asked about at once, so what is found for many cards comes from SQLite in
 * columns, as one JSON array each: a row each would cost more than finding it.
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

/**
 * Whole cards by node, each counted once, with the open runs that they may be in. The last character
 * of a node's id is a random one: parts by it are about equal.
 */
const NODES = `
  SELECT n.node_id, n.site_code, o.timeline_end_ms, o.runs, c.unit_ids, c.profile_ids,
    t.owner_kind, t.cpu_cores, h.cpu_busy_ms, h.cpu_total_ms
  FROM (SELECT u.node_id, json_group_array(u.unit_id) AS unit_ids,
      json_group_array(u.profile_id) AS profile_ids
    FROM units u WHERE u.kind = 'card' AND u.is_counted = 1 AND u.valid_from_ms <= ?
      AND (u.booked_to_ms IS NULL OR u.booked_to_ms > ?) AND u.known_from_ms <= ?
      AND unicode(substr(u.node_id, -1)) % ? = ?
    GROUP BY u.node_id) c
  JOIN nodes n ON n.node_id = c.node_id LEFT JOIN open_nodes o ON o.node_id = n.node_id
  LEFT JOIN node_traits t ON t.trait_number = (SELECT l.trait_number FROM node_traits l
    WHERE l.node_id = c.node_id AND l.from_ms <= ? AND l.known_from_ms <= ?
    ORDER BY l.from_ms DESC, l.trait_number DESC LIMIT 1)
  LEFT JOIN node_hours h ON h.hour_ms = ? AND h.node_id = c.node_id AND h.known_at_ms <= ?
  WHERE ${inScope('n.site_code')}`

/** Of each unit the last closed run known then that begins by the instant, as a `Found`. */
const CLOSED_RUNS = `
  SELECT json_group_array((
    SELECT CASE
      WHEN r.end_ms > at.as_of AND (r.recorded_at_ms IS NOT NULL OR at.known >= at.as_of)
        THEN 2 * r.code + (r.recorded_at_ms IS NOT NULL)
      WHEN r.recorded_at_ms IS NULL THEN -min(r.end_ms, at.known + 1)
      ELSE -r.end_ms END
    FROM runs r WHERE r.unit_id = j.value AND r.start_ms <= at.as_of
      AND COALESCE(r.recorded_at_ms, r.start_ms) <= at.known
    ORDER BY r.start_ms DESC LIMIT 1)) AS found
  FROM (SELECT ? AS as_of, ? AS known) at, json_each(?) j`

/** Of each unit 1 where the last deposit that was opened by the instant, and lasted, was open then. */
const DEPOSITED = `
  SELECT json_group_array(COALESCE((
    SELECT d.closed_at_ms IS NULL OR d.closed_at_ms > at.as_of
    FROM deposits d WHERE d.unit_id = j.value AND d.opened_at_ms <= at.as_of
      AND d.closed_at_ms IS NOT d.opened_at_ms
    ORDER BY d.opened_at_ms DESC LIMIT 1), 0)) AS deposited
  FROM (SELECT ? AS as_of) at, json_each(?) j`

export function readLedgerAt(db: Database, scope: Scope, instant: LedgerInstant): CardCounts {
  const nodes = readNodes(db, scope, instant)
  findClosedRuns(db, nodes, instant)
  const lent = lentUnits(db, nodes, instant)
  const deposited = depositedUnits(db, nodes, instant, lent)
  const sums = new CountSums(instant, (nodeId) => readSilences(db, nodeId, instant))
  for (const node of nodes) sums.add(node, { lent, deposited })
  const { asOfMs, knownAtMs } = instant
  const sites = sitesAt(db, { atMs: asOfMs, knownAtMs })
  const own = sums.finish(sites, db.all('SELECT * FROM profiles'))
  // What children have told is not of our nodes: it goes with the first part of them.
  if ((instant.part ?? WHOLE).number !== 0) return own
  const told = childrenAt(db, sitesInScope(db, scope), instant, sites)
  return told.nodes.length === 0 && told.counts.length === 0
    ? own
    : wholeOf([own, { ...own, ...told }])
}

function readNodes(db: Database, scope: Scope, instant: LedgerInstant): readonly NodeCards[] {
  const { asOfMs, knownAtMs, part = WHOLE } = instant
  const sites = sitesInScope(db, scope)
  const cards = [asOfMs, asOfMs, knownAtMs, part.of, part.number]
  const traits = [asOfMs, knownAtMs, coreHourMs(instant), knownAtMs]
  return db
    .all(NODES, ...cards, ...traits, sites, sites)
    .map((row) => nodeCardsOf(row, { asOfMs, knownAtMs }))
}

/** For the cards whose open run says nothing. */
function findClosedRuns(
  db: Database,
  nodes: readonly NodeCards[],
  { asOfMs, knownAtMs }: LedgerInstant,
): void {
  const asked = unitsWith(nodes, (found) => found === null)
  const row = db.get(CLOSED_RUNS, asOfMs, knownAtMs, JSON.stringify(asked))
  const answers = storedJson<readonly Found[]>(text(row ?? {}, 'found'))
  assert(answers.length === asked.length, 'there is an answer for every card asked about')
  fillFounds(nodes, answers)
}

/** Under a lease, and their evidence does not speak against it. */
function lentUnits(
  db: Database,
  nodes: readonly NodeCards[],
  instant: LedgerInstant,
): ReadonlySet<UnitId> {
  const leased = new Set(lentAt(db, instant))
  if (leased.size === 0) return leased
  return new Set(unitsWith(nodes, isLendableCard).filter((unitId) => leased.has(unitId)))
}

/**
 * Of the cards that are free, were told so as it happened and are not lent: nothing else is
 * deposited.
 */
function depositedUnits(
  db: Database,
  nodes: readonly NodeCards[],
  { asOfMs }: LedgerInstant,
  lent: ReadonlySet<UnitId>,
): ReadonlySet<UnitId> {
  const asked = unitsWith(nodes, isFreeLive).filter((unitId) => !lent.has(unitId))
  const row = db.get(DEPOSITED, asOfMs, JSON.stringify(asked))
  const answers = storedJson<readonly number[]>(text(row ?? {}, 'deposited'))
  return new Set(asked.filter((_, position) => answers[position] === 1))
}

/** Of the node and of its cards, that cover the instant and were declared by then, in order. */
function readSilences(
  db: Database,
  nodeId: NodeId,
  { asOfMs, knownAtMs }: LedgerInstant,
): readonly Silence[] {
  return db
    .all(
      `SELECT * FROM silences WHERE node_id = ? AND from_ms <= ?
         AND (to_ms IS NULL OR to_ms > max(?, from_ms)) AND declared_at_ms <= ?
       ORDER BY from_ms, silence_id`,
      nodeId,
      asOfMs,
      asOfMs,
      knownAtMs,
    )
    .map(silenceOf)
}
