/**
 * What in an export, or beside it, bears a signature: checkpoints and the statement over its lines,
 * each against a public key that the asker has from elsewhere. Without one nothing is refused for its
 * signature, and the answer says that none was checked.
 */
import { EXPORT_SUFFIX } from './format.ts'
import {
  type Checkpoint,
  type LedgerOrigin,
  parseCheckpoint,
  parseOrigin,
} from './verify-checkpoint.ts'
import { checkSignature, type Note, namedKey, parseNote, type VerifierKey } from './verify-note.ts'

/** A public key with the name it signs under, or bare: then the name is what the note says. */
export type TrustedKey = VerifierKey | Pick<VerifierKey, 'algorithm' | 'publicKey'>

export interface SignedCheckpoint {
  readonly note: Note
  readonly checkpoint: Checkpoint
  readonly origin: LedgerOrigin
}

export type CheckpointFault =
  | 'checkpoint_unreadable'
  | 'checkpoint_not_signed'
  | 'checkpoint_signature_invalid'

export function readSigned(
  text: string,
  key: TrustedKey | null,
): SignedCheckpoint | CheckpointFault {
  const note = parseNote(text)
  const checkpoint = note === null ? null : parseCheckpoint(note.text)
  const origin = checkpoint === null ? null : parseOrigin(checkpoint.origin)
  if (note === null || checkpoint === null || origin === null) return 'checkpoint_unreadable'
  const signature = signatureOf(note, checkpoint.origin, key)
  if (signature === 'absent') return 'checkpoint_not_signed'
  if (signature === 'invalid') return 'checkpoint_signature_invalid'
  return { note, checkpoint, origin }
}

/** What the last line of an export says of all before it. */
export interface Statement {
  readonly origin: string
  readonly lines: number
  readonly sha256: string
}

export function checkStatement(
  text: string | null,
  { origin, lines, sha256 }: Statement,
  key: TrustedKey | null,
): 'export_not_signed' | 'export_signature_invalid' | null {
  // Nobody who brings no key is told anything by a signature.
  if (text === null) return key === null ? null : 'export_not_signed'
  const note = parseNote(text)
  const expected = `${origin}${EXPORT_SUFFIX}\nlines ${lines}\nsha256 ${sha256}\n`
  if (note === null || note.text !== expected) return 'export_signature_invalid'
  const signature = signatureOf(note, origin, key)
  if (signature === 'absent') return 'export_not_signed'
  return signature === 'invalid' ? 'export_signature_invalid' : null
}

/** Without a key nothing is refused: `valid`. */
export function signatureOf(note: Note, name: string, trusted: TrustedKey | null) {
  if (trusted === null) return 'valid'
  const key = 'name' in trusted ? trusted : namedKey(name, trusted.algorithm, trusted.publicKey)
  return key === null || key.name !== name ? 'absent' : checkSignature(note, key)
}
