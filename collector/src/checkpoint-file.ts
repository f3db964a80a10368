/**
 * The last checkpoint this collector has signed, in a file of its own beside the database. A backup
 * does not hold it: a database put back from one finds here what had been signed since.
 */
import { join } from 'node:path'
import { readIfThere, writeWhole } from '@yiben/shared'
import type { CheckpointMemory } from './journal/notary.ts'

const CHECKPOINT_FILE = 'checkpoint.note'

export function checkpointFile(dataDir: string): CheckpointMemory {
  const path = join(dataDir, CHECKPOINT_FILE)
  return {
    read: () => readIfThere(path),
    remember: (note) => writeWhole(path, note),
  }
}
