/**
 * What bounds a draw, looked at in the transaction that writes it: whose cards are under another
 * claim, and which are not offered at this moment. The constraints of migration 0006 hold by
 * themselves; this says which claims broke them.
 */
import { stateOf } from '@yiben/shared'
import type { Claim, Draw } from '../../model/draw.ts'
import { cardOf } from '../deposit-rows.ts'
import type { DrawChange } from '../draw-requests.ts'
import { doCollide, spanOf } from '../draw-rows.ts'
import { UNIT_COLUMNS, UNIT_TABLES, unitOf } from '../rows.ts'
import type { Database } from './driver.ts'
import type { OpenRows } from './evidence.ts'

/** Claims whose card another claim has: now, or for some of the time that they promise. */
export function takenOrdinals(db: Database, drawNumber: number, draw: Draw): readonly number[] {
  return draw.claims
    .filter(
      (claim) =>
        isLiveElsewhere(db, drawNumber, claim) ||
        isLeasedElsewhere(db, drawNumber, claim) ||
        draw.claims.some((other) => other.ordinal < claim.ordinal && doCollide(claim, other)),
    )
    .map(({ ordinal }) => ordinal)
}

/** Claims of a new draw whose card is not free to be claimed: the usual refusal, without a rollback. */
export function liveElsewhere(db: Database, draw: Draw): readonly number[] {
  return draw.claims.filter((claim) => isLiveElsewhere(db, 0, claim)).map(({ ordinal }) => ordinal)
}

function isLiveElsewhere(
  db: Database,
  drawNumber: number,
  { acceleratorId, state }: Claim,
): boolean {
  if (acceleratorId === null || state === 'ended') return false
  const row = db.get(
    `SELECT draw_number FROM claims WHERE accelerator_id = ? AND state <> 'ended'
       AND draw_number <> ?`,
    acceleratorId,
    drawNumber,
  )
  return row !== undefined
}

function isLeasedElsewhere(db: Database, drawNumber: number, claim: Claim): boolean {
  const span = spanOf(claim)
  if (span === null) return false
  const row = db.get(
    `SELECT 1 AS taken FROM claims WHERE accelerator_id = ? AND start_ms IS NOT NULL
       AND start_ms < ? AND coalesce(ended_at_ms, until_ms) > max(?, start_ms)
       AND draw_number <> ? LIMIT 1`,
    claim.acceleratorId,
    span.toMs,
    span.fromMs,
    drawNumber,
  )
  return row !== undefined
}

/** Of the claims that must be free, those whose card is not offered as it was decided on. */
export function notFreeOrdinals(
  db: Database,
  change: DrawChange,
  openRows: OpenRows,
): readonly number[] {
  return change.mustBeFree.filter((ordinal) => {
    const claim = change.draw.claims.find((one) => one.ordinal === ordinal)
    return claim === undefined || !isOffered(db, claim, change.provenSinceMs, openRows)
  })
}

/**
 * From what is stored now, not from what any follower has seen: a lag can never grant. The sign keeps
 * SQLite from planning the join anew for each value (built with STAT4, as better-sqlite3 is): ten
 * times the query itself.
 */
function isOffered(db: Database, claim: Claim, provenSinceMs: number, openRows: OpenRows): boolean {
  if (claim.depositId === null || claim.nodeId === null) return false
  const row = db.get(
    `SELECT ${UNIT_COLUMNS}, d.deposit_id, d.window_start_ms, d.opened_at_ms,
       d.consent_end_count, d.closed_at_ms, d.close_reason
     FROM deposits d CROSS JOIN ${UNIT_TABLES} WHERE d.deposit_id = +? AND d.closed_at_ms IS NULL
       AND u.unit_id = d.unit_id AND n.status = 'active'`,
    claim.depositId,
  )
  if (row === undefined) return false
  const unit = unitOf(row)
  if (unit.unitId !== claim.unitId || unit.acceleratorId !== claim.acceleratorId) return false
  const open = unit.nodeId === claim.nodeId ? openRows.of(unit.nodeId) : null
  const edge = open?.units.find((one) => one.unitId === unit.unitId)
  if (open === null || edge === undefined || stateOf(edge.runCode) !== 'free') return false
  const { window, isWithheld, isDisputed } = cardOf(row, open, false)
  return !isWithheld && !isDisputed && window !== null && window.provenToMs >= provenSinceMs
}
