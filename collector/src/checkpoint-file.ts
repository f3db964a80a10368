/**
 * The last checkpoint this collector has signed, in a file of its own beside the database. A backup
 * does not hold it: a database put back from one finds here what had been signed since.
 */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { readIfThere, syncFolder, writeWhole } from '@yiben/shared'
import type { CheckpointMemory } from './journal/notary.ts'

const CHECKPOINT_FILE = 'checkpoint.note'
/** Of a ledger that another one has taken the place of. */
const ASIDE_FILE = 'checkpoint-replaced.note'

export function checkpointFile(dataDir: string): CheckpointMemory {
  const path = join(dataDir, CHECKPOINT_FILE)
  return {
    read: () => readIfThere(path),
    remember: (note) => writeWhole(path, note),
  }
}

/** Another ledger comes into the folder: what was signed of the one before is not its own. */
export function setCheckpointAside(dataDir: string): void {
  renameSync(join(dataDir, CHECKPOINT_FILE), join(dataDir, ASIDE_FILE))
  syncFolder(dataDir)
}
