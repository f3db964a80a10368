/** Small files: there whole or not at all, and nobody else's to read. */
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readIfThere, writeWhole } from '@yiben/shared'
import { expect, test } from 'vitest'
import { tempDir } from '../support/temp-dir.ts'

test('a file reads back as written, replaced whole, with nothing left beside it', () => {
  const folder = tempDir()
  const path = join(folder, 'file')
  expect(readIfThere(path)).toBeNull()
  writeWhole(path, 'a longer first text')
  writeWhole(path, 'second')
  expect(readIfThere(path)).toBe('second')
  expect(readdirSync(folder)).toEqual(['file'])
})

test('what a crash left beside it does not decide who may read it', () => {
  const path = join(tempDir(), 'file')
  writeFileSync(`${path}.new`, 'torn')
  chmodSync(`${path}.new`, 0o666)
  writeWhole(path, 'whole')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readIfThere(path)).toBe('whole')
})

test('a write that fails keeps what was there', () => {
  const path = join(tempDir(), 'file')
  writeWhole(path, 'kept')
  mkdirSync(`${path}.new`)
  expect(() => writeWhole(path, 'lost')).toThrow(expect.objectContaining({ code: 'disk_failed' }))
  expect(readIfThere(path)).toBe('kept')
})

test('what is there and cannot be read is not taken for missing', () => {
  const folder = join(tempDir(), 'folder')
  mkdirSync(folder)
  expect(() => readIfThere(folder)).toThrow(expect.objectContaining({ code: 'disk_failed' }))
})
