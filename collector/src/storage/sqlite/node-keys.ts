/** Nodes that are to take a new key, and the authorities that nodes have confirmed to trust. */
import type { NodeId } from '../../model/ids.ts'
import type { TrustSpread } from '../node-key-store.ts'
import { EXAMPLES_MAX, rotationOf } from '../node-rows.ts'
import { integer, integerOrNull, text } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'

type NodeKeyMethods = Pick<
  SyncStore,
  'askKeyRotation' | 'proveKey' | 'readNodeOrders' | 'keepTrustKnown' | 'readTrustSpread'
>

export function nodeKeyMethods(db: Database): NodeKeyMethods {
  return {
    askKeyRotation: (rotation, outbox) => {
      const node = db.get('SELECT status FROM nodes WHERE node_id = ?', rotation.nodeId)
      if (node === undefined) return { status: 'not_found' }
      if (node.status === 'revoked') return { status: 'node_revoked' }
      const known = db.get('SELECT 1 FROM key_rotations WHERE node_id = ?', rotation.nodeId)
      if (known !== undefined) return { status: 'asked_before' }
      db.run(
        'INSERT INTO key_rotations (node_id, nonce, asked_at_ms, asked_by) VALUES (?, ?, ?, ?)',
        rotation.nodeId,
        rotation.nonce,
        rotation.askedAtMs,
        rotation.askedBy,
      )
      addToOutbox(db, outbox)
      return { status: 'asked' }
    },

    proveKey: (proven) => proveKey(db, proven),

    readNodeOrders: () => ({
      rotations: db.all('SELECT * FROM key_rotations ORDER BY node_id').map(rotationOf),
      revoked: db
        .all("SELECT node_id FROM nodes WHERE status = 'revoked' ORDER BY node_id")
        .map((row) => text(row, 'node_id') as NodeId),
    }),

    keepTrustKnown: (known) => {
      for (const { nodeId, version, atMs } of known) {
        db.run(
          `INSERT INTO node_trust (node_id, version, confirmed_at_ms) VALUES (?, ?, ?)
           ON CONFLICT (node_id) DO UPDATE SET version = excluded.version,
             confirmed_at_ms = excluded.confirmed_at_ms
           WHERE excluded.version > node_trust.version`,
          nodeId,
          version,
          atMs,
        )
      }
    },

    readTrustSpread: (version, heardSinceMs) => readTrustSpread(db, version, heardSinceMs),
  }
}

function proveKey(
  db: Database,
  proven: Parameters<NodeKeyMethods['proveKey']>[0],
): ReturnType<NodeKeyMethods['proveKey']> {
  const { nodeId, algorithm, publicKey } = proven
  const row = db.get(
    `SELECT r.nonce FROM key_rotations r JOIN nodes n ON n.node_id = r.node_id
     WHERE r.node_id = ? AND r.nonce = ? AND n.public_key = ? AND n.status = 'active'`,
    nodeId,
    proven.nonce,
    proven.oldKey,
  )
  if (row === undefined) return { status: 'stale' }
  const holder = db.get(
    `SELECT node_id FROM nodes WHERE algorithm = ? AND public_key = ?
     UNION ALL SELECT node_id FROM key_rotations
       WHERE algorithm = ? AND public_key = ? AND node_id <> ?`,
    algorithm,
    publicKey,
    algorithm,
    publicKey,
    nodeId,
  )
  if (holder !== undefined) return { status: 'taken' }
  db.run(
    `UPDATE key_rotations SET algorithm = ?, public_key = ?, fingerprint = ?, proven_at_ms = ?
     WHERE node_id = ?`,
    algorithm,
    publicKey,
    proven.fingerprint,
    proven.atMs,
    nodeId,
  )
  return { status: 'proven' }
}

/** A node has come with the key it was to take: that one is in force, the old one is nobody's. */
export function takeProvenKey(
  db: Database,
  nodeId: NodeId,
  presented: { readonly algorithm: number; readonly publicKey: string },
  nowMs: number,
): void {
  const row = db.get(
    'SELECT * FROM key_rotations WHERE node_id = ? AND algorithm = ? AND public_key = ?',
    nodeId,
    presented.algorithm,
    presented.publicKey,
  )
  if (row === undefined) return
  db.run(
    'UPDATE nodes SET algorithm = ?, public_key = ?, fingerprint = ? WHERE node_id = ?',
    presented.algorithm,
    presented.publicKey,
    text(row, 'fingerprint'),
    nodeId,
  )
  db.run('DELETE FROM key_rotations WHERE node_id = ?', nodeId)
  const { algorithm, publicKey } = presented
  const payload = { node_id: nodeId, algorithm, public_key: publicKey, by: text(row, 'asked_by') }
  addToOutbox(db, [{ kind: 'node_key_changed', atMs: nowMs, payload }])
}

function readTrustSpread(db: Database, version: number, heardSinceMs: number): TrustSpread {
  const tables = `nodes n LEFT JOIN node_trust t ON t.node_id = n.node_id
    LEFT JOIN sessions s ON s.node_id = n.node_id`
  const counts =
    db.get(
      `SELECT count(*) AS nodes, count(*) FILTER (WHERE t.version >= ?) AS knowing,
         count(*) FILTER (WHERE (t.version IS NULL OR t.version < ?)
           AND (s.is_connected = 1 OR s.last_heard_ms >= ?)) AS waited_for
       FROM ${tables} WHERE n.status = 'active'`,
      version,
      version,
      heardSinceMs,
    ) ?? {}
  return {
    nodes: integer(counts, 'nodes'),
    knowing: integer(counts, 'knowing'),
    waitedFor: integer(counts, 'waited_for'),
    examples: db
      .all(
        `SELECT n.node_id, n.name, s.last_heard_ms FROM ${tables}
         WHERE n.status = 'active' AND (t.version IS NULL OR t.version < ?)
         ORDER BY s.last_heard_ms, n.node_id LIMIT ?`,
        version,
        EXAMPLES_MAX,
      )
      .map((row) => ({
        nodeId: text(row, 'node_id') as NodeId,
        name: text(row, 'name'),
        lastHeardMs: integerOrNull(row, 'last_heard_ms'),
      })),
  }
}
