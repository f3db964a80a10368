import { createHash } from 'node:crypto'
import {
  ALGORITHM_ED25519,
  ALGORITHM_SM2,
  digest,
  equalBytes,
  isAlgorithmAvailable,
  keyPairFromSeed,
  labelledHash,
  lengthPrefixed,
  publicKeyBytes,
  recordHash,
  sign,
  verify,
} from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const SEED = new Uint8Array(32).fill(5)
const MESSAGE = Buffer.from('a message')

const SUITES = [ALGORITHM_ED25519, ALGORITHM_SM2].filter(isAlgorithmAvailable)

describe.each(SUITES)('suite %d', (algorithm) => {
  const keys = keyPairFromSeed(algorithm, SEED)

  test('makes the same key of the same seed, another of another', () => {
    expect(keyPairFromSeed(algorithm, SEED).publicKey).toBe(keys.publicKey)
    expect(keyPairFromSeed(algorithm, new Uint8Array(32).fill(6)).publicKey).not.toBe(
      keys.publicKey,
    )
    expect(keys.publicKey).toHaveLength(2 * publicKeyBytes(algorithm))
  })

  test('verifies what it signed and nothing else', () => {
    const signature = sign(keys, MESSAGE)
    const other = keyPairFromSeed(algorithm, new Uint8Array(32).fill(9))
    expect(verify(keys, MESSAGE, signature)).toBe(true)
    expect(verify(other, MESSAGE, signature)).toBe(false)
    expect(verify(keys, Buffer.from('another'), signature)).toBe(false)
    expect(verify(keys, MESSAGE, signature.slice(1))).toBe(false)
    expect(verify(keys, MESSAGE, new Uint8Array(0))).toBe(false)
    for (let bit = 0; bit < signature.length * 8; bit += 37) {
      const flipped = Uint8Array.from(signature)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(verify(keys, MESSAGE, flipped)).toBe(false)
    }
  })

  test('takes no malformed key', () => {
    const signature = sign(keys, MESSAGE)
    for (const publicKey of ['', 'zz', 'ff'.repeat(publicKeyBytes(algorithm)), '00']) {
      expect(verify({ algorithm, publicKey }, MESSAGE, signature)).toBe(false)
    }
  })

  test('hashes to 32 bytes', () => {
    expect(digest(algorithm, MESSAGE)).toHaveLength(32)
  })
})

describe('algorithms', () => {
  test('Ed25519 matches RFC 8032, 7.1, test 2', () => {
    const seed = Buffer.from(
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      'hex',
    )
    const keys = keyPairFromSeed(ALGORITHM_ED25519, seed)
    expect(keys.publicKey).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    expect(Buffer.from(sign(keys, Uint8Array.of(0x72))).toString('hex')).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  test.runIf(isAlgorithmAvailable(ALGORITHM_SM2))('SM3 matches GB/T 32905, A.1', () => {
    expect(Buffer.from(digest(ALGORITHM_SM2, Buffer.from('abc'))).toString('hex')).toBe(
      '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0',
    )
  })

  test('an unknown suite is refused with its code', () => {
    expect(isAlgorithmAvailable(99)).toBe(false)
    expect(() => publicKeyBytes(99)).toThrow(expect.objectContaining({ code: 'algorithm_unknown' }))
  })

  test('length prefixes keep different lists of parts apart', () => {
    const parts = fc.array(fc.string({ maxLength: 5 }), { maxLength: 5 })
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        const isSame = JSON.stringify(left) === JSON.stringify(right)
        expect(equalBytes(lengthPrefixed(...left), lengthPrefixed(...right))).toBe(isSame)
      }),
    )
  })

  test('a record hash is over label, epoch, number and bytes, each length-prefixed', () => {
    const epoch = '0f'.repeat(16)
    const length = (bytes: number) => Buffer.from([0, 0, 0, bytes])
    const label = Buffer.from('yiben.record.v1')
    const seq = Buffer.from([0, 0, 0, 0, 0, 0, 1, 2])
    const expected = createHash('sha256')
      .update(Buffer.concat([length(label.length), label]))
      .update(Buffer.concat([length(16), Buffer.from(epoch, 'hex')]))
      .update(Buffer.concat([length(8), seq]))
      .update(Buffer.concat([length(MESSAGE.length), MESSAGE]))
      .digest('hex')
    expect(Buffer.from(recordHash(epoch, 258, MESSAGE)).toString('hex')).toBe(expected)
  })

  test('labels keep uses apart', () => {
    expect(equalBytes(labelledHash('a', 'x'), labelledHash('b', 'x'))).toBe(false)
  })
})
