/**
 * Nodes of children with their cards: the whole of a node each time, of which only what is told
 * otherwise than it is held is written. What has changed of the time in which a card counts changes the
 * hours of which nothing is told yet, where that time is unknown.
 */
import { compareVersions, type NodeReport, type ReportedCard } from '@yiben/shared'
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
import { integer, type Row, text } from '../values.ts'
import { claimsMarked, forgetIds, noteClaims } from './children-claims.ts'
import { refusalOfSite } from './children-taking.ts'
import type { Database } from './driver.ts'
import { keptFromMs } from './retention.ts'
import { profileIdOf } from './units.ts'
import { fromFlag } from './values.ts'

export function takeNode(db: Database, teller: Teller, collector: number, node: NodeReport): Taken {
  const notItsOwn = refusalOfSite(db, collector, node.siteCode)
  if (notItsOwn !== null) return notItsOwn
  const held = db.get(
    `SELECT generation, number, site_code FROM child_nodes
     WHERE collector_number = ? AND node_id = ?`,
    collector,
    node.nodeId,
  )
  if (held !== undefined && compareVersions(node.version, versionOf(held)) <= 0) return OLDER
  const cards = held === undefined ? new Map() : cardsOf(db, collector, node.nodeId)
  const elsewhere = heldElsewhere(db, collector, node, cards)
  if (elsewhere !== null) {
    const sentence = `the card ${elsewhere} of ${node.nodeId} is told of another node`
    return refusal('record_unknown_unit', sentence)
  }
  putNode(db, teller, collector, node)
  const told = toldCards(db, node, cards)
  const hasMoved = held !== undefined && text(held, 'site_code') !== node.siteCode
  const note = (change: Change) => {
    teller.changes.note(collector, node.siteCode, change)
    if (hasMoved) teller.changes.note(collector, text(held, 'site_code'), change)
  }
  const units = node.cards.map(({ unitNumber }) => unitNumber)
  const marks = claimsMarked(db, collector, [...new Set([...cards.keys(), ...units])])
  for (const one of told) {
    cards.delete(one.card.unitNumber)
    const change = changeOf(one, hasMoved)
    if (change !== null) {
      note(change)
      marks.mark(one.card.unitNumber, one.card.validFromMs)
    }
    if (hasMoved || isOther(one)) putCard(db, teller, { collector, node, told: one })
  }
  // The report is the whole of the node: what it no longer has was never there.
  for (const [unitNumber, before] of cards) {
    note(spanOf(before))
    marks.mark(unitNumber, integer(before, 'valid_from_ms'))
    dropCard(db, collector, before)
  }
  noteClaims(db, collector, told, teller.atMs)
  return TAKEN
}

function cardsOf(db: Database, collector: number, nodeId: string): Map<number, Row> {
  const rows = db.all(
    `SELECT * FROM child_cards INDEXED BY child_cards_node
     WHERE collector_number = ? AND node_id = ?`,
    collector,
    nodeId,
  )
  return new Map(rows.map((row) => [integer(row, 'unit_number'), row]))
}

/** The number of a card that is told of another node of the ledger; `null`: none is. */
function heldElsewhere(
  db: Database,
  collector: number,
  node: NodeReport,
  cards: ReadonlyMap<number, Row>,
): number | null {
  const fresh = node.cards
    .map(({ unitNumber }) => unitNumber)
    .filter((unitNumber) => !cards.has(unitNumber))
  if (fresh.length === 0) return null
  const row = db.get(
    `SELECT c.unit_number FROM json_each(?) j CROSS JOIN child_cards c
       ON c.collector_number = ? AND c.unit_number = j.value LIMIT 1`,
    JSON.stringify(fresh),
    collector,
  )
  return row === undefined ? null : integer(row, 'unit_number')
}

/** Cards of a node are of one profile, or of few. */
function toldCards(
  db: Database,
  node: NodeReport,
  cards: ReadonlyMap<number, Row>,
): readonly ToldCard[] {
  const profiles = new Map<string, number>()
  const idOf = (card: ReportedCard) => {
    const { memoryTotalMib, name, powerCapWatts, vendor } = card
    const key = `${vendor}/${name}/${memoryTotalMib}/${powerCapWatts}`
    const profileId = profiles.get(key) ?? profileIdOf(db, card)
    profiles.set(key, profileId)
    return profileId
  }
  return node.cards.map((card) => ({
    card,
    profileId: idOf(card),
    identities: storedIdentities(card),
    before: cards.get(card.unitNumber) ?? null,
  }))
}

function putNode(db: Database, teller: Teller, collector: number, node: NodeReport): void {
  db.run(
    `INSERT INTO child_nodes (collector_number, node_id, site_code, name, is_revoked, cpu_cores,
       cards, generation, number, received_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (collector_number, node_id) DO UPDATE SET site_code = excluded.site_code,
       name = excluded.name, is_revoked = excluded.is_revoked, cpu_cores = excluded.cpu_cores,
       cards = excluded.cards, generation = excluded.generation, number = excluded.number,
       received_at_ms = excluded.received_at_ms`,
    collector,
    node.nodeId,
    node.siteCode,
    node.name,
    fromFlag(node.isRevoked),
    node.cpuCores,
    cardsNow(node),
    node.version.generation,
    node.version.number,
    teller.atMs,
  )
}

function putCard(
  db: Database,
  teller: Teller,
  place: {
    readonly collector: number
    readonly node: NodeReport
    readonly told: ToldCard
  },
): void {
  const { collector, node } = place
  const { card, identities, profileId } = place.told
  db.run(
    `INSERT INTO child_cards (collector_number, unit_number, node_id, site_code, accelerator_number,
       profile_id, identities, valid_from_ms, booked_to_ms, ended_reason, is_counted,
       is_in_conflict, known_from_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (collector_number, unit_number) DO UPDATE SET site_code = excluded.site_code,
       accelerator_number = excluded.accelerator_number, profile_id = excluded.profile_id,
       identities = excluded.identities, valid_from_ms = excluded.valid_from_ms,
       booked_to_ms = excluded.booked_to_ms, ended_reason = excluded.ended_reason,
       is_counted = excluded.is_counted, is_in_conflict = excluded.is_in_conflict`,
    collector,
    card.unitNumber,
    node.nodeId,
    node.siteCode,
    card.acceleratorNumber,
    profileId,
    identities,
    card.validFromMs,
    card.bookedToMs,
    card.endedReason,
    fromFlag(card.isCounted),
    fromFlag(card.isInConflict),
    teller.atMs,
  )
}

function dropCard(db: Database, collector: number, row: Row): void {
  forgetIds(db, collector, row)
  db.run(
    'DELETE FROM child_cards WHERE collector_number = ? AND unit_number = ?',
    collector,
    integer(row, 'unit_number'),
  )
}

/**
 * Sealed hours that the changes of a commit touch, of which their site has told nothing. Once for all of
 * a commit: a child that tells everything would look through the same hours with each of its nodes.
 */
export function markUntold(db: Database, { changes }: Teller): void {
  const whole = changes.whole()
  if (whole === null) return
  const clean = db.get(
    `SELECT 1 AS clean FROM seals s WHERE s.hour_ms > ? - 3600000 AND s.hour_ms >= ?
       AND (? IS NULL OR s.hour_ms < ?)
       AND NOT EXISTS (SELECT 1 FROM dirty_hours d WHERE d.hour_ms = s.hour_ms) LIMIT 1`,
    whole.fromMs,
    keptFromMs(db),
    whole.toMs,
    whole.toMs,
  )
  if (clean === undefined) return
  for (const [siteCode, { collector, fromMs, toMs }] of changes.entries()) {
    db.run(
      `INSERT INTO dirty_hours (hour_ms)
       SELECT DISTINCT s.hour_ms FROM seals s WHERE s.hour_ms > ? - 3600000 AND s.hour_ms >= ?
         AND (? IS NULL OR s.hour_ms < ?)
         AND EXISTS (SELECT 1 FROM site_origins o WHERE o.site_code = ? AND o.collector_number = ?)
         AND NOT EXISTS (SELECT 1 FROM dirty_hours d WHERE d.hour_ms = s.hour_ms)
         AND NOT EXISTS (SELECT 1 FROM child_hours h WHERE h.hour_ms = s.hour_ms
           AND h.collector_number = ? AND h.site_code = ?)
       ON CONFLICT (hour_ms) DO NOTHING`,
      fromMs,
      keptFromMs(db),
      toMs,
      toMs,
      siteCode,
      collector,
      collector,
      siteCode,
    )
  }
}
