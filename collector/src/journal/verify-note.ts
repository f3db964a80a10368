/**
 * The reader's side of signed notes (C2SP `signed-note`, `tlog-cosignature`): splits a note, knows
 * keys by their text form, and says of a key whether it has signed. Lines of unknown keys are kept
 * and ignored, as the specification asks. Shares nothing with the side that signs but the format.
 */
import { hash } from 'node:crypto'
import {
  ALGORITHM_ED25519,
  ALGORITHM_SM2,
  isAlgorithmAvailable,
  publicKeyBytes,
  verify,
} from '@yiben/shared'
import {
  COSIGNATURE_HEADER,
  COSIGNATURE_TIME_BYTES,
  KEY_ID_BYTES,
  SIGNATURE_COSIGNATURE,
  SIGNATURE_ED25519,
  SIGNATURE_NAMED,
  SM2_SIGNATURE_NAME,
} from './format.ts'

/** Sixteen must be taken, with post-quantum ones of 5 kB; far above what a ledger has. */
const SIGNATURES_MAX = 100
const NOTE_LENGTH_MAX = 512 * 1024
const KEY_LENGTH_MAX = 8 * 1024
const ED25519_SIGNATURE_BYTES = 64
/** The last instant a `Date` knows, in seconds. */
const SECONDS_MAX = 8_640_000_000_000n
const LINE_START = '— '
const NAME_FORBIDDEN = /[\p{White_Space}+]/u
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export interface NoteSignature {
  readonly name: string
  /** Four bytes, hex. */
  readonly keyId: string
  /** What follows the key id. */
  readonly signature: Uint8Array
  /** The line as it stands, with its newline. */
  readonly line: string
}

export interface Note {
  /** With its last newline, without the empty line. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** `null` for what is no signed note. */
export function parseNote(note: string): Note | null {
  if (note.length > NOTE_LENGTH_MAX || !note.isWellFormed() || hasControl(note)) return null
  const split = note.lastIndexOf('\n\n')
  if (split < 1 || !note.endsWith('\n')) return null
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > SIGNATURES_MAX) return null
  const signatures = lines.map(signatureOf)
  const read = signatures.filter((signature) => signature !== null)
  return read.length === lines.length ? { text: note.slice(0, split + 1), signatures: read } : null
}

/** `note` signs the text itself, `cosignature` the text behind a header and a time. */
export interface VerifierKey {
  readonly name: string
  readonly keyId: string
  readonly kind: 'note' | 'cosignature'
  readonly algorithm: number
  /** Raw, hex. */
  readonly publicKey: string
}

/** `null` unless it is a key of a kind we know whose id is right. */
export function parseVerifierKey(text: string): VerifierKey | null {
  if (text.length > KEY_LENGTH_MAX) return null
  const [, name = '', keyId = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const encoded = bytesOf(base64)
  if (encoded === null || NAME_FORBIDDEN.test(name)) return null
  const kind = KEY_KINDS.find(({ prefix }) => encoded.subarray(0, prefix.length).equals(prefix))
  if (kind === undefined || keyIdOf(name, encoded) !== keyId) return null
  if (!isAlgorithmAvailable(kind.algorithm)) return null
  const raw = encoded.subarray(kind.prefix.length)
  if (raw.length !== publicKeyBytes(kind.algorithm)) return null
  return { ...keyOf(kind, raw), name, keyId }
}

/** A bare public key (hex) under the name that a note gives it. */
export function namedKey(name: string, algorithm: number, publicKey: string): VerifierKey | null {
  const kind = KEY_KINDS.find((one) => one.kind === 'note' && one.algorithm === algorithm)
  const raw = Buffer.from(publicKey, 'hex')
  if (kind === undefined || !isAlgorithmAvailable(algorithm)) return null
  if (raw.length !== publicKeyBytes(algorithm)) return null
  return { ...keyOf(kind, raw), name, keyId: keyIdOf(name, Buffer.concat([kind.prefix, raw])) }
}

/** `absent`: no line bears its name and id. One that bears them and is wrong spoils the note. */
export function checkSignature(note: Note, key: VerifierKey): 'valid' | 'invalid' | 'absent' {
  const own = signaturesOf(note, key)
  if (own.length === 0) return 'absent'
  return own.every(({ signature }) => isSignedBy(note.text, key, signature)) ? 'valid' : 'invalid'
}

export function signaturesOf(note: Note, key: VerifierKey): readonly NoteSignature[] {
  return note.signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId)
}

/** When a witness says that it signed, in seconds; `null` for a line of another form. */
export function cosignatureSeconds(signature: Uint8Array): number | null {
  if (signature.length !== COSIGNATURE_TIME_BYTES + ED25519_SIGNATURE_BYTES) return null
  const seconds = Buffer.from(signature).readBigUInt64BE(0)
  return seconds > SECONDS_MAX ? null : Number(seconds)
}

/** Lines that have the form of a witness's, whether we know its key or not. */
export function cosignaturesIn(note: Note): readonly {
  readonly name: string
  readonly keyId: string
  readonly seconds: number
}[] {
  return note.signatures.flatMap((one) => {
    const seconds = cosignatureSeconds(one.signature)
    return seconds === null ? [] : [{ name: one.name, keyId: one.keyId, seconds }]
  })
}

interface KeyKind {
  readonly kind: VerifierKey['kind']
  readonly algorithm: number
  readonly prefix: Buffer
}

const KEY_KINDS: readonly KeyKind[] = [
  { kind: 'note', algorithm: ALGORITHM_ED25519, prefix: Buffer.from([SIGNATURE_ED25519]) },
  {
    kind: 'cosignature',
    algorithm: ALGORITHM_ED25519,
    prefix: Buffer.from([SIGNATURE_COSIGNATURE]),
  },
  {
    kind: 'note',
    algorithm: ALGORITHM_SM2,
    prefix: Buffer.concat([Buffer.from([SIGNATURE_NAMED]), Buffer.from(SM2_SIGNATURE_NAME)]),
  },
]

function keyOf({ kind, algorithm }: KeyKind, raw: Uint8Array) {
  return { kind, algorithm, publicKey: Buffer.from(raw).toString('hex') }
}

function isSignedBy(text: string, key: VerifierKey, signature: Uint8Array): boolean {
  if (key.kind === 'note') return verify(key, Buffer.from(text, 'utf8'), signature)
  const seconds = cosignatureSeconds(signature)
  if (seconds === null) return false
  const message = `${COSIGNATURE_HEADER}\ntime ${seconds}\n${text}`
  return verify(key, Buffer.from(message, 'utf8'), signature.subarray(COSIGNATURE_TIME_BYTES))
}

function signatureOf(line: string): NoteSignature | null {
  if (!line.startsWith(LINE_START)) return null
  const [name = '', base64 = '', more] = line.slice(LINE_START.length).split(' ')
  const bytes = bytesOf(base64)
  if (more !== undefined || name === '' || NAME_FORBIDDEN.test(name) || bytes === null) return null
  if (bytes.length <= KEY_ID_BYTES) return null
  return {
    name,
    keyId: bytes.subarray(0, KEY_ID_BYTES).toString('hex'),
    signature: bytes.subarray(KEY_ID_BYTES),
    line: `${line}\n`,
  }
}

/** Only the one way of writing bytes that RFC 4648 calls canonical. */
export function bytesOf(base64: string): Buffer | null {
  if (base64 === '' || !BASE64.test(base64)) return null
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 ? bytes : null
}

function keyIdOf(name: string, encoded: Uint8Array): string {
  const content = Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), encoded])
  return hash('sha256', content, 'buffer').subarray(0, KEY_ID_BYTES).toString('hex')
}

function hasControl(text: string): boolean {
  return [...text].some((character) => character < ' ' && character !== '\n')
}
