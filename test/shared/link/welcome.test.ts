import type { SpoolState, Welcome } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { checkWelcome } from '../../../shared/src/link/welcome.ts'

const HASH = new Uint8Array(32).fill(7)
const SPOOL: SpoolState = {
  epoch: 'ab'.repeat(16),
  previousEpoch: null,
  lastSeq: 10,
  ackedSeq: 5,
  ackedHash: HASH,
  sentSeq: 8,
  timelineEndMs: 1,
  bytesUsed: 1,
}
const WELCOME: Welcome = {
  nodeId: 'node-1',
  watermark: 6,
  watermarkHash: HASH,
  ledgerGeneration: 3,
  nextJoinState: 1,
  serverTimeMs: 1,
  settings: { samplePeriodMs: null, tickMs: null, heartbeatMs: null },
  windowFrames: 1,
  windowBytes: 1,
  identityKey: null,
  capabilities: [],
}

describe('a Welcome (L8, L9)', () => {
  test.each<[string, Partial<Welcome>, Uint8Array | null, string]>([
    ['whose hash is ours fits', {}, HASH, 'fits false'],
    ['at 0 fits without a hash', { watermark: 0, watermarkHash: null }, null, 'fits true'],
    ['below what was acknowledged goes back', { watermark: 4 }, HASH, 'fits true'],
    ['beyond the spool is a fork', { watermark: 11 }, HASH, 'forked'],
    ['with another hash is a fork', { watermarkHash: new Uint8Array(32) }, HASH, 'forked'],
    ['at a number no longer kept is a fork', { watermark: 1 }, null, 'forked'],
    ['of an older ledger is not followed', { ledgerGeneration: 2 }, HASH, 'older_ledger'],
    ['of a newer ledger is', { ledgerGeneration: 9 }, HASH, 'fits false'],
  ])('%s', (_, change, ownHash, expected) => {
    const check = checkWelcome({
      welcome: { ...WELCOME, ...change },
      spool: SPOOL,
      ownHash,
      knownGeneration: 3,
    })
    expect(check.status === 'fits' ? `fits ${check.goesBack}` : check.status).toBe(expected)
  })
})
