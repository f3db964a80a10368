/**
 * Nodes of children with their cards: the whole of a node each time. What has changed of the time
 * in which a card counts changes the hours of which nothing is told yet, where that time is
 * unknown.
 */

import { compareVersions, HOUR_MS, type NodeReport, type ReportedCard } from '@yiben/shared'
import { isOther } from '../sqlite/children-cards.ts'
import {
  OLDER,
  refusal,
  TAKEN,
  type Taken,
  type Teller,
  versionOf,
} from '../sqlite/children-taking.ts'
import type { Row } from '../sqlite/driver.ts'
import { integer, text } from '../sqlite/values.ts'
import { markClaimsDirty, noteClaims } from './children-claims.ts'
import { refusalOfSite } from './children-taking.ts'
import type { Database } from './driver.ts'
import { share } from './locks.ts'
import { keptFromMs } from './retention.ts'
import { sql } from './sql.ts'
import { profileIdOf } from './units.ts'

export async function takeNode(
  db: Database,
  teller: Teller,
  collector: number,
  node: NodeReport,
): Promise<Taken> {
  const notItsOwn = await refusalOfSite(db, collector, node.siteCode)
  if (notItsOwn !== null) return notItsOwn
  const held = await db.get(
    sql`SELECT generation, number, site_code FROM child_nodes
     WHERE collector_number = ${collector} AND node_id = ${node.nodeId}`,
  )
  if (held !== undefined && compareVersions(node.version, versionOf(held)) <= 0) return OLDER
  const cards = await cardsOf(db, collector, node.nodeId)
  const elsewhere = await heldElsewhere(db, collector, node, cards)
  if (elsewhere !== undefined) {
    const sentence = `the card ${elsewhere.unitNumber} of ${node.nodeId} is told of another node`
    return refusal('record_unknown_unit', sentence)
  }
  await putNode(db, teller, collector, node)
  const hasMoved = held !== undefined && text(held, 'site_code') !== node.siteCode
  let changedFromMs = Number.POSITIVE_INFINITY
  for (const card of node.cards) {
    const before = cards.get(card.unitNumber)
    cards.delete(card.unitNumber)
    if (hasMoved || before === undefined || isOther(before, card, await profileIdOf(db, card))) {
      await markClaimsDirty(db, { collector, unit: card.unitNumber }, card.validFromMs)
      const fromMs = before === undefined ? card.validFromMs : integer(before, 'valid_from_ms')
      changedFromMs = Math.min(changedFromMs, fromMs, card.validFromMs)
    }
    await putCard(db, teller, { collector, node, card })
  }
  // The report is the whole of the node: what it no longer has was never there.
  for (const [unitNumber, before] of cards) {
    const fromMs = integer(before, 'valid_from_ms')
    changedFromMs = Math.min(changedFromMs, fromMs)
    await markClaimsDirty(db, { collector, unit: unitNumber }, fromMs)
    await dropCard(db, collector, unitNumber)
  }
  if (Number.isFinite(changedFromMs)) await markUntold(db, node.siteCode, collector, changedFromMs)
  await noteClaims(db, collector, node, teller.atMs)
  return TAKEN
}

async function cardsOf(db: Database, collector: number, nodeId: string): Promise<Map<number, Row>> {
  const rows = await db.all(
    sql`SELECT * FROM child_cards WHERE collector_number = ${collector} AND node_id = ${nodeId}`,
  )
  return new Map(rows.map((row) => [integer(row, 'unit_number'), row]))
}

/** A card that is told of another node of the ledger. */
async function heldElsewhere(
  db: Database,
  collector: number,
  node: NodeReport,
  cards: ReadonlyMap<number, Row>,
): Promise<ReportedCard | undefined> {
  const unknown = node.cards.filter(({ unitNumber }) => !cards.has(unitNumber))
  const rows = await db.all(sql`
    SELECT unit_number FROM child_cards WHERE collector_number = ${collector}
      AND unit_number = ANY(${unknown.map(({ unitNumber }) => unitNumber)}::bigint[])`)
  const held = new Set(rows.map((row) => integer(row, 'unit_number')))
  return unknown.find(({ unitNumber }) => held.has(unitNumber))
}

async function putNode(
  db: Database,
  teller: Teller,
  collector: number,
  node: NodeReport,
): Promise<void> {
  await db.run(
    sql`INSERT INTO child_nodes (collector_number, node_id, site_code, name, is_revoked, cpu_cores,
       generation, number, received_at_ms) VALUES (${collector}, ${node.nodeId}, ${node.siteCode},
         ${node.name}, ${node.isRevoked}, ${node.cpuCores}, ${node.version.generation},
         ${node.version.number}, ${teller.atMs})
     ON CONFLICT (collector_number, node_id) DO UPDATE SET site_code = excluded.site_code,
       name = excluded.name, is_revoked = excluded.is_revoked, cpu_cores = excluded.cpu_cores,
       generation = excluded.generation, number = excluded.number,
       received_at_ms = excluded.received_at_ms`,
  )
}

async function putCard(
  db: Database,
  teller: Teller,
  told: {
    readonly collector: number
    readonly node: NodeReport
    readonly card: ReportedCard
  },
): Promise<void> {
  const { card, collector, node } = told
  const identities = card.identities.map((one) => [one.keyNumber, one.hash, one.strength])
  await db.run(
    sql`INSERT INTO child_cards (collector_number, unit_number, node_id, site_code,
      accelerator_number,
       profile_id, identities, valid_from_ms, booked_to_ms, ended_reason, is_counted,
       is_in_conflict, known_from_ms) VALUES (${collector}, ${card.unitNumber}, ${node.nodeId},
         ${node.siteCode}, ${card.acceleratorNumber}, ${await profileIdOf(db, card)},
         ${JSON.stringify(identities)}, ${card.validFromMs}, ${card.bookedToMs},
         ${card.endedReason}, ${card.isCounted}, ${card.isInConflict}, ${teller.atMs})
     ON CONFLICT (collector_number, unit_number) DO UPDATE SET site_code = excluded.site_code,
       accelerator_number = excluded.accelerator_number, profile_id = excluded.profile_id,
       identities = excluded.identities, valid_from_ms = excluded.valid_from_ms,
       booked_to_ms = excluded.booked_to_ms, ended_reason = excluded.ended_reason,
       is_counted = excluded.is_counted, is_in_conflict = excluded.is_in_conflict`,
  )
}

async function dropCard(db: Database, collector: number, unitNumber: number): Promise<void> {
  const isCard = sql`collector_number = ${collector} AND unit_number = ${unitNumber}`
  await db.run(sql`DELETE FROM child_identities WHERE ${isCard}`)
  await db.run(sql`DELETE FROM child_cards WHERE ${isCard}`)
}

/** Sealed hours from then on of which the site has told nothing. */
async function markUntold(
  db: Database,
  siteCode: string,
  collector: number,
  fromMs: number,
): Promise<void> {
  await share(db, 'seals')
  await db.run(
    sql`INSERT INTO dirty_hours (hour_ms)
     SELECT DISTINCT s.hour_ms FROM seals s WHERE s.hour_ms > ${fromMs - HOUR_MS}
       AND s.hour_ms >= ${await keptFromMs(db)}
       AND EXISTS (SELECT 1 FROM site_origins o WHERE o.site_code = ${siteCode}
         AND o.collector_number = ${collector})
       AND NOT EXISTS (SELECT 1 FROM child_hours h WHERE h.hour_ms = s.hour_ms
         AND h.collector_number = ${collector} AND h.site_code = ${siteCode})
     ON CONFLICT (hour_ms) DO NOTHING`,
  )
}
