/**
 * Draws: each decision written whole under the version that it was made on, many in one
 * transaction, each by itself. A change that breaks a bound leaves nothing behind and hurts no
 * other.
 */
import type { Draw } from '../../model/draw.ts'
import type { NodeId } from '../../model/ids.ts'
import type { DrawChange, DrawCommitResult } from '../draw-requests.ts'
import { assertWhole } from '../draw-rows.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { Store } from '../store.ts'
import type { Row } from '../values.ts'
import { integer, text } from '../values.ts'
import { followDraw } from './accounts-writes.ts'
import { auditDraws } from './draw-audit.ts'
import { bookCards, readBooked, readBookedHours } from './draw-bookings.ts'
import { liveElsewhere, notFreeOrdinals, takenOrdinals } from './draw-bounds.ts'
import { isCopied } from './draw-copies.ts'
import { listDraws } from './draw-list.ts'
import { lockDraws } from './draw-locks.ts'
import { drawsOf } from './draw-rows.ts'
import { insertDraw, updateDraw, writeAccounts } from './draw-writes.ts'
import type { Database } from './driver.ts'
import { isConstraintError } from './errors.ts'
import { OpenRows } from './evidence.ts'
import { readLeaseRecords } from './lease-records.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { isPlaced } from './placed.ts'
import { sql } from './sql.ts'

const COMMITTED = { status: 'committed' } as const
const STALE = { status: 'stale' } as const

type DrawMethods = Pick<
  Store,
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

/** Whose business it is that a draw is due. */
const DUE = {
  lending: sql`state IN ('held', 'posted')`,
  booking: sql`(state = 'booked' OR EXISTS (SELECT 1 FROM claims c
    WHERE c.draw_number = d.draw_number AND c.end_kind = 'unfilled' AND c.clean_at_ms IS NULL))`,
} as const

export function drawMethods(db: Database): DrawMethods {
  return {
    findDraw: async (drawId) => {
      const row = await db.get(sql`SELECT * FROM draws WHERE draw_id = ${drawId}`)
      return row === undefined ? null : ((await drawsOf(db, [row]))[0]?.draw ?? null)
    },

    findDrawOfLease: async (leaseId) => {
      const row = await db.get(
        sql`SELECT d.* FROM leases l JOIN draws d ON d.draw_number = l.draw_number
         WHERE l.lease_id = ${leaseId}`,
      )
      return row === undefined ? null : ((await drawsOf(db, [row]))[0]?.draw ?? null)
    },

    readLiveDraws: async (nodeIds) => await wholeDraws(db, await liveRows(db, nodeIds)),

    readDueDraws: async (what, atMs, limit) =>
      await wholeDraws(
        db,
        await db.all(
          sql`SELECT * FROM draws d WHERE due_at_ms <= ${atMs} AND ${DUE[what]}
           ORDER BY due_at_ms, draw_number LIMIT ${Math.max(1, Math.min(limit, PAGE_ROWS_MAX))}`,
        ),
      ),

    commitDraws: async (changes) => {
      await lockFor(db, changes)
      // Nothing here writes an open row: each is unpacked once for all changes.
      const openRows = new OpenRows(db)
      const results: DrawCommitResult[] = []
      const isKept = await isCopied(db)
      for (const change of changes) {
        const result = await commitDraw(db, change, openRows)
        if (isKept && result.status === 'committed') {
          db.unnumbered.drawCopies.push(JSON.stringify(change))
        }
        results.push(result)
      }
      return results
    },

    readLeaseRecords: async (afterNumber, limit) => await readLeaseRecords(db, afterNumber, limit),

    moveCursor: async (follower, to) => {
      await db.run(
        sql`INSERT INTO cursors (follower, change_seq) VALUES (${follower}, ${to})
          ON CONFLICT (follower)
         DO UPDATE SET change_seq = greatest(cursors.change_seq, excluded.change_seq)`,
      )
    },

    // A job on eight cards of a node is one claim of their owner.
    readOwnerClaims: async (sinceMs) =>
      (
        await db.all(
          sql`SELECT DISTINCT site_code, ended_at_ms, lease_id FROM claims
           WHERE recall_cause = 'owner_claimed' AND ended_at_ms >= ${sinceMs} ORDER BY ended_at_ms`,
        )
      ).map((row) => ({
        siteCode: text(row, 'site_code'),
        endedAtMs: integer(row, 'ended_at_ms'),
      })),

    listDraws: async (scope, filter, page) => await listDraws(db, scope, filter, page),
    readBooked: async (drawId) => await readBooked(db, drawId),
    readBookedHours: async (knownSeq, range) => await readBookedHours(db, knownSeq, range),
    auditDraws: async () => await auditDraws(db),
  }
}

async function wholeDraws(db: Database, rows: readonly Row[]): Promise<readonly Draw[]> {
  return (await drawsOf(db, rows)).map(({ draw }) => draw)
}

function liveRows(db: Database, nodeIds: readonly NodeId[] | 'all'): Promise<readonly Row[]> {
  const among = nodeIds === 'all' ? sql`true` : sql`node_id = ANY(${nodeIds}::text[])`
  return db.all(sql`
    SELECT * FROM draws WHERE draw_number IN
      (SELECT draw_number FROM claims WHERE state <> 'ended' AND ${among})
    ORDER BY draw_number`)
}

/**
 * The draws, then the cards: what was decided on stays as it is until this is committed. A draw
 * that another process has just begun under the same id is found when it is written.
 */
async function lockFor(db: Database, changes: readonly DrawChange[]): Promise<void> {
  await lockDraws(
    db,
    changes.map(({ draw }) => draw.request.drawId),
  )
  const cards = changes.flatMap(({ draw }) => draw.claims.map(({ acceleratorId }) => acceleratorId))
  await db.run(sql`
    SELECT 1 FROM accelerators WHERE accelerator_id = ANY(${cards}::bigint[])
    ORDER BY accelerator_id FOR NO KEY UPDATE`)
  if (changes.some(({ booked }) => booked.length > 0)) await lock(db, 'bookings')
}

/** A bound that the database itself refuses to break is told by the claims that would break it. */
async function commitDraw(
  db: Database,
  change: DrawChange,
  openRows: OpenRows,
): Promise<DrawCommitResult> {
  assertWhole(change)
  const { draw, expectedVersion } = change
  const drawNumber = await numberOf(db, change)
  if (drawNumber === null) return STALE
  const taken = expectedVersion === 0 ? await liveElsewhere(db, draw) : []
  if (taken.length > 0) return { status: 'taken', ordinals: taken }
  try {
    return await db.attempt(
      async () => await writeDraw(db, change, drawNumber, openRows),
      ({ status }) => status === 'committed',
    )
  } catch (error) {
    const ordinals = isConstraintError(error) ? await takenOrdinals(db, drawNumber, draw) : []
    if (ordinals.length === 0) throw error
    return { status: 'taken', ordinals }
  }
}

/** 0: a new one; `null`: the decision was made on something else. */
async function numberOf(
  db: Database,
  { draw, expectedVersion }: DrawChange,
): Promise<number | null> {
  const row = await db.get(
    sql`SELECT draw_number, version FROM draws WHERE draw_id = ${draw.request.drawId}`,
  )
  const version = row === undefined ? 0 : integer(row, 'version')
  if (version !== expectedVersion) return null
  if (row !== undefined) return integer(row, 'draw_number')
  return (await isPlaced(db, draw.request.drawId)) ? null : 0
}

async function writeDraw(
  db: Database,
  change: DrawChange,
  known: number,
  openRows: OpenRows,
): Promise<DrawCommitResult> {
  const { draw } = change
  const drawNumber = known === 0 ? await insertDraw(db, draw) : await updateDraw(db, known, draw)
  const ordinals = await notFreeOrdinals(db, change, openRows)
  if (ordinals.length > 0) return { status: 'not_free', ordinals }
  const beyond = await bookCards(db, drawNumber, change.booked)
  if (beyond !== null) return { status: 'over_booked', hourMs: beyond.hourMs }
  await writeAccounts(db, drawNumber, change)
  await followDraw(db, drawNumber, change)
  addToOutbox(db, change.outbox)
  return COMMITTED
}
