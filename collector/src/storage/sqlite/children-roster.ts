/**
 * Children, their sessions and epochs, as roster.ts has those of nodes; and when they were away. The
 * fence is the same: a session's generation only rises, and only the holder of the highest writes.
 */
import { assert } from '@yiben/shared'
import type { ChildEpochRow, ChildRow, ChildSession } from '../../model/child.ts'
import type { ChildId, SessionGeneration } from '../../model/ids.ts'
import { ADDED, childOf, epochOf, numberOf } from '../child-rows.ts'
import type {
  ChildListRow,
  EnrollChildRequest,
  EnrollChildResult,
  OpenChildSessionRequest,
  OpenChildSessionResult,
} from '../children-store.ts'
import { judgeEnrollment, newChild } from '../enrolling.ts'
import { flag, integer, integerOrNull, type Row, text, textOrNull } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { findToken, useToken } from './tokens.ts'
import { fromFlag } from './values.ts'

type ChildRosterMethods = Pick<
  SyncStore,
  | 'enrollChild'
  | 'addChild'
  | 'findChildByKey'
  | 'findChildEpoch'
  | 'openChildSession'
  | 'touchChildren'
  | 'endChildSession'
  | 'revokeChild'
  | 'beginChildSilences'
  | 'listChildren'
>

export function childRosterMethods(db: Database): ChildRosterMethods {
  return {
    enrollChild: (request) => enrollChild(db, request),
    findChildByKey: (algorithm, publicKey) => {
      const row = childByKey(db, algorithm, publicKey)
      return row === undefined ? null : childOf(row)
    },
    findChildEpoch: (childId, epoch) => {
      const child = childRow(db, childId)
      return child === undefined ? null : findEpoch(db, numberOf(child), epoch)
    },
    openChildSession: (request) => openSession(db, request),

    addChild: (child, outbox) => {
      if (childByKey(db, child.algorithm, child.publicKey) !== undefined) return { status: 'known' }
      if (collectorNumber(db, child.publicKey) !== null) return { status: 'known' }
      insertChild(db, child, ADDED)
      addToOutbox(db, outbox)
      return { status: 'added' }
    },

    touchChildren: (heard) => {
      for (const one of heard) {
        db.run(
          `UPDATE children SET last_heard_ms = max(COALESCE(last_heard_ms, 0), ?)
           WHERE child_id = ? AND generation = ?`,
          one.lastHeardMs,
          one.childId,
          one.generation,
        )
      }
    },

    endChildSession: (end) => {
      db.run(
        `UPDATE children SET is_connected = 0, ended_reason = ?
         WHERE child_id = ? AND generation = ? AND is_connected = 1`,
        end.reason,
        end.childId,
        end.generation,
      )
    },

    revokeChild: (change) => {
      const row = childRow(db, change.childId)
      if (row === undefined) return { status: 'not_found' }
      if (childOf(row).status === 'revoked') return { status: 'already_revoked' }
      // Whichever process holds its session: nothing more is taken from it.
      db.run(
        `UPDATE children SET status = 'revoked', generation = generation + 1, is_connected = 0,
           ended_reason = 'node_revoked', behind_to_seq = NULL, behind_since_ms = NULL
         WHERE child_id = ?`,
        change.childId,
      )
      const fromMs = integerOrNull(row, 'last_heard_ms') ?? change.atMs
      beginSilence(db, ownCollector(db, row), Math.min(fromMs, change.atMs), change.atMs)
      addToOutbox(db, change.outbox)
      return { status: 'revoked' }
    },

    beginChildSilences: (silences) => {
      for (const { childId, declaredAtMs, fromMs } of silences) {
        const row = childRow(db, childId)
        if (row === undefined) continue
        beginSilence(db, ownCollector(db, row), fromMs, declaredAtMs)
      }
    },

    listChildren: () => db.all('SELECT * FROM children ORDER BY child_number').map(listRow(db)),
  }
}

export function childRow(db: Database, childId: ChildId): Row | undefined {
  return db.get('SELECT * FROM children WHERE child_id = ?', childId)
}

/** Number of a ledger that something is told of; `null` for one that is not known here. */
export function collectorNumber(db: Database, origin: string): number | null {
  const row = db.get('SELECT collector_number FROM child_collectors WHERE origin = ?', origin)
  return row === undefined ? null : integer(row, 'collector_number')
}

export function findEpoch(db: Database, child: number, epoch: string): ChildEpochRow | null {
  const row = db.get(
    'SELECT * FROM child_epochs WHERE child_number = ? AND epoch = ?',
    child,
    epoch,
  )
  return row === undefined ? null : epochOf(row)
}

/** Nothing where it is silent already. */
export function beginSilence(
  db: Database,
  collector: number,
  fromMs: number,
  declaredAtMs: number,
): void {
  db.run(
    `INSERT INTO child_silences (collector_number, from_ms, declared_at_ms) VALUES (?, ?, ?)
     ON CONFLICT (collector_number) WHERE to_ms IS NULL DO NOTHING`,
    collector,
    fromMs,
    declaredAtMs,
  )
}

export function endSilence(db: Database, collector: number, toMs: number, endedAtMs: number): void {
  db.run(
    `UPDATE child_silences SET to_ms = max(?, from_ms), ended_at_ms = ?
     WHERE collector_number = ? AND to_ms IS NULL`,
    toMs,
    endedAtMs,
    collector,
  )
}

function childByKey(db: Database, algorithm: number, publicKey: string): Row | undefined {
  return db.get(
    'SELECT * FROM children WHERE algorithm = ? AND public_key = ?',
    algorithm,
    publicKey,
  )
}

/** The ledger of the child itself. */
export function ownCollector(db: Database, child: Row): number {
  const number = collectorNumber(db, text(child, 'public_key'))
  assert(number !== null, 'the ledger of a child is known from its admission')
  return number
}

function enrollChild(db: Database, request: EnrollChildRequest): EnrollChildResult {
  const token = findToken(db, request.tokenId)
  const row = childByKey(db, request.algorithm, request.publicKey)
  const known =
    row === undefined ? null : { peer: childOf(row), enrolledBy: text(row, 'enrolled_by') }
  const judged = judgeEnrollment({ kind: 'child', request, token, known })
  if (judged.status === 'enrolled') return { status: 'enrolled', child: judged.peer }
  if (judged.status !== 'new') return { status: judged.status }
  const { child, entry } = newChild(request, judged.token)
  insertChild(db, child, request.tokenId)
  useToken(db, request.tokenId)
  addToOutbox(db, [entry])
  return { status: 'enrolled', child }
}

function insertChild(db: Database, child: ChildRow, enrolledBy: string): void {
  const { rowNumber } = db.run(
    `INSERT INTO children (child_id, name, algorithm, public_key, region_code, is_one_way,
       fingerprint, join_state, previous_join_state, status, enrolled_at_ms, enrolled_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    child.childId,
    child.name,
    child.algorithm,
    child.publicKey,
    child.regionCode,
    fromFlag(child.isOneWay),
    child.fingerprint,
    child.joinState,
    child.previousJoinState,
    child.status,
    child.enrolledAtMs,
    enrolledBy,
  )
  // A collector that was below another child until now tells for itself from here on.
  db.run(
    `INSERT INTO child_collectors (origin, child_number, parent_origin, name, program_version,
       generation, number, received_at_ms) VALUES (?, ?, NULL, ?, '', 0, 0, ?)
     ON CONFLICT (origin) DO UPDATE SET child_number = excluded.child_number, parent_origin = NULL`,
    child.publicKey,
    rowNumber,
    child.name,
    child.enrolledAtMs,
  )
}

function openSession(db: Database, request: OpenChildSessionRequest): OpenChildSessionResult {
  const row = childRow(db, request.childId)
  if (row === undefined) return { status: 'node_unknown' }
  const child = childOf(row)
  if (child.joinState !== request.expectedJoinState || child.status !== 'active') {
    return { status: 'stale' }
  }
  const known = findEpoch(db, numberOf(row), request.epoch)
  if (known?.isClosed) return { status: 'epoch_closed' }
  const epoch = known ?? beginEpoch(db, row, request)
  const generation = integer(row, 'generation') + 1
  const isBehind = request.lastSeq > epoch.watermark
  db.run(
    `UPDATE children SET generation = ?, is_connected = 1, remote_address = ?, program_version = ?,
       fingerprint = ?, join_state = ?, previous_join_state = ?, connected_at_ms = ?,
       last_heard_ms = ?, ended_reason = NULL, behind_to_seq = ?,
       behind_since_ms = CASE WHEN ? THEN COALESCE(behind_since_ms, ?) END
     WHERE child_id = ?`,
    generation,
    request.remoteAddress,
    request.programVersion,
    request.fingerprint,
    request.nextJoinState,
    request.presentedJoinState,
    request.nowMs,
    request.nowMs,
    isBehind ? request.lastSeq : null,
    fromFlag(isBehind),
    request.nowMs,
    request.childId,
  )
  // While it still has to tell of the time it was away, that time is not told.
  if (!isBehind) endSilence(db, ownCollector(db, row), request.nowMs, request.nowMs)
  return { status: 'opened', generation: generation as SessionGeneration, epoch }
}

/** Another stream: what was written into the ones before it is over. */
function beginEpoch(db: Database, row: Row, request: OpenChildSessionRequest): ChildEpochRow {
  const child = numberOf(row)
  const { changes } = db.run(
    'UPDATE child_epochs SET is_closed = 1 WHERE child_number = ? AND is_closed = 0',
    child,
  )
  const isForked = row.ended_reason === 'epoch_forked'
  db.run(
    `INSERT INTO child_epochs (child_number, epoch, previous_epoch, is_closed, watermark,
       watermark_hash, began_at_ms, begun_as) VALUES (?, ?, ?, 0, 0, NULL, ?, ?)`,
    child,
    request.epoch,
    request.previousEpoch,
    request.nowMs,
    changes === 0 ? 'first' : isForked ? 'forked' : 'replaced',
  )
  return {
    epoch: request.epoch,
    previousEpoch: request.previousEpoch,
    isClosed: false,
    watermark: 0,
    watermarkHash: null,
  }
}

function listRow(db: Database): (row: Row) => ChildListRow {
  return (row) => {
    const epoch = db.get(
      `SELECT * FROM child_epochs WHERE child_number = ? ORDER BY is_closed, epoch_number DESC
       LIMIT 1`,
      numberOf(row),
    )
    const session: ChildSession = {
      generation: integer(row, 'generation') as SessionGeneration,
      isConnected: flag(row, 'is_connected'),
      remoteAddress: text(row, 'remote_address'),
      programVersion: text(row, 'program_version'),
      connectedAtMs: integerOrNull(row, 'connected_at_ms'),
      lastHeardMs: integerOrNull(row, 'last_heard_ms'),
      endedReason: textOrNull(row, 'ended_reason'),
      behindSinceMs: integerOrNull(row, 'behind_since_ms'),
      epoch: epoch === undefined ? null : text(epoch, 'epoch'),
      watermark: epoch === undefined ? 0 : integer(epoch, 'watermark'),
      watermarkHash: epoch === undefined ? null : textOrNull(epoch, 'watermark_hash'),
      olderRecords: integer(row, 'older_records'),
    }
    return { child: childOf(row), session }
  }
}
