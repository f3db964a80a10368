/**
 * Nodes, their sessions and their epochs. The fence: a session's generation only rises, and only
 * the holder of the highest may write.
 */
import type { NodeId, SessionGeneration } from '../../model/ids.ts'
import { type EpochChange, type EpochRow, JOIN_STATE_ANY, type NodeRow } from '../../model/node.ts'
import { judgeEnrollment, newNode } from '../enrolling.ts'
import { epochOf, nodeOf } from '../rows.ts'
import type { EnrollRequest, EnrollResult, OpenSessionRequest } from '../session-requests.ts'
import { integer, text } from '../values.ts'
import { numberThing } from './codes.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { takeProvenKey } from './node-keys.ts'
import { addToOutbox } from './outbox.ts'
import { findToken, useToken } from './tokens.ts'

type RosterMethods = Pick<
  SyncStore,
  | 'enrollNode'
  | 'findNodeByKey'
  | 'revokeNode'
  | 'openSession'
  | 'touchSessions'
  | 'endSession'
  | 'recordClone'
>

export function rosterMethods(db: Database): RosterMethods {
  return {
    enrollNode: (request) => enrollNode(db, request),
    findNodeByKey: (algorithm, publicKey) => findNodeByKey(db, algorithm, publicKey)?.node ?? null,
    openSession: (request) => openSession(db, request),
    revokeNode: (change) => revokeNode(db, change),

    touchSessions: (heard) => {
      for (const one of heard) {
        db.run(
          `UPDATE sessions SET last_heard_ms = ?, clock_offset_ms = COALESCE(?, clock_offset_ms)
           WHERE node_id = ? AND generation = ?`,
          one.lastHeardMs,
          one.clockOffsetMs === null ? null : Math.round(one.clockOffsetMs),
          one.nodeId,
          one.generation,
        )
      }
    },

    endSession: (end) => {
      db.run(
        `UPDATE sessions SET is_connected = 0, ended_reason = ?
         WHERE node_id = ? AND generation = ? AND is_connected = 1`,
        end.reason,
        end.nodeId,
        end.generation,
      )
    },

    recordClone: (sighting) => {
      const known = db.get(
        'SELECT 1 AS seen FROM clones WHERE node_id = ? AND fingerprint = ? AND reason = ?',
        sighting.nodeId,
        sighting.fingerprint,
        sighting.reason,
      )
      db.run(
        `INSERT INTO clones (node_id, fingerprint, reason, remote_address, seen_at_ms)
         VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (node_id, fingerprint, reason) DO UPDATE SET
           remote_address = excluded.remote_address, seen_at_ms = excluded.seen_at_ms`,
        sighting.nodeId,
        sighting.fingerprint,
        sighting.reason,
        sighting.remoteAddress,
        sighting.seenAtMs,
      )
      // A copy tries again and again: one entry for each machine that it runs on.
      if (known !== undefined) return
      const payload = { node_id: sighting.nodeId, reason: sighting.reason }
      addToOutbox(db, [{ kind: 'clone_seen', atMs: sighting.seenAtMs, payload }])
    },
  }
}

function revokeNode(
  db: Database,
  change: Parameters<RosterMethods['revokeNode']>[0],
): ReturnType<RosterMethods['revokeNode']> {
  const node = findNode(db, change.nodeId)
  if (node === null) return { status: 'not_found' }
  if (node.status === 'revoked') return { status: 'already_revoked' }
  db.run("UPDATE nodes SET status = 'revoked' WHERE node_id = ?", change.nodeId)
  // Whichever process holds its session: nothing more is taken from it.
  db.run(
    `UPDATE sessions SET generation = generation + 1, is_connected = 0,
       ended_reason = 'node_revoked' WHERE node_id = ?`,
    change.nodeId,
  )
  addToOutbox(db, change.outbox)
  return { status: 'revoked' }
}

/** Sessions of a process that is gone: only the holder of the serving lock may say so. */
export function endAllSessions(db: Database): void {
  db.run(
    "UPDATE sessions SET is_connected = 0, ended_reason = 'collector_stopped' WHERE is_connected = 1",
  )
  db.run(
    "UPDATE children SET is_connected = 0, ended_reason = 'collector_stopped' WHERE is_connected = 1",
  )
}

/** Of a ledger that is an older copy: what nodes show may be newer than anything it knows. */
export function forgetJoinStates(db: Database): void {
  for (const table of ['nodes', 'children']) {
    db.run(
      `UPDATE ${table} SET join_state = ?, previous_join_state = ?`,
      JOIN_STATE_ANY,
      JOIN_STATE_ANY,
    )
  }
}

export function findNode(db: Database, nodeId: NodeId): NodeRow | null {
  const row = db.get('SELECT * FROM nodes WHERE node_id = ?', nodeId)
  return row === undefined ? null : nodeOf(row)
}

/** The generation that may write for a node; `null` before its first session. */
export function currentGeneration(db: Database, nodeId: NodeId): number | null {
  const row = db.get('SELECT generation FROM sessions WHERE node_id = ?', nodeId)
  return row === undefined ? null : integer(row, 'generation')
}

/** The epoch a node writes into, else the last one it wrote into. */
export function currentEpoch(db: Database, nodeId: NodeId): EpochRow | null {
  const row = db.get(
    'SELECT * FROM epochs WHERE node_id = ? ORDER BY is_closed, epoch_number DESC LIMIT 1',
    nodeId,
  )
  return row === undefined ? null : epochOf(row)
}

export function findEpoch(db: Database, nodeId: NodeId, epoch: string): EpochRow | null {
  const row = db.get('SELECT * FROM epochs WHERE node_id = ? AND epoch = ?', nodeId, epoch)
  return row === undefined ? null : epochOf(row)
}

function findNodeByKey(
  db: Database,
  algorithm: number,
  publicKey: string,
): { readonly node: NodeRow; readonly enrolledBy: string } | null {
  const inForce = db.get(
    'SELECT * FROM nodes WHERE algorithm = ? AND public_key = ?',
    algorithm,
    publicKey,
  )
  if (inForce !== undefined) {
    return { node: nodeOf(inForce), enrolledBy: text(inForce, 'enrolled_by') }
  }
  // What a node has proven and is to take counts as its key, and its machine is known by it.
  const proven = db.get(
    `SELECT n.*, r.fingerprint AS proven_fingerprint FROM key_rotations r
     JOIN nodes n ON n.node_id = r.node_id WHERE r.algorithm = ? AND r.public_key = ?`,
    algorithm,
    publicKey,
  )
  if (proven === undefined) return null
  const fingerprint = text(proven, 'proven_fingerprint')
  const node = { ...nodeOf(proven), algorithm, publicKey, fingerprint }
  return { node, enrolledBy: text(proven, 'enrolled_by') }
}

function enrollNode(db: Database, request: EnrollRequest): EnrollResult {
  const token = findToken(db, request.tokenId)
  const found = findNodeByKey(db, request.algorithm, request.publicKey)
  const known = found === null ? null : { peer: found.node, enrolledBy: found.enrolledBy }
  const judged = judgeEnrollment({ kind: 'enroll', request, token, known })
  if (judged.status === 'enrolled') return { status: 'enrolled', node: judged.peer }
  if (judged.status !== 'new') return { status: judged.status }
  const { node, entry } = newNode(request, judged.token)
  insertNode(db, node, request.tokenId)
  useToken(db, request.tokenId)
  addToOutbox(db, [entry])
  return { status: 'enrolled', node }
}

function insertNode(db: Database, node: NodeRow, enrolledBy: string): void {
  db.run(
    `INSERT INTO nodes (node_id, name, site_code, algorithm, public_key, fingerprint, join_state,
       previous_join_state, status, enrolled_at_ms, enrolled_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    node.nodeId,
    node.name,
    node.siteCode,
    node.algorithm,
    node.publicKey,
    node.fingerprint,
    node.joinState,
    node.previousJoinState,
    node.status,
    node.enrolledAtMs,
    enrolledBy,
  )
  numberThing(db, 'node', node.nodeId)
}

function openSession(
  db: Database,
  request: OpenSessionRequest,
): ReturnType<RosterMethods['openSession']> {
  const node = findNode(db, request.nodeId)
  if (node === null) return { status: 'node_unknown' }
  if (node.joinState !== request.expectedJoinState || node.status !== 'active') {
    return { status: 'stale' }
  }
  const known = findEpoch(db, request.nodeId, request.epoch)
  if (known?.isClosed) return { status: 'epoch_closed' }
  const epoch = known ?? beginEpoch(db, request)
  const generation = (currentGeneration(db, request.nodeId) ?? 0) + 1
  const { presentedKey } = request
  if (presentedKey !== undefined) takeProvenKey(db, request.nodeId, presentedKey, request.nowMs)
  db.run(
    'UPDATE nodes SET join_state = ?, previous_join_state = ? WHERE node_id = ?',
    request.nextJoinState,
    request.presentedJoinState,
    request.nodeId,
  )
  db.run(
    `INSERT INTO sessions (node_id, generation, is_connected, collector_instance, remote_address,
       agent_version, boot_id, connected_at_ms, last_heard_ms, ended_reason, clock_offset_ms)
     VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, NULL, NULL)
     ON CONFLICT (node_id) DO UPDATE SET generation = excluded.generation, is_connected = 1,
       collector_instance = excluded.collector_instance, remote_address = excluded.remote_address,
       agent_version = excluded.agent_version, boot_id = excluded.boot_id,
       connected_at_ms = excluded.connected_at_ms, last_heard_ms = excluded.last_heard_ms,
       ended_reason = NULL, clock_offset_ms = NULL`,
    request.nodeId,
    generation,
    request.collectorInstance,
    request.remoteAddress,
    request.agentVersion,
    request.bootId,
    request.nowMs,
    request.nowMs,
  )
  return { status: 'opened', generation: generation as SessionGeneration, epoch }
}

/** A new spool: what was written into the ones before it is over, named as predecessor or not. */
function beginEpoch(db: Database, request: OpenSessionRequest): EpochRow {
  const begunAs = howBegun(db, request.nodeId)
  db.run('UPDATE epochs SET is_closed = 1 WHERE node_id = ? AND is_closed = 0', request.nodeId)
  db.run(
    `INSERT INTO epochs (node_id, epoch, previous_epoch, is_closed, watermark, watermark_hash,
       began_at_ms, begun_as)
     VALUES (?, ?, ?, 0, 0, NULL, ?, ?)`,
    request.nodeId,
    request.epoch,
    request.previousEpoch,
    request.nowMs,
    begunAs,
  )
  return {
    nodeId: request.nodeId,
    epoch: request.epoch,
    previousEpoch: request.previousEpoch,
    isClosed: false,
    watermark: 0,
    watermarkHash: null,
  }
}

/** A session that ended at a fork leaves the node no choice but another spool. */
function howBegun(db: Database, nodeId: NodeId): 'first' | EpochChange['begunAs'] {
  if (currentEpoch(db, nodeId) === null) return 'first'
  const session = db.get('SELECT ended_reason FROM sessions WHERE node_id = ?', nodeId)
  return session?.ended_reason === 'epoch_forked' ? 'forked' : 'replaced'
}
