/**
 * Signed checkpoints read in the browser: C2SP `signed-note` around a `tlog-checkpoint`, and the
 * ledger's Ed25519 signature checked with the browser's own cryptography. Ledgers that sign with
 * SM2 are recognised and said to be beyond a browser; so are browsers without Ed25519.
 */
import { hexOf, sha256 } from './verification-proof.ts'

const ED25519 = 0x01
const COSIGNATURE = 0x04
const NAMED = 0xff
const ED25519_KEY_BYTES = 32
const KEY_ID_BYTES = 4
const TIME_BYTES = 8
const LINE_START = '— '
const LINES_MAX = 100

export interface CheckpointNote {
  readonly origin: string
  /** Entries 1 to this number are under it. */
  readonly size: number
  /** Hex. */
  readonly root: string
  /** What is signed: the three lines, each with its end. */
  readonly text: string
  readonly signatures: readonly NoteLine[]
}

export interface NoteLine {
  readonly name: string
  /** Hex. */
  readonly keyId: string
  readonly signature: Uint8Array<ArrayBuffer>
}

/** `null` for what is no checkpoint of a log. */
export function readCheckpoint(note: string): CheckpointNote | null {
  const split = note.lastIndexOf('\n\n')
  if (split < 1 || !note.endsWith('\n')) return null
  const text = note.slice(0, split + 1)
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.slice(0, -1).split('\n')
  const root = bytesOf(rootText)
  if (origin === '' || rest.length > 0 || !/^(0|[1-9]\d{0,14})$/.test(sizeText)) return null
  if (root?.length !== 32) return null
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > LINES_MAX) return null
  const signatures = lines.map(lineOf).filter((line) => line !== null)
  if (signatures.length !== lines.length) return null
  return { origin, size: Number(sizeText), root: hexOf(root), text, signatures }
}

/**
 * - `valid`: every line of this key is its signature of the text.
 * - `invalid`: a line bears its name and id, and is not.
 * - `absent`: no line bears them.
 * - `key_unreadable`: no key, or its id does not fit.
 * - `beyond_browser`: SM2, or no Ed25519 here.
 */
export type SignatureCheck = 'valid' | 'invalid' | 'absent' | 'key_unreadable' | 'beyond_browser'

/** `key` as `yiben-collector key` prints it: name, id and encoded key. */
export async function checkSignature(note: CheckpointNote, key: string): Promise<SignatureCheck> {
  const parts = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(key.trim())
  const [, name = '', keyId = '', base64 = ''] = parts ?? []
  const encoded = bytesOf(base64)
  if (encoded === null || (await keyIdOf(name, encoded)) !== keyId) return 'key_unreadable'
  const own = note.signatures.filter((line) => line.name === name && line.keyId === keyId)
  if (own.length === 0) return 'absent'
  const [kind] = encoded
  if (kind === NAMED) return 'beyond_browser'
  if (kind !== ED25519 && kind !== COSIGNATURE) return 'key_unreadable'
  if (encoded.length !== ED25519_KEY_BYTES + 1) return 'key_unreadable'
  const verifier = await ed25519Of(encoded.slice(1))
  if (verifier === null) return 'beyond_browser'
  const checks = await Promise.all(
    own.map(async ({ signature }) => await verifier(...signedOf(kind, note.text, signature))),
  )
  return checks.every((isRight) => isRight) ? 'valid' : 'invalid'
}

/** Whether the log's own hash is SM3, which no browser has. */
export function signsWithSm2(verifierKey: string): boolean {
  const encoded = bytesOf(
    verifierKey.slice(verifierKey.indexOf('+', verifierKey.indexOf('+') + 1) + 1),
  )
  return encoded?.[0] === NAMED
}

/** A witness signs the text behind a header and the time at which it did. */
function signedOf(
  kind: typeof ED25519 | typeof COSIGNATURE,
  text: string,
  signature: Uint8Array<ArrayBuffer>,
): readonly [string, Uint8Array<ArrayBuffer>] {
  if (kind === ED25519) return [text, signature]
  if (signature.length <= TIME_BYTES) return [text, new Uint8Array()]
  const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0)
  return [`cosignature/v1\ntime ${seconds}\n${text}`, signature.slice(TIME_BYTES)]
}

type Verifier = (text: string, signature: Uint8Array<ArrayBuffer>) => Promise<boolean>

async function ed25519Of(raw: Uint8Array<ArrayBuffer>): Promise<Verifier | null> {
  try {
    const key = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify'])
    return async (text, signature) =>
      await crypto.subtle.verify('Ed25519', key, signature, new TextEncoder().encode(text))
  } catch {
    // Browsers of before 2025 do not know the algorithm.
    return null
  }
}

async function keyIdOf(name: string, encoded: Uint8Array): Promise<string> {
  const digest = await sha256(new TextEncoder().encode(`${name}\n`), encoded)
  return hexOf(digest.subarray(0, KEY_ID_BYTES))
}

function lineOf(line: string): NoteLine | null {
  if (!line.startsWith(LINE_START)) return null
  const [name = '', base64 = '', more] = line.slice(LINE_START.length).split(' ')
  const bytes = bytesOf(base64)
  if (more !== undefined || name === '' || bytes === null || bytes.length <= KEY_ID_BYTES)
    return null
  return {
    name,
    keyId: hexOf(bytes.subarray(0, KEY_ID_BYTES)),
    signature: bytes.slice(KEY_ID_BYTES),
  }
}

/** Only the one way of writing bytes that RFC 4648 calls canonical. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | null {
  if (base64 === '' || base64.length % 4 !== 0) return null
  try {
    const binary = atob(base64)
    if (btoa(binary) !== base64) return null
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
  } catch {
    // Not base64 at all.
    return null
  }
}
