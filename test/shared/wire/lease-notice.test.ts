/** The signature of a lease notice holds for exactly what was signed, by the key that signed. */
import {
  ALGORITHM_ED25519,
  isLeaseNoticeSigned,
  keyPairFromSeed,
  type LeaseNotice,
  signLeaseNotice,
} from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { RECORDS_START_MS } from '../../support/records.ts'

const KEYS = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(3))
const OTHER = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(4))

const NOTICE = signLeaseNotice(KEYS, {
  leaseId: 'e-1',
  kind: 'lend',
  units: [0, 3],
  startMs: RECORDS_START_MS,
  endMs: RECORDS_START_MS + 3_600_000,
  revision: 1,
  epoch: '0f'.repeat(16),
  account: 'draw-1',
  cause: '',
})

const CHANGES: Readonly<Partial<LeaseNotice>>[] = [
  { leaseId: 'e-2' },
  { kind: 'extend' },
  { units: [0] },
  { units: [3, 0] },
  { startMs: NOTICE.startMs - 1 },
  { endMs: NOTICE.endMs + 1 },
  { revision: 2 },
  { epoch: 'f0'.repeat(16) },
  { account: 'draw-2' },
  { cause: 'x' },
  { algorithm: 99 },
  { signature: new Uint8Array(64) },
  { signature: NOTICE.signature.subarray(1) },
]

describe('a signed lease notice', () => {
  test('is believed as it was signed', () => {
    expect(isLeaseNoticeSigned(NOTICE, KEYS.publicKey)).toBe(true)
  })

  test.each(CHANGES)('is not believed with %o', (change) => {
    expect(isLeaseNoticeSigned({ ...NOTICE, ...change }, KEYS.publicKey)).toBe(false)
  })

  test('is not believed of another key, nor of none', () => {
    expect(isLeaseNoticeSigned(NOTICE, OTHER.publicKey)).toBe(false)
    expect(isLeaseNoticeSigned(NOTICE, '')).toBe(false)
  })
})
