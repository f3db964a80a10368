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

const POSTINGS = `SELECT p.*, d.draw_id FROM postings p JOIN draws d
  ON d.draw_number = p.draw_number WHERE p.draw_number = ? AND p.ordinal = ?`

/** In the order of their numbers. */
export function postingsOf(
  db: Database,
  drawNumber: number,
  ordinal: number,
): { readonly postings: readonly Posting[]; readonly lastNumber: number } {
  const rows = db.all(`${POSTINGS} ORDER BY p.posting_number`, drawNumber, ordinal)
  const last = rows.at(-1)
  return {
    postings: rows.map(postingOf),
    lastNumber: last === undefined ? 0 : integer(last, 'posting_number'),
  }
}

/**
 * A decision moves `pending` time; what evidence has moved on since goes back there first, so that a
 * lease can end at an instant that has been settled (a veto that was told late).
 */
export function writePostings(
  db: Database,
  drawNumber: number,
  postings: readonly Posting[],
): void {
  for (const posting of postings) {
    if (posting.from === 'pending' && isSettledBehind(db, drawNumber, posting)) {
      const before = positionOf(postingsOf(db, drawNumber, posting.ordinal).postings)
      for (const back of takeBacks(before, posting)) insertPosting(db, drawNumber, back)
    }
    insertPosting(db, drawNumber, posting)
  }
}

export function insertPosting(db: Database, drawNumber: number, posting: Posting): void {
  db.run(
    `INSERT INTO postings (draw_number, ordinal, from_ms, to_ms, from_account, to_account,
       known_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    drawNumber,
    posting.ordinal,
    posting.fromMs,
    posting.toMs,
    posting.from,
    posting.to,
    posting.knownAtMs,
  )
}

/** Behind a change of a draw that has been written. */
export function followDraw(db: Database, drawNumber: number, change: DrawChange): void {
  const { draw, outbox, postings } = change
  const instants = [
    ...postings.map(({ knownAtMs }) => knownAtMs),
    ...outbox.map(({ atMs }) => atMs),
  ]
  if (instants.length === 0) return
  const knownAtMs = Math.max(...instants)
  const lent = keepLentSpans(db, drawNumber, draw, knownAtMs)
  for (const residue of change.residues) keepResidue(db, drawNumber, residue, knownAtMs)
  const touched = new Set([...lent, ...postings.map(({ ordinal }) => ordinal)])
  for (const claim of draw.claims) {
    if (touched.has(claim.ordinal)) watchClaim(db, drawNumber, claim, knownAtMs)
  }
}

/**
 * A slot without a card has no evidence to wait for. Once a claim has ended it is settled as soon as
 * its node has told of the end.
 */
function watchClaim(db: Database, drawNumber: number, claim: Claim, nowMs: number): void {
  const { endedAtMs, nodeId, ordinal, startMs } = claim
  if (nodeId === null || startMs === null) return
  db.run(
    `INSERT INTO unsettled (draw_number, ordinal, node_id, due_at_ms, looked_to_ms, open_to_ms)
     VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (draw_number, ordinal) DO UPDATE SET
       due_at_ms = min(due_at_ms, excluded.due_at_ms),
       open_to_ms = max(open_to_ms, excluded.open_to_ms)`,
    drawNumber,
    ordinal,
    nodeId,
    nextLookMs(claim, Math.max(nowMs, startMs)),
    startMs,
    endedAtMs ?? startMs,
  )
}

function keepResidue(db: Database, drawNumber: number, residue: Residue, knownAtMs: number): void {
  db.run(
    `INSERT INTO residue_versions (draw_number, ordinal, from_ms, to_ms, known_at_ms)
     VALUES (?, ?, ?, ?, ?)`,
    drawNumber,
    residue.ordinal,
    residue.fromMs,
    residue.toMs,
    knownAtMs,
  )
}

const SETTLED = `(${SETTLED_ACCOUNTS.map((account) => `'${account}'`).join(', ')})`

function isSettledBehind(db: Database, drawNumber: number, { ordinal, fromMs }: Posting): boolean {
  const row = db.get(
    `SELECT 1 AS settled FROM postings WHERE draw_number = ? AND ordinal = ? AND to_ms > ?
       AND to_account IN ${SETTLED} LIMIT 1`,
    drawNumber,
    ordinal,
    fromMs,
  )
  return row !== undefined
}
