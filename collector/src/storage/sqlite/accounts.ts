/**
 * The accounts: what is to be settled, in one snapshot with its evidence; settlements, written only
 * on what they were decided on; statements that were given out. What they are read by is
 * accounts-reads.ts.
 */
import { isUnsettled, positionOf } from '../../model/accounts.ts'
import type { Settlement, UnsettledClaim } from '../account-requests.ts'
import { claimCursor } from '../account-rows.ts'
import { claimOf } from '../draw-rows.ts'
import { spanOf } from '../lent-spans.ts'
import { PAGE_ROWS_MAX, pageLimit } from '../paging.ts'
import { integer, integerOrNull, type Row, text } from '../values.ts'
import { readAccounts, readDrawMoves, readSiteRecords } from './accounts-reads.ts'
import { insertPosting, postingsOf } from './accounts-writes.ts'
import { CLAIMS } from './draw-rows.ts'
import type { Database } from './driver.ts'
import { OpenRows } from './evidence.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { unitSpanOf } from './reads.ts'
import { readUnit } from './units.ts'

type AccountMethods = Pick<
  SyncStore,
  | 'readUnsettledClaims'
  | 'commitSettlements'
  | 'readAccounts'
  | 'readDrawMoves'
  | 'readSiteRecords'
  | 'listBookedClaims'
  | 'keepStatement'
>

export function accountMethods(db: Database): AccountMethods {
  return {
    readUnsettledClaims: (nowMs, limit) => readUnsettledClaims(db, nowMs, limit),
    commitSettlements: (settlements, outbox) => {
      const numbered = settlements.map((one) => ({ ...one, drawNumber: numberOf(db, one) }))
      const stale = numbered.filter((one) => !isCurrent(db, one))
      if (stale.length > 0) {
        const claims = stale.map(({ drawId, ordinal }) => ({ drawId, ordinal }))
        return { status: 'stale', claims }
      }
      for (const one of numbered) writeSettlement(db, one)
      addToOutbox(db, outbox)
      return { status: 'committed' }
    },

    readAccounts: (scope, filter, range) => readAccounts(db, scope, filter, range),
    readDrawMoves: (scope, filter, range) => readDrawMoves(db, scope, filter, range),
    readSiteRecords: (scope, instant) => readSiteRecords(db, scope, instant),

    listBookedClaims: (page) => {
      const [afterDraw, afterOrdinal] = claimCursor(page.cursor)
      const limit = pageLimit(page)
      const rows = db.all(
        `SELECT cl.*, d.draw_id, l.start_ms AS lent_from_ms, l.end_ms AS lent_to_ms
         FROM (${CLAIMS}) cl JOIN draws d ON d.draw_number = cl.draw_number
         LEFT JOIN lent_spans l ON l.draw_number = cl.draw_number AND l.ordinal = cl.ordinal
           AND l.known_to_ms IS NULL
         WHERE cl.start_ms IS NOT NULL AND (cl.draw_number, cl.ordinal) > (?, ?)
         ORDER BY cl.draw_number, cl.ordinal LIMIT ?`,
        afterDraw,
        afterOrdinal,
        limit + 1,
      )
      const shown = rows.slice(0, limit)
      const last = rows.length > limit ? shown.at(-1) : undefined
      return {
        rows: shown.map((row) => bookedClaimOf(db, row)),
        nextCursor:
          last === undefined ? null : `${integer(last, 'draw_number')}.${integer(last, 'ordinal')}`,
      }
    },

    keepStatement: ({ sha256, issuedAtMs, outbox }) => {
      const { changes } = db.run(
        `INSERT INTO statements (sha256, issued_at_ms) VALUES (?, ?)
         ON CONFLICT (sha256) DO NOTHING`,
        sha256,
        issuedAtMs,
      )
      if (changes === 0) return { status: 'known' }
      addToOutbox(db, outbox)
      return { status: 'issued' }
    },
  }
}

/** Those past their instant, and those whose node has told time that was open at the last look. */
function readUnsettledClaims(
  db: Database,
  nowMs: number,
  limit: number,
): readonly UnsettledClaim[] {
  const openRows = new OpenRows(db)
  const rows = db.all(
    `SELECT cl.*, d.draw_id FROM (
       SELECT draw_number, ordinal, due_at_ms FROM unsettled WHERE due_at_ms <= ?
       UNION SELECT u.draw_number, u.ordinal, u.due_at_ms
       FROM unsettled u INDEXED BY unsettled_open JOIN open_nodes o ON o.node_id = u.node_id
       WHERE u.looked_to_ms < u.open_to_ms AND o.timeline_end_ms > u.looked_to_ms
     ) due
     JOIN (${CLAIMS}) cl ON cl.draw_number = due.draw_number AND cl.ordinal = due.ordinal
     JOIN draws d ON d.draw_number = due.draw_number
     ORDER BY due.due_at_ms, due.draw_number, due.ordinal LIMIT ?`,
    nowMs,
    Math.max(1, Math.min(limit, PAGE_ROWS_MAX)),
  )
  return rows.map((row) => unsettledOf(db, row, openRows))
}

function unsettledOf(db: Database, row: Row, openRows: OpenRows): UnsettledClaim {
  const claim = claimOf(row)
  const { postings, lastNumber } = postingsOf(db, integer(row, 'draw_number'), claim.ordinal)
  const open = positionOf(postings).spans.filter(isUnsettled)
  const [first, last] = [open[0], open.at(-1)]
  const unit = claim.unitId === null ? null : readUnit(db, claim.unitId)
  const isOpen = first !== undefined && last !== undefined && unit !== null
  // All evidence there is: also what came while the clock was ahead of what it is now.
  const knownAtMs = Number.MAX_SAFE_INTEGER
  return {
    drawId: text(row, 'draw_id'),
    claim,
    postings,
    lastPostingNumber: lastNumber,
    span: isOpen
      ? unitSpanOf(db, unit, openRows, { fromMs: first.fromMs, toMs: last.toMs, knownAtMs })
      : null,
  }
}

type Numbered = Settlement & { readonly drawNumber: number | null }

function numberOf(db: Database, { drawId }: Settlement): number | null {
  const row = db.get('SELECT draw_number FROM draws WHERE draw_id = ?', drawId)
  return row === undefined ? null : integer(row, 'draw_number')
}

function isCurrent(db: Database, one: Numbered): boolean {
  const row = db.get(
    `SELECT max(posting_number) AS last FROM postings WHERE draw_number = ? AND ordinal = ?`,
    one.drawNumber,
    one.ordinal,
  )
  return row?.last === one.expectedPostingNumber
}

function writeSettlement(db: Database, { drawNumber, ordinal, postings, next }: Numbered): void {
  if (drawNumber === null) return
  for (const posting of postings) insertPosting(db, drawNumber, posting)
  if (next === null) {
    db.run('DELETE FROM unsettled WHERE draw_number = ? AND ordinal = ?', drawNumber, ordinal)
    return
  }
  db.run(
    `UPDATE unsettled SET due_at_ms = ?, looked_to_ms = ?, open_to_ms = ?
     WHERE draw_number = ? AND ordinal = ?`,
    next.dueAtMs,
    next.lookedToMs,
    next.openToMs,
    drawNumber,
    ordinal,
  )
}

function bookedClaimOf(db: Database, row: Row) {
  const claim = claimOf(row)
  const fromMs = integerOrNull(row, 'lent_from_ms')
  const toMs = integerOrNull(row, 'lent_to_ms')
  const expected = claim.unitId === null ? null : spanOf(claim)
  return {
    drawId: text(row, 'draw_id'),
    claim,
    postings: postingsOf(db, integer(row, 'draw_number'), claim.ordinal).postings,
    lent: expected === null || fromMs === null || toMs === null ? null : { fromMs, toMs },
  }
}
