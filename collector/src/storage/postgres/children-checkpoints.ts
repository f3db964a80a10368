/**
 * The newest checkpoint of each ledger below. Its signature has been checked; here it is held
 * against the one before: the same tree never shrinks and never has another root at the same size.
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
import { sql } from './sql.ts'

export async function takeCheckpoint(
  db: Database,
  teller: Teller,
  collector: number,
  checkpoint: Checkpoint,
): Promise<Taken> {
  const held = await db.get(
    sql`SELECT * FROM child_checkpoints WHERE collector_number = ${collector}`,
  )
  const isNewer = held === undefined || compareVersions(checkpoint.version, versionOf(held)) > 0
  if (held !== undefined) {
    const sentence = contradiction(held, checkpoint, isNewer)
    if (sentence !== null) return refusal('record_checkpoint', sentence)
  }
  if (!isNewer) return OLDER
  await db.run(
    sql`INSERT INTO child_checkpoints (collector_number, log_origin, tree_size, root_hash, note,
       generation, number, received_at_ms) VALUES (${collector}, ${checkpoint.logOrigin},
         ${checkpoint.size}, ${checkpoint.rootHash}, ${checkpoint.note},
         ${checkpoint.version.generation}, ${checkpoint.version.number}, ${teller.atMs})
     ON CONFLICT (collector_number) DO UPDATE SET log_origin = excluded.log_origin,
       tree_size = excluded.tree_size, root_hash = excluded.root_hash, note = excluded.note,
       generation = excluded.generation, number = excluded.number,
       received_at_ms = excluded.received_at_ms`,
  )
  return TAKEN
}
