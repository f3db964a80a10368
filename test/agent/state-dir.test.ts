/** The state folder: one key for ever, whole files, and nothing that others may read. */
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Enrollment, StateDir } from '../../agent/src/state-dir.ts'
import { FakeRandom } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'

const ENROLLMENT: Enrollment = {
  nodeId: 'node-1',
  collectorUrl: 'wss://collector.test/v1/link',
  collector: { algorithm: 1, publicKey: 'ab' },
  identityKey: { number: 1, key: 'cd' },
  fingerprintSource: 'product_uuid',
  tokenId: '0011223344556677',
}

function create(): StateDir {
  return StateDir.create(join(tempDir(), 'state'))
}

describe('the folder', () => {
  test('is made for its owner alone, and only when asked', () => {
    const path = join(tempDir(), 'deep', 'state')
    expect(StateDir.at(path).readEnrollment()).toBeNull()
    expect(() => statSync(path)).toThrow()
    StateDir.create(path)
    expect(statSync(path).mode & 0o777).toBe(0o700)
  })
})

describe('the key', () => {
  test('is made once and stays', () => {
    const state = create()
    expect(state.readKey()).toBeNull()
    const made = state.readOrCreateKey(new FakeRandom(1))
    expect(state.readOrCreateKey(new FakeRandom(2)).publicKey).toBe(made.publicKey)
    expect(StateDir.at(state.path).readKey()?.publicKey).toBe(made.publicKey)
  })

  test('lies in a file of its owner alone', () => {
    const state = create()
    state.readOrCreateKey(new FakeRandom(1))
    expect(statSync(join(state.path, 'node-key')).mode & 0o777).toBe(0o600)
  })

  test.each([0o640, 0o604, 0o660])('with mode %o is refused', (mode) => {
    const state = create()
    state.readOrCreateKey(new FakeRandom(1))
    chmodSync(join(state.path, 'node-key'), mode)
    expect(() => state.readKey()).toThrow(
      expect.objectContaining({ code: 'state_insecure', message: expect.stringContaining('600') }),
    )
  })

  test('that is damaged is never replaced by a new one', () => {
    const state = create()
    state.readOrCreateKey(new FakeRandom(1))
    writeFileSync(join(state.path, 'node-key'), '{"algorithm":1,"seed":"00')
    expect(() => state.readOrCreateKey(new FakeRandom(2))).toThrow(
      expect.objectContaining({ code: 'disk_failed' }),
    )
  })
})

describe('the enrollment', () => {
  test('reads back as written, and leaves no other file', () => {
    const state = create()
    state.writeEnrollment(ENROLLMENT)
    state.writeEnrollment({ ...ENROLLMENT, nodeId: 'node-2' })
    expect(state.readEnrollment()).toEqual({ ...ENROLLMENT, nodeId: 'node-2' })
    expect(readdirSync(state.path)).toEqual(['enrollment.json'])
  })

  test('that is damaged names the field', () => {
    const state = create()
    const broken = { ...ENROLLMENT, collector: { algorithm: 'one', publicKey: 'ab' } }
    writeFileSync(join(state.path, 'enrollment.json'), JSON.stringify(broken))
    expect(() => state.readEnrollment()).toThrow(
      expect.objectContaining({
        code: 'disk_failed',
        message: expect.stringContaining('collector.algorithm'),
      }),
    )
  })
})
