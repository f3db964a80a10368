/**
 * One card that two ledgers claim at once, known by its vendor's own id. It is counted once: the claim
 * that was there first counts, and where the card is here as well, ours does. The other claim's time
 * is taken out while both last, until a person says otherwise.
 */
import type { NodeReport } from '@yiben/shared'
import type { UnitId } from '../../model/ids.ts'
import { markDirty } from './dirty.ts'
import type { Database, Row } from './driver.ts'
import { addToOutbox } from './outbox.ts'
import { integer, integerOrNull } from './values.ts'

/** In place of a ledger's number: the card is here. */
export const HERE = 0

/** A card under the number that its ledger gave its place. */
export interface Claim {
  readonly collector: number
  readonly unit: number
  readonly validFromMs: number
  readonly bookedToMs: number | null
}

/** Keeps the ids of a node's cards, and finds who else claims them. */
export function noteClaims(db: Database, collector: number, node: NodeReport, atMs: number): void {
  for (const card of node.cards) {
    db.run(
      'DELETE FROM child_identities WHERE collector_number = ? AND unit_number = ?',
      collector,
      card.unitNumber,
    )
    if (!card.isCounted) continue
    const { bookedToMs, unitNumber, validFromMs } = card
    const claim: Claim = { collector, unit: unitNumber, validFromMs, bookedToMs }
    for (const { hash, keyNumber, strength } of card.identities) {
      if (strength !== 'strong') continue
      db.run(
        `INSERT INTO child_identities (key_number, hash, collector_number, unit_number)
         VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        keyNumber,
        hash,
        collector,
        unitNumber,
      )
      for (const other of claimsOf(db, keyNumber, hash)) openClaim(db, claim, other, atMs)
    }
  }
}

/** Cards of ours whose ids a child may have claimed before they came here. */
export function noteOwnClaims(db: Database, unitIds: readonly UnitId[], atMs: number): void {
  if (db.get('SELECT 1 AS claimed FROM child_identities LIMIT 1') === undefined) return
  for (const unitId of unitIds) {
    const row = db.get(
      'SELECT unit_id, valid_from_ms, booked_to_ms FROM units WHERE unit_id = ?',
      unitId,
    )
    if (row === undefined) continue
    const claimed = db.all(
      `SELECT c.collector_number, c.unit_number, c.valid_from_ms, c.booked_to_ms
       FROM units u JOIN identities i ON i.accelerator_id = u.accelerator_id
       JOIN child_identities ci ON ci.key_number = i.key_number AND ci.hash = i.hash
       JOIN child_cards c ON c.collector_number = ci.collector_number
         AND c.unit_number = ci.unit_number
       WHERE u.unit_id = ? AND u.kind = 'card' AND i.strength = 'strong'`,
      unitId,
    )
    for (const other of claimed) openClaim(db, ownClaim(row), claimOf(other), atMs)
  }
}

/** The time of a claim in a conflict has changed, and with it what is taken out. */
export function markClaimsDirty(
  db: Database,
  { collector, unit }: Pick<Claim, 'collector' | 'unit'>,
  fromMs: number,
): void {
  const claimed = db.get(
    `SELECT 1 AS claimed FROM child_conflicts WHERE (kept_collector = ? AND kept_unit = ?)
       OR (other_collector = ? AND other_unit = ?) LIMIT 1`,
    ...[collector, unit, collector, unit],
  )
  if (claimed !== undefined) markDirty(db, fromMs, null)
}

function claimsOf(db: Database, keyNumber: number, hash: string): readonly Claim[] {
  const told = db.all(
    `SELECT c.collector_number, c.unit_number, c.valid_from_ms, c.booked_to_ms
     FROM child_identities ci JOIN child_cards c ON c.collector_number = ci.collector_number
       AND c.unit_number = ci.unit_number
     WHERE ci.key_number = ? AND ci.hash = ?`,
    keyNumber,
    hash,
  )
  const own = db.all(
    `SELECT u.unit_id, u.valid_from_ms, u.booked_to_ms
     FROM identities i JOIN units u ON u.accelerator_id = i.accelerator_id
     WHERE i.key_number = ? AND i.hash = ? AND i.strength = 'strong' AND u.kind = 'card'`,
    keyNumber,
    hash,
  )
  return [...told.map(claimOf), ...own.map(ownClaim)]
}

function openClaim(db: Database, one: Claim, other: Claim, atMs: number): void {
  if (one.collector === other.collector || overlapOf(one, other) === null) return
  const [kept, left] = isFirst(db, one, other) ? [one, other] : [other, one]
  const known = db.get(
    `SELECT conflict_id FROM child_conflicts
     WHERE (kept_collector = ? AND kept_unit = ? AND other_collector = ? AND other_unit = ?)
        OR (kept_collector = ? AND kept_unit = ? AND other_collector = ? AND other_unit = ?)`,
    ...[kept.collector, kept.unit, left.collector, left.unit],
    ...[left.collector, left.unit, kept.collector, kept.unit],
  )
  // However often it is told, and however a person has decided it.
  if (known !== undefined) return
  const { rowNumber } = db.run(
    `INSERT INTO child_conflicts (kept_collector, kept_unit, other_collector, other_unit,
       opened_at_ms) VALUES (?, ?, ?, ?, ?)`,
    kept.collector,
    kept.unit,
    left.collector,
    left.unit,
    atMs,
  )
  const overlap = overlapOf(kept, left)
  if (overlap !== null) markDirty(db, overlap.fromMs, overlap.toMs)
  const payload = {
    conflict_id: rowNumber,
    kept_origin: originOf(db, kept),
    kept_unit: kept.unit,
    other_origin: originOf(db, left),
    other_unit: left.unit,
  }
  addToOutbox(db, [{ kind: 'child_conflict_opened', atMs, payload }])
}

/** Time in which both claim it; `null`: never. */
export function overlapOf(
  one: Claim,
  other: Claim,
): { readonly fromMs: number; readonly toMs: number | null } | null {
  const fromMs = Math.max(one.validFromMs, other.validFromMs)
  const ends = [one.bookedToMs, other.bookedToMs].filter((end) => end !== null)
  const toMs = ends.length === 0 ? null : Math.min(...ends)
  return toMs !== null && toMs <= fromMs ? null : { fromMs, toMs }
}

/** What is measured here comes before what is told; else the earlier, the same at every level. */
function isFirst(db: Database, one: Claim, other: Claim): boolean {
  if (one.collector === HERE || other.collector === HERE) return one.collector === HERE
  if (one.validFromMs !== other.validFromMs) return one.validFromMs < other.validFromMs
  return (originOf(db, one) ?? '') < (originOf(db, other) ?? '')
}

export function originOf(db: Database, { collector }: Pick<Claim, 'collector'>): string | null {
  const row = db.get('SELECT origin FROM child_collectors WHERE collector_number = ?', collector)
  return typeof row?.origin === 'string' ? row.origin : null
}

export function claimOf(row: Row): Claim {
  return {
    collector: integer(row, 'collector_number'),
    unit: integer(row, 'unit_number'),
    validFromMs: integer(row, 'valid_from_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
  }
}

export function ownClaim(row: Row): Claim {
  return {
    collector: HERE,
    unit: integer(row, 'unit_id'),
    validFromMs: integer(row, 'valid_from_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
  }
}
