/**
 * Nodes, their sessions and their epochs. The fence: a session's generation only rises, and only
 * the holder of the highest may write.
 */
import type { NodeId, SessionGeneration } from '../../model/ids.ts'
import { type EpochChange, type EpochRow, JOIN_STATE_ANY, type NodeRow } from '../../model/node.ts'
import { judgeEnrollment, newNode } from '../enrolling.ts'
import { epochOf, nodeOf } from '../rows.ts'
import type { EnrollRequest, EnrollResult, OpenSessionRequest } from '../session-requests.ts'
import type { Store } from '../store.ts'
import { integer, text } from '../values.ts'
import { numberThing } from './codes.ts'
import type { Database } from './driver.ts'
import { noteHeard } from './heard.ts'
import { takeProvenKey } from './node-keys.ts'
import { addToOutbox } from './outbox.ts'
import { sql } from './sql.ts'
import { lockToken, useToken } from './tokens.ts'

type RosterMethods = Pick<
  Store,
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
    enrollNode: async (request) => await enrollNode(db, request),
    findNodeByKey: async (algorithm, publicKey) =>
      (await findNodeByKey(db, algorithm, publicKey))?.node ?? null,
    openSession: async (request) => await openSession(db, request),
    revokeNode: async (change) => await revokeNode(db, change),

    touchSessions: async (heard) => {
      if (heard.length === 0) return
      const offsets = heard.map(({ clockOffsetMs }) =>
        clockOffsetMs === null ? null : Math.round(clockOffsetMs),
      )
      await db.run(sql`
        WITH heard AS (SELECT * FROM unnest(${heard.map(({ nodeId }) => nodeId)}::text[],
            ${heard.map(({ generation }) => generation)}::bigint[],
            ${heard.map(({ lastHeardMs }) => lastHeardMs)}::bigint[], ${offsets}::bigint[])
          AS heard (node_id, generation, last_heard_ms, clock_offset_ms)),
        held AS (SELECT s.node_id, s.generation FROM sessions s
          JOIN heard h ON h.node_id = s.node_id AND h.generation = s.generation
          ORDER BY s.node_id FOR UPDATE OF s)
        UPDATE sessions s SET last_heard_ms = h.last_heard_ms,
          clock_offset_ms = COALESCE(h.clock_offset_ms, s.clock_offset_ms)
        FROM held JOIN heard h ON h.node_id = held.node_id AND h.generation = held.generation
        WHERE s.node_id = held.node_id AND s.generation = held.generation`)
      await noteHeard(db, heard)
    },

    endSession: async (end) => {
      const { changes } = await db.run(
        sql`UPDATE sessions SET is_connected = false, ended_reason = ${end.reason}
         WHERE node_id = ${end.nodeId} AND generation = ${end.generation} AND is_connected`,
      )
      if (changes > 0) await noteHeard(db, [{ ...end, heardAgoMs: null }])
    },

    recordClone: async (sighting) => {
      const row = await db.get(
        sql`INSERT INTO clones (node_id, fingerprint, reason, remote_address, seen_at_ms)
         VALUES (${sighting.nodeId}, ${sighting.fingerprint}, ${sighting.reason},
           ${sighting.remoteAddress}, ${sighting.seenAtMs})
         ON CONFLICT (node_id, fingerprint, reason) DO UPDATE SET
           remote_address = excluded.remote_address, seen_at_ms = excluded.seen_at_ms
         RETURNING (xmax = 0) AS is_new`,
      )
      // A copy tries again and again: one entry for each machine that it runs on.
      if (row?.is_new !== 1) return
      const payload = { node_id: sighting.nodeId, reason: sighting.reason }
      addToOutbox(db, [{ kind: 'clone_seen', atMs: sighting.seenAtMs, payload }])
    },
  }
}

async function revokeNode(
  db: Database,
  change: Parameters<RosterMethods['revokeNode']>[0],
): ReturnType<RosterMethods['revokeNode']> {
  const node = await lockNode(db, change.nodeId)
  if (node === null) return { status: 'not_found' }
  if (node.status === 'revoked') return { status: 'already_revoked' }
  await db.run(sql`UPDATE nodes SET status = 'revoked' WHERE node_id = ${change.nodeId}`)
  // Whichever process holds its session: nothing more is taken from it.
  await db.run(
    sql`UPDATE sessions SET generation = generation + 1, is_connected = false,
       ended_reason = 'node_revoked' WHERE node_id = ${change.nodeId}`,
  )
  addToOutbox(db, change.outbox)
  return { status: 'revoked' }
}

/**
 * The node and its spools, alone: ingest locks the spool it writes into before it looks at who may
 * write, so that nothing is taken from a session that is being replaced at this moment.
 */
async function lockNode(db: Database, nodeId: NodeId): Promise<NodeRow | null> {
  const row = await db.get(sql`SELECT * FROM nodes WHERE node_id = ${nodeId} FOR NO KEY UPDATE`)
  if (row === undefined) return null
  await db.run(sql`SELECT 1 FROM epochs WHERE node_id = ${nodeId} ORDER BY epoch_number FOR UPDATE`)
  return nodeOf(row)
}

/** Of a ledger that is an older copy: what nodes show may be newer than anything it knows. */
export async function forgetJoinStates(db: Database): Promise<void> {
  const any = sql`join_state = ${JOIN_STATE_ANY}, previous_join_state = ${JOIN_STATE_ANY}`
  await db.run(sql`UPDATE nodes SET ${any}`)
  await db.run(sql`UPDATE children SET ${any}`)
}

export async function findNode(db: Database, nodeId: NodeId): Promise<NodeRow | null> {
  const row = await db.get(sql`SELECT * FROM nodes WHERE node_id = ${nodeId}`)
  return row === undefined ? null : nodeOf(row)
}

/** The generation that may write for a node; `null` before its first session. */
export async function currentGeneration(db: Database, nodeId: NodeId): Promise<number | null> {
  const row = await db.get(sql`SELECT generation FROM sessions WHERE node_id = ${nodeId}`)
  return row === undefined ? null : integer(row, 'generation')
}

/** The epoch a node writes into, else the last one it wrote into. */
export async function currentEpoch(db: Database, nodeId: NodeId): Promise<EpochRow | null> {
  const row = await db.get(
    sql`SELECT * FROM epochs WHERE node_id = ${nodeId} ORDER BY is_closed, epoch_number DESC
      LIMIT 1`,
  )
  return row === undefined ? null : epochOf(row)
}

export async function findEpoch(
  db: Database,
  nodeId: NodeId,
  epoch: string,
): Promise<EpochRow | null> {
  const row = await db.get(sql`SELECT * FROM epochs WHERE node_id = ${nodeId} AND epoch = ${epoch}`)
  return row === undefined ? null : epochOf(row)
}

async function findNodeByKey(
  db: Database,
  algorithm: number,
  publicKey: string,
): Promise<{ readonly node: NodeRow; readonly enrolledBy: string } | null> {
  const inForce = await db.get(sql`
    SELECT * FROM nodes WHERE algorithm = ${algorithm} AND public_key = ${publicKey}`)
  if (inForce !== undefined) {
    return { node: nodeOf(inForce), enrolledBy: text(inForce, 'enrolled_by') }
  }
  // What a node has proven and is to take counts as its key, and its machine is known by it.
  const proven = await db.get(sql`
    SELECT n.*, r.fingerprint AS proven_fingerprint FROM key_rotations r
    JOIN nodes n ON n.node_id = r.node_id
    WHERE r.algorithm = ${algorithm} AND r.public_key = ${publicKey}`)
  if (proven === undefined) return null
  const fingerprint = text(proven, 'proven_fingerprint')
  const node = { ...nodeOf(proven), algorithm, publicKey, fingerprint }
  return { node, enrolledBy: text(proven, 'enrolled_by') }
}

async function enrollNode(db: Database, request: EnrollRequest): Promise<EnrollResult> {
  const token = await lockToken(db, request.tokenId)
  const found = await findNodeByKey(db, request.algorithm, request.publicKey)
  const known = found === null ? null : { peer: found.node, enrolledBy: found.enrolledBy }
  const judged = judgeEnrollment({ kind: 'enroll', request, token, known })
  if (judged.status === 'enrolled') return { status: 'enrolled', node: judged.peer }
  if (judged.status !== 'new') return { status: judged.status }
  const { node, entry } = newNode(request, judged.token)
  await insertNode(db, node, request.tokenId)
  await useToken(db, request.tokenId)
  addToOutbox(db, [entry])
  return { status: 'enrolled', node }
}

async function insertNode(db: Database, node: NodeRow, enrolledBy: string): Promise<void> {
  await db.run(
    sql`INSERT INTO nodes (node_id, name, site_code, algorithm, public_key, fingerprint, join_state,
       previous_join_state, status, enrolled_at_ms, enrolled_by)
     VALUES (${node.nodeId}, ${node.name}, ${node.siteCode}, ${node.algorithm}, ${node.publicKey},
       ${node.fingerprint}, ${node.joinState}, ${node.previousJoinState}, ${node.status},
       ${node.enrolledAtMs}, ${enrolledBy})`,
  )
  await numberThing(db, 'node', node.nodeId)
}

async function openSession(
  db: Database,
  request: OpenSessionRequest,
): ReturnType<RosterMethods['openSession']> {
  const node = await lockNode(db, request.nodeId)
  if (node === null) return { status: 'node_unknown' }
  if (node.joinState !== request.expectedJoinState || node.status !== 'active') {
    return { status: 'stale' }
  }
  const known = await findEpoch(db, request.nodeId, request.epoch)
  if (known?.isClosed) return { status: 'epoch_closed' }
  const epoch = known ?? (await beginEpoch(db, request))
  const generation = ((await currentGeneration(db, request.nodeId)) ?? 0) + 1
  const { presentedKey } = request
  if (presentedKey !== undefined) {
    await takeProvenKey(db, request.nodeId, presentedKey, request.nowMs)
  }
  await db.run(
    sql`UPDATE nodes SET join_state = ${request.nextJoinState},
      previous_join_state = ${request.presentedJoinState} WHERE node_id = ${request.nodeId}`,
  )
  await db.run(
    sql`INSERT INTO sessions (node_id, generation, is_connected, collector_instance, remote_address,
       agent_version, boot_id, connected_at_ms, last_heard_ms, ended_reason, clock_offset_ms)
     VALUES (${request.nodeId}, ${generation}, true, ${request.collectorInstance},
       ${request.remoteAddress}, ${request.agentVersion}, ${request.bootId}, ${request.nowMs},
       ${request.nowMs}, NULL, NULL)
     ON CONFLICT (node_id) DO UPDATE SET generation = excluded.generation, is_connected = true,
       collector_instance = excluded.collector_instance, remote_address = excluded.remote_address,
       agent_version = excluded.agent_version, boot_id = excluded.boot_id,
       connected_at_ms = excluded.connected_at_ms, last_heard_ms = excluded.last_heard_ms,
       ended_reason = NULL, clock_offset_ms = NULL`,
  )
  const opened = generation as SessionGeneration
  await noteHeard(db, [{ nodeId: request.nodeId, generation: opened, heardAgoMs: 0 }])
  return { status: 'opened', generation: opened, epoch }
}

/** A new spool: what was written into the ones before it is over, named as predecessor or not. */
async function beginEpoch(db: Database, request: OpenSessionRequest): Promise<EpochRow> {
  const begunAs = await howBegun(db, request.nodeId)
  await db.run(
    sql`UPDATE epochs SET is_closed = true WHERE node_id = ${request.nodeId} AND NOT is_closed`,
  )
  await db.run(
    sql`INSERT INTO epochs (node_id, epoch, previous_epoch, is_closed, watermark, watermark_hash,
       began_at_ms, begun_as)
     VALUES (${request.nodeId}, ${request.epoch}, ${request.previousEpoch}, false, 0, NULL,
       ${request.nowMs}, ${begunAs})`,
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
async function howBegun(db: Database, nodeId: NodeId): Promise<'first' | EpochChange['begunAs']> {
  if ((await currentEpoch(db, nodeId)) === null) return 'first'
  const session = await db.get(sql`SELECT ended_reason FROM sessions WHERE node_id = ${nodeId}`)
  return session?.ended_reason === 'epoch_forked' ? 'forked' : 'replaced'
}
