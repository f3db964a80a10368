/**
 * What must be kept but never read without the collector's key file: AES-256-GCM under a key that is
 * derived from the identity's private half (HKDF-SHA256, label below). The ledger file, its backups
 * and its readers hold sealed bytes only; another folder's key opens none of them.
 *
 * Layout: nonce 12, tag 16, then the ciphertext. What it belongs to is authenticated with it, so that
 * bytes cannot be moved from one owner to another.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { KeyPair, Random } from '@yiben/shared'

const LABEL = 'yiben.login.v1'
const KEY_BYTES = 32
const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** The key of everything that logins keep sealed. */
export function loginKeyOf(identity: Pick<KeyPair, 'privateKey'>): Uint8Array {
  const secret = identity.privateKey.export({ format: 'der', type: 'pkcs8' })
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), LABEL, KEY_BYTES))
}

export class SecretBox {
  readonly #key: Uint8Array
  readonly #random: Random

  constructor(key: Uint8Array, random: Random) {
    this.#key = key
    this.#random = random
  }

  seal(owner: string, plain: Uint8Array): Uint8Array {
    const nonce = this.#random.bytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.#key, nonce).setAAD(Buffer.from(owner))
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
    return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), sealed]))
  }

  /** `null` for what was not sealed with this key for this owner. */
  open(owner: string, sealed: Uint8Array): Uint8Array | null {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return null
    const nonce = sealed.subarray(0, NONCE_BYTES)
    const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)
    const decipher = createDecipheriv(CIPHER, this.#key, nonce)
      .setAAD(Buffer.from(owner))
      .setAuthTag(tag)
    try {
      const plain = [decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]
      return new Uint8Array(Buffer.concat(plain))
    } catch {
      // The tag does not fit: another key, another owner, or damaged.
      return null
    }
  }
}
