/**
 * The tree over the journal and what was signed of it. A tree grows from the size it was computed
 * for, and a checkpoint replaces only one over fewer entries: whoever comes second is `stale`.
 */
import { assert } from '@yiben/shared'
import type { StoredCheckpoint, TreeExtension } from '../../model/journal-tree.ts'
import { cosignatureOf, NODES_READ_MAX } from '../journal-rows.ts'
import { bytes, integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'

type TreeMethods = Pick<SyncStore, 'treeState' | 'readTreeNodes' | 'extendTree' | 'keepCosignature'>

export function journalTreeMethods(db: Database): TreeMethods {
  return {
    treeState: ({ algorithm, origin }) => ({
      size: treeSize(db, algorithm),
      checkpoint: checkpointOf(db, origin),
      cosignatures: db
        .all('SELECT * FROM cosignatures WHERE origin = ? ORDER BY size DESC, witness', origin)
        .map(cosignatureOf),
    }),

    readTreeNodes: (algorithm, nodes) => {
      assert(nodes.length <= NODES_READ_MAX, 'a proof has some tens of nodes')
      return nodes.map(({ level, position }) => {
        const row = db.get(
          'SELECT hash FROM tree_nodes WHERE algorithm = ? AND level = ? AND position = ?',
          algorithm,
          level,
          position,
        )
        assert(row !== undefined, 'every subtree of a tree is kept')
        return bytes(row, 'hash')
      })
    },

    extendTree: (extension) => {
      const { algorithm, checkpoint, expectedSize, nodes, origin, size } = extension
      if (treeSize(db, algorithm) !== expectedSize) return { status: 'stale' }
      const signed = checkpointOf(db, origin)
      if (checkpoint !== null && signed !== null && signed.size >= checkpoint.size) {
        return { status: 'stale' }
      }
      checkExtension(db, extension)
      for (const node of nodes) {
        db.run(
          'INSERT INTO tree_nodes (algorithm, level, position, hash) VALUES (?, ?, ?, ?)',
          algorithm,
          node.level,
          node.position,
          node.hash,
        )
      }
      assert(treeSize(db, algorithm) === size, 'a tree has a leaf per entry')
      if (checkpoint !== null) putCheckpoint(db, origin, checkpoint)
      return { status: 'extended' }
    },

    keepCosignature: (origin, cosignature) => {
      const { witness, size, seconds, note } = cosignature
      const { changes } = db.run(
        `INSERT INTO cosignatures (origin, witness, size, seconds, note) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (origin, witness) DO UPDATE
         SET size = excluded.size, seconds = excluded.seconds, note = excluded.note
         WHERE (excluded.size, excluded.seconds) > (cosignatures.size, cosignatures.seconds)`,
        origin,
        witness,
        size,
        seconds,
        note,
      )
      return { status: changes === 1 ? 'kept' : 'older' }
    },
  }
}

function treeSize(db: Database, algorithm: number): number {
  const row = db.get(
    'SELECT position FROM tree_nodes WHERE algorithm = ? AND level = 0 ORDER BY position DESC LIMIT 1',
    algorithm,
  )
  return row === undefined ? 0 : integer(row, 'position') + 1
}

/** A tree is over entries that are there, and a checkpoint over the whole of it. */
function checkExtension(db: Database, { checkpoint, expectedSize, size }: TreeExtension): void {
  const row = db.get('SELECT seq FROM journal ORDER BY seq DESC LIMIT 1')
  const entries = row === undefined ? 0 : integer(row, 'seq')
  assert(size >= expectedSize && size <= entries, 'a tree grows over numbered entries')
  assert(checkpoint === null || checkpoint.size === size, 'a checkpoint is over the whole tree')
}

function putCheckpoint(db: Database, origin: string, checkpoint: StoredCheckpoint): void {
  const { size, root, note, signedAtMs } = checkpoint
  db.run(
    `INSERT INTO checkpoints (origin, size, root, note, signed_at_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root,
       note = excluded.note, signed_at_ms = excluded.signed_at_ms`,
    origin,
    size,
    root,
    note,
    signedAtMs,
  )
}

function checkpointOf(db: Database, origin: string): StoredCheckpoint | null {
  const row = db.get('SELECT * FROM checkpoints WHERE origin = ?', origin)
  if (row === undefined) return null
  return {
    size: integer(row, 'size'),
    root: text(row, 'root'),
    note: text(row, 'note'),
    signedAtMs: integer(row, 'signed_at_ms'),
  }
}
