/**
 * Nodes of children with their cards: the whole of a node each time, of which only what is told
 * otherwise than it is held is written, all nodes of a commit at once. What has changed of the time
 * in which a card counts changes the hours of which nothing is told yet, where that time is
 * unknown.
 */
import { compareVersions, HOUR_MS, type NodeReport, type ReportedCard } from '@yiben/shared'
import {
  type Change,
  OLDER,
  refusal,
  TAKEN,
  type Taken,
  type Teller,
  versionOf,
} from '../children-taking.ts'
import {
  cardsNow,
  changeOf,
  isOther,
  spanOf,
  storedIdentities,
  type ToldCard,
} from '../children-told.ts'
import type { Row } from '../values.ts'
import { integer, text } from '../values.ts'
import { claimsMarked, forgetIds, noteClaims } from './children-claims.ts'
import { refusalOfSite } from './children-taking.ts'
import type { Database } from './driver.ts'
import { share } from './locks.ts'
import { keptFromMs } from './retention.ts'
import { sql } from './sql.ts'
import { profileIdOf } from './units.ts'

/**
 * Takes all of them at once, as if each came after the one before it: no node and no card is there
 * twice (children-runs.ts).
 */
export async function takeNodes(
  db: Database,
  teller: Teller,
  collector: number,
  nodes: readonly NodeReport[],
): Promise<readonly Taken[]> {
  const refusals = await refusalsOfSites(db, collector, nodes)
  const held = await heldNodes(db, collector, nodes)
  const takenOf = (node: NodeReport): Taken => {
    const row = held.get(node.nodeId)
    const isOlder = row !== undefined && compareVersions(node.version, versionOf(row)) <= 0
    return refusals.get(node.siteCode) ?? (isOlder ? OLDER : TAKEN)
  }
  const news = nodes.filter((node) => takenOf(node) === TAKEN)
  const cards = await cardsOf(db, collector, [...held.keys()])
  const elsewhere = await heldElsewhere(db, collector, news, cards)
  if (elsewhere.size === 0) {
    await take(db, teller, { collector, nodes: news, held, cards })
    return nodes.map(takenOf)
  }
  // A card may have left one of them for another: each after the one before it.
  const [first] = nodes
  if (first === undefined || nodes.length > 1) return await oneByOne(db, teller, collector, nodes)
  const unit = first.cards.find(({ unitNumber }) => elsewhere.has(unitNumber))?.unitNumber
  const sentence = `the card ${unit} of ${first.nodeId} is told of another node`
  return [refusal('record_unknown_unit', sentence)]
}

async function oneByOne(
  db: Database,
  teller: Teller,
  collector: number,
  nodes: readonly NodeReport[],
): Promise<readonly Taken[]> {
  const taken: Taken[] = []
  for (const node of nodes) taken.push(...(await takeNodes(db, teller, collector, [node])))
  return taken
}

async function refusalsOfSites(
  db: Database,
  collector: number,
  nodes: readonly NodeReport[],
): Promise<ReadonlyMap<string, Taken>> {
  const refusals = new Map<string, Taken>()
  for (const siteCode of new Set(nodes.map((node) => node.siteCode))) {
    const refused = await refusalOfSite(db, collector, siteCode)
    if (refused !== null) refusals.set(siteCode, refused)
  }
  return refusals
}

async function heldNodes(
  db: Database,
  collector: number,
  nodes: readonly NodeReport[],
): Promise<ReadonlyMap<string, Row>> {
  const rows = await db.all(
    sql`SELECT node_id, generation, number, site_code FROM child_nodes
     WHERE collector_number = ${collector}
       AND node_id = ANY(${nodes.map(({ nodeId }) => nodeId)}::text[])`,
  )
  return new Map(rows.map((row) => [text(row, 'node_id'), row]))
}

/** By node, then by the number of the card. */
type HeldCards = ReadonlyMap<string, ReadonlyMap<number, Row>>

async function cardsOf(
  db: Database,
  collector: number,
  nodeIds: readonly string[],
): Promise<HeldCards> {
  if (nodeIds.length === 0) return new Map()
  const rows = await db.all(
    sql`SELECT * FROM child_cards WHERE collector_number = ${collector}
     AND node_id = ANY(${nodeIds}::text[]) ORDER BY unit_number`,
  )
  const byNode = Map.groupBy(rows, (row) => text(row, 'node_id'))
  const byUnit = (own: readonly Row[]) =>
    new Map(own.map((row) => [integer(row, 'unit_number'), row]))
  return new Map([...byNode].map(([nodeId, own]) => [nodeId, byUnit(own)]))
}

/** Numbers of cards that are told of another node of the ledger. */
async function heldElsewhere(
  db: Database,
  collector: number,
  nodes: readonly NodeReport[],
  cards: HeldCards,
): Promise<ReadonlySet<number>> {
  const fresh = nodes.flatMap(({ cards: told, nodeId }) => {
    const own = cards.get(nodeId)
    return told.map((card) => card.unitNumber).filter((unit) => own?.has(unit) !== true)
  })
  if (fresh.length === 0) return new Set()
  const rows = await db.all(sql`
    SELECT unit_number FROM child_cards WHERE collector_number = ${collector}
      AND unit_number = ANY(${fresh}::bigint[])`)
  return new Set(rows.map((row) => integer(row, 'unit_number')))
}

interface Taking {
  readonly collector: number
  /** Each is newer than what is held of it, and its cards are its own. */
  readonly nodes: readonly NodeReport[]
  readonly held: ReadonlyMap<string, Row>
  readonly cards: HeldCards
}

/** A card as it is told of its node. */
interface Placed {
  readonly node: NodeReport
  readonly told: ToldCard
  readonly hasMoved: boolean
}

async function take(db: Database, teller: Teller, taking: Taking): Promise<void> {
  const { cards, collector, held, nodes } = taking
  if (nodes.length === 0) return
  await putNodes(db, teller, collector, nodes)
  const placed = await placedCards(db, taking)
  const gone = nodes.flatMap((node) => {
    const kept = new Set(node.cards.map(({ unitNumber }) => unitNumber))
    const own = [...(cards.get(node.nodeId)?.values() ?? [])]
    return own
      .filter((row) => !kept.has(integer(row, 'unit_number')))
      .map((before) => ({ node, before }))
  })
  const units = [
    ...placed.map(({ told }) => told.card.unitNumber),
    ...gone.map(({ before }) => integer(before, 'unit_number')),
  ]
  const marks = await claimsMarked(db, collector, units)
  const note = async (node: NodeReport, change: Change, unit: number, fromMs: number) => {
    teller.changes.note(collector, node.siteCode, change)
    const before = held.get(node.nodeId)
    if (before !== undefined) teller.changes.note(collector, text(before, 'site_code'), change)
    await marks.mark(unit, fromMs)
  }
  for (const { hasMoved, node, told } of placed) {
    const change = changeOf(told, hasMoved)
    const { unitNumber, validFromMs } = told.card
    if (change !== null) await note(node, change, unitNumber, validFromMs)
  }
  // The report is the whole of the node: what it no longer has was never there.
  for (const { before, node } of gone) {
    const span = spanOf(before)
    await note(node, span, integer(before, 'unit_number'), span.fromMs)
  }
  await dropCards(
    db,
    collector,
    gone.map(({ before }) => before),
  )
  const written = placed.filter(({ hasMoved, told }) => hasMoved || isOther(told))
  await putCards(db, teller, collector, written)
  await noteClaims(
    db,
    collector,
    placed.map(({ told }) => told),
    teller.atMs,
  )
}

/** Cards of a node are of one profile, or of few. */
async function placedCards(
  db: Database,
  { cards, held, nodes }: Taking,
): Promise<readonly Placed[]> {
  const profiles = new Map<string, number>()
  const idOf = async (card: ReportedCard) => {
    const { memoryTotalMib, name, powerCapWatts, vendor } = card
    const key = `${vendor}/${name}/${memoryTotalMib}/${powerCapWatts}`
    const profileId = profiles.get(key) ?? (await profileIdOf(db, card))
    profiles.set(key, profileId)
    return profileId
  }
  const placed: Placed[] = []
  for (const node of nodes) {
    const row = held.get(node.nodeId)
    const hasMoved = row !== undefined && text(row, 'site_code') !== node.siteCode
    for (const card of node.cards) {
      const before = cards.get(node.nodeId)?.get(card.unitNumber) ?? null
      const identities = storedIdentities(card)
      const told = { card, profileId: await idOf(card), identities, before }
      placed.push({ node, told, hasMoved })
    }
  }
  return placed
}

async function putNodes(
  db: Database,
  teller: Teller,
  collector: number,
  nodes: readonly NodeReport[],
): Promise<void> {
  await db.run(
    sql`INSERT INTO child_nodes (collector_number, node_id, site_code, name, is_revoked, cpu_cores,
       cards, generation, number, received_at_ms)
     SELECT ${collector}::bigint, n.node_id, n.site_code, n.name, n.is_revoked, n.cpu_cores,
       n.cards, n.generation, n.number, ${teller.atMs}::bigint
     FROM unnest(${nodes.map(({ nodeId }) => nodeId)}::text[],
       ${nodes.map(({ siteCode }) => siteCode)}::text[],
       ${nodes.map(({ name }) => name)}::text[],
       ${nodes.map(({ isRevoked }) => isRevoked)}::boolean[],
       ${nodes.map(({ cpuCores }) => cpuCores)}::bigint[],
       ${nodes.map(cardsNow)}::bigint[],
       ${nodes.map(({ version }) => version.generation)}::bigint[],
       ${nodes.map(({ version }) => version.number)}::bigint[])
       AS n (node_id, site_code, name, is_revoked, cpu_cores, cards, generation, number)
     ON CONFLICT (collector_number, node_id) DO UPDATE SET site_code = excluded.site_code,
       name = excluded.name, is_revoked = excluded.is_revoked, cpu_cores = excluded.cpu_cores,
       cards = excluded.cards, generation = excluded.generation, number = excluded.number,
       received_at_ms = excluded.received_at_ms`,
  )
}

async function putCards(
  db: Database,
  teller: Teller,
  collector: number,
  placed: readonly Placed[],
): Promise<void> {
  if (placed.length === 0) return
  const cards = placed.map(({ told }) => told.card)
  await db.run(
    sql`INSERT INTO child_cards (collector_number, unit_number, node_id, site_code,
       accelerator_number, profile_id, identities, valid_from_ms, booked_to_ms, ended_reason,
       is_counted, is_in_conflict, known_from_ms)
     SELECT ${collector}::bigint, c.unit_number, c.node_id, c.site_code, c.accelerator_number,
       c.profile_id, c.identities, c.valid_from_ms, c.booked_to_ms, c.ended_reason, c.is_counted,
       c.is_in_conflict, ${teller.atMs}::bigint
     FROM unnest(${cards.map((card) => card.unitNumber)}::bigint[],
       ${placed.map(({ node }) => node.nodeId)}::text[],
       ${placed.map(({ node }) => node.siteCode)}::text[],
       ${cards.map((card) => card.acceleratorNumber)}::bigint[],
       ${placed.map(({ told }) => told.profileId)}::bigint[],
       ${placed.map(({ told }) => told.identities)}::text[],
       ${cards.map((card) => card.validFromMs)}::bigint[],
       ${cards.map((card) => card.bookedToMs)}::bigint[],
       ${cards.map((card) => card.endedReason)}::text[],
       ${cards.map((card) => card.isCounted)}::boolean[],
       ${cards.map((card) => card.isInConflict)}::boolean[])
       AS c (unit_number, node_id, site_code, accelerator_number, profile_id, identities,
         valid_from_ms, booked_to_ms, ended_reason, is_counted, is_in_conflict)
     ON CONFLICT (collector_number, unit_number) DO UPDATE SET site_code = excluded.site_code,
       accelerator_number = excluded.accelerator_number, profile_id = excluded.profile_id,
       identities = excluded.identities, valid_from_ms = excluded.valid_from_ms,
       booked_to_ms = excluded.booked_to_ms, ended_reason = excluded.ended_reason,
       is_counted = excluded.is_counted, is_in_conflict = excluded.is_in_conflict`,
  )
}

async function dropCards(db: Database, collector: number, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  await forgetIds(db, collector, rows)
  const units = rows.map((row) => integer(row, 'unit_number'))
  await db.run(sql`DELETE FROM child_cards WHERE collector_number = ${collector}
    AND unit_number = ANY(${units}::bigint[])`)
}

/**
 * Sealed hours that the changes of a commit touch, of which their site has told nothing. Once for
 * all of a commit: a child that tells everything would look through the same hours with each of its
 * nodes.
 */
export async function markUntold(db: Database, { changes }: Teller): Promise<void> {
  const whole = changes.whole()
  if (whole === null) return
  await share(db, 'seals')
  const keptMs = await keptFromMs(db)
  const clean = await db.get(sql`
    SELECT 1 AS clean FROM seals s WHERE s.hour_ms > ${whole.fromMs - HOUR_MS}
      AND s.hour_ms >= ${keptMs}
      AND (${whole.toMs}::bigint IS NULL OR s.hour_ms < ${whole.toMs}::bigint)
      AND NOT EXISTS (SELECT 1 FROM dirty_hours d WHERE d.hour_ms = s.hour_ms) LIMIT 1`)
  if (clean === undefined) return
  for (const [siteCode, { collector, fromMs, toMs }] of changes.entries()) {
    await db.run(
      sql`INSERT INTO dirty_hours (hour_ms)
       SELECT DISTINCT s.hour_ms FROM seals s WHERE s.hour_ms > ${fromMs - HOUR_MS}
         AND s.hour_ms >= ${keptMs}
         AND (${toMs}::bigint IS NULL OR s.hour_ms < ${toMs}::bigint)
         AND EXISTS (SELECT 1 FROM site_origins o WHERE o.site_code = ${siteCode}
           AND o.collector_number = ${collector})
         AND NOT EXISTS (SELECT 1 FROM dirty_hours d WHERE d.hour_ms = s.hour_ms)
         AND NOT EXISTS (SELECT 1 FROM child_hours h WHERE h.hour_ms = s.hour_ms
           AND h.collector_number = ${collector} AND h.site_code = ${siteCode})
       ON CONFLICT (hour_ms) DO NOTHING`,
    )
  }
}
