/** Nodes that are to take a new key, and the authorities that nodes have confirmed to trust. */
import type { NodeId } from '../../model/ids.ts'
import type { TrustSpread } from '../node-key-store.ts'
import { EXAMPLES_MAX, rotationOf } from '../node-rows.ts'
import type { Store } from '../store.ts'
import { integer, integerOrNull, text } from '../values.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { sql } from './sql.ts'

type NodeKeyMethods = Pick<
  Store,
  'askKeyRotation' | 'proveKey' | 'readNodeOrders' | 'keepTrustKnown' | 'readTrustSpread'
>

export function nodeKeyMethods(db: Database): NodeKeyMethods {
  return {
    askKeyRotation: async (rotation, outbox) => {
      const node = await db.get(
        sql`SELECT status FROM nodes WHERE node_id = ${rotation.nodeId} FOR NO KEY UPDATE`,
      )
      if (node === undefined) return { status: 'not_found' }
      if (node.status === 'revoked') return { status: 'node_revoked' }
      const known = await db.get(
        sql`SELECT 1 FROM key_rotations WHERE node_id = ${rotation.nodeId}`,
      )
      if (known !== undefined) return { status: 'asked_before' }
      await db.run(
        sql`INSERT INTO key_rotations (node_id, nonce, asked_at_ms, asked_by)
          VALUES (${rotation.nodeId}, ${rotation.nonce}, ${rotation.askedAtMs},
          ${rotation.askedBy})`,
      )
      addToOutbox(db, outbox)
      return { status: 'asked' }
    },

    proveKey: async (proven) => await proveKey(db, proven),

    readNodeOrders: async () => ({
      rotations: (await db.all(sql`SELECT * FROM key_rotations ORDER BY node_id`)).map(rotationOf),
      revoked: (
        await db.all(sql`SELECT node_id FROM nodes WHERE status = 'revoked' ORDER BY node_id`)
      ).map((row) => text(row, 'node_id') as NodeId),
    }),

    keepTrustKnown: async (known) => {
      const highest = new Map(
        known.toSorted((a, b) => a.version - b.version).map((one) => [one.nodeId, one]),
      )
      const rows = [...highest.values()].toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1))
      await db.run(sql`
        INSERT INTO node_trust (node_id, version, confirmed_at_ms)
        SELECT * FROM unnest(${rows.map(({ nodeId }) => nodeId)}::text[],
          ${rows.map(({ version }) => version)}::bigint[],
          ${rows.map(({ atMs }) => atMs)}::bigint[])
        ON CONFLICT (node_id) DO UPDATE SET version = excluded.version,
          confirmed_at_ms = excluded.confirmed_at_ms
        WHERE excluded.version > node_trust.version`)
    },

    readTrustSpread: async (version, heardSinceMs) =>
      await readTrustSpread(db, version, heardSinceMs),
  }
}

async function proveKey(
  db: Database,
  proven: Parameters<NodeKeyMethods['proveKey']>[0],
): ReturnType<NodeKeyMethods['proveKey']> {
  const { nodeId, algorithm, publicKey } = proven
  await lock(db, 'nodeKeys')
  const row = await db.get(
    sql`SELECT r.nonce FROM key_rotations r JOIN nodes n ON n.node_id = r.node_id
     WHERE r.node_id = ${nodeId} AND r.nonce = ${proven.nonce} AND n.public_key = ${proven.oldKey}
       AND n.status = 'active'`,
  )
  if (row === undefined) return { status: 'stale' }
  const holder = await db.get(
    sql`SELECT node_id FROM nodes WHERE algorithm = ${algorithm} AND public_key = ${publicKey}
     UNION ALL SELECT node_id FROM key_rotations
       WHERE algorithm = ${algorithm} AND public_key = ${publicKey} AND node_id <> ${nodeId}`,
  )
  if (holder !== undefined) return { status: 'taken' }
  await db.run(
    sql`UPDATE key_rotations SET algorithm = ${algorithm}, public_key = ${publicKey},
      fingerprint = ${proven.fingerprint}, proven_at_ms = ${proven.atMs}
     WHERE node_id = ${nodeId}`,
  )
  return { status: 'proven' }
}

/** A node has come with the key it was to take: that one is in force, the old one is nobody's. */
export async function takeProvenKey(
  db: Database,
  nodeId: NodeId,
  presented: { readonly algorithm: number; readonly publicKey: string },
  nowMs: number,
): Promise<void> {
  const row = await db.get(
    sql`SELECT * FROM key_rotations WHERE node_id = ${nodeId}
      AND algorithm = ${presented.algorithm} AND public_key = ${presented.publicKey}`,
  )
  if (row === undefined) return
  await db.run(
    sql`UPDATE nodes SET algorithm = ${presented.algorithm}, public_key = ${presented.publicKey},
      fingerprint = ${text(row, 'fingerprint')} WHERE node_id = ${nodeId}`,
  )
  await db.run(sql`DELETE FROM key_rotations WHERE node_id = ${nodeId}`)
  const { algorithm, publicKey } = presented
  const payload = { node_id: nodeId, algorithm, public_key: publicKey, by: text(row, 'asked_by') }
  addToOutbox(db, [{ kind: 'node_key_changed', atMs: nowMs, payload }])
}

async function readTrustSpread(
  db: Database,
  version: number,
  heardSinceMs: number,
): Promise<TrustSpread> {
  const tables = sql`nodes n LEFT JOIN node_trust t ON t.node_id = n.node_id
    LEFT JOIN sessions s ON s.node_id = n.node_id`
  const counts = await db.get(sql`
    SELECT count(*) AS nodes, count(*) FILTER (WHERE t.version >= ${version}) AS knowing,
      count(*) FILTER (WHERE (t.version IS NULL OR t.version < ${version})
        AND (s.is_connected OR s.last_heard_ms >= ${heardSinceMs})) AS waited_for
    FROM ${tables} WHERE n.status = 'active'`)
  const examples = await db.all(sql`
    SELECT n.node_id, n.name, s.last_heard_ms FROM ${tables}
    WHERE n.status = 'active' AND (t.version IS NULL OR t.version < ${version})
    ORDER BY s.last_heard_ms NULLS FIRST, n.node_id LIMIT ${EXAMPLES_MAX}`)
  return {
    nodes: integer(counts ?? {}, 'nodes'),
    knowing: integer(counts ?? {}, 'knowing'),
    waitedFor: integer(counts ?? {}, 'waited_for'),
    examples: examples.map((row) => ({
      nodeId: text(row, 'node_id') as NodeId,
      name: text(row, 'name'),
      lastHeardMs: integerOrNull(row, 'last_heard_ms'),
    })),
  }
}
