/** What was signed last, beside the database: whole or not at all, and nobody else's to write. */
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkpointFile } from '../../collector/src/checkpoint-file.ts'
import { tempDir } from '../support/temp-dir.ts'

test('a fresh folder remembers nothing; what is remembered is read again, by others too', () => {
  const folder = tempDir()
  const memory = checkpointFile(folder)
  expect(memory.read()).toBeNull()
  memory.remember('first\n')
  memory.remember('second — 第二\n')
  expect(checkpointFile(folder).read()).toBe('second — 第二\n')
  expect(readdirSync(folder)).toEqual(['checkpoint.note'])
  expect(statSync(join(folder, 'checkpoint.note')).mode & 0o077).toBe(0)
})

test('a write that was cut short is nothing that was remembered', () => {
  const folder = tempDir()
  const memory = checkpointFile(folder)
  memory.remember('first\n')
  writeFileSync(join(folder, 'checkpoint.note.new'), 'sec')
  expect(memory.read()).toBe('first\n')
})

test('a folder that cannot be written is a failure, not a silence', () => {
  const memory = checkpointFile(join(tempDir(), 'gone'))
  expect(() => memory.remember('x\n')).toThrow(expect.objectContaining({ code: 'disk_failed' }))
})
