/**
 * The newest checkpoint of each ledger below. Its signature has been checked; here it is held against
 * the one before: the same tree never shrinks and never has another root at the same size.
 */
import { compareVersions } from '@yiben/shared'
import {
  type Checkpoint,
  contradiction,
  OLDER,
  refusal,
  TAKEN,
  type Taken,
  type Teller,
  versionOf,
} from '../children-taking.ts'
import type { Database } from './driver.ts'

export function takeCheckpoint(
  db: Database,
  teller: Teller,
  collector: number,
  checkpoint: Checkpoint,
): Taken {
  const held = db.get('SELECT * FROM child_checkpoints WHERE collector_number = ?', collector)
  const isNewer = held === undefined || compareVersions(checkpoint.version, versionOf(held)) > 0
  if (held !== undefined) {
    const sentence = contradiction(held, checkpoint, isNewer)
    if (sentence !== null) return refusal('record_checkpoint', sentence)
  }
  if (!isNewer) return OLDER
  db.run(
    `INSERT INTO child_checkpoints (collector_number, log_origin, tree_size, root_hash, note,
       generation, number, received_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (collector_number) DO UPDATE SET log_origin = excluded.log_origin,
       tree_size = excluded.tree_size, root_hash = excluded.root_hash, note = excluded.note,
       generation = excluded.generation, number = excluded.number,
       received_at_ms = excluded.received_at_ms`,
    collector,
    checkpoint.logOrigin,
    checkpoint.size,
    checkpoint.rootHash,
    checkpoint.note,
    checkpoint.version.generation,
    checkpoint.version.number,
    teller.atMs,
  )
  return TAKEN
}
