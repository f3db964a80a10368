import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stopReasonOf } from '../../agent/src/upgrade-mark.ts'
import { tempDir } from '../support/temp-dir.ts'

test('an agent is stopped to be upgraded while its program is kept beside itself, and not before or after', () => {
  const home = join(tempDir(), 'yiben-agent')
  const node = join(home, 'bin/node')
  expect(stopReasonOf(node)).toBe('stop')
  mkdirSync(join(home, 'bin'), { recursive: true })
  expect(stopReasonOf(node)).toBe('stop')
  mkdirSync(`${home}.keep`)
  expect(stopReasonOf(node)).toBe('stop')
  mkdirSync(`${home}.old`)
  expect(stopReasonOf(node)).toBe('upgrade')
})
