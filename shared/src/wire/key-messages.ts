/**
 * What a collector and a node say of keys and authorities: which certificates of authorities to
 * trust, and how a node comes by a new key of its own. Signed with keys that both sides have pinned
 * (`link/trust-signatures.ts`): whoever ends TLS in between can keep them back, not make them up.
 */
import {
  boundedList,
  fixedHex,
  fromHex,
  refuseField,
  shortBytes,
  toHex,
  wholeNumber,
} from './fields.ts'
import type { yiben } from './generated/link.js'

const NONCE_BYTES = 16
const KEY_BYTES_MAX = 64
const SIGNATURE_BYTES_MAX = 256
const FINGERPRINT_BYTES_MAX = 64
const UINT32 = { min: 0, max: 0xffff_ffff }
const VERSION = { min: 1, max: Number.MAX_SAFE_INTEGER }

/** Authorities that stand beside each other during a change, with room; never a system's list. */
export const ROOTS_MAX = 8
/** A certificate with a large RSA key and long names takes less than half of it. */
export const ROOT_BYTES_MAX = 8 * 1024

/** Certificates of the authorities that a node trusts from now on, in place of those it knew. */
export interface TrustRoots {
  /** Only rises: an older list that is sent again says nothing. */
  readonly version: number
  /** Certificates, DER. */
  readonly roots: readonly Uint8Array[]
  readonly algorithm: number
  /** Of the collector's identity key. */
  readonly signature: Uint8Array
}

/** Asks for a new key, or says that the one proven is taken. */
export interface RotateKey {
  /** Names this change; 16 bytes, hex. */
  readonly nonce: string
  /** The key that is to go: raw, hex. */
  readonly oldKey: string
  /** `null`: make one and prove it; else it is taken: use it from now on. */
  readonly newKey: string | null
  readonly algorithm: number
  /** Of the collector's identity key. */
  readonly signature: Uint8Array
}

/** A node's proof that it holds the old key and the new one. */
export interface KeyChange {
  readonly nonce: string
  /** Suite of the new key. */
  readonly algorithm: number
  readonly newKey: string
  /** The machine's digest under the new key. */
  readonly fingerprint: string
  readonly oldSignature: Uint8Array
  readonly newSignature: Uint8Array
}

export function packTrustRoots(trust: TrustRoots): yiben.v1.TrustRoots.$Properties {
  return { ...trust, roots: [...trust.roots] }
}

export function unpackTrustRoots(message: yiben.v1.TrustRoots.$Shape): TrustRoots {
  const roots = boundedList(message.roots, 'trust_roots.roots', ROOTS_MAX)
  if (roots.length === 0) refuseField('trust_roots.roots', 'is empty')
  return {
    version: wholeNumber(message.version, 'trust_roots.version', VERSION),
    roots: roots.map((root) => shortBytes(root, 'trust_roots.roots', ROOT_BYTES_MAX)),
    algorithm: wholeNumber(message.algorithm, 'trust_roots.algorithm', UINT32),
    signature: shortBytes(message.signature, 'trust_roots.signature', SIGNATURE_BYTES_MAX),
  }
}

export function unpackTrustKnown(message: yiben.v1.TrustKnown.$Shape): number {
  return wholeNumber(message.version, 'trust_known.version', VERSION)
}

export function packRotateKey(rotate: RotateKey): yiben.v1.RotateKey.$Properties {
  const { nonce, oldKey, newKey, algorithm, signature } = rotate
  return {
    nonce: fromHex(nonce),
    oldKey: fromHex(oldKey),
    newKey: newKey === null ? null : fromHex(newKey),
    algorithm,
    signature,
  }
}

export function unpackRotateKey(message: yiben.v1.RotateKey.$Shape): RotateKey {
  const newKey = shortBytes(message.newKey, 'rotate_key.new_key', KEY_BYTES_MAX)
  return {
    nonce: fixedHex(message.nonce, 'rotate_key.nonce', NONCE_BYTES),
    oldKey: toHex(shortBytes(message.oldKey, 'rotate_key.old_key', KEY_BYTES_MAX)),
    newKey: newKey.length === 0 ? null : toHex(newKey),
    algorithm: wholeNumber(message.algorithm, 'rotate_key.algorithm', UINT32),
    signature: shortBytes(message.signature, 'rotate_key.signature', SIGNATURE_BYTES_MAX),
  }
}

export function packKeyChange(change: KeyChange): yiben.v1.KeyChange.$Properties {
  return {
    ...change,
    nonce: fromHex(change.nonce),
    newKey: fromHex(change.newKey),
    fingerprint: fromHex(change.fingerprint),
  }
}

export function unpackKeyChange(message: yiben.v1.KeyChange.$Shape): KeyChange {
  const bytes = (value: Uint8Array | null | undefined, field: string, max: number) =>
    shortBytes(value, `key_change.${field}`, max)
  return {
    nonce: fixedHex(message.nonce, 'key_change.nonce', NONCE_BYTES),
    algorithm: wholeNumber(message.algorithm, 'key_change.algorithm', UINT32),
    newKey: toHex(bytes(message.newKey, 'new_key', KEY_BYTES_MAX)),
    fingerprint: toHex(bytes(message.fingerprint, 'fingerprint', FINGERPRINT_BYTES_MAX)),
    oldSignature: bytes(message.oldSignature, 'old_signature', SIGNATURE_BYTES_MAX),
    newSignature: bytes(message.newSignature, 'new_signature', SIGNATURE_BYTES_MAX),
  }
}
