/**
 * Writes a draw's rows: those of its leases and claims that differ from what is stored, claims that
 * end before those that begin, so that a card can go from one to the other in one change.
 */
import { assert } from '@yiben/shared'
import type { Draw } from '../../model/draw.ts'
import type { DrawChange } from '../draw-requests.ts'
import {
  assertKept,
  CARD_COLUMNS,
  CLAIM_COLUMNS,
  cardParams,
  claimParams,
  DRAW_COLUMNS,
  drawParams,
  endedFirst,
  isChanged,
  LEASE_COLUMNS,
  leaseParams,
  requestText,
} from '../draw-rows.ts'
import { integer, type Row, text } from '../values.ts'
import { writePostings } from './accounts-writes.ts'
import type { Database } from './driver.ts'
import { profileIdOf } from './units.ts'

const INSERT_DRAW = `INSERT INTO draws
  (draw_id, request, bank, borrower, contract, created_at_ms, ${DRAW_COLUMNS.join(', ')})
  VALUES (?, ?, ?, ?, ?, ?, ${DRAW_COLUMNS.map(() => '?').join(', ')})`
const UPDATE_DRAW = `UPDATE draws SET ${settingOf(DRAW_COLUMNS)} WHERE draw_number = ?`

const INSERT_LEASE = `INSERT INTO leases (draw_number, lease_id, ${LEASE_COLUMNS.join(', ')})
  VALUES (?, ?, ${LEASE_COLUMNS.map(() => '?').join(', ')})`
const UPDATE_LEASE = `UPDATE leases SET ${settingOf(LEASE_COLUMNS)}
  WHERE lease_id = ? AND draw_number = ?`

const INSERT_CLAIM = `INSERT INTO claims
  (draw_number, ordinal, profile_id, ${[...CARD_COLUMNS, ...CLAIM_COLUMNS].join(', ')})
  VALUES (?, ?, ?, ${[...CARD_COLUMNS, ...CLAIM_COLUMNS].map(() => '?').join(', ')})`
const UPDATE_CLAIM = `UPDATE claims SET ${settingOf(CLAIM_COLUMNS)}
  WHERE draw_number = ? AND ordinal = ?`

function settingOf(columns: readonly string[]): string {
  return columns.map((column) => `${column} = ?`).join(', ')
}

/** Answers the number that the draw is given. */
export function insertDraw(db: Database, draw: Draw): number {
  const { request } = draw
  const { rowNumber } = db.run(
    INSERT_DRAW,
    request.drawId,
    requestText(request),
    request.bank,
    request.borrower,
    request.contract,
    draw.createdAtMs,
    ...drawParams(draw),
  )
  writeLeases(db, rowNumber, draw, [])
  writeClaims(db, rowNumber, draw, [])
  return rowNumber
}

export function updateDraw(db: Database, drawNumber: number, draw: Draw): number {
  db.run(UPDATE_DRAW, ...drawParams(draw), drawNumber)
  const leases = db.all('SELECT * FROM leases WHERE draw_number = ?', drawNumber)
  const claims = db.all('SELECT * FROM claims WHERE draw_number = ?', drawNumber)
  writeLeases(db, drawNumber, draw, leases)
  writeClaims(db, drawNumber, draw, claims)
  return drawNumber
}

function writeLeases(db: Database, drawNumber: number, draw: Draw, stored: readonly Row[]): void {
  const before = new Map(stored.map((row) => [text(row, 'lease_id'), row]))
  assertKept(before.keys(), new Set(draw.leases.map(({ leaseId }) => leaseId)))
  for (const [ordinal, lease] of draw.leases.entries()) {
    const params = leaseParams(lease, ordinal)
    const row = before.get(lease.leaseId)
    if (row === undefined) db.run(INSERT_LEASE, drawNumber, lease.leaseId, ...params)
    else if (isChanged(row, LEASE_COLUMNS, params)) {
      db.run(UPDATE_LEASE, ...params, lease.leaseId, drawNumber)
    }
  }
}

function writeClaims(db: Database, drawNumber: number, draw: Draw, stored: readonly Row[]): void {
  const before = new Map(stored.map((row) => [integer(row, 'ordinal'), row]))
  assertKept(before.keys(), new Set(draw.claims.map(({ ordinal }) => ordinal)))
  for (const claim of endedFirst(draw.claims)) {
    const { ordinal } = claim
    const params = claimParams(claim)
    const card = cardParams(claim)
    const row = before.get(ordinal)
    if (row === undefined) {
      db.run(INSERT_CLAIM, drawNumber, ordinal, profileIdOf(db, claim.profile), ...card, ...params)
      continue
    }
    assert(!isChanged(row, CARD_COLUMNS, card), 'a claim keeps its card')
    if (isChanged(row, CLAIM_COLUMNS, params)) db.run(UPDATE_CLAIM, ...params, drawNumber, ordinal)
  }
}

/** Postings only ever join those that are there; a residue that is seen longer replaces itself. */
export function writeAccounts(
  db: Database,
  drawNumber: number,
  { postings, residues }: Pick<DrawChange, 'postings' | 'residues'>,
): void {
  writePostings(db, drawNumber, postings)
  for (const { ordinal, fromMs, toMs } of residues) {
    db.run(
      `INSERT INTO residues (draw_number, ordinal, from_ms, to_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (draw_number, ordinal)
       DO UPDATE SET from_ms = excluded.from_ms, to_ms = excluded.to_ms`,
      drawNumber,
      ordinal,
      fromMs,
      toMs,
    )
  }
}
