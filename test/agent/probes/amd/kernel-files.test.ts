/** A driver that does not answer holds one walk, and nobody else. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { KernelFiles } from '../../../../agent/src/probes/amd/kernel-files.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { SysfsTree } from './sysfs-tree.ts'

const root = mkdtempSync(join(tmpdir(), 'yiben-kernel-'))
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('files are read as they are, and what is not there is null', async () => {
  const tree = new SysfsTree(root)
  tree.write('sys/class/drm/card0/x', '  a\nb  ')
  const files = new KernelFiles(new FakeClock(), root)
  expect(await files.walk((folder) => folder.text('sys/class/drm/card0/x'))).toBe('a\nb')
  expect(await files.walk((folder) => folder.text('sys/class/drm/card0'))).toBeNull()
  expect(await files.walk((folder) => folder.names('sys/class/drm'))).toEqual(['card0'])
  expect(await files.walk((folder) => folder.names('sys/class/nothing'))).toBeNull()
})

test('a walk that does not end is left alone, and none is begun beside it', async () => {
  const clock = new FakeClock()
  const files = new KernelFiles(clock, root)
  let answer = (_: string) => {}
  const stuck = files.walk(
    () =>
      new Promise<string>((resolve) => {
        answer = resolve
      }),
  )
  expect(await files.walk(async () => 'another')).toBeNull()
  expect(files.isHung).toBe(false)
  clock.advance(5_000)
  expect(await stuck).toBeNull()
  expect(files.isHung).toBe(true)
  expect(await files.walk(async () => 'another')).toBeNull()
  answer('late')
  await new Promise((resolve) => setImmediate(resolve))
  expect(files.isHung).toBe(false)
  expect(await files.walk(async () => 'again')).toBe('again')
})
