/**
 * One card that two ledgers claim at once, known by its vendor's own id. It is counted once: the claim
 * that was there first counts, and where the card is here as well, ours does. The other claim's time
 * is taken out while both last, until a person says otherwise.
 */
import type { UnitId } from '../../model/ids.ts'
import { type Claim, claimOf, HERE, overlapOf, ownClaim } from '../children-claims.ts'
import { idStart, idStarts, isKnownBy, type ToldCard } from '../children-told.ts'
import { flag, integer, type Row, text } from '../values.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { addToOutbox } from './outbox.ts'

const CLAIM = 'c.collector_number, c.unit_number, c.valid_from_ms, c.booked_to_ms, c.identities'
const CLAIMED = `child_cards c
  ON c.collector_number = i.collector_number AND c.unit_number = i.unit_number`

/** Keeps the ids of a node's cards, and finds who else claims them. */
export function noteClaims(
  db: Database,
  collector: number,
  told: readonly ToldCard[],
  atMs: number,
): void {
  const hasOwn = db.get('SELECT 1 AS own FROM identities LIMIT 1') !== undefined
  for (const one of told) putIds(db, collector, one)
  const counted = told.filter(({ card }) => card.isCounted)
  const hashes = counted.flatMap(({ card }) => strongOf(card).map(({ hash }) => hash))
  const others = toldClaims(db, collector, hashes)
  for (const { card } of counted) {
    const { bookedToMs, unitNumber, validFromMs } = card
    const claim: Claim = { collector, unit: unitNumber, validFromMs, bookedToMs }
    for (const { hash, keyNumber } of strongOf(card)) {
      const own = hasOwn ? ownClaims(db, keyNumber, hash) : []
      for (const other of [...others(keyNumber, hash), ...own]) openClaim(db, claim, other, atMs)
    }
  }
}

function strongOf({ identities }: ToldCard['card']): ToldCard['card']['identities'] {
  return identities.filter(({ strength }) => strength === 'strong')
}

/** The ids of a card that goes. */
export function forgetIds(db: Database, collector: number, row: Row): void {
  const starts = idStarts(text(row, 'identities'), flag(row, 'is_counted'))
  dropIds(db, collector, integer(row, 'unit_number'), starts)
}

function putIds(
  db: Database,
  collector: number,
  { before, card, identities }: Pick<ToldCard, 'before' | 'card' | 'identities'>,
): void {
  const held =
    before === null ? [] : idStarts(text(before, 'identities'), flag(before, 'is_counted'))
  const starts = idStarts(identities, card.isCounted)
  const gone = held.filter((start) => !starts.includes(start))
  dropIds(db, collector, card.unitNumber, gone)
  for (const start of starts) {
    if (held.includes(start)) continue
    db.run(
      `INSERT INTO child_identities (hash_start, collector_number, unit_number)
       VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
      start,
      collector,
      card.unitNumber,
    )
  }
}

function dropIds(db: Database, collector: number, unit: number, starts: readonly string[]): void {
  for (const start of starts) {
    db.run(
      `DELETE FROM child_identities
       WHERE hash_start = ? AND collector_number = ? AND unit_number = ?`,
      start,
      collector,
      unit,
    )
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
    const ids = db.all(
      `SELECT i.key_number, i.hash FROM units u
       JOIN identities i ON i.accelerator_id = u.accelerator_id
       WHERE u.unit_id = ? AND u.kind = 'card' AND i.strength = 'strong'`,
      unitId,
    )
    for (const id of ids) {
      const [keyNumber, hash] = [integer(id, 'key_number'), text(id, 'hash')]
      for (const other of toldClaims(db, HERE, [hash])(keyNumber, hash)) {
        openClaim(db, ownClaim(row), other, atMs)
      }
    }
  }
}

/** Marks the hours of a claim in a conflict: its time has changed, and with it what is taken out. */
interface ClaimMarks {
  mark(unit: number, fromMs: number): void
}

/** The same for one card. */
export function markClaimsDirty(
  db: Database,
  { collector, unit }: Pick<Claim, 'collector' | 'unit'>,
  fromMs: number,
): void {
  claimsMarked(db, collector, [unit]).mark(unit, fromMs)
}

/** Of these cards. */
export function claimsMarked(
  db: Database,
  collector: number,
  units: readonly number[],
): ClaimMarks {
  const rows = claimedRows(db, collector, units)
  const claimed = new Set(rows.map((row) => integer(row, 'unit')))
  return {
    mark: (unit, fromMs) => {
      if (claimed.has(unit)) markDirty(db, fromMs, null)
    },
  }
}

function claimedRows(db: Database, collector: number, units: readonly number[]): readonly Row[] {
  const list = JSON.stringify(units)
  return db.all(
    `SELECT x.other_unit AS unit FROM json_each(?) j CROSS JOIN child_conflicts x
       ON x.other_collector = ? AND x.other_unit = j.value
     UNION ALL SELECT x.kept_unit FROM json_each(?) j CROSS JOIN child_conflicts x
       ON x.kept_collector = ? AND x.kept_unit = j.value`,
    list,
    collector,
    list,
    collector,
  )
}

/**
 * Cards of other ledgers than this one that are known by the ids. However many of its own a ledger has
 * under one id, they are stepped over.
 */
function toldClaims(
  db: Database,
  collector: number,
  hashes: readonly string[],
): (keyNumber: number, hash: string) => readonly Claim[] {
  const starts = JSON.stringify([...new Set(hashes.map(idStart))])
  const rows = db.all(
    `SELECT ${CLAIM} FROM json_each(?) j CROSS JOIN child_identities i
       ON i.hash_start = j.value AND i.collector_number < ? CROSS JOIN ${CLAIMED}
     UNION ALL SELECT ${CLAIM} FROM json_each(?) j CROSS JOIN child_identities i
       ON i.hash_start = j.value AND i.collector_number > ? CROSS JOIN ${CLAIMED}`,
    starts,
    collector,
    starts,
    collector,
  )
  return (keyNumber, hash) => rows.filter((row) => isKnownBy(row, keyNumber, hash)).map(claimOf)
}

function ownClaims(db: Database, keyNumber: number, hash: string): readonly Claim[] {
  return db
    .all(
      `SELECT u.unit_id, u.valid_from_ms, u.booked_to_ms
       FROM identities i JOIN units u ON u.accelerator_id = i.accelerator_id
       WHERE i.key_number = ? AND i.hash = ? AND i.strength = 'strong' AND u.kind = 'card'`,
      keyNumber,
      hash,
    )
    .map(ownClaim)
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
