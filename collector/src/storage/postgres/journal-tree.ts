/**
 * The tree over the journal and what was signed of it. A tree grows from the size it was computed
 * for, and a checkpoint replaces only one over fewer entries: whoever comes second is `stale`.
 */
import { assert } from '@yiben/shared'
import type { StoredCheckpoint, TreeExtension } from '../../model/journal-tree.ts'
import { cosignatureOf, NODES_READ_MAX } from '../journal-rows.ts'
import type { Store } from '../store.ts'
import { bytes, integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { sql } from './sql.ts'

type TreeMethods = Pick<Store, 'treeState' | 'readTreeNodes' | 'extendTree' | 'keepCosignature'>

export function journalTreeMethods(db: Database): TreeMethods {
  return {
    treeState: async ({ algorithm, origin }) => ({
      size: await treeSize(db, algorithm),
      checkpoint: await checkpointOf(db, origin),
      cosignatures: (
        await db.all(
          sql`SELECT * FROM cosignatures WHERE origin = ${origin} ORDER BY size DESC, witness`,
        )
      ).map(cosignatureOf),
    }),

    readTreeNodes: async (algorithm, nodes) => {
      assert(nodes.length <= NODES_READ_MAX, 'a proof has some tens of nodes')
      const rows = await db.all(sql`
        SELECT t.hash FROM unnest(${nodes.map(({ level }) => level)}::bigint[],
            ${nodes.map(({ position }) => position)}::bigint[])
          WITH ORDINALITY asked (level, position, place)
        JOIN tree_nodes t ON t.algorithm = ${algorithm} AND t.level = asked.level
          AND t.position = asked.position
        ORDER BY asked.place`)
      assert(rows.length === nodes.length, 'every subtree of a tree is kept')
      return rows.map((row) => bytes(row, 'hash'))
    },

    extendTree: async (extension) => {
      const { algorithm, checkpoint, expectedSize, nodes, origin, size } = extension
      await lock(db, 'journal')
      if ((await treeSize(db, algorithm)) !== expectedSize) return { status: 'stale' }
      const signed = await checkpointOf(db, origin)
      if (checkpoint !== null && signed !== null && signed.size >= checkpoint.size) {
        return { status: 'stale' }
      }
      await checkExtension(db, extension)
      await db.run(sql`
        INSERT INTO tree_nodes (algorithm, level, position, hash)
        SELECT ${algorithm}::bigint, n.* FROM unnest(${nodes.map(({ level }) => level)}::bigint[],
          ${nodes.map(({ position }) => position)}::bigint[],
          ${nodes.map(({ hash }) => hash)}::bytea[]) n`)
      assert((await treeSize(db, algorithm)) === size, 'a tree has a leaf per entry')
      if (checkpoint !== null) await putCheckpoint(db, origin, checkpoint)
      return { status: 'extended' }
    },

    keepCosignature: async (origin, cosignature) => {
      const { witness, size, seconds, note } = cosignature
      const { changes } = await db.run(
        sql`INSERT INTO cosignatures (origin, witness, size, seconds, note)
          VALUES (${origin}, ${witness}, ${size}, ${seconds}, ${note})
         ON CONFLICT (origin, witness) DO UPDATE
         SET size = excluded.size, seconds = excluded.seconds, note = excluded.note
         WHERE (excluded.size, excluded.seconds) > (cosignatures.size, cosignatures.seconds)`,
      )
      return { status: changes === 1 ? 'kept' : 'older' }
    },
  }
}

async function treeSize(db: Database, algorithm: number): Promise<number> {
  const row = await db.get(
    sql`SELECT position FROM tree_nodes WHERE algorithm = ${algorithm} AND level = 0
      ORDER BY position DESC LIMIT 1`,
  )
  return row === undefined ? 0 : integer(row, 'position') + 1
}

/** A tree is over entries that are there, and a checkpoint over the whole of it. */
async function checkExtension(
  db: Database,
  { checkpoint, expectedSize, size }: TreeExtension,
): Promise<void> {
  const row = await db.get(sql`SELECT seq FROM journal ORDER BY seq DESC LIMIT 1`)
  const entries = row === undefined ? 0 : integer(row, 'seq')
  assert(size >= expectedSize && size <= entries, 'a tree grows over numbered entries')
  assert(checkpoint === null || checkpoint.size === size, 'a checkpoint is over the whole tree')
}

async function putCheckpoint(
  db: Database,
  origin: string,
  checkpoint: StoredCheckpoint,
): Promise<void> {
  const { size, root, note, signedAtMs } = checkpoint
  await db.run(
    sql`INSERT INTO checkpoints (origin, size, root, note, signed_at_ms)
      VALUES (${origin}, ${size}, ${root}, ${note}, ${signedAtMs})
     ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root,
       note = excluded.note, signed_at_ms = excluded.signed_at_ms`,
  )
}

async function checkpointOf(db: Database, origin: string): Promise<StoredCheckpoint | null> {
  const row = await db.get(sql`SELECT * FROM checkpoints WHERE origin = ${origin}`)
  if (row === undefined) return null
  return {
    size: integer(row, 'size'),
    root: text(row, 'root'),
    note: text(row, 'note'),
    signedAtMs: integer(row, 'signed_at_ms'),
  }
}
