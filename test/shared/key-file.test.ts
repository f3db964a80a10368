/** The key of a program: made once, kept, refused when damaged or open to others. */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readKeyFile, readOrCreateKeyFile } from '@yiben/shared'
import { expect, test } from 'vitest'
import { FakeRandom } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'

const SEED = 'ab'.repeat(32)

function keyFile() {
  return { path: join(tempDir(), 'key'), whose: "the tester's", remedy: 'begin anew' }
}

test('it is made once and stays the same, whatever chance says later', () => {
  const file = keyFile()
  expect(readKeyFile(file)).toBeNull()
  const first = readOrCreateKeyFile(file, new FakeRandom(1))
  expect(readOrCreateKeyFile(file, new FakeRandom(2)).publicKey).toBe(first.publicKey)
  expect(readKeyFile(file)?.publicKey).toBe(first.publicKey)
  expect(statSync(file.path).mode & 0o777).toBe(0o600)
})

test.each([0o640, 0o604, 0o660])('with mode %o it is refused, and what to do is said', (mode) => {
  const file = keyFile()
  readOrCreateKeyFile(file, new FakeRandom(1))
  chmodSync(file.path, mode)
  expect(() => readKeyFile(file)).toThrow(
    expect.objectContaining({
      code: 'state_insecure',
      message: expect.stringMatching(/the tester's key .*chmod 600.*begin anew/),
    }),
  )
})

test.each([
  ['empty', ''],
  ['cut', `{"algorithm":1,"seed":"${SEED.slice(2)}`],
  ['without its seed', '{"algorithm":1}'],
  ['with half a seed', '{"algorithm":1,"seed":"00"}'],
  ['with a seed that is no hex', `{"algorithm":1,"seed":"${'xy'.repeat(32)}"}`],
  ['with a suite that is no number', `{"algorithm":"1","seed":"${SEED}"}`],
  ['that is no object', 'null'],
])('one %s is refused and never replaced', (_, content) => {
  const file = keyFile()
  writeFileSync(file.path, content, { mode: 0o600 })
  expect(() => readOrCreateKeyFile(file, new FakeRandom(1))).toThrow(
    expect.objectContaining({ code: 'disk_failed' }),
  )
  expect(readFileSync(file.path, 'utf8')).toBe(content)
})
