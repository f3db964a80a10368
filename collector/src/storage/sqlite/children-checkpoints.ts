/**
 * The newest checkpoint of each ledger below. Its signature has been checked; here it is held against
 * the one before: the same tree never shrinks and never has another root at the same size.
 */
import { compareVersions } from '@yiben/shared'
import type { CheckedChildRecord } from '../children-store.ts'
import { OLDER, refusal, TAKEN, type Taken, type Teller, versionOf } from './children-taking.ts'
import type { Database, Row } from './driver.ts'
import { integer, text } from './values.ts'

export type Checkpoint = Extract<CheckedChildRecord, { readonly kind: 'checkpoint' }>['checkpoint']

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

/** What is wrong with it beside the one that is held; `null`: nothing. */
export function contradiction(held: Row, checkpoint: Checkpoint, isNewer: boolean): string | null {
  const before = text(held, 'log_origin')
  const size = integer(held, 'tree_size')
  if (checkpoint.logOrigin !== before) {
    if (!isNewer) return null
    const [was, now] = [lifeOf(before), lifeOf(checkpoint.logOrigin)]
    return was.ledger === now.ledger && now.generation > was.generation
      ? null
      : `the ledger was ${before} and is now ${checkpoint.logOrigin}`
  }
  if (checkpoint.size === size && checkpoint.rootHash !== text(held, 'root_hash')) {
    return `the journal has another root at ${size} entries than it had before`
  }
  if (isNewer && checkpoint.size < size) {
    return `the journal has ${checkpoint.size} entries and had ${size} before`
  }
  return null
}

/** The last part of a log's name is its generation. */
function lifeOf(logOrigin: string): { readonly ledger: string; readonly generation: number } {
  const cut = logOrigin.lastIndexOf('/')
  return { ledger: logOrigin.slice(0, cut), generation: Number(logOrigin.slice(cut + 1)) }
}
