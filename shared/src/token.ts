/**
 * The two tokens people copy from a screen. Both end in a check, so that a cut or mistyped one is
 * told apart from one that is unknown. Only their form lives here; who may use them is the
 * collector's to say. A token's secret is stored hashed, never as it is.
 *
 * `yb1_` enrollment: version 1, algorithm 1, token id 8, secret 16, collector's identity key, pin 32
 *                    (from version 2 on), check 4
 * `yba_` access:     token id 8, secret 24, check 4
 * bytes each, then base64url without padding. A token without a pin is of version 1, which older
 * agents read too.
 */
import { isAlgorithmAvailable, labelledHash, publicKeyBytes } from './algorithms.ts'
import { assert } from './assert.ts'
import { AppError } from './errors.ts'

export const TOKEN_ID_BYTES = 8
export const ENROLL_SECRET_BYTES = 16
export const ACCESS_SECRET_BYTES = 24

const ENROLL_PREFIX = 'yb1_'
const ACCESS_PREFIX = 'yba_'
const ENROLL_VERSION = 1
const ENROLL_VERSION_PINNED = 2
const ENROLL_HEAD_BYTES = 2 + TOKEN_ID_BYTES + ENROLL_SECRET_BYTES
const PIN_BYTES = 32
const CHECK_BYTES = 4
/** No token is longer: what is, is refused before it is decoded. */
const TEXT_LENGTH_MAX = 200

/** Admits nodes: carries which collector to trust, so that a node never trusts the first it meets. */
export interface EnrollmentToken {
  /** Lower-case hex. */
  readonly id: string
  readonly secret: Uint8Array
  readonly algorithm: number
  /** The collector's identity key: raw, lower-case hex. */
  readonly collectorKey: string
  /**
   * Of the authority that signs the collector's certificate (`pinOf`), hex; `null`: the node trusts
   * whom it trusts anyway.
   */
  readonly authorityPin: string | null
}

/** Opens the HTTP interface to a person or a program. */
export interface AccessToken {
  readonly id: string
  readonly secret: Uint8Array
}

export function formatEnrollmentToken({
  authorityPin = null,
  ...token
}: Omit<EnrollmentToken, 'authorityPin'> & Partial<EnrollmentToken>): string {
  const id = Buffer.from(token.id, 'hex')
  const key = Buffer.from(token.collectorKey, 'hex')
  assert(id.length === TOKEN_ID_BYTES, 'a token id has 8 bytes')
  assert(token.secret.length === ENROLL_SECRET_BYTES, 'an enrollment secret has 16 bytes')
  assert(key.length === publicKeyBytes(token.algorithm), 'a key has the length of its suite')
  const pin = Buffer.from(authorityPin ?? '', 'hex')
  assert(pin.length === (authorityPin === null ? 0 : PIN_BYTES), 'a pin has 32 bytes')
  const version = authorityPin === null ? ENROLL_VERSION : ENROLL_VERSION_PINNED
  const head = Uint8Array.of(version, token.algorithm)
  return withCheck(ENROLL_PREFIX, Buffer.concat([head, id, token.secret, key, pin]))
}

/** Throws `token_malformed` with the reason; `algorithm_unknown` for a suite of the future. */
export function parseEnrollmentToken(text: string): EnrollmentToken {
  const bytes = withoutCheck(ENROLL_PREFIX, text, 'enrollment token')
  const version = bytes[0]
  const algorithm = bytes[1] ?? 0
  if (version !== ENROLL_VERSION && version !== ENROLL_VERSION_PINNED) {
    const known = `${ENROLL_VERSION} or ${ENROLL_VERSION_PINNED}`
    throw malformed(`the enrollment token has version ${version ?? 'none'}, not ${known}`)
  }
  if (!isAlgorithmAvailable(algorithm)) {
    throw new AppError('algorithm_unknown', `the enrollment token asks for algorithm ${algorithm}`)
  }
  const keyEnd = ENROLL_HEAD_BYTES + publicKeyBytes(algorithm)
  if (bytes.length !== keyEnd + (version === ENROLL_VERSION ? 0 : PIN_BYTES)) {
    throw malformed('the enrollment token has the wrong length')
  }
  const secretStart = 2 + TOKEN_ID_BYTES
  return {
    id: bytes.subarray(2, secretStart).toString('hex'),
    secret: bytes.subarray(secretStart, ENROLL_HEAD_BYTES),
    algorithm,
    collectorKey: bytes.subarray(ENROLL_HEAD_BYTES, keyEnd).toString('hex'),
    authorityPin: version === ENROLL_VERSION ? null : bytes.subarray(keyEnd).toString('hex'),
  }
}

export function formatAccessToken(token: AccessToken): string {
  const id = Buffer.from(token.id, 'hex')
  assert(id.length === TOKEN_ID_BYTES, 'a token id has 8 bytes')
  assert(token.secret.length === ACCESS_SECRET_BYTES, 'an access secret has 24 bytes')
  return withCheck(ACCESS_PREFIX, Buffer.concat([id, token.secret]))
}

/** Throws `token_malformed` with the reason. */
export function parseAccessToken(text: string): AccessToken {
  const bytes = withoutCheck(ACCESS_PREFIX, text, 'access token')
  if (bytes.length !== TOKEN_ID_BYTES + ACCESS_SECRET_BYTES) {
    throw malformed('the access token has the wrong length')
  }
  return {
    id: bytes.subarray(0, TOKEN_ID_BYTES).toString('hex'),
    secret: bytes.subarray(TOKEN_ID_BYTES),
  }
}

/**
 * What is stored of a secret. A plain hash is enough: secrets are random bytes, not passwords, so
 * there is nothing to guess.
 */
export function secretHash(secret: Uint8Array): Uint8Array {
  return labelledHash('yiben.token-secret.v1', secret)
}

function withCheck(prefix: string, bytes: Uint8Array): string {
  return prefix + Buffer.concat([bytes, checkOf(prefix, bytes)]).toString('base64url')
}

function withoutCheck(prefix: string, text: string, what: string): Buffer {
  const given = text.trim()
  if (!given.startsWith(prefix)) throw malformed(`the ${what} does not begin with ${prefix}`)
  const body = given.slice(prefix.length)
  if (given.length > TEXT_LENGTH_MAX || !/^[A-Za-z0-9_-]+$/.test(body)) {
    throw malformed(`the ${what} holds characters that no token has, or too many`)
  }
  const bytes = Buffer.from(body, 'base64url')
  const content = bytes.subarray(0, Math.max(0, bytes.length - CHECK_BYTES))
  const check = bytes.subarray(content.length)
  // Re-encoding catches the spare bits of a last character, which the check does not cover.
  if (!checkOf(prefix, content).equals(check) || bytes.toString('base64url') !== body) {
    throw malformed(`the ${what} is cut or mistyped: its check does not fit`)
  }
  return content
}

function checkOf(prefix: string, bytes: Uint8Array): Buffer {
  return Buffer.from(labelledHash('yiben.token-check.v1', prefix, bytes)).subarray(0, CHECK_BYTES)
}

function malformed(sentence: string): AppError {
  return new AppError('token_malformed', sentence)
}
