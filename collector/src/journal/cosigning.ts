/**
 * Cosignatures of witnesses (C2SP `tlog-cosignature`): a regulator's own key below ours, with the
 * time, says that the log has only grown since it last looked. Taken only from witnesses that are
 * configured, over a text that we have signed and whose root is the tree's; each witness's newest is
 * kept, and shown with the checkpoint it is for.
 */
import { AppError, equalBytes, type KeyPair } from '@yiben/shared'
import type { StoredCosignature, TreeName, TreeState } from '../model/journal-tree.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { ledgerSigner } from './checkpoint.ts'
import { type NoteSigner, withLines } from './note.ts'
import { readRoot } from './proof.ts'
import { type Checkpoint, parseCheckpoint } from './verify-checkpoint.ts'
import {
  checkSignature,
  cosignatureSeconds,
  type Note,
  parseNote,
  parseVerifierKey,
  signaturesOf,
  type VerifierKey,
} from './verify-note.ts'

/** A witness's clock may be ahead of ours by as much as a node's may be off before it says so. */
const AHEAD_SECONDS_MAX = 300

/** What a ledger's log is called, and whose signatures it knows. */
export interface LogFace {
  readonly tree: TreeName
  /** Of the key that signs checkpoints, as others are told it. */
  readonly verifierKey: string
  /** Signs what this generation says of itself, such as statements. */
  readonly signer: NoteSigner
  readonly witnesses: readonly VerifierKey[]
}

/** Refusals in the order of the checks. */
export type CosigningResult =
  | {
      readonly status:
        | 'note_unreadable'
        | 'not_our_log'
        | 'not_signed_by_us'
        | 'witness_unknown'
        | 'cosignature_invalid'
        | 'cosigned_in_future'
        | 'size_not_signed'
        | 'root_differs'
    }
  /** `older`: a newer one of that witness is kept already. */
  | { readonly status: 'kept' | 'older'; readonly size: number }

export type CosigningStore = Pick<Store, 'treeState' | 'readTreeNodes' | 'keepCosignature'>

/** What others need to read what this generation signs. */
export function logFace(
  ledger: Pick<LedgerState, 'origin' | 'generation'>,
  identity: KeyPair,
  witnesses: readonly VerifierKey[],
): LogFace {
  const signer = ledgerSigner(ledger, identity)
  const { name, algorithm, verifierKey } = signer
  return { tree: { algorithm, origin: name }, verifierKey, signer, witnesses }
}

/** Verifier keys as they are configured; throws `config_invalid`. */
export function witnessKeys(texts: readonly string[]): readonly VerifierKey[] {
  return texts.map((text) => {
    const key = parseVerifierKey(text)
    if (key?.kind === 'cosignature') return key
    const sentence = `journal.witnesses: ${text} is no verifier key of a witness (signature type 4)`
    throw new AppError('config_invalid', sentence)
  })
}

/** Takes what is new in a note that a witness has signed. */
export async function takeCosigned(
  store: CosigningStore,
  face: LogFace,
  note: string,
  nowMs: number,
): Promise<CosigningResult> {
  const read = readCosigned(face, note, nowMs)
  if ('status' in read) return read
  const { checkpoint, lines } = read
  const { size, root } = checkpoint
  const { checkpoint: newest } = await store.treeState(face.tree)
  if (newest === null || size > newest.size) return { status: 'size_not_signed' }
  const ownRoot = await readRoot(store, face.tree.algorithm, size)
  if (!equalBytes(root, ownRoot)) return { status: 'root_differs' }
  const statuses = await Promise.all(
    lines.map((line) => store.keepCosignature(face.tree.origin, { ...line, size })),
  )
  const isNew = statuses.some(({ status }) => status === 'kept')
  return { status: isNew ? 'kept' : 'older', size }
}

/** What of the tree is shown: notes with the lines of every witness that has signed that text. */
export function shownCheckpoints({ checkpoint, cosignatures }: TreeState): {
  readonly newest: string | null
  /** The newest that any witness has signed; the same as `newest` where that one is. */
  readonly cosigned: string | null
} {
  const [first] = cosignatures
  return {
    newest: checkpoint === null ? null : withCosignatures(checkpoint, cosignatures),
    cosigned: first === undefined ? null : withCosignatures(first, cosignatures),
  }
}

function withCosignatures(
  { size, note }: { readonly size: number; readonly note: string },
  cosignatures: readonly StoredCosignature[],
): string {
  const lines = cosignatures
    .filter((one) => one.size === size)
    .flatMap((one) => parseNote(one.note)?.signatures ?? [])
    .map(({ line }) => line)
  return withLines(note, lines)
}

type CosignedLine = Omit<StoredCosignature, 'size'>

function readCosigned(
  face: LogFace,
  text: string,
  nowMs: number,
): CosigningResult | { readonly checkpoint: Checkpoint; readonly lines: readonly CosignedLine[] } {
  const note = parseNote(text)
  const checkpoint = note === null ? null : parseCheckpoint(note.text)
  if (note === null || checkpoint === null) return { status: 'note_unreadable' }
  if (checkpoint.origin !== face.tree.origin) return { status: 'not_our_log' }
  const ownKey = parseVerifierKey(face.verifierKey)
  if (ownKey === null || checkSignature(note, ownKey) !== 'valid') {
    return { status: 'not_signed_by_us' }
  }
  const known = face.witnesses.filter((witness) => checkSignature(note, witness) !== 'absent')
  if (known.length === 0) return { status: 'witness_unknown' }
  if (known.some((witness) => checkSignature(note, witness) === 'invalid')) {
    return { status: 'cosignature_invalid' }
  }
  const lines = known.flatMap((witness) => lineOf(note, ownKey, witness))
  const isAhead = lines.some(({ seconds }) => seconds > nowMs / 1_000 + AHEAD_SECONDS_MAX)
  return isAhead ? { status: 'cosigned_in_future' } : { checkpoint, lines }
}

/** Our line and the witness's last, nothing else: other lines are not ours to spread. */
function lineOf(note: Note, ownKey: VerifierKey, witness: VerifierKey): readonly CosignedLine[] {
  const own = signaturesOf(note, ownKey).slice(0, 1)
  const theirs = signaturesOf(note, witness).slice(-1)
  const lines = [...own, ...theirs].map(({ line }) => line)
  return theirs.flatMap(({ signature }) => {
    const seconds = cosignatureSeconds(signature)
    const witnessName = `${witness.name}+${witness.keyId}`
    if (seconds === null) return []
    return [{ witness: witnessName, seconds, note: `${note.text}\n${lines.join('')}` }]
  })
}
