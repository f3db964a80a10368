/**
 * Signs notes as C2SP `signed-note` defines them: a text that ends in a newline, an empty line, and
 * one line per signature (`— <name> base64(key id || signature)`). Reading them is `verify-note.ts`.
 *
 * A key's id is the first 4 bytes of SHA-256 over name, newline and encoded key. An Ed25519 key is
 * encoded as 0x01 and its 32 bytes. SM2 has no number there; it is encoded as 0xff, a name that says
 * what it is, and the compressed point: tools that do not know it ignore its lines.
 */
import { hash } from 'node:crypto'
import { ALGORITHM_ED25519, assert, type KeyPair, sign } from '@yiben/shared'
import { KEY_ID_BYTES, SIGNATURE_ED25519, SIGNATURE_NAMED, SM2_SIGNATURE_NAME } from './format.ts'

export interface NoteSigner {
  readonly name: string
  readonly algorithm: number
  /** The public half as others are told it: name, key id and encoded key. */
  readonly verifierKey: string
  /** The text with this key's signature below it. */
  sign(text: string): string
}

export function noteSigner(name: string, keys: KeyPair): NoteSigner {
  assert(!/[\p{White_Space}+]/u.test(name) && name !== '', 'a key name has no space and no plus')
  const encoded = encodedKey(keys.algorithm, keys.publicKey)
  const id = keyIdOf(name, encoded)
  return {
    name,
    algorithm: keys.algorithm,
    verifierKey: `${name}+${id.toString('hex')}+${encoded.toString('base64')}`,
    sign: (text) => {
      assert(isNoteText(text), 'a signed text is lines of text, the last one ended')
      const signature = sign(keys, Buffer.from(text, 'utf8'))
      const base64 = Buffer.concat([id, signature]).toString('base64')
      return `${text}\n— ${name} ${base64}\n`
    },
  }
}

/** The note with more signature lines below those it has, each once. */
export function withLines(note: string, lines: readonly string[]): string {
  const added = lines.filter((line) => !note.includes(`\n${line}`))
  return note + [...new Set(added)].join('')
}

function encodedKey(algorithm: number, publicKey: string): Buffer {
  const raw = Buffer.from(publicKey, 'hex')
  if (algorithm === ALGORITHM_ED25519) {
    return Buffer.concat([Uint8Array.of(SIGNATURE_ED25519), raw])
  }
  const name = Buffer.from(SM2_SIGNATURE_NAME, 'utf8')
  return Buffer.concat([Uint8Array.of(SIGNATURE_NAMED), name, raw])
}

function keyIdOf(name: string, encoded: Uint8Array): Buffer {
  const content = Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), encoded])
  return hash('sha256', content, 'buffer').subarray(0, KEY_ID_BYTES)
}

function isNoteText(text: string): boolean {
  return text.endsWith('\n') && text.isWellFormed() && !hasControl(text)
}

function hasControl(text: string): boolean {
  return [...text].some((character) => character < ' ' && character !== '\n')
}
