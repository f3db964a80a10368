/**
 * Whether a copy of a ledger fits what was signed of it: its journal entry by entry, against the
 * newest checkpoint that anybody holds. Nothing is changed here.
 */
import { readFileSync } from 'node:fs'
import { AppError, equalBytes, errorSentence, type KeyPair } from '@yiben/shared'
import { readIdentity } from '../identity-file.ts'
import { checkpointText, ledgerSigner } from '../journal/checkpoint.ts'
import { newestOf } from '../journal/opening.ts'
import { verifyEntries, WALK_START } from '../journal/verify.ts'
import { readSigned, type SignedCheckpoint } from '../journal/verify-signed.ts'
import { RootWalk } from '../journal/verify-tree.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'

const PAGE_ENTRIES = 500

export interface RestoreOptions {
  /** Of a ledger in PostgreSQL: its own tools have put a copy of it back. */
  readonly generation?: boolean
  /** File with the newest checkpoint that anybody holds. */
  readonly lastNote?: string
  /** Also when there is a ledger in the folder. */
  readonly replace?: boolean
  /** Folder of the second journal: what was decided on draws since the backup comes back too. */
  readonly secondJournal?: string
}

/** A copy as it is. */
export interface HeldLedger {
  readonly ledger: LedgerState
  /** Checkpoints that it holds itself. */
  readonly notes: readonly string[]
  readonly journal: Pick<Store, 'readJournal'>
}

/** What else is known of it. */
export interface HeldElsewhere {
  readonly identity: KeyPair
  /** The newest checkpoint that anybody holds. */
  readonly given: SignedCheckpoint | null
  /** Checkpoints that were found; of another ledger, they are left out. */
  readonly found: readonly string[]
}

/**
 * The newest checkpoint of the ledger that is given, found or in the copy; all are checked, and the
 * journal against them. Throws where anything does not fit.
 */
export async function lastSigned(
  { journal, ledger, notes }: HeldLedger,
  { found, given, identity }: HeldElsewhere,
): Promise<{ readonly entries: number; readonly last: SignedCheckpoint }> {
  if (given !== null && given.origin.ledger !== ledger.origin) {
    throw new AppError('conflict', 'the note given is a checkpoint of another ledger')
  }
  const backed = signedNotes(notes, ledger, identity)
  if (backed.length < notes.length) {
    throw new AppError('conflict', 'identity.key is not the key that this backup was signed with')
  }
  const held = [...signedNotes(found, ledger, identity), ...(given === null ? [] : [given])]
  const all = [...held, ...backed]
  const { entries, root } = await checkJournal(journal, ledger, identity, all)
  return { entries, last: newestOf(all) ?? signedNow(ledger, identity, entries, root) }
}

export function identityOf(dataDir: string): KeyPair {
  const identity = readIdentity(dataDir)
  if (identity !== null) return identity
  const sentence = `put identity.key of this collector into ${dataDir} first: agents speak to nobody else`
  throw new AppError('state_missing', sentence)
}

/** Throws `usage_invalid` for what cannot be read, `verification_failed` for what we did not sign. */
export function givenNote(file: string, { algorithm, publicKey }: KeyPair): SignedCheckpoint {
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
  journal: HeldLedger['journal'],
  ledger: LedgerState,
  { algorithm }: KeyPair,
  signed: readonly SignedCheckpoint[],
): Promise<{ readonly entries: number; readonly root: Uint8Array }> {
  const own = signed.filter(({ origin }) => origin.generation === ledger.generation)
  const walk = new RootWalk(algorithm)
  let state = WALK_START
  for (;;) {
    const page = await journal.readJournal(state.seq, PAGE_ENTRIES)
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

export function textOf({ note: { text, signatures } }: SignedCheckpoint): string {
  return `${text}\n${signatures.map(({ line }) => line).join('')}`
}

export const AFTER_RESTORE =
  'start `serve` now: agents resend what they kept, at least 48 hours\n' +
  'nothing is granted until agents and bank have told what is lent: see `recovery status`\n' +
  'revoke again what was revoked since the backup; nodes enrolled since must enroll again\n'

/** What begins, and what was signed beyond it, in sentences. */
export function lossOf(restored: {
  readonly before: LedgerState
  readonly after: LedgerState
  readonly entries: number
  readonly last: SignedCheckpoint
}): string {
  const { after, before, entries, last } = restored
  const { size } = last.checkpoint
  const missing =
    last.origin.generation === before.generation && size > entries
      ? `entries ${entries + 1} to ${size} were signed and are lost: exports made since tell them\n`
      : ''
  return (
    `generation ${after.generation} begins after ${entries} entries of generation ${before.generation}\n` +
    `it names the checkpoint over ${size} entries of generation ${last.origin.generation}\n${missing}`
  )
}
