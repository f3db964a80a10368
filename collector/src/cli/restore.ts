/**
 * `restore FILE`: makes the ledger of the data folder out of a backup. The backup is checked as a
 * whole, its journal entry by entry against what was signed of it; it begins a new generation, whose
 * first entry names the last checkpoint anybody holds; then it takes the place of what is there in
 * one step (storage/sqlite/restore.ts). Nothing is changed when anything does not fit.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError, equalBytes, errorSentence, type KeyPair } from '@yiben/shared'
import { checkpointFile, setCheckpointAside } from '../checkpoint-file.ts'
import { readIdentity } from '../identity-file.ts'
import { checkpointText, ledgerSigner } from '../journal/checkpoint.ts'
import { generationAfter, newestOf, openingEntry } from '../journal/opening.ts'
import { verifyEntries, WALK_START } from '../journal/verify.ts'
import { parseOrigin } from '../journal/verify-checkpoint.ts'
import { parseNote } from '../journal/verify-note.ts'
import { readSigned, type SignedCheckpoint } from '../journal/verify-signed.ts'
import { RootWalk } from '../journal/verify-tree.ts'
import { hasLedger, ledgerPath } from '../storage/open.ts'
import type { LedgerState } from '../storage/requests.ts'
import {
  holdPlace,
  LedgerDraft,
  type LedgerFacts,
  readFactsInPlace,
} from '../storage/sqlite/restore.ts'
import type { Store } from '../storage/store.ts'
import { type CommandContext, type CommandResult, jsonText } from './command.ts'
import { applySecondJournal, type SecondRestored } from './restore-second.ts'

const PAGE_ENTRIES = 500

export interface RestoreOptions {
  /** File with the newest checkpoint that anybody holds. */
  readonly lastNote?: string
  /** Also when there is a ledger in the folder. */
  readonly replace?: boolean
  /** Folder of the second journal: what was decided on draws since the backup comes back too. */
  readonly secondJournal?: string
}

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
  file: string,
  options: RestoreOptions,
): Promise<CommandResult> {
  const { dataDir, storage } = context.config
  if (storage.url !== null) {
    const sentence =
      'the ledger is kept in PostgreSQL (storage.url): restore it there, by its own tools'
    throw new AppError('conflict', sentence)
  }
  const identity = readIdentity(dataDir)
  if (identity === null) {
    const sentence = `put identity.key of this collector into ${dataDir} first: agents speak to nobody else`
    throw new AppError('state_missing', sentence)
  }
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
  const { draft, path, secondDir } = parts
  const { dataDir } = context.config
  const before = draft.facts.ledger
  const inPlace = readFactsInPlace(path)
  const memory = checkpointFile(dataDir).read()
  const found = [...(inPlace?.notes ?? []), ...(memory === null ? [] : [memory])]
  const { entries, last } = await lastSigned(parts, found)
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

/** The newest checkpoint of the backup's ledger that is given, found or backed up; all are checked. */
async function lastSigned(
  { draft, identity, given }: RestoreParts,
  found: readonly string[],
): Promise<{ readonly entries: number; readonly last: SignedCheckpoint }> {
  const { ledger, notes } = draft.facts
  if (given !== null && given.origin.ledger !== ledger.origin) {
    throw new AppError('conflict', 'the note given is a checkpoint of another ledger')
  }
  const backed = signedNotes(notes, ledger, identity)
  if (backed.length < notes.length) {
    throw new AppError('conflict', 'identity.key is not the key that this backup was signed with')
  }
  const held = [...signedNotes(found, ledger, identity), ...(given === null ? [] : [given])]
  const all = [...held, ...backed]
  const { entries, root } = await checkJournal(draft.store, ledger, identity, all)
  return { entries, last: newestOf(all) ?? signedNow(ledger, identity, entries, root) }
}

/** Throws `usage_invalid` for what cannot be read, `verification_failed` for what we did not sign. */
function givenNote(file: string, { algorithm, publicKey }: KeyPair): SignedCheckpoint {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new AppError('usage_invalid', `--last-note ${file}: ${errorSentence(error)}`)
  }
  const signed = readSigned(text, { algorithm, publicKey })
  if (signed === 'checkpoint_unreadable') {
    throw new AppError('usage_invalid', `--last-note ${file} is no checkpoint`)
  }
  if (typeof signed === 'string') {
    const sentence = `--last-note ${file} was not signed with the key in identity.key`
    throw new AppError('verification_failed', sentence)
  }
  return signed
}

/** Those that this ledger has signed with this key. */
function signedNotes(
  notes: readonly string[],
  ledger: LedgerState,
  { algorithm, publicKey }: KeyPair,
): readonly SignedCheckpoint[] {
  return notes.flatMap((note) => {
    const signed = readSigned(note, { algorithm, publicKey })
    return typeof signed === 'string' || signed.origin.ledger !== ledger.origin ? [] : [signed]
  })
}

/** Every entry, and every root that this generation has signed of them; throws `verification_failed`. */
async function checkJournal(
  store: Store,
  ledger: LedgerState,
  { algorithm }: KeyPair,
  signed: readonly SignedCheckpoint[],
): Promise<{ readonly entries: number; readonly root: Uint8Array }> {
  const own = signed.filter(({ origin }) => origin.generation === ledger.generation)
  const walk = new RootWalk(algorithm)
  let state = WALK_START
  for (;;) {
    const page = await store.readJournal(state.seq, PAGE_ENTRIES)
    if (page.length === 0) break
    const walked = verifyEntries(state, page)
    if (walked.status === 'broken') {
      const sentence = `entry ${walked.atSeq} of the backup is not what was numbered: ${walked.fault}`
      throw new AppError('verification_failed', sentence)
    }
    for (const { bytes } of page) {
      walk.addLeaf(bytes)
      const differs = own.some(
        ({ checkpoint }) =>
          checkpoint.size === walk.leafCount && !equalBytes(checkpoint.root, walk.root()),
      )
      if (!differs) continue
      const sentence = `the backup holds other entries up to ${walk.leafCount} than were signed`
      throw new AppError('verification_failed', sentence)
    }
    state = walked.state
  }
  if (state.seq === 0) {
    throw new AppError(
      'state_missing',
      'the journal of the backup is empty: there is nothing to it',
    )
  }
  return { entries: state.seq, root: walk.root() }
}

/**
 * Nobody holds a checkpoint of it: its own entries are signed as what was last. Whoever served it
 * could have signed nothing else of so many.
 */
function signedNow(
  ledger: LedgerState,
  identity: KeyPair,
  size: number,
  root: Uint8Array,
): SignedCheckpoint {
  const signer = ledgerSigner(ledger, identity)
  const note = signer.sign(checkpointText({ origin: signer.name, size, root }))
  const signed = readSigned(note, { algorithm: identity.algorithm, publicKey: identity.publicKey })
  if (typeof signed === 'string') throw new AppError('verification_failed', signed)
  return signed
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

function textOf({ note: { text, signatures } }: SignedCheckpoint): string {
  return `${text}\n${signatures.map(({ line }) => line).join('')}`
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
  const missing =
    last.origin.generation === before.generation && size > entries
      ? `entries ${entries + 1} to ${size} were signed and are lost: exports made since tell them\n`
      : ''
  const stdout =
    `generation ${after.generation} begins after ${entries} entries of generation ${before.generation}\n` +
    `it names the checkpoint over ${size} entries of generation ${last.origin.generation}\n` +
    `${missing}${second === null ? '' : secondText(second)}${asideDir === null ? '' : `what was there is in ${asideDir}\n`}`
  const note =
    'start `serve` now: agents resend what they kept, at least 48 hours\n' +
    'nothing is granted until agents and bank have told what is lent: see `recovery status`\n' +
    'revoke again what was revoked since the backup; nodes enrolled since must enroll again\n'
  return { exitCode: 0, stdout, note }
}

function secondText({ decisions, draws, tornBytes, unknown }: SecondRestored): string {
  const cut = tornBytes === 0 ? '' : `${tornBytes} bytes at its end were never answered for\n`
  const named =
    unknown.length === 0 ? '' : `draws of cards that came later: ${unknown.join(', ')}\n`
  return `${decisions} decisions on ${draws} draws came from the second journal\n${cut}${named}`
}
