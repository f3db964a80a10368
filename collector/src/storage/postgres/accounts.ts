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
import type { Store } from '../store.ts'
import type { Row } from '../values.ts'
import { integer, integerOrNull, text } from '../values.ts'
import { readAccounts, readDrawMoves, readSiteRecords } from './accounts-reads.ts'
import { insertPosting, postingsOf } from './accounts-writes.ts'
import { lockDraws } from './draw-locks.ts'
import { CLAIMS } from './draw-rows.ts'
import type { Database } from './driver.ts'
import { OpenRows } from './evidence.ts'
import { addToOutbox } from './outbox.ts'
import { unitSpanOf } from './reads.ts'
import { sql } from './sql.ts'
import { readUnit } from './units.ts'

type AccountMethods = Pick<
  Store,
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
    readUnsettledClaims: async (nowMs, limit) => await readUnsettledClaims(db, nowMs, limit),
    commitSettlements: async (settlements, outbox) => {
      await lockDraws(
        db,
        settlements.map(({ drawId }) => drawId),
      )
      const numbered = await numbersOf(db, settlements)
      const stale = numbered.filter((one) => !one.isCurrent)
      if (stale.length > 0) {
        const claims = stale.map(({ drawId, ordinal }) => ({ drawId, ordinal }))
        return { status: 'stale', claims }
      }
      for (const one of numbered) await writeSettlement(db, one)
      addToOutbox(db, outbox)
      return { status: 'committed' }
    },

    readAccounts: async (scope, filter, range) => await readAccounts(db, scope, filter, range),
    readDrawMoves: async (scope, filter, range) => await readDrawMoves(db, scope, filter, range),
    readSiteRecords: async (scope, instant) => await readSiteRecords(db, scope, instant),

    listBookedClaims: async (page) => {
      const [afterDraw, afterOrdinal] = claimCursor(page.cursor)
      const limit = pageLimit(page)
      const rows = await db.all(
        sql`SELECT cl.*, d.draw_id, l.start_ms AS lent_from_ms, l.end_ms AS lent_to_ms
         FROM (${CLAIMS}) cl JOIN draws d ON d.draw_number = cl.draw_number
         LEFT JOIN lent_spans l ON l.draw_number = cl.draw_number AND l.ordinal = cl.ordinal
           AND l.known_to_ms IS NULL
         WHERE cl.start_ms IS NOT NULL AND (cl.draw_number, cl.ordinal) > (${afterDraw},
           ${afterOrdinal})
         ORDER BY cl.draw_number, cl.ordinal LIMIT ${limit + 1}`,
      )
      const shown = rows.slice(0, limit)
      const last = rows.length > limit ? shown.at(-1) : undefined
      return {
        rows: await inTurn(shown, (row) => bookedClaimOf(db, row)),
        nextCursor:
          last === undefined ? null : `${integer(last, 'draw_number')}.${integer(last, 'ordinal')}`,
      }
    },

    keepStatement: async ({ sha256, issuedAtMs, outbox }) => {
      const { changes } = await db.run(
        sql`INSERT INTO statements (sha256, issued_at_ms) VALUES (${sha256}, ${issuedAtMs})
         ON CONFLICT (sha256) DO NOTHING`,
      )
      if (changes === 0) return { status: 'known' }
      addToOutbox(db, outbox)
      return { status: 'issued' }
    },
  }
}

/** Those past their instant, and those whose node has told time that was open at the last look. */
async function readUnsettledClaims(
  db: Database,
  nowMs: number,
  limit: number,
): Promise<readonly UnsettledClaim[]> {
  const openRows = new OpenRows(db)
  const rows = await db.all(
    sql`SELECT cl.*, d.draw_id FROM (
       SELECT draw_number, ordinal, due_at_ms FROM unsettled WHERE due_at_ms <= ${nowMs}
       UNION SELECT u.draw_number, u.ordinal, u.due_at_ms
       FROM unsettled u JOIN open_nodes o ON o.node_id = u.node_id
       WHERE u.looked_to_ms < u.open_to_ms AND o.timeline_end_ms > u.looked_to_ms
     ) due
     JOIN (${CLAIMS}) cl ON cl.draw_number = due.draw_number AND cl.ordinal = due.ordinal
     JOIN draws d ON d.draw_number = due.draw_number
     ORDER BY due.due_at_ms, due.draw_number, due.ordinal
       LIMIT ${Math.max(1, Math.min(limit, PAGE_ROWS_MAX))}`,
  )
  await openRows.load(rows.flatMap((row) => claimOf(row).nodeId ?? []))
  return await inTurn(rows, (row) => unsettledOf(db, row, openRows))
}

async function unsettledOf(db: Database, row: Row, openRows: OpenRows): Promise<UnsettledClaim> {
  const claim = claimOf(row)
  const { postings, lastNumber } = await postingsOf(db, integer(row, 'draw_number'), claim.ordinal)
  const open = positionOf(postings).spans.filter(isUnsettled)
  const [first, last] = [open[0], open.at(-1)]
  const unit = claim.unitId === null ? null : await readUnit(db, claim.unitId)
  const isOpen = first !== undefined && last !== undefined && unit !== null
  // All evidence there is: also what came while the clock was ahead of what it is now.
  const knownAtMs = Number.MAX_SAFE_INTEGER
  return {
    drawId: text(row, 'draw_id'),
    claim,
    postings,
    lastPostingNumber: lastNumber,
    span: isOpen
      ? await unitSpanOf(db, unit, openRows, { fromMs: first.fromMs, toMs: last.toMs, knownAtMs })
      : null,
  }
}

interface Numbered extends Settlement {
  readonly drawNumber: number
  /** Nothing has been posted to the claim since the settlement was decided. */
  readonly isCurrent: boolean
}

async function numbersOf(
  db: Database,
  settlements: readonly Settlement[],
): Promise<readonly Numbered[]> {
  const rows = await db.all(sql`
    SELECT asked.place, d.draw_number, (SELECT max(p.posting_number) FROM postings p
      WHERE p.draw_number = d.draw_number AND p.ordinal = asked.ordinal) AS last
    FROM unnest(${settlements.map(({ drawId }) => drawId)}::text[],
        ${settlements.map(({ ordinal }) => ordinal)}::bigint[])
      WITH ORDINALITY asked (draw_id, ordinal, place)
    LEFT JOIN draws d ON d.draw_id = asked.draw_id ORDER BY asked.place`)
  return settlements.map((one, at) => {
    const row = rows[at] ?? {}
    const isCurrent = row.last === one.expectedPostingNumber
    return { ...one, drawNumber: integerOrNull(row, 'draw_number') ?? 0, isCurrent }
  })
}

/** One after the other, over the one connection of the transaction. */
async function inTurn<One, Answer>(
  all: readonly One[],
  ask: (one: One) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (const one of all) answers.push(await ask(one))
  return answers
}

async function writeSettlement(
  db: Database,
  { drawNumber, ordinal, postings, next }: Numbered,
): Promise<void> {
  for (const posting of postings) await insertPosting(db, drawNumber, posting)
  if (next === null) {
    await db.run(
      sql`DELETE FROM unsettled WHERE draw_number = ${drawNumber} AND ordinal = ${ordinal}`,
    )
    return
  }
  await db.run(
    sql`UPDATE unsettled SET due_at_ms = ${next.dueAtMs}, looked_to_ms = ${next.lookedToMs},
      open_to_ms = ${next.openToMs}
     WHERE draw_number = ${drawNumber} AND ordinal = ${ordinal}`,
  )
}

async function bookedClaimOf(db: Database, row: Row) {
  const claim = claimOf(row)
  const fromMs = integerOrNull(row, 'lent_from_ms')
  const toMs = integerOrNull(row, 'lent_to_ms')
  const expected = claim.unitId === null ? null : spanOf(claim)
  return {
    drawId: text(row, 'draw_id'),
    claim,
    postings: (await postingsOf(db, integer(row, 'draw_number'), claim.ordinal)).postings,
    lent: expected === null || fromMs === null || toMs === null ? null : { fromMs, toMs },
  }
}
