/**
 * What bounds a draw, looked at in the transaction that writes it: whose cards are under another
 * claim, and which are not offered at this moment. The constraints of migration 0002 hold by
 * themselves; this says which claims broke them.
 */
import { stateOf } from '@yiben/shared'
import type { Claim, Draw } from '../../model/draw.ts'
import { cardOf } from '../deposit-rows.ts'
import type { DrawChange } from '../draw-requests.ts'
import { doCollide, spanOf } from '../draw-rows.ts'
import { unitOf } from '../rows.ts'
import type { Row } from '../values.ts'
import { integer, text } from '../values.ts'
import { DEPOSIT_COLUMNS } from './deposits.ts'
import type { Database } from './driver.ts'
import type { OpenRows } from './evidence.ts'
import { sql } from './sql.ts'
import { UNIT_COLUMNS, UNIT_TABLES } from './units.ts'

/** Claims whose card another claim has: now, or for some of the time that they promise. */
export async function takenOrdinals(
  db: Database,
  drawNumber: number,
  draw: Draw,
): Promise<readonly number[]> {
  const taken: number[] = []
  for (const claim of draw.claims) {
    const isTaken =
      (await isLiveElsewhere(db, drawNumber, claim)) ||
      (await isLeasedElsewhere(db, drawNumber, claim)) ||
      draw.claims.some((other) => other.ordinal < claim.ordinal && doCollide(claim, other))
    if (isTaken) taken.push(claim.ordinal)
  }
  return taken
}

/**
 * Claims of a new draw whose card is not free to be claimed: the usual refusal, without a rollback.
 */
export async function liveElsewhere(db: Database, draw: Draw): Promise<readonly number[]> {
  const live = draw.claims.filter(({ state }) => state !== 'ended')
  const cards = live.map(({ acceleratorId }) => acceleratorId)
  const rows = await db.all(sql`
    SELECT accelerator_id FROM claims
    WHERE accelerator_id = ANY(${cards}::bigint[]) AND state <> 'ended'`)
  const taken = new Set(rows.map((row) => integer(row, 'accelerator_id')))
  return live
    .filter(({ acceleratorId }) => acceleratorId !== null && taken.has(acceleratorId))
    .map(({ ordinal }) => ordinal)
}

async function isLiveElsewhere(
  db: Database,
  drawNumber: number,
  { acceleratorId, state }: Claim,
): Promise<boolean> {
  if (acceleratorId === null || state === 'ended') return false
  const row = await db.get(sql`
    SELECT draw_number FROM claims WHERE accelerator_id = ${acceleratorId} AND state <> 'ended'
      AND draw_number <> ${drawNumber}`)
  return row !== undefined
}

async function isLeasedElsewhere(db: Database, drawNumber: number, claim: Claim): Promise<boolean> {
  const span = spanOf(claim)
  if (span === null) return false
  const row = await db.get(
    sql`SELECT 1 AS taken FROM claims WHERE accelerator_id = ${claim.acceleratorId}
      AND start_ms IS NOT NULL
       AND start_ms < ${span.toMs} AND coalesce(ended_at_ms, until_ms) > greatest(${span.fromMs},
         start_ms)
       AND draw_number <> ${drawNumber} LIMIT 1`,
  )
  return row !== undefined
}

/** Of the claims that must be free, those whose card is not offered as it was decided on. */
export async function notFreeOrdinals(
  db: Database,
  change: DrawChange,
  openRows: OpenRows,
): Promise<readonly number[]> {
  const claims = change.mustBeFree.map(
    (ordinal) => change.draw.claims.find((one) => one.ordinal === ordinal) ?? null,
  )
  const deposits = claims.flatMap((claim) => claim?.depositId ?? [])
  const rows = await db.all(sql`
    SELECT ${UNIT_COLUMNS}, ${DEPOSIT_COLUMNS} FROM ${UNIT_TABLES}
    JOIN deposits d ON d.unit_id = u.unit_id AND d.closed_at_ms IS NULL
    WHERE d.deposit_id = ANY(${deposits}::text[]) AND n.status = 'active'`)
  await openRows.load(rows.map((row) => unitOf(row).nodeId))
  const offered = new Map(rows.map((row) => [text(row, 'deposit_id'), row]))
  return change.mustBeFree.filter((_, at) => {
    const claim = claims[at] ?? null
    const row = offered.get(claim?.depositId ?? '')
    if (claim === null || row === undefined) return true
    return !isOffered(row, claim, change.provenSinceMs, openRows)
  })
}

/** From what is stored now, not from what any follower has seen: a lag can never grant. */
function isOffered(row: Row, claim: Claim, provenSinceMs: number, openRows: OpenRows): boolean {
  const unit = unitOf(row)
  if (unit.unitId !== claim.unitId || unit.acceleratorId !== claim.acceleratorId) return false
  const open = unit.nodeId === claim.nodeId ? openRows.loaded(unit.nodeId) : null
  const edge = open?.units.find((one) => one.unitId === unit.unitId)
  if (open === null || edge === undefined || stateOf(edge.runCode) !== 'free') return false
  const { window, isWithheld, isDisputed } = cardOf(row, open, false)
  return !isWithheld && !isDisputed && window !== null && window.provenToMs >= provenSinceMs
}
