/**
 * What every change of a draw leaves in the accounts, in its own transaction: its postings, what an
 * end in the past takes back of settled time, the time each card is lent, and when to settle next.
 */
import { nextLookMs, positionOf, SETTLED_ACCOUNTS, takeBacks } from '../../model/accounts.ts'
import type { Claim, Posting, Residue } from '../../model/draw.ts'
import type { DrawChange } from '../draw-requests.ts'
import { postingOf } from '../draw-rows.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { keepLentSpans } from './lent-spans.ts'
import { sql } from './sql.ts'

/** In the order of their numbers. */
export async function postingsOf(
  db: Database,
  drawNumber: number,
  ordinal: number,
): Promise<{ readonly postings: readonly Posting[]; readonly lastNumber: number }> {
  const rows = await db.all(sql`
    SELECT p.*, d.draw_id FROM postings p JOIN draws d ON d.draw_number = p.draw_number
    WHERE p.draw_number = ${drawNumber} AND p.ordinal = ${ordinal} ORDER BY p.posting_number`)
  const last = rows.at(-1)
  return {
    postings: rows.map(postingOf),
    lastNumber: last === undefined ? 0 : integer(last, 'posting_number'),
  }
}

/**
 * A decision moves `pending` time; what evidence has moved on since goes back there first, so that
 * a lease can end at an instant that has been settled (a veto that was told late).
 */
export async function writePostings(
  db: Database,
  drawNumber: number,
  postings: readonly Posting[],
): Promise<void> {
  for (const posting of postings) {
    if (posting.from === 'pending' && (await isSettledBehind(db, drawNumber, posting))) {
      const before = positionOf((await postingsOf(db, drawNumber, posting.ordinal)).postings)
      for (const back of takeBacks(before, posting)) await insertPosting(db, drawNumber, back)
    }
    await insertPosting(db, drawNumber, posting)
  }
}

export async function insertPosting(
  db: Database,
  drawNumber: number,
  posting: Posting,
): Promise<void> {
  await db.run(
    sql`INSERT INTO postings (draw_number, ordinal, from_ms, to_ms, from_account, to_account,
       known_at_ms) VALUES (${drawNumber}, ${posting.ordinal}, ${posting.fromMs}, ${posting.toMs},
         ${posting.from}, ${posting.to}, ${posting.knownAtMs})`,
  )
}

/** Behind a change of a draw that has been written. */
export async function followDraw(
  db: Database,
  drawNumber: number,
  change: DrawChange,
): Promise<void> {
  const { draw, outbox, postings } = change
  const instants = [
    ...postings.map(({ knownAtMs }) => knownAtMs),
    ...outbox.map(({ atMs }) => atMs),
  ]
  if (instants.length === 0) return
  const knownAtMs = Math.max(...instants)
  const lent = await keepLentSpans(db, drawNumber, draw, knownAtMs)
  for (const residue of change.residues) await keepResidue(db, drawNumber, residue, knownAtMs)
  const touched = new Set([...lent, ...postings.map(({ ordinal }) => ordinal)])
  for (const claim of draw.claims) {
    if (touched.has(claim.ordinal)) await watchClaim(db, drawNumber, claim, knownAtMs)
  }
}

/**
 * A slot without a card has no evidence to wait for. Once a claim has ended it is settled as soon
 * as its node has told of the end.
 */
async function watchClaim(
  db: Database,
  drawNumber: number,
  claim: Claim,
  nowMs: number,
): Promise<void> {
  const { endedAtMs, nodeId, ordinal, startMs } = claim
  if (nodeId === null || startMs === null) return
  await db.run(
    sql`INSERT INTO unsettled (draw_number, ordinal, node_id, due_at_ms, looked_to_ms, open_to_ms)
     VALUES (${drawNumber}, ${ordinal}, ${nodeId}, ${nextLookMs(claim, Math.max(nowMs, startMs))},
       ${startMs}, ${endedAtMs ?? startMs})
     ON CONFLICT (draw_number, ordinal) DO UPDATE SET
       due_at_ms = least(unsettled.due_at_ms, excluded.due_at_ms),
       open_to_ms = greatest(unsettled.open_to_ms, excluded.open_to_ms)`,
  )
}

async function keepResidue(
  db: Database,
  drawNumber: number,
  residue: Residue,
  knownAtMs: number,
): Promise<void> {
  await db.run(
    sql`INSERT INTO residue_versions (draw_number, ordinal, from_ms, to_ms, known_at_ms)
     VALUES (${drawNumber}, ${residue.ordinal}, ${residue.fromMs}, ${residue.toMs}, ${knownAtMs})`,
  )
}

async function isSettledBehind(
  db: Database,
  drawNumber: number,
  { ordinal, fromMs }: Posting,
): Promise<boolean> {
  const row = await db.get(
    sql`SELECT 1 AS settled FROM postings WHERE draw_number = ${drawNumber}
      AND ordinal = ${ordinal} AND to_ms > ${fromMs}
       AND to_account = ANY(${SETTLED_ACCOUNTS}::text[]) LIMIT 1`,
  )
  return row !== undefined
}
