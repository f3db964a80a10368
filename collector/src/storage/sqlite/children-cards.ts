/**
 * Nodes of children with their cards: the whole of a node each time. What has changed of the time in
 * which a card counts changes the hours of which nothing is told yet, where that time is unknown.
 */
import { compareVersions, type NodeReport, type ReportedCard } from '@yiben/shared'
import { markClaimsDirty, noteClaims } from './children-claims.ts'
import {
  OLDER,
  refusal,
  refusalOfSite,
  TAKEN,
  type Taken,
  type Teller,
  versionOf,
} from './children-taking.ts'
import type { Database, Row } from './driver.ts'
import { keptFromMs } from './retention.ts'
import { profileIdOf } from './units.ts'
import { flag, fromFlag, integer, integerOrNull, text } from './values.ts'

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
  const cards = cardsOf(db, collector, node.nodeId)
  const elsewhere = node.cards.find(
    ({ unitNumber }) => !cards.has(unitNumber) && isHeld(db, collector, unitNumber),
  )
  if (elsewhere !== undefined) {
    const sentence = `the card ${elsewhere.unitNumber} of ${node.nodeId} is told of another node`
    return refusal('record_unknown_unit', sentence)
  }
  putNode(db, teller, collector, node)
  const hasMoved = held !== undefined && text(held, 'site_code') !== node.siteCode
  let changedFromMs = Number.POSITIVE_INFINITY
  for (const card of node.cards) {
    const before = cards.get(card.unitNumber)
    cards.delete(card.unitNumber)
    if (hasMoved || before === undefined || isOther(before, card, profileIdOf(db, card))) {
      markClaimsDirty(db, { collector, unit: card.unitNumber }, card.validFromMs)
      const fromMs = before === undefined ? card.validFromMs : integer(before, 'valid_from_ms')
      changedFromMs = Math.min(changedFromMs, fromMs, card.validFromMs)
    }
    putCard(db, teller, { collector, node, card })
  }
  // The report is the whole of the node: what it no longer has was never there.
  for (const [unitNumber, before] of cards) {
    const fromMs = integer(before, 'valid_from_ms')
    changedFromMs = Math.min(changedFromMs, fromMs)
    markClaimsDirty(db, { collector, unit: unitNumber }, fromMs)
    dropCard(db, collector, unitNumber)
  }
  if (Number.isFinite(changedFromMs)) markUntold(db, node.siteCode, collector, changedFromMs)
  noteClaims(db, collector, node, teller.atMs)
  return TAKEN
}

function cardsOf(db: Database, collector: number, nodeId: string): Map<number, Row> {
  const rows = db.all(
    'SELECT * FROM child_cards WHERE collector_number = ? AND node_id = ?',
    collector,
    nodeId,
  )
  return new Map(rows.map((row) => [integer(row, 'unit_number'), row]))
}

function isHeld(db: Database, collector: number, unitNumber: number): boolean {
  const row = db.get(
    'SELECT 1 AS held FROM child_cards WHERE collector_number = ? AND unit_number = ?',
    collector,
    unitNumber,
  )
  return row !== undefined
}

export function isOther(before: Row, card: ReportedCard, profileId: number): boolean {
  return (
    integer(before, 'valid_from_ms') !== card.validFromMs ||
    integerOrNull(before, 'booked_to_ms') !== card.bookedToMs ||
    flag(before, 'is_counted') !== card.isCounted ||
    integer(before, 'profile_id') !== profileId
  )
}

function putNode(db: Database, teller: Teller, collector: number, node: NodeReport): void {
  db.run(
    `INSERT INTO child_nodes (collector_number, node_id, site_code, name, is_revoked, cpu_cores,
       generation, number, received_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (collector_number, node_id) DO UPDATE SET site_code = excluded.site_code,
       name = excluded.name, is_revoked = excluded.is_revoked, cpu_cores = excluded.cpu_cores,
       generation = excluded.generation, number = excluded.number,
       received_at_ms = excluded.received_at_ms`,
    collector,
    node.nodeId,
    node.siteCode,
    node.name,
    fromFlag(node.isRevoked),
    node.cpuCores,
    node.version.generation,
    node.version.number,
    teller.atMs,
  )
}

function putCard(
  db: Database,
  teller: Teller,
  told: {
    readonly collector: number
    readonly node: NodeReport
    readonly card: ReportedCard
  },
): void {
  const { card, collector, node } = told
  const identities = card.identities.map((one) => [one.keyNumber, one.hash, one.strength])
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
    profileIdOf(db, card),
    JSON.stringify(identities),
    card.validFromMs,
    card.bookedToMs,
    card.endedReason,
    fromFlag(card.isCounted),
    fromFlag(card.isInConflict),
    teller.atMs,
  )
}

function dropCard(db: Database, collector: number, unitNumber: number): void {
  for (const table of ['child_identities', 'child_cards']) {
    db.run(
      `DELETE FROM ${table} WHERE collector_number = ? AND unit_number = ?`,
      collector,
      unitNumber,
    )
  }
}

/** Sealed hours from then on of which the site has told nothing. */
function markUntold(db: Database, siteCode: string, collector: number, fromMs: number): void {
  db.run(
    `INSERT INTO dirty_hours (hour_ms)
     SELECT DISTINCT s.hour_ms FROM seals s WHERE s.hour_ms > ? - 3600000 AND s.hour_ms >= ?
       AND EXISTS (SELECT 1 FROM site_origins o WHERE o.site_code = ? AND o.collector_number = ?)
       AND NOT EXISTS (SELECT 1 FROM child_hours h WHERE h.hour_ms = s.hour_ms
         AND h.collector_number = ? AND h.site_code = ?)
     ON CONFLICT (hour_ms) DO NOTHING`,
    fromMs,
    keptFromMs(db),
    siteCode,
    collector,
    collector,
    siteCode,
  )
}
