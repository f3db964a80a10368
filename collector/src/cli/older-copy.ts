/**
 * Whether a database holds less than its collector has signed: PostgreSQL's own tools can put an
 * older copy into its place, and nothing in it says so. The last checkpoint that was signed lies in
 * the data folder.
 */
import { AppError } from '@yiben/shared'
import { parseCheckpoint, parseOrigin } from '../journal/verify-checkpoint.ts'
import { parseNote } from '../journal/verify-note.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'

/**
 * Throws `conflict`: what was decided since the copy is not known to it, so whoever went on with it
 * would grant what is lent. `note`: the last that was signed here, `null` for none.
 */
export async function refuseOlderCopy(
  note: string | null,
  ledger: LedgerState,
  store: Pick<Store, 'journalHead'>,
): Promise<void> {
  const checkpoint = parseCheckpoint(parseNote(note ?? '')?.text ?? '')
  const origin = checkpoint === null ? null : parseOrigin(checkpoint.origin)
  if (checkpoint === null || origin?.ledger !== ledger.origin) return
  if (origin.generation < ledger.generation) return
  const { seq } = await store.journalHead()
  if (origin.generation === ledger.generation && checkpoint.size <= seq) return
  const sentence =
    `the database holds ${seq} entries of generation ${ledger.generation}, and ${checkpoint.size} of generation ${origin.generation} were signed here: ` +
    'it is an older copy. Put the newer one back, or begin a new generation with `restore --generation`'
  throw new AppError('conflict', sentence)
}
