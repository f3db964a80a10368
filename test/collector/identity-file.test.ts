/** The collector's key: made once, kept, and readable by nobody else. */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readIdentity, readOrCreateIdentity } from '../../collector/src/identity-file.ts'
import { FakeRandom } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'

test('the key is made once and stays the same, whatever chance says later', () => {
  const dataDir = tempDir()
  const first = readOrCreateIdentity(dataDir, new FakeRandom(1))
  const second = readOrCreateIdentity(dataDir, new FakeRandom(2))
  expect(second.publicKey).toBe(first.publicKey)
  expect(statSync(join(dataDir, 'identity.key')).mode & 0o777).toBe(0o600)
})

test('reading makes none', () => {
  const dataDir = tempDir()
  expect(readIdentity(dataDir)).toBeNull()
  expect(existsSync(join(dataDir, 'identity.key'))).toBe(false)
  const { publicKey } = readOrCreateIdentity(dataDir, new FakeRandom(1))
  expect(readIdentity(dataDir)?.publicKey).toBe(publicKey)
})

test('a key that others may read is refused', () => {
  const dataDir = tempDir()
  readOrCreateIdentity(dataDir, new FakeRandom(1))
  chmodSync(join(dataDir, 'identity.key'), 0o640)
  expect(() => readOrCreateIdentity(dataDir, new FakeRandom(1))).toThrow(
    expect.objectContaining({ code: 'state_insecure' }),
  )
})

test('a damaged key is refused and never replaced', () => {
  const dataDir = tempDir()
  const file = join(dataDir, 'identity.key')
  for (const content of ['', '{}', '{"algorithm":1,"seed":"00"}']) {
    writeFileSync(file, content, { mode: 0o600 })
    expect(() => readOrCreateIdentity(dataDir, new FakeRandom(1))).toThrow(
      expect.objectContaining({ code: 'disk_failed' }),
    )
    expect(readFileSync(file, 'utf8')).toBe(content)
  }
})
