/**
 * One card that two ledgers claim at once, known by its vendor's own id. It is counted once: the
 * claim that was there first counts, and where the card is here as well, ours does. The other
 * claim's time is taken out while both last, until a person says otherwise.
 */
import type { UnitId } from '../../model/ids.ts'
import { type Claim, claimOf, HERE, overlapOf, ownClaim } from '../children-claims.ts'
import { idStart, idStarts, isKnownBy, type ToldCard } from '../children-told.ts'
import type { Row } from '../values.ts'
import { flag, integer, text } from '../values.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { sql } from './sql.ts'

/** Keeps the ids of a node's cards, and finds who else claims them. */
export async function noteClaims(
  db: Database,
  collector: number,
  told: readonly ToldCard[],
  atMs: number,
): Promise<void> {
  await putIds(db, collector, told)
  const counted = told.filter(({ card }) => card.isCounted)
  const ids = counted.flatMap(({ card }) =>
    card.identities
      .filter(({ strength }) => strength === 'strong')
      .map(({ hash, keyNumber }) => ({ card, hash, keyNumber })),
  )
  if (ids.length === 0) return
  const others = await toldClaims(db, collector, ids)
  const own = await ownClaims(db, ids)
  for (const { card, hash, keyNumber } of ids) {
    const { bookedToMs, unitNumber, validFromMs } = card
    const claim: Claim = { collector, unit: unitNumber, validFromMs, bookedToMs }
    const known = others(keyNumber, hash)
    for (const other of [...known, ...own(keyNumber, hash)]) {
      await openClaim(db, claim, other, atMs)
    }
  }
}

/** The ids of cards that go. */
export async function forgetIds(
  db: Database,
  collector: number,
  rows: readonly Row[],
): Promise<void> {
  const ids = rows.flatMap((row) => {
    const unit = integer(row, 'unit_number')
    const starts = idStarts(text(row, 'identities'), flag(row, 'is_counted'))
    return starts.map((start) => ({ start, unit }))
  })
  await dropIds(db, collector, ids)
}

interface IdStart {
  readonly start: string
  readonly unit: number
}

async function putIds(db: Database, collector: number, told: readonly ToldCard[]): Promise<void> {
  const gone: IdStart[] = []
  const come: IdStart[] = []
  for (const { before, card, identities } of told) {
    const held =
      before === null ? [] : idStarts(text(before, 'identities'), flag(before, 'is_counted'))
    const starts = idStarts(identities, card.isCounted)
    const unit = card.unitNumber
    for (const start of held) if (!starts.includes(start)) gone.push({ start, unit })
    for (const start of starts) if (!held.includes(start)) come.push({ start, unit })
  }
  await dropIds(db, collector, gone)
  if (come.length === 0) return
  await db.run(
    sql`INSERT INTO child_identities (hash_start, collector_number, unit_number)
     SELECT c.hash_start, ${collector}::bigint, c.unit_number
     FROM unnest(${come.map(({ start }) => start)}::text[],
       ${come.map(({ unit }) => unit)}::bigint[]) AS c (hash_start, unit_number)
     ON CONFLICT DO NOTHING`,
  )
}

async function dropIds(db: Database, collector: number, ids: readonly IdStart[]): Promise<void> {
  if (ids.length === 0) return
  await db.run(
    sql`DELETE FROM child_identities i
     USING unnest(${ids.map(({ start }) => start)}::text[],
       ${ids.map(({ unit }) => unit)}::bigint[]) AS c (hash_start, unit_number)
     WHERE i.hash_start = c.hash_start AND i.collector_number = ${collector}
       AND i.unit_number = c.unit_number`,
  )
}

/** Cards of ours whose ids a child may have claimed before they came here. */
export async function noteOwnClaims(
  db: Database,
  unitIds: readonly UnitId[],
  atMs: number,
): Promise<void> {
  if ((await db.get(sql`SELECT 1 AS claimed FROM child_identities LIMIT 1`)) === undefined) return
  await lock(db, 'children')
  for (const unitId of unitIds) {
    const row = await db.get(
      sql`SELECT unit_id, valid_from_ms, booked_to_ms FROM units WHERE unit_id = ${unitId}`,
    )
    if (row === undefined) continue
    const rows = await db.all(
      sql`SELECT i.key_number, i.hash FROM units u
       JOIN identities i ON i.accelerator_id = u.accelerator_id
       WHERE u.unit_id = ${unitId} AND u.kind = 'card' AND i.strength = 'strong'`,
    )
    const ids = rows.map((id) => ({ keyNumber: integer(id, 'key_number'), hash: text(id, 'hash') }))
    const claims = await toldClaims(db, HERE, ids)
    for (const { hash, keyNumber } of ids) {
      for (const other of claims(keyNumber, hash)) await openClaim(db, ownClaim(row), other, atMs)
    }
  }
}

/** Marks the hours of a claim in a conflict: its time has changed, and with it what is taken out. */
interface ClaimMarks {
  mark(unit: number, fromMs: number): Promise<void>
}

/** The same for one card. */
export async function markClaimsDirty(
  db: Database,
  { collector, unit }: Pick<Claim, 'collector' | 'unit'>,
  fromMs: number,
): Promise<void> {
  const marks = await claimsMarked(db, collector, [unit])
  await marks.mark(unit, fromMs)
}

/** Of these cards. */
export async function claimsMarked(
  db: Database,
  collector: number,
  units: readonly number[],
): Promise<ClaimMarks> {
  const rows = await db.all(
    sql`SELECT other_unit AS unit FROM child_conflicts WHERE other_collector = ${collector}
       AND other_unit = ANY(${units}::bigint[])
     UNION SELECT kept_unit FROM child_conflicts WHERE kept_collector = ${collector}
       AND kept_unit = ANY(${units}::bigint[])`,
  )
  const claimed = new Set(rows.map((row) => integer(row, 'unit')))
  return {
    mark: async (unit, fromMs) => {
      if (claimed.has(unit)) await markDirty(db, fromMs, null)
    },
  }
}

interface Id {
  readonly keyNumber: number
  readonly hash: string
}
type ClaimsOf = (keyNumber: number, hash: string) => readonly Claim[]

/** Cards of other ledgers than this one that are known by the ids. */
async function toldClaims(db: Database, collector: number, ids: readonly Id[]): Promise<ClaimsOf> {
  const rows = await db.all(
    sql`SELECT c.collector_number, c.unit_number, c.valid_from_ms, c.booked_to_ms, c.identities
     FROM child_identities i JOIN child_cards c ON c.collector_number = i.collector_number
       AND c.unit_number = i.unit_number
     WHERE i.hash_start = ANY(${ids.map(({ hash }) => idStart(hash))}::text[])
       AND i.collector_number <> ${collector}
     ORDER BY c.collector_number, c.unit_number`,
  )
  return (keyNumber, hash) => rows.filter((row) => isKnownBy(row, keyNumber, hash)).map(claimOf)
}

async function ownClaims(db: Database, ids: readonly Id[]): Promise<ClaimsOf> {
  const rows = await db.all(
    sql`SELECT i.key_number, i.hash, u.unit_id, u.valid_from_ms, u.booked_to_ms
     FROM identities i JOIN units u ON u.accelerator_id = i.accelerator_id
     WHERE i.hash = ANY(${ids.map(({ hash }) => hash)}::text[])
       AND i.key_number = ANY(${[...new Set(ids.map(({ keyNumber }) => keyNumber))]}::bigint[])
       AND i.strength = 'strong' AND u.kind = 'card' ORDER BY u.unit_id`,
  )
  return (keyNumber, hash) =>
    rows
      .filter((row) => integer(row, 'key_number') === keyNumber && text(row, 'hash') === hash)
      .map(ownClaim)
}

async function openClaim(db: Database, one: Claim, other: Claim, atMs: number): Promise<void> {
  if (one.collector === other.collector || overlapOf(one, other) === null) return
  const [kept, left] = (await isFirst(db, one, other)) ? [one, other] : [other, one]
  const known = await db.get(
    sql`SELECT conflict_id FROM child_conflicts
     WHERE (kept_collector = ${kept.collector} AND kept_unit = ${kept.unit}
         AND other_collector = ${left.collector} AND other_unit = ${left.unit})
       OR (kept_collector = ${left.collector} AND kept_unit = ${left.unit}
         AND other_collector = ${kept.collector} AND other_unit = ${kept.unit})`,
  )
  // However often it is told, and however a person has decided it.
  if (known !== undefined) return
  const row = await db.get(
    sql`INSERT INTO child_conflicts (kept_collector, kept_unit, other_collector, other_unit,
       opened_at_ms) VALUES (${kept.collector}, ${kept.unit}, ${left.collector}, ${left.unit},
         ${atMs})
     RETURNING conflict_id`,
  )
  const overlap = overlapOf(kept, left)
  if (overlap !== null) await markDirty(db, overlap.fromMs, overlap.toMs)
  const payload = {
    conflict_id: integer(row ?? {}, 'conflict_id'),
    kept_origin: await originOf(db, kept),
    kept_unit: kept.unit,
    other_origin: await originOf(db, left),
    other_unit: left.unit,
  }
  addToOutbox(db, [{ kind: 'child_conflict_opened', atMs, payload }])
}

/** What is measured here comes before what is told; else the earlier, the same at every level. */
async function isFirst(db: Database, one: Claim, other: Claim): Promise<boolean> {
  if (one.collector === HERE || other.collector === HERE) return one.collector === HERE
  if (one.validFromMs !== other.validFromMs) return one.validFromMs < other.validFromMs
  return ((await originOf(db, one)) ?? '') < ((await originOf(db, other)) ?? '')
}

export async function originOf(
  db: Database,
  { collector }: Pick<Claim, 'collector'>,
): Promise<string | null> {
  const row = await db.get(
    sql`SELECT origin FROM child_collectors WHERE collector_number = ${collector}`,
  )
  return typeof row?.origin === 'string' ? row.origin : null
}
