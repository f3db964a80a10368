/** What the kernel tells, over a made-up /proc. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readHost } from '../../agent/src/host.ts'
import { tempDir } from '../support/temp-dir.ts'

describe('the host', () => {
  test('tells boot, uptime and CPU time as the kernel writes them', () => {
    const root = tempDir()
    mkdirSync(join(root, 'proc/sys/kernel/random'), { recursive: true })
    writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), 'b0-0t\n')
    writeFileSync(join(root, 'proc/uptime'), '350735.47 234388.90\n')
    writeFileSync(join(root, 'proc/stat'), 'cpu  100 0 50 800 50 0 0 0 0 0\n')
    const host = readHost(root)
    expect(host.bootId()).toBe('b0-0t')
    expect(host.bootTimeMs()).toBe(350_735_470)
    expect(host.cpuTime()).toEqual({ busyMs: 1500, totalMs: 10_000 })
  })

  test('says nothing where nothing can be read', () => {
    const host = readHost(tempDir())
    expect([host.bootTimeMs(), host.cpuTime(), host.isHostPidNamespace()]).toEqual([
      null,
      null,
      false,
    ])
  })

  test.each([
    ['pid:[4026531836]', true],
    ['pid:[4026532198]', false],
  ])('in the pid namespace %s: host %s', (link, expected) => {
    const root = tempDir()
    mkdirSync(join(root, 'proc/self/ns'), { recursive: true })
    symlinkSync(link, join(root, 'proc/self/ns/pid'))
    expect(readHost(root).isHostPidNamespace()).toBe(expected)
  })
})
