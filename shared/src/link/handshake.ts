/**
 * The bytes both sides sign in the handshake, and the checks on them. The collector speaks first:
 * it signs the node's hello and its own nonce with the identity key that the enrollment token
 * carried; only then does the node prove its own key, over that same identity key, so that a proof
 * given to one collector is worth nothing at another. TLS may end in a gateway before either.
 *
 * "Hello bytes" are the hello's frame exactly as it was sent.
 */
import { isAlgorithmAvailable, type KeyPair, lengthPrefixed, sign, verify } from '../algorithms.ts'
import type { Challenge, Hello, Proof } from '../wire/messages.ts'
import { WIRE_VERSION, WIRE_VERSION_FIRST } from '../wire/version.ts'

export const NONCE_BYTES = 32

/** Agent N works with collectors N - 2 to N + 1, so a collector with agents C - 1 to C + 2 (DESIGN 4). */
const WIRE_VERSION_MIN = Math.max(WIRE_VERSION_FIRST, WIRE_VERSION - 1)
const WIRE_VERSION_MAX = WIRE_VERSION + 2

/** A public key and the suite it belongs to. */
export interface PublicIdentity {
  readonly algorithm: number
  /** Raw, lower-case hex. */
  readonly publicKey: string
}

export type HelloCheck =
  | { readonly status: 'ok' }
  | { readonly status: 'protocol_version' | 'algorithm_unknown'; readonly sentence: string }

/** What can be said of a hello before anything is looked up; checked in this order. */
export function checkHello(hello: Hello): HelloCheck {
  const version = hello.wireVersion
  if (version < WIRE_VERSION_MIN || version > WIRE_VERSION_MAX) {
    return {
      status: 'protocol_version',
      sentence: `hello.wire_version is ${version}, this side works with ${WIRE_VERSION_MIN} to ${WIRE_VERSION_MAX}`,
    }
  }
  if (!isAlgorithmAvailable(hello.algorithm)) {
    return {
      status: 'algorithm_unknown',
      sentence: `hello.algorithm is ${hello.algorithm}, which this side does not have`,
    }
  }
  return { status: 'ok' }
}

/** The collector's first word. `nonce` is fresh and random, 32 bytes. */
export function buildChallenge(options: {
  readonly helloFrame: Uint8Array
  readonly nonce: Uint8Array
  readonly serverTimeMs: number
  readonly identity: KeyPair
}): Challenge {
  const { helloFrame, nonce, serverTimeMs, identity } = options
  return {
    nonce,
    serverTimeMs,
    algorithm: identity.algorithm,
    collectorKey: identity.publicKey,
    signature: sign(identity, challengePayload(helloFrame, nonce)),
  }
}

export type ChallengeCheck =
  | { readonly status: 'ok' }
  | { readonly status: 'collector_untrusted' | 'signature_invalid'; readonly sentence: string }

/** The node's check: the key is the pinned one, and whoever answers holds it. */
export function checkChallenge(
  challenge: Challenge,
  helloFrame: Uint8Array,
  pinned: PublicIdentity,
): ChallengeCheck {
  if (challenge.collectorKey !== pinned.publicKey || challenge.algorithm !== pinned.algorithm) {
    return {
      status: 'collector_untrusted',
      sentence: 'challenge.collector_key is not the identity this node was enrolled with',
    }
  }
  if (!verify(pinned, challengePayload(helloFrame, challenge.nonce), challenge.signature)) {
    return {
      status: 'signature_invalid',
      sentence: 'challenge.signature does not fit the collector key',
    }
  }
  return { status: 'ok' }
}

/** The node's proof; `enrollSecret` only when enrolling, and only after the challenge was checked. */
export function buildProof(options: {
  readonly helloFrame: Uint8Array
  readonly challenge: Challenge
  readonly nodeKeys: KeyPair
  readonly enrollSecret: Uint8Array | null
}): Proof {
  const { helloFrame, challenge, nodeKeys, enrollSecret } = options
  const payload = proofPayload(helloFrame, challenge.nonce, challenge.collectorKey)
  return { signature: sign(nodeKeys, payload), enrollSecret }
}

/** The collector's check of the key named in the hello, over the challenge it sent itself. */
export function isProofValid(options: {
  readonly hello: Hello
  readonly helloFrame: Uint8Array
  readonly challenge: Challenge
  readonly proof: Proof
}): boolean {
  const { hello, helloFrame, challenge, proof } = options
  return verify(
    { algorithm: hello.algorithm, publicKey: hello.nodeKey },
    proofPayload(helloFrame, challenge.nonce, challenge.collectorKey),
    proof.signature,
  )
}

function challengePayload(helloFrame: Uint8Array, nonce: Uint8Array): Uint8Array {
  return lengthPrefixed('yiben.challenge.v1', helloFrame, nonce)
}

function proofPayload(helloFrame: Uint8Array, nonce: Uint8Array, collectorKey: string): Uint8Array {
  return lengthPrefixed('yiben.proof.v1', helloFrame, nonce, Buffer.from(collectorKey, 'hex'))
}
