/** Enrolling against a collector in memory. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatEnrollmentToken, silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { type EnrollOptions, enroll } from '../../agent/src/enrollment.ts'
import { ASIDE_FOLDER, StateDir } from '../../agent/src/state-dir.ts'
import { FakeClock, FakeRandom } from '../support/fake-clock.ts'
import { COLLECTOR_KEYS, COLLECTOR_URL, FakeCollector } from '../support/fake-collector.ts'
import { SimNetwork } from '../support/sim-socket.ts'
import { tempDir } from '../support/temp-dir.ts'

const TOKEN = formatEnrollmentToken({
  id: '0011223344556677',
  secret: new Uint8Array(16).fill(9),
  algorithm: COLLECTOR_KEYS.algorithm,
  collectorKey: COLLECTOR_KEYS.publicKey,
})

const OTHER_TOKEN = formatEnrollmentToken({
  id: '8899aabbccddeeff',
  secret: new Uint8Array(16).fill(9),
  algorithm: COLLECTOR_KEYS.algorithm,
  collectorKey: COLLECTOR_KEYS.publicKey,
})

function setUp() {
  const clock = new FakeClock()
  const network = new SimNetwork({ clock })
  const collector = new FakeCollector(clock, network)
  collector.habits.welcome = (welcome) => ({
    ...welcome,
    identityKey: { number: 3, key: new Uint8Array(32).fill(5) },
  })
  const stateDir = join(tempDir(), 'state')
  const options: EnrollOptions = {
    world: { clock, random: new FakeRandom(1), network },
    log: silentLogger,
    stateDir,
    collectorUrl: COLLECTOR_URL,
    token: TOKEN,
    nodeName: 'gpu-17',
    caFile: null,
    proxyUrl: null,
    rootPrefix: tempDir(),
    bootId: 'boot-1',
    agentVersion: '0.1.0',
  }
  /** Lets the clock run while the command waits. */
  const run = async (changes: Partial<EnrollOptions> = {}) => {
    const outcome = enroll({ ...options, ...changes }).then(
      (enrolled) => enrolled,
      (error: unknown) => error,
    )
    await clock.run(40_000)
    return outcome
  }
  return { collector, network, stateDir, run }
}

describe('enroll', () => {
  test('proves both sides and keeps what the Welcome gave', async () => {
    const { collector, stateDir, run } = setUp()
    expect(await run()).toMatchObject({ status: 'enrolled', enrollment: { nodeId: 'node-1' } })
    expect(collector.hellos[0]).toMatchObject({
      enrollTokenId: '0011223344556677',
      nodeName: 'gpu-17',
    })
    const proof = collector.heard.find((message) => message.kind === 'proof')
    expect(proof).toMatchObject({ proof: { enrollSecret: new Uint8Array(16).fill(9) } })
    expect(StateDir.at(stateDir).readEnrollment()).toMatchObject({
      nodeId: 'node-1',
      collectorUrl: COLLECTOR_URL,
      collector: { publicKey: COLLECTOR_KEYS.publicKey },
      identityKey: { number: 3, key: '05'.repeat(32) },
      tokenId: '0011223344556677',
    })
    expect(collector.violations).toEqual([])
  })

  test('keeps an authority that was named on the command line, and forgets that of another collector', async () => {
    const { stateDir, run } = setUp()
    const caFile = join(tempDir(), 'ca.pem')
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
    writeFileSync(caFile, `${pem}\n${pem}\n`)
    await run({ caFile, keepsCa: true })
    const kept = { version: 0, isPinned: true, roots: [pem, pem] }
    expect(StateDir.at(stateDir).readTrust()).toEqual(kept)
    // Configured only: read where it lies, each time.
    await run({ caFile, token: OTHER_TOKEN })
    expect(StateDir.at(stateDir).readTrust()).toEqual({ version: 0, isPinned: false, roots: [] })
  })

  test('repeated with the same token changes nothing and asks nobody', async () => {
    const { collector, stateDir, run } = setUp()
    await run()
    const key = StateDir.at(stateDir).readKey()?.publicKey
    expect(await run()).toMatchObject({ status: 'already_enrolled' })
    expect(collector.hellos).toHaveLength(1)
    expect(StateDir.at(stateDir).readKey()?.publicKey).toBe(key)
  })

  test('after a refusal says the collector’s own words, and comes back with the same key', async () => {
    const { collector, stateDir, run } = setUp()
    collector.habits.refuseProof = () => ({
      code: 'token_expired',
      sentence: 'the token expired yesterday',
      retryAfterMs: 0,
    })
    expect(await run()).toMatchObject({
      code: 'token_expired',
      message: 'the token expired yesterday',
    })
    expect(StateDir.at(stateDir).readEnrollment()).toBeNull()
    collector.habits.refuseProof = () => null
    expect(await run()).toMatchObject({ status: 'enrolled' })
    const keys = collector.hellos.map((hello) => hello.nodeKey)
    expect(new Set(keys).size).toBe(1)
  })

  test('on a copied disk makes a key of its own and puts the other machine’s state aside', async () => {
    const { collector, stateDir, run } = setUp()
    await run()
    const copied = StateDir.at(stateDir).readKey()?.publicKey
    const sentence = 'this disk was enrolled on another machine'
    collector.habits.refuseProof = ({ nodeKey }) =>
      nodeKey === copied ? { code: 'node_clone', sentence, retryAfterMs: 0 } : null
    expect(await run({ token: OTHER_TOKEN })).toMatchObject({ status: 'enrolled_anew' })
    const own = StateDir.at(stateDir).readKey()?.publicKey
    expect(own).not.toBe(copied)
    expect(collector.hellos.map(({ nodeKey }) => nodeKey)).toEqual([copied, copied, own])
    expect(StateDir.at(join(stateDir, ASIDE_FOLDER)).readKey()?.publicKey).toBe(copied)
  })

  test('shows its secret to no collector but the one the token names', async () => {
    const { collector, run } = setUp()
    collector.habits.challenge = (challenge) => ({
      ...challenge,
      collectorKey: 'ff'.repeat(32),
    })
    expect(await run()).toMatchObject({ code: 'collector_untrusted' })
    expect(collector.heard.map((message) => message.kind)).toEqual(['hello'])
  })

  test.each([
    { name: 'a cut token', changes: { token: TOKEN.slice(0, -2) }, code: 'token_malformed' },
    {
      name: 'an address without TLS',
      changes: { collectorUrl: 'http://collector.example:7480' },
      code: 'plain_text_refused',
    },
    {
      name: 'a certificate file that is not there',
      changes: { caFile: '/nowhere/ca.pem' },
      code: 'config_unreadable',
    },
  ])('is refused with $code for $name', async ({ changes, code }) => {
    const { run, stateDir } = setUp()
    expect(await run(changes)).toMatchObject({ code })
    expect(existsSync(join(stateDir, 'enrollment.json'))).toBe(false)
  })

  test('fails with a sentence when nobody answers', async () => {
    const { network, run } = setUp()
    network.unlisten(COLLECTOR_URL)
    expect(await run()).toMatchObject({ code: 'connection_failed' })
  })
})
