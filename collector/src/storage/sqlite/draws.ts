/**
 * Draws: each decision written whole under the version that it was made on, many in one transaction,
 * each by itself. A change that breaks a bound leaves nothing behind and hurts no other.
 */
import type { Draw } from '../../model/draw.ts'
import type { NodeId } from '../../model/ids.ts'
import type { DrawChange, DrawCommitResult } from '../draw-requests.ts'
import { assertWhole } from '../draw-rows.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import { integer, type Row, text } from '../values.ts'
import { followDraw } from './accounts-writes.ts'
import { auditDraws } from './draw-audit.ts'
import { bookCards, readBooked, readBookedHours } from './draw-bookings.ts'
import { liveElsewhere, notFreeOrdinals, takenOrdinals } from './draw-bounds.ts'
import { copyDraw, isCopied } from './draw-copies.ts'
import { listDraws } from './draw-list.ts'
import { drawsOf } from './draw-rows.ts'
import { insertDraw, updateDraw, writeAccounts } from './draw-writes.ts'
import type { Database } from './driver.ts'
import { isConstraintError } from './errors.ts'
import { OpenRows } from './evidence.ts'
import { readLeaseRecords } from './lease-records.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { isPlaced } from './placed.ts'

type DrawMethods = Pick<
  SyncStore,
  | 'findDraw'
  | 'findDrawOfLease'
  | 'readLiveDraws'
  | 'readDueDraws'
  | 'commitDraws'
  | 'readLeaseRecords'
  | 'moveCursor'
  | 'readOwnerClaims'
  | 'listDraws'
  | 'readBooked'
  | 'readBookedHours'
  | 'auditDraws'
>

const COMMITTED = { status: 'committed' } as const
const STALE = { status: 'stale' } as const

/** Whose business it is that a draw is due. */
const DUE = {
  lending: `state IN ('held', 'posted')`,
  booking: `(state = 'booked' OR EXISTS (SELECT 1 FROM claims c
    WHERE c.draw_number = d.draw_number AND c.end_kind = 'unfilled' AND c.clean_at_ms IS NULL))`,
} as const

export function drawMethods(db: Database): DrawMethods {
  return {
    findDraw: (drawId) => {
      const row = db.get('SELECT * FROM draws WHERE draw_id = ?', drawId)
      return row === undefined ? null : (drawsOf(db, [row])[0]?.draw ?? null)
    },

    findDrawOfLease: (leaseId) => {
      const row = db.get(
        `SELECT d.* FROM leases l JOIN draws d ON d.draw_number = l.draw_number
         WHERE l.lease_id = ?`,
        leaseId,
      )
      return row === undefined ? null : (drawsOf(db, [row])[0]?.draw ?? null)
    },

    readLiveDraws: (nodeIds) => wholeDraws(db, liveRows(db, nodeIds)),

    readDueDraws: (what, atMs, limit) =>
      wholeDraws(
        db,
        db.all(
          `SELECT * FROM draws d INDEXED BY draws_due WHERE due_at_ms <= ? AND ${DUE[what]}
           ORDER BY due_at_ms, draw_number LIMIT ?`,
          atMs,
          Math.max(1, Math.min(limit, PAGE_ROWS_MAX)),
        ),
      ),

    commitDraws: (changes) => {
      // Nothing here writes an open row: each is unpacked once for all changes.
      const openRows = new OpenRows(db)
      const isKept = isCopied(db)
      return changes.map((change) => {
        const result = commitDraw(db, change, openRows)
        if (isKept && result.status === 'committed') copyDraw(db, change)
        return result
      })
    },

    readLeaseRecords: (afterNumber, limit) => readLeaseRecords(db, afterNumber, limit),

    moveCursor: (follower, to) => {
      db.run(
        `INSERT INTO cursors (follower, change_seq) VALUES (?, ?) ON CONFLICT (follower)
         DO UPDATE SET change_seq = max(change_seq, excluded.change_seq)`,
        follower,
        to,
      )
    },

    // A job on eight cards of a node is one claim of their owner.
    readOwnerClaims: (sinceMs) =>
      db
        .all(
          `SELECT DISTINCT site_code, ended_at_ms, lease_id FROM claims
           WHERE recall_cause = 'owner_claimed' AND ended_at_ms >= ? ORDER BY ended_at_ms`,
          sinceMs,
        )
        .map((row) => ({
          siteCode: text(row, 'site_code'),
          endedAtMs: integer(row, 'ended_at_ms'),
        })),

    listDraws: (scope, filter, page) => listDraws(db, scope, filter, page),
    readBooked: (drawId) => readBooked(db, drawId),
    readBookedHours: (knownSeq, range) => readBookedHours(db, knownSeq, range),
    auditDraws: () => auditDraws(db),
  }
}

function wholeDraws(db: Database, rows: readonly Row[]): readonly Draw[] {
  return drawsOf(db, rows).map(({ draw }) => draw)
}

function liveRows(db: Database, nodeIds: readonly NodeId[] | 'all'): readonly Row[] {
  if (nodeIds === 'all') {
    return db.all(
      `SELECT * FROM draws WHERE draw_number IN
         (SELECT draw_number FROM claims INDEXED BY claims_live_node WHERE state <> 'ended')
       ORDER BY draw_number`,
    )
  }
  return db.all(
    `SELECT * FROM draws WHERE draw_number IN
       (SELECT c.draw_number FROM json_each(?) asked CROSS JOIN claims c INDEXED BY claims_live_node
         ON c.node_id = asked.value AND c.state <> 'ended')
     ORDER BY draw_number`,
    JSON.stringify(nodeIds),
  )
}

/** A bound that the database itself refuses to break is told by the claims that would break it. */
function commitDraw(db: Database, change: DrawChange, openRows: OpenRows): DrawCommitResult {
  assertWhole(change)
  const { draw, expectedVersion } = change
  const drawNumber = numberOf(db, change)
  if (drawNumber === null) return STALE
  const taken = expectedVersion === 0 ? liveElsewhere(db, draw) : []
  if (taken.length > 0) return { status: 'taken', ordinals: taken }
  try {
    return db.attempt(
      () => writeDraw(db, change, drawNumber, openRows),
      ({ status }) => status === 'committed',
    )
  } catch (error) {
    const ordinals = isConstraintError(error) ? takenOrdinals(db, drawNumber, draw) : []
    if (ordinals.length === 0) throw error
    return { status: 'taken', ordinals }
  }
}

/** 0: a new one; `null`: the decision was made on something else. */
function numberOf(db: Database, { draw, expectedVersion }: DrawChange): number | null {
  const row = db.get(
    'SELECT draw_number, version FROM draws WHERE draw_id = ?',
    draw.request.drawId,
  )
  const version = row === undefined ? 0 : integer(row, 'version')
  if (version !== expectedVersion) return null
  if (row !== undefined) return integer(row, 'draw_number')
  return isPlaced(db, draw.request.drawId) ? null : 0
}

function writeDraw(
  db: Database,
  change: DrawChange,
  known: number,
  openRows: OpenRows,
): DrawCommitResult {
  const { draw } = change
  const drawNumber = known === 0 ? insertDraw(db, draw) : updateDraw(db, known, draw)
  const ordinals = notFreeOrdinals(db, change, openRows)
  if (ordinals.length > 0) return { status: 'not_free', ordinals }
  const beyond = bookCards(db, drawNumber, change.booked)
  if (beyond !== null) return { status: 'over_booked', hourMs: beyond.hourMs }
  writeAccounts(db, drawNumber, change)
  followDraw(db, drawNumber, change)
  addToOutbox(db, change.outbox)
  return COMMITTED
}
