/**
 * One card that two ledgers claim at once, known by its vendor's own id. It is counted once: the
 * claim that was there first counts, and where the card is here as well, ours does. The other
 * claim's time is taken out while both last, until a person says otherwise.
 */

import type { NodeReport } from '@yiben/shared'
import type { UnitId } from '../../model/ids.ts'
import { type Claim, claimOf, HERE, overlapOf, ownClaim } from '../sqlite/children-claims.ts'
import { integer } from '../sqlite/values.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { sql } from './sql.ts'

/** Keeps the ids of a node's cards, and finds who else claims them. */
export async function noteClaims(
  db: Database,
  collector: number,
  node: NodeReport,
  atMs: number,
): Promise<void> {
  for (const card of node.cards) {
    await db.run(
      sql`DELETE FROM child_identities WHERE collector_number = ${collector}
        AND unit_number = ${card.unitNumber}`,
    )
    if (!card.isCounted) continue
    const { bookedToMs, unitNumber, validFromMs } = card
    const claim: Claim = { collector, unit: unitNumber, validFromMs, bookedToMs }
    for (const { hash, keyNumber, strength } of card.identities) {
      if (strength !== 'strong') continue
      await db.run(
        sql`INSERT INTO child_identities (key_number, hash, collector_number, unit_number)
         VALUES (${keyNumber}, ${hash}, ${collector}, ${unitNumber}) ON CONFLICT DO NOTHING`,
      )
      for (const other of await claimsOf(db, keyNumber, hash))
        await openClaim(db, claim, other, atMs)
    }
  }
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
    const claimed = await db.all(
      sql`SELECT c.collector_number, c.unit_number, c.valid_from_ms, c.booked_to_ms
       FROM units u JOIN identities i ON i.accelerator_id = u.accelerator_id
       JOIN child_identities ci ON ci.key_number = i.key_number AND ci.hash = i.hash
       JOIN child_cards c ON c.collector_number = ci.collector_number
         AND c.unit_number = ci.unit_number
       WHERE u.unit_id = ${unitId} AND u.kind = 'card' AND i.strength = 'strong'`,
    )
    for (const other of claimed) await openClaim(db, ownClaim(row), claimOf(other), atMs)
  }
}

/** The time of a claim in a conflict has changed, and with it what is taken out. */
export async function markClaimsDirty(
  db: Database,
  { collector, unit }: Pick<Claim, 'collector' | 'unit'>,
  fromMs: number,
): Promise<void> {
  const claimed = await db.get(
    sql`SELECT 1 AS claimed FROM child_conflicts WHERE (kept_collector = ${collector}
      AND kept_unit = ${unit})
       OR (other_collector = ${collector} AND other_unit = ${unit}) LIMIT 1`,
  )
  if (claimed !== undefined) await markDirty(db, fromMs, null)
}

async function claimsOf(db: Database, keyNumber: number, hash: string): Promise<readonly Claim[]> {
  const told = await db.all(
    sql`SELECT c.collector_number, c.unit_number, c.valid_from_ms, c.booked_to_ms
     FROM child_identities ci JOIN child_cards c ON c.collector_number = ci.collector_number
       AND c.unit_number = ci.unit_number
     WHERE ci.key_number = ${keyNumber} AND ci.hash = ${hash}`,
  )
  const own = await db.all(
    sql`SELECT u.unit_id, u.valid_from_ms, u.booked_to_ms
     FROM identities i JOIN units u ON u.accelerator_id = i.accelerator_id
     WHERE i.key_number = ${keyNumber} AND i.hash = ${hash} AND i.strength = 'strong'
       AND u.kind = 'card'`,
  )
  return [...told.map(claimOf), ...own.map(ownClaim)]
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
