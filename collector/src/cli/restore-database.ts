/**
 * `restore --generation`: the ledger is in PostgreSQL, and its own tools have put an older copy of it
 * back. The copy is checked as a whole against what was signed of it, and begins a new generation
 * there (storage/postgres/restore.ts), as the restore of a file does.
 */
import { AppError } from '@yiben/shared'
import { checkpointFile } from '../checkpoint-file.ts'
import { generationAfter, openingEntry } from '../journal/opening.ts'
import type { SignedCheckpoint } from '../journal/verify-signed.ts'
import type { LedgerState } from '../storage/requests.ts'
import { type CommandContext, type CommandResult, jsonText } from './command.ts'
import {
  AFTER_RESTORE,
  givenNote,
  identityOf,
  lastSigned,
  lossOf,
  type RestoreOptions,
  textOf,
} from './restore-check.ts'

/** What is told of it. */
interface Begun {
  readonly before: LedgerState
  readonly after: LedgerState
  readonly entries: number
  readonly last: SignedCheckpoint
}

export async function runRestoreDatabase(
  { config, json, world }: CommandContext,
  file: string | undefined,
  options: RestoreOptions,
): Promise<CommandResult> {
  const { dataDir, storage } = config
  const { url } = storage
  if (url === null) {
    throw new AppError(
      'usage_invalid',
      '--generation is for a ledger in PostgreSQL (storage.url): name a backup instead',
    )
  }
  if (file !== undefined || options.replace === true || options.secondJournal !== undefined) {
    throw new AppError('usage_invalid', 'with --generation only --last-note is looked at')
  }
  const identity = identityOf(dataDir)
  const given = options.lastNote === undefined ? null : givenNote(options.lastNote, identity)
  const memory = checkpointFile(dataDir).read()
  const found = memory === null ? [] : [memory]
  // No other command loads it.
  const { beginGeneration } = await import('../storage/postgres/restore.ts')
  const begun = await beginGeneration({ url, publicKey: identity.publicKey }, async (copy) => {
    const { ledger: before } = copy
    const { entries, last } = await lastSigned(copy, { identity, given, found })
    const nowMs = world.clock.wallMs()
    const generation = generationAfter([before.generation, last.origin.generation], nowMs)
    const after = { ...before, generation, openedAtMs: nowMs }
    return { before, after, entries, last, opening: openingEntry(after, textOf(last)) }
  })
  return answerOf(begun, json)
}

function answerOf({ before, after, entries, last }: Begun, json: boolean): CommandResult {
  if (json) {
    const stdout = jsonText({
      generation: after.generation,
      previous_generation: before.generation,
      entries,
      last_checkpoint: { generation: last.origin.generation, size: last.checkpoint.size },
    })
    return { exitCode: 0, stdout }
  }
  const stdout = lossOf({ before, after, entries, last })
  return { exitCode: 0, stdout, note: AFTER_RESTORE }
}
