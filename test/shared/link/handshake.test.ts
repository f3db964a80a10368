import {
  buildChallenge,
  buildProof,
  checkChallenge,
  checkHello,
  encodeToCollector,
  type Hello,
  isProofValid,
  keyPairFromSeed,
  type Proof,
  WIRE_VERSION,
} from '@yiben/shared'
import { describe, expect, test } from 'vitest'

const COLLECTOR = keyPairFromSeed(1, new Uint8Array(32).fill(1))
const OTHER = keyPairFromSeed(1, new Uint8Array(32).fill(2))
const NODE = keyPairFromSeed(1, new Uint8Array(32).fill(3))
const NONCE = new Uint8Array(32).fill(4)

const HELLO: Hello = {
  wireVersion: WIRE_VERSION,
  role: 'agent',
  capabilities: ['leases'],
  programVersion: '0.1.0',
  algorithm: 1,
  nodeKey: NODE.publicKey,
  fingerprint: 'ab'.repeat(32),
  instance: '01'.repeat(16),
  epoch: '02'.repeat(16),
  previousEpoch: null,
  bootId: 'boot',
  lastSeq: 3,
  ackedSeq: 0,
  ackedHash: null,
  joinState: 0,
  enrollTokenId: null,
  nodeName: null,
  ledgerGeneration: 0,
}
const helloFrame = encodeToCollector({ kind: 'hello', hello: HELLO })
const challenge = buildChallenge({ helloFrame, nonce: NONCE, serverTimeMs: 1, identity: COLLECTOR })
const proof = buildProof({ helloFrame, challenge, nodeKeys: NODE, enrollSecret: null })

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1
  return copy
}

describe('a challenge', () => {
  const pinned = { algorithm: 1, publicKey: COLLECTOR.publicKey }

  test('of the pinned collector is accepted', () => {
    expect(checkChallenge(challenge, helloFrame, pinned)).toEqual({ status: 'ok' })
  })

  test.each([
    ['another key', { ...challenge, collectorKey: OTHER.publicKey }, 'collector_untrusted'],
    ['another suite', { ...challenge, algorithm: 2 }, 'collector_untrusted'],
    [
      'a flipped bit',
      { ...challenge, signature: flipped(challenge.signature) },
      'signature_invalid',
    ],
    ['another nonce', { ...challenge, nonce: flipped(NONCE) }, 'signature_invalid'],
    ['no signature', { ...challenge, signature: new Uint8Array(0) }, 'signature_invalid'],
    [
      'a signature by somebody else under the right name',
      {
        ...buildChallenge({ helloFrame, nonce: NONCE, serverTimeMs: 1, identity: OTHER }),
        collectorKey: COLLECTOR.publicKey,
      },
      'signature_invalid',
    ],
  ])('with %s is refused (L2)', (_, broken, status) => {
    expect(checkChallenge(broken, helloFrame, pinned).status).toBe(status)
  })

  test('for another hello is refused (L3)', () => {
    expect(checkChallenge(challenge, flipped(helloFrame), pinned).status).toBe('signature_invalid')
  })
})

describe('a proof', () => {
  const valid = { hello: HELLO, helloFrame, challenge, proof }

  test('of the key in the hello is accepted', () => {
    expect(isProofValid(valid)).toBe(true)
  })

  test.each<[string, Partial<typeof valid>]>([
    ['a flipped bit', { proof: { ...proof, signature: flipped(proof.signature) } }],
    ['a cut signature', { proof: { ...proof, signature: proof.signature.slice(1) } }],
    ['another hello', { helloFrame: flipped(helloFrame) }],
    ['another nonce', { challenge: { ...challenge, nonce: flipped(NONCE) } }],
    ['another collector', { challenge: { ...challenge, collectorKey: OTHER.publicKey } }],
    ['another node key', { hello: { ...HELLO, nodeKey: OTHER.publicKey } }],
    ['a key of the wrong length', { hello: { ...HELLO, nodeKey: 'abcd' } }],
    ['the challenge signature in its place', { proof: swapped() }],
  ])('with %s is refused (L3)', (_, change) => {
    expect(isProofValid({ ...valid, ...change })).toBe(false)
  })

  function swapped(): Proof {
    return { signature: challenge.signature, enrollSecret: null }
  }
})

describe('a hello', () => {
  test.each([
    [2, 1, 'ok'],
    [5, 1, 'ok'],
    [6, 1, 'protocol_version'],
    [1, 1, 'protocol_version'],
    [0, 1, 'protocol_version'],
    [2, 2, 'ok'],
    [2, 77, 'algorithm_unknown'],
  ])('of wire version %d and algorithm %d is %s', (wireVersion, algorithm, status) => {
    expect(checkHello({ ...HELLO, wireVersion, algorithm }).status).toBe(status)
  })
})
