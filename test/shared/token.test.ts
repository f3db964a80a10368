import {
  ALGORITHM_SM2,
  type AppError,
  formatAccessToken,
  formatEnrollmentToken,
  isAlgorithmAvailable,
  keyPairFromSeed,
  parseAccessToken,
  parseEnrollmentToken,
  secretHash,
} from '@yiben/shared'
import { describe, expect, test } from 'vitest'

const ENROLLMENT = {
  id: '0011223344556677',
  secret: new Uint8Array(16).fill(3),
  algorithm: 1,
  collectorKey: keyPairFromSeed(1, new Uint8Array(32).fill(1)).publicKey,
}
const ACCESS = { id: '8899aabbccddeeff', secret: new Uint8Array(24).fill(4) }

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'nothing thrown'
  } catch (error) {
    return (error as AppError).code
  }
}

describe('an enrollment token', () => {
  const text = formatEnrollmentToken(ENROLLMENT)
  const PINNED = { ...ENROLLMENT, authorityPin: '5a'.repeat(32) }

  test('carries the pin of an authority where there is one, under a version of its own', () => {
    const pinned = formatEnrollmentToken(PINNED)
    expect(pinned).toMatch(/^yb1_[A-Za-z0-9_-]{124,132}$/)
    const parsed = parseEnrollmentToken(pinned)
    expect({ ...parsed, secret: Uint8Array.from(parsed.secret) }).toEqual(PINNED)
    const versions = [text, pinned].map((one) => Buffer.from(one.slice(4), 'base64url')[0])
    expect(versions).toEqual([1, 2])
  })

  test('of before there were pins is read as one without', () => {
    const written =
      'yb1_AQEAESIzRFVmdwMDAwMDAwMDAwMDAwMDAwOKiOPddAnxlf1S2y08ul1yymcJvx2UEhvzdIgBtA9vXB89YQA'
    expect(text).toBe(written)
    expect(parseEnrollmentToken(written).authorityPin).toBeNull()
  })

  test('carries id, secret and the identity of the collector', () => {
    expect(text).toMatch(/^yb1_[A-Za-z0-9_-]{80,90}$/)
    const parsed = parseEnrollmentToken(` ${text}\n`)
    expect({ ...parsed, secret: Uint8Array.from(parsed.secret) }).toEqual({
      ...ENROLLMENT,
      authorityPin: null,
    })
  })

  test.runIf(isAlgorithmAvailable(ALGORITHM_SM2))(
    'carries a key of the second suite as well',
    () => {
      const { publicKey } = keyPairFromSeed(ALGORITHM_SM2, new Uint8Array(32).fill(1))
      const token = { ...ENROLLMENT, algorithm: ALGORITHM_SM2, collectorKey: publicKey }
      expect(parseEnrollmentToken(formatEnrollmentToken(token)).collectorKey).toBe(publicKey)
    },
  )

  test('with any one character changed, cut or added is malformed', () => {
    for (let place = 0; place < text.length; place += 1) {
      const other = text[place] === 'A' ? 'B' : 'A'
      const changed = text.slice(0, place) + other + text.slice(place + 1)
      expect(
        codeOf(() => parseEnrollmentToken(changed)),
        `place ${place}`,
      ).toBe('token_malformed')
    }
    for (const broken of [
      '',
      'yb1_',
      text.slice(0, -1),
      `${text}A`,
      `${text}=`,
      'x'.repeat(5000),
    ]) {
      expect(codeOf(() => parseEnrollmentToken(broken))).toBe('token_malformed')
    }
  })

  test('is not an access token', () => {
    expect(codeOf(() => parseAccessToken(text))).toBe('token_malformed')
    expect(codeOf(() => parseEnrollmentToken(formatAccessToken(ACCESS)))).toBe('token_malformed')
  })
})

describe('an access token', () => {
  test('carries id and secret', () => {
    const text = formatAccessToken(ACCESS)
    expect(text).toMatch(/^yba_[A-Za-z0-9_-]{48}$/)
    const parsed = parseAccessToken(text)
    expect({ ...parsed, secret: Uint8Array.from(parsed.secret) }).toEqual(ACCESS)
  })
})

test('a secret is stored hashed, the same for the same secret', () => {
  expect(secretHash(ACCESS.secret)).toEqual(secretHash(Uint8Array.from(ACCESS.secret)))
  expect(secretHash(ACCESS.secret)).not.toEqual(secretHash(ENROLLMENT.secret))
  expect(Buffer.from(secretHash(ACCESS.secret)).includes(Buffer.from(ACCESS.secret))).toBe(false)
})
