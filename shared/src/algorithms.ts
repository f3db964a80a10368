/**
 * Hash and signature suites by number. The number travels with every key and signature from the
 * first version on, so that a second suite is a row here and not a migration.
 */
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  ECDH,
  getCurves,
  getHashes,
  hash,
  type KeyObject,
  sign as signBytes,
  timingSafeEqual,
  verify as verifyBytes,
} from 'node:crypto'
import { assert } from './assert.ts'
import { AppError } from './errors.ts'

export const SEED_BYTES = 32
export const HASH_BYTES = 32

export const ALGORITHM_ED25519 = 1
export const ALGORITHM_SM2 = 2

/** A signing key in memory; what is kept on disk is its seed. */
export interface KeyPair {
  readonly algorithm: number
  /** Raw public key, lower-case hex. */
  readonly publicKey: string
  readonly privateKey: KeyObject
}

interface Suite {
  readonly id: number
  readonly name: string
  /** Whether this Node's OpenSSL has the suite. */
  readonly isAvailable: () => boolean
  readonly digest: 'sha256' | 'sm3'
  /** `null` where the signature scheme hashes by itself. */
  readonly signatureDigest: 'sm3' | null
  readonly publicKeyBytes: number
  readonly privateKeyOf: (seed: Uint8Array) => KeyObject
  readonly rawPublicKey: (privateKey: KeyObject, seed: Uint8Array) => Uint8Array
  readonly publicKeyOf: (raw: Uint8Array) => KeyObject
}

// DER around a raw key, RFC 8410: everything but the 32 bytes at the end is constant.
const ED25519_PRIVATE_DER = Buffer.from('302e020100300506032b657004220420', 'hex')
const ED25519_PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex')
// The same for the curve SM2 (OID 1.2.156.10197.1.301): SEC 1 private key, SPKI public key.
const SM2_PRIVATE_DER_HEAD = Buffer.from('30310201010420', 'hex')
const SM2_PRIVATE_DER_TAIL = Buffer.from('a00a06082a811ccf5501822d', 'hex')
const SM2_PUBLIC_DER = Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d034200', 'hex')
/** Order of the curve's group, GB/T 32918.5. */
const SM2_ORDER = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n

const SUITES: readonly Suite[] = [
  {
    id: ALGORITHM_ED25519,
    name: 'Ed25519 + SHA-256',
    isAvailable: () => true,
    digest: 'sha256',
    signatureDigest: null,
    publicKeyBytes: 32,
    privateKeyOf: (seed) => derPrivateKey('pkcs8', [ED25519_PRIVATE_DER, seed]),
    rawPublicKey: (privateKey) =>
      createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32),
    publicKeyOf: (raw) => derPublicKey([ED25519_PUBLIC_DER, raw]),
  },
  {
    id: ALGORITHM_SM2,
    name: 'SM2 + SM3',
    isAvailable: () => getCurves().includes('SM2') && getHashes().includes('sm3'),
    digest: 'sm3',
    // Signed with the signer's identity string left to OpenSSL: both sides are the same library.
    signatureDigest: 'sm3',
    publicKeyBytes: 33,
    privateKeyOf: (seed) =>
      derPrivateKey('sec1', [SM2_PRIVATE_DER_HEAD, sm2Scalar(seed), SM2_PRIVATE_DER_TAIL]),
    rawPublicKey: (_privateKey, seed) => {
      const exchange = createECDH('SM2')
      exchange.setPrivateKey(sm2Scalar(seed))
      return exchange.getPublicKey(null, 'compressed')
    },
    publicKeyOf: (raw) => {
      const point = ECDH.convertKey(raw, 'SM2', undefined, undefined, 'uncompressed')
      assert(typeof point !== 'string', 'without an output encoding the point is bytes')
      return derPublicKey([SM2_PUBLIC_DER, point])
    },
  },
]

/** `true` when this program can use the suite. */
export function isAlgorithmAvailable(algorithm: number): boolean {
  return SUITES.some((suite) => suite.id === algorithm && suite.isAvailable())
}

export function publicKeyBytes(algorithm: number): number {
  return suiteOf(algorithm).publicKeyBytes
}

/** The key pair that belongs to 32 random bytes: always the same one. */
export function keyPairFromSeed(algorithm: number, seed: Uint8Array): KeyPair {
  assert(seed.length === SEED_BYTES, 'a key seed has 32 bytes')
  const suite = suiteOf(algorithm)
  const privateKey = suite.privateKeyOf(seed)
  const raw = suite.rawPublicKey(privateKey, seed)
  assert(raw.length === suite.publicKeyBytes, 'a raw public key has the length of its suite')
  return { algorithm, publicKey: Buffer.from(raw).toString('hex'), privateKey }
}

export function sign(keys: KeyPair, message: Uint8Array): Uint8Array {
  return plain(signBytes(suiteOf(keys.algorithm).signatureDigest, message, keys.privateKey))
}

/** `false` for anything that is no valid signature, a malformed key included. */
export function verify(
  key: { readonly algorithm: number; readonly publicKey: string },
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const suite = suiteOf(key.algorithm)
  const raw = Buffer.from(key.publicKey, 'hex')
  if (raw.length !== suite.publicKeyBytes) return false
  try {
    return verifyBytes(suite.signatureDigest, message, suite.publicKeyOf(raw), signature)
  } catch {
    // A point off the curve or a signature that is no DER: not valid, and nothing more to say.
    return false
  }
}

/** The suite's own hash, 32 bytes. */
export function digest(algorithm: number, bytes: Uint8Array): Uint8Array {
  return plain(hash(suiteOf(algorithm).digest, bytes, 'buffer'))
}

/** SHA-256 over labelled, length-prefixed parts. */
export function labelledHash(label: string, ...parts: readonly HashPart[]): Uint8Array {
  return plain(hash('sha256', lengthPrefixed(label, ...parts), 'buffer'))
}

/** A part is bytes, UTF-8 text, or a whole number as 8 bytes. */
export type HashPart = Uint8Array | string | number

/**
 * Parts joined so that no two different lists give the same bytes: each one after its length as
 * 4 bytes, most significant first.
 */
export function lengthPrefixed(...parts: readonly HashPart[]): Uint8Array {
  const pieces: Uint8Array[] = []
  for (const part of parts) {
    const bytes = partBytes(part)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    pieces.push(length, bytes)
  }
  return Buffer.concat(pieces)
}

/** What links a record to its number and epoch; the next batch names its first 8 bytes. */
export function recordHash(epoch: string, seq: number, bytes: Uint8Array): Uint8Array {
  return labelledHash('yiben.record.v1', Buffer.from(epoch, 'hex'), seq, bytes)
}

/** Compares secrets and hashes without telling by time where they differ. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}

function suiteOf(algorithm: number): Suite {
  const suite = SUITES.find((row) => row.id === algorithm)
  if (suite === undefined) {
    throw new AppError('algorithm_unknown', `algorithm ${algorithm} is not known`)
  }
  if (!suite.isAvailable()) {
    throw new AppError('algorithm_unknown', `this OpenSSL has no ${suite.name}`)
  }
  return suite
}

function derPrivateKey(type: 'pkcs8' | 'sec1', pieces: readonly Uint8Array[]): KeyObject {
  return createPrivateKey({ key: Buffer.concat(pieces), format: 'der', type })
}

function derPublicKey(pieces: readonly Uint8Array[]): KeyObject {
  return createPublicKey({ key: Buffer.concat(pieces), format: 'der', type: 'spki' })
}

/** A private scalar in [1, order - 2], as GB/T 32918.2 asks, the same for the same seed. */
function sm2Scalar(seed: Uint8Array): Buffer {
  const number = BigInt(`0x${Buffer.from(seed).toString('hex')}`)
  const scalar = (number % (SM2_ORDER - 2n)) + 1n
  return Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')
}

function partBytes(part: HashPart): Uint8Array {
  if (typeof part === 'string') return Buffer.from(part, 'utf8')
  if (typeof part !== 'number') return part
  assert(Number.isSafeInteger(part) && part >= 0, 'a hashed number is whole and not negative')
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(part))
  return bytes
}

/** Without `Buffer`'s own methods: what goes into records and messages compares as plain bytes. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes)
}
