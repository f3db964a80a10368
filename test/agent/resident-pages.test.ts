/** Pages of the program's file are let go, and the program goes on as if nothing had been. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { releasableRanges, releasePagesFromTimeToTime } from '../../agent/src/resident-pages.ts'
import { FakeClock } from '../support/fake-clock.ts'

const NODE = '/usr/lib/yiben-agent/bin/node'

function mapping(head: string, facts: Readonly<Record<string, number>> = {}): string {
  const told = { Private_Dirty: 0, Anonymous: 0, Swap: 0, ...facts }
  const lines = Object.entries(told).map(([name, kib]) => `${`${name}:`.padEnd(15)} ${kib} kB`)
  return [head, 'Size:               1024 kB', ...lines, 'VmFlags: rd mr mw me sd'].join('\n')
}

describe('what may be let go', () => {
  const head = (mode: string, path: string) =>
    `00400000-00500000 ${mode} 00000000 fe:00 17   ${path}`
  const range = { address: 0x400000n, bytes: 0x100000n }

  test.each([
    ['code', mapping(head('r-xp', NODE)), [range]],
    ['data that is only read', mapping(head('r--p', NODE)), [range]],
    ['nothing that can be written to', mapping(head('rw-p', NODE)), []],
    ['nothing relocated', mapping(head('r--p', NODE), { Anonymous: 8 }), []],
    ['nothing that was written to', mapping(head('r--p', NODE), { Private_Dirty: 4 }), []],
    ['nothing swapped out', mapping(head('r--p', NODE), { Swap: 4 }), []],
    ['no library', mapping(head('r-xp', '/usr/lib/libc.so.6')), []],
    ['no file of a name that begins so', mapping(head('r-xp', `${NODE}.old`)), []],
    ['no memory of its own', mapping(head('r-xp', '')), []],
    ['nothing of which the kernel tells less', `${head('r-xp', NODE)}\nSize: 1024 kB`, []],
  ])('%s', (_, smaps, expected) => {
    expect(releasableRanges(smaps, NODE)).toEqual(expected)
  })

  test('each mapping for itself', () => {
    const smaps = [
      mapping(`00400000-00500000 r--p 00000000 fe:00 17 ${NODE}`),
      mapping(`00500000-00600000 rw-p 00100000 fe:00 17 ${NODE}`, { Private_Dirty: 1024 }),
      mapping(`7f0000000000-7f0000001000 r-xp 00200000 fe:00 17 ${NODE}`),
    ].join('\n')
    expect(releasableRanges(`${smaps}\n`, NODE)).toEqual([
      range,
      { address: 0x7f0000000000n, bytes: 0x1000n },
    ])
  })
})

test.runIf(process.platform === 'linux')(
  'a process has less of its file mapped afterwards, and works as before',
  () => {
    const source = join(import.meta.dirname, '../../agent/src/resident-pages.ts')
    const program = `
      import { readFileSync } from 'node:fs'
      import { createHash } from 'node:crypto'
      import { releasePages } from '${source}'
      const mappedKib = () => Number(/RssFile:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
      const work = () => createHash('sha256').update(JSON.stringify(Object.keys(process.versions))).digest('hex')
      const before = { mapped: mappedKib(), work: work() }
      const released = await releasePages()
      console.log(JSON.stringify({ before, released, after: { mapped: mappedKib(), work: work() } }))`
    const args = ['--input-type=module', '--eval', program]
    const said = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
    expect(said.after.work).toBe(said.before.work)
    expect(said.released).toBeGreaterThan(10 * 1024 * 1024)
    expect(said.after.mapped).toBeLessThan(said.before.mapped / 2)
  },
)

test('it is done a minute after the start and every hour, until it is cancelled', () => {
  const clock = new FakeClock()
  const timer = releasePagesFromTimeToTime(clock, silentLogger)
  clock.advance(60_000)
  expect(clock.pendingTimers()).toBe(1)
  clock.advance(3_600_000)
  expect(clock.pendingTimers()).toBe(1)
  timer.cancel()
  expect(clock.pendingTimers()).toBe(0)
})
