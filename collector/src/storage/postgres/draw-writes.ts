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
import type { Row } from '../values.ts'
import { integer, text } from '../values.ts'
import { writePostings } from './accounts-writes.ts'
import type { Database } from './driver.ts'
import { join, type Parameter, raw, type Sql, sql } from './sql.ts'
import { profileIdOf } from './units.ts'

function settingOf(columns: readonly string[], params: readonly Parameter[]): Sql {
  return join(columns.map((column, at) => sql`${raw(column)} = ${params[at] ?? null}`))
}

function valuesOf(params: readonly Parameter[]): Sql {
  return join(params.map((param) => sql`${param}`))
}

const DRAW_LIST = raw(DRAW_COLUMNS.join(', '))
const LEASE_LIST = raw(LEASE_COLUMNS.join(', '))
const CLAIM_LIST = raw([...CARD_COLUMNS, ...CLAIM_COLUMNS].join(', '))

/** Answers the number that the draw is given. */
export async function insertDraw(db: Database, draw: Draw): Promise<number> {
  const { request } = draw
  const row = await db.get(sql`
    INSERT INTO draws (draw_id, request, bank, borrower, contract, created_at_ms, ${DRAW_LIST})
    VALUES (${request.drawId}, ${requestText(request)}, ${request.bank}, ${request.borrower},
      ${request.contract}, ${draw.createdAtMs}, ${valuesOf(drawParams(draw))})
    RETURNING draw_number`)
  const drawNumber = integer(row ?? {}, 'draw_number')
  await writeLeases(db, drawNumber, draw, [])
  await writeClaims(db, drawNumber, draw, [])
  return drawNumber
}

export async function updateDraw(db: Database, drawNumber: number, draw: Draw): Promise<number> {
  await db.run(sql`
    UPDATE draws SET ${settingOf(DRAW_COLUMNS, drawParams(draw))}
    WHERE draw_number = ${drawNumber}`)
  const leases = await db.all(sql`SELECT * FROM leases WHERE draw_number = ${drawNumber}`)
  const claims = await db.all(sql`SELECT * FROM claims WHERE draw_number = ${drawNumber}`)
  await writeLeases(db, drawNumber, draw, leases)
  await writeClaims(db, drawNumber, draw, claims)
  return drawNumber
}

async function writeLeases(
  db: Database,
  drawNumber: number,
  draw: Draw,
  stored: readonly Row[],
): Promise<void> {
  const before = new Map(stored.map((row) => [text(row, 'lease_id'), row]))
  assertKept(before.keys(), new Set(draw.leases.map(({ leaseId }) => leaseId)))
  for (const [ordinal, lease] of draw.leases.entries()) {
    const params = leaseParams(lease, ordinal)
    const row = before.get(lease.leaseId)
    if (row === undefined) {
      await db.run(sql`
        INSERT INTO leases (draw_number, lease_id, ${LEASE_LIST})
        VALUES (${drawNumber}, ${lease.leaseId}, ${valuesOf(params)})`)
    } else if (isChanged(row, LEASE_COLUMNS, params)) {
      await db.run(sql`
        UPDATE leases SET ${settingOf(LEASE_COLUMNS, params)}
        WHERE lease_id = ${lease.leaseId} AND draw_number = ${drawNumber}`)
    }
  }
}

async function writeClaims(
  db: Database,
  drawNumber: number,
  draw: Draw,
  stored: readonly Row[],
): Promise<void> {
  const before = new Map(stored.map((row) => [integer(row, 'ordinal'), row]))
  assertKept(before.keys(), new Set(draw.claims.map(({ ordinal }) => ordinal)))
  for (const claim of endedFirst(draw.claims)) {
    const { ordinal } = claim
    const params = claimParams(claim)
    const card = cardParams(claim)
    const row = before.get(ordinal)
    if (row === undefined) {
      const profileId = await profileIdOf(db, claim.profile)
      await db.run(sql`
        INSERT INTO claims (draw_number, ordinal, profile_id, ${CLAIM_LIST})
        VALUES (${drawNumber}, ${ordinal}, ${profileId}, ${valuesOf([...card, ...params])})`)
      continue
    }
    assert(!isChanged(row, CARD_COLUMNS, card), 'a claim keeps its card')
    if (!isChanged(row, CLAIM_COLUMNS, params)) continue
    await db.run(sql`
      UPDATE claims SET ${settingOf(CLAIM_COLUMNS, params)}
      WHERE draw_number = ${drawNumber} AND ordinal = ${ordinal}`)
  }
}

/** Postings only ever join those that are there; a residue that is seen longer replaces itself. */
export async function writeAccounts(
  db: Database,
  drawNumber: number,
  { postings, residues }: Pick<DrawChange, 'postings' | 'residues'>,
): Promise<void> {
  await writePostings(db, drawNumber, postings)
  for (const { ordinal, fromMs, toMs } of residues) {
    await db.run(
      sql`INSERT INTO residues (draw_number, ordinal, from_ms, to_ms)
        VALUES (${drawNumber}, ${ordinal}, ${fromMs}, ${toMs})
       ON CONFLICT (draw_number, ordinal)
       DO UPDATE SET from_ms = excluded.from_ms, to_ms = excluded.to_ms`,
    )
  }
}
