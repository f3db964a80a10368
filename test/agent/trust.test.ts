/** Whom a node trusts: what its collector has signed, the newest of it, kept before it counts. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import {
  type KeyPair,
  keyPairFromSeed,
  signTrustRoots,
  silentLogger,
  type TrustRoots,
} from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { StateDir, type Trust } from '../../agent/src/state-dir.ts'
import { NodeTrust } from '../../agent/src/trust.ts'
import { makeAuthority } from '../../collector/src/tls/issue.ts'
import { derOf } from '../../collector/src/tls/told.ts'
import { FakeRandom } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'

const COLLECTOR: KeyPair = keyPairFromSeed(1, new Uint8Array(32).fill(7))
const STRANGER: KeyPair = keyPairFromSeed(1, new Uint8Array(32).fill(8))
const NO_FILES = { caFile: null, certFile: null, keyFile: null }
const issuing = { random: new FakeRandom(1), nowMs: 0 }
const [first, second] = await Promise.all([makeAuthority(issuing), makeAuthority(issuing)])

function told(version: number, keys: KeyPair, ...pems: readonly string[]): TrustRoots {
  return signTrustRoots(keys, { version, roots: pems.map(derOf) })
}

function trustIn(kept: Trust | null, files: Partial<typeof NO_FILES> | object = {}) {
  const state = StateDir.create(join(tempDir(), 'state'))
  if (kept !== null) state.writeTrust(kept)
  const open = () =>
    new NodeTrust({
      state,
      files: { ...NO_FILES, ...files },
      collector: COLLECTOR,
      log: silentLogger,
    })
  return { state, open, trust: open() }
}

const PINNED = { version: 0, isPinned: true, roots: [first.cert] }
const lines = (pem: string | null) => (pem ?? '').split('\n').filter((line) => line !== '')

describe('what the collector tells (L23)', () => {
  test('takes the place of what was known, and is there after a restart', () => {
    const { open, state, trust } = trustIn(PINNED)
    expect(lines(trust.ca)).toEqual(lines(first.cert))
    expect(trust.hear(told(5, COLLECTOR, second.cert))).toBe(5)
    expect(lines(trust.ca)).toEqual(lines(second.cert))
    expect(lines(open().ca)).toEqual(lines(second.cert))
    expect(state.readTrust()).toMatchObject({ version: 5, isPinned: true })
  })

  test('is known already where it is older or the same, and changes nothing', () => {
    const { trust } = trustIn(PINNED)
    trust.hear(told(5, COLLECTOR, second.cert))
    expect(trust.hear(told(5, COLLECTOR, first.cert))).toBe(5)
    expect(trust.hear(told(4, COLLECTOR, first.cert))).toBe(5)
    expect(lines(trust.ca)).toEqual(lines(second.cert))
  })

  const good = told(5, COLLECTOR, second.cert)
  test.each<[string, TrustRoots]>([
    ['of another collector', told(5, STRANGER, second.cert)],
    ['with another certificate', { ...good, roots: [derOf(first.cert)] }],
    ['with one certificate more', { ...good, roots: [...good.roots, derOf(first.cert)] }],
    ['under a higher number', { ...good, version: 6 }],
    ['of another suite', { ...good, algorithm: 2 }],
    ['without a signature', { ...good, signature: new Uint8Array(0) }],
    [
      'of what is no certificate',
      signTrustRoots(COLLECTOR, { version: 5, roots: [Uint8Array.of(1, 2, 3)] }),
    ],
  ])('%s changes nothing', (_what, wrong) => {
    const { state, trust } = trustIn(PINNED)
    expect(trust.hear(wrong)).toBeNull()
    expect(state.readTrust()).toEqual(PINNED)
  })

  test('is not known before it is kept', () => {
    const { state, trust } = trustIn(PINNED)
    state.writeTrust = () => {
      throw new Error('no space')
    }
    expect(trust.hear(good)).toBeNull()
    expect(lines(trust.ca)).toEqual(lines(first.cert))
  })
})

describe('beside it', () => {
  test('a configured file is trusted, as it is at each dial, and as it last was while it is gone', () => {
    const caFile = join(tempDir(), 'ca.pem')
    writeFileSync(caFile, first.cert)
    const { trust } = trustIn({ ...PINNED, roots: [second.cert] }, { caFile })
    expect(lines(trust.ca)).toEqual(lines(second.cert + first.cert))
    writeFileSync(caFile, second.cert)
    expect(lines(trust.ca)).toEqual(lines(second.cert + second.cert))
    const { trust: alone } = trustIn(null, { caFile })
    expect(alone.ca).toBe(readFileSync(caFile, 'utf8'))
    rmSync(caFile)
    expect(lines(trust.ca)).toEqual(lines(second.cert + second.cert))
  })

  test('a file that is not there stops the start by name', () => {
    const start = (files: object) => () => trustIn(PINNED, files)
    expect(start({ caFile: '/no/ca.pem' })).toThrow(/collector\.ca_file \/no\/ca\.pem/)
    const files = { certFile: '/no/cert.pem', keyFile: '/no/key.pem' }
    expect(start(files)).toThrow(/collector\.cert_file/)
  })

  test('a node that nobody has named an authority to trusts its system, also after it is told', () => {
    const { trust } = trustIn(null)
    expect(trust.ca).toBeNull()
    trust.hear(told(5, COLLECTOR, first.cert))
    const system = getCACertificates('default')
    expect(lines(trust.ca)).toEqual(lines([first.cert, ...system].join('\n')))
  })
})
