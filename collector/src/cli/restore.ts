/**
 * `restore FILE`: makes the ledger of the data folder out of a backup. The backup is checked as a
 * whole, its journal entry by entry against what was signed of it; it begins a new generation, whose
 * first entry names the last checkpoint anybody holds; then it takes the place of what is there in
 * one step (storage/sqlite/restore.ts). Nothing is changed when anything does not fit.
 */
import { resolve } from 'node:path'
import { AppError, type KeyPair } from '@yiben/shared'
import { checkpointFile, setCheckpointAside } from '../checkpoint-file.ts'
import { generationAfter, openingEntry } from '../journal/opening.ts'
import { parseOrigin } from '../journal/verify-checkpoint.ts'
import { parseNote } from '../journal/verify-note.ts'
import type { SignedCheckpoint } from '../journal/verify-signed.ts'
import { hasLedger, ledgerPath } from '../storage/open.ts'
import type { LedgerState } from '../storage/requests.ts'
import {
  holdPlace,
  LedgerDraft,
  type LedgerFacts,
  readFactsInPlace,
} from '../storage/sqlite/restore.ts'
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
import { runRestoreDatabase } from './restore-database.ts'
import { applySecondJournal, type SecondRestored } from './restore-second.ts'

/** What is told of a restore. */
interface Restored {
  readonly before: LedgerState
  readonly after: LedgerState
  readonly entries: number
  readonly last: SignedCheckpoint
  readonly asideDir: string | null
  readonly second: SecondRestored | null
}

export async function runRestore(
  context: CommandContext,
  file: string | undefined,
  options: RestoreOptions,
): Promise<CommandResult> {
  const { dataDir, storage } = context.config
  if (options.generation === true) return await runRestoreDatabase(context, file, options)
  if (storage.url !== null) {
    const sentence =
      'the ledger is kept in PostgreSQL (storage.url): restore it there, by its own tools, and then run `restore --generation`'
    throw new AppError('conflict', sentence)
  }
  if (file === undefined) throw new AppError('usage_invalid', 'name the file of the backup')
  const identity = identityOf(dataDir)
  const given = options.lastNote === undefined ? null : givenNote(options.lastNote, identity)
  const path = ledgerPath(dataDir)
  const place = holdPlace(path)
  try {
    if (hasLedger(dataDir) && options.replace !== true) {
      const sentence = `there is a ledger in ${dataDir}: with --replace it is set aside, never deleted`
      throw new AppError('conflict', sentence)
    }
    const draft = LedgerDraft.copyOf(resolve(file), path)
    try {
      const second = options.secondJournal
      const parts = { draft, path, identity, given, secondDir: second ?? null }
      const restored = await restoreDraft(context, parts)
      return answerOf(restored, context.json, resolve(file))
    } finally {
      draft.discard()
    }
  } finally {
    place.release()
  }
}

interface RestoreParts {
  readonly draft: LedgerDraft
  readonly path: string
  readonly identity: KeyPair
  readonly given: SignedCheckpoint | null
  readonly secondDir: string | null
}

async function restoreDraft(context: CommandContext, parts: RestoreParts): Promise<Restored> {
  const { draft, given, identity, path, secondDir } = parts
  const { dataDir } = context.config
  const before = draft.facts.ledger
  const inPlace = readFactsInPlace(path)
  const memory = checkpointFile(dataDir).read()
  const found = [...(inPlace?.notes ?? []), ...(memory === null ? [] : [memory])]
  const { facts, store } = draft
  const held = { ledger: before, notes: facts.notes, journal: store }
  const { entries, last } = await lastSigned(held, { identity, given, found })
  const second =
    secondDir === null ? null : await applySecondJournal(draft.store, before, resolve(secondDir))
  const nowMs = context.world.clock.wallMs()
  const generation = nextGeneration(before, inPlace, last, nowMs)
  const after = { ...before, generation, openedAtMs: nowMs }
  draft.begin(after, openingEntry(after, textOf(last)))
  if (isOfAnother(memory, before)) setCheckpointAside(dataDir)
  const asideDir = draft.place(new Date(nowMs).toISOString().replaceAll(/[:.]/g, ''))
  return { before, after, entries, last, asideDir, second }
}

function nextGeneration(
  before: LedgerState,
  inPlace: LedgerFacts | null,
  last: SignedCheckpoint,
  nowMs: number,
): LedgerState['generation'] {
  const isSame = inPlace?.ledger.origin === before.origin
  const known = [before.generation, last.origin.generation]
  return generationAfter(isSame ? [...known, inPlace.ledger.generation] : known, nowMs)
}

/** What was remembered of another ledger would keep this one from signing. */
function isOfAnother(note: string | null, { origin }: LedgerState): boolean {
  const firstLine = parseNote(note ?? '')?.text.split('\n', 1)[0] ?? ''
  const of = parseOrigin(firstLine)
  return note !== null && of?.ledger !== origin
}

function answerOf(
  { before, after, entries, last, asideDir, second }: Restored,
  json: boolean,
  file: string,
): CommandResult {
  const { size } = last.checkpoint
  if (json) {
    const stdout = jsonText({
      file,
      generation: after.generation,
      previous_generation: before.generation,
      entries,
      last_checkpoint: { generation: last.origin.generation, size },
      replaced: asideDir,
      ...(second === null
        ? {}
        : {
            second_journal: {
              decisions: second.decisions,
              draws: second.draws,
              unknown_draws: second.unknown,
              cut_off_bytes: second.tornBytes,
            },
          }),
    })
    return { exitCode: 0, stdout }
  }
  const stdout = `${lossOf({ before, after, entries, last })}${second === null ? '' : secondText(second)}${asideDir === null ? '' : `what was there is in ${asideDir}\n`}`
  return { exitCode: 0, stdout, note: AFTER_RESTORE }
}

function secondText({ decisions, draws, tornBytes, unknown }: SecondRestored): string {
  const cut = tornBytes === 0 ? '' : `${tornBytes} bytes at its end were never answered for\n`
  const named =
    unknown.length === 0 ? '' : `draws of cards that came later: ${unknown.join(', ')}\n`
  return `${decisions} decisions on ${draws} draws came from the second journal\n${cut}${named}`
}
