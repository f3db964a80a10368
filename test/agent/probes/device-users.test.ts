/** Processes of a card by the device nodes they hold: whole lists or none. */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type CardDevice, sparseCard } from '../../../agent/src/probes/card.ts'
import { withDeviceUsers } from '../../../agent/src/probes/device-users.ts'
import { putFile } from '../../support/plug-card.ts'
import { tempDir } from '../../support/temp-dir.ts'

const CARDS = [sparseCard(0), sparseCard(1)]
const fileOf = ({ index }: CardDevice) => `/dev/gcu${index}`

interface Process {
  readonly command?: string
  readonly links?: readonly string[]
}

/** A `/proc` with these processes; the first one of a machine is always there. */
function machine(processes: Readonly<Record<number, Process>>): string {
  const root = tempDir()
  const all: Readonly<Record<number, Process>> = { 1: { command: 'systemd' }, ...processes }
  for (const [pid, { command = 'python3', links = [] }] of Object.entries(all)) {
    putFile(root, `proc/${pid}/comm`, `${command}\n`)
    mkdirSync(join(root, `proc/${pid}/fd`))
    for (const [at, target] of links.entries()) {
      symlinkSync(target, join(root, `proc/${pid}/fd/${at}`))
    }
  }
  return root
}

async function pidsPerCard(rootPrefix: string, watchers = new Set<string>()) {
  const devices = await withDeviceUsers(CARDS, { rootPrefix, fileOf, watchers })
  return devices.map(({ processes }) => processes?.map(({ pid }) => pid) ?? null)
}

describe('users of device nodes', () => {
  test('each card has the processes that hold its node, each once', async () => {
    const root = machine({
      7: { links: ['/dev/null', '/dev/gcu0', '/dev/gcu0', 'socket:[1]'] },
      8: { links: ['/dev/gcu0', '/dev/gcu1', '/dev/gcuctl'] },
      9: { links: ['/dev/gcu10', '/srv/dev/gcu1', 'pipe:[2]'] },
    })
    expect(await pidsPerCard(root)).toEqual([[7, 8], [8]])
  })

  test('a watcher of the maker is not a user', async () => {
    const root = machine({ 7: { command: 'gcu-exporter', links: ['/dev/gcu0'] } })
    expect(await pidsPerCard(root, new Set(['gcu-exporter']))).toEqual([[], []])
  })

  test('a node that a container knows by another name counts by its device numbers', async () => {
    const root = machine({
      7: { links: ['/dev/zero'] },
      8: { links: ['/dev/full'] },
      9: { links: ['/dev/gcu1'] },
    })
    mkdirSync(join(root, 'dev'))
    symlinkSync('/dev/zero', join(root, 'dev/gcu0'))
    expect(await pidsPerCard(root)).toEqual([[7], [9]])
    symlinkSync('/dev/random', join(root, 'dev/gcu1'))
    expect(await pidsPerCard(root)).toEqual([[7], []])
  })

  test('a process that ends during the pass hides nobody', async () => {
    const root = machine({ 7: {}, 8: { links: ['/dev/gcu1'] } })
    rmSync(join(root, 'proc/7/fd'), { recursive: true })
    expect(await pidsPerCard(root)).toEqual([[], [8]])
  })

  test.each([
    {
      name: 'a process that may not be looked into',
      damage: (root: string) => {
        // What is no folder fails as what may not be read does; root may read everything.
        rmSync(join(root, 'proc/7/fd'), { recursive: true })
        putFile(root, 'proc/7/fd')
      },
    },
    {
      name: 'a link that may not be read',
      damage: (root: string) => putFile(root, 'proc/7/fd/9'),
    },
    {
      name: 'processes that are hidden',
      damage: (root: string) => rmSync(join(root, 'proc/1'), { recursive: true }),
    },
    {
      name: 'no /proc at all',
      damage: (root: string) => rmSync(join(root, 'proc'), { recursive: true }),
    },
  ])('$name: no list at all, never a part of one', async ({ damage }) => {
    const root = machine({ 7: {}, 8: { links: ['/dev/gcu1'] } })
    damage(root)
    expect(await pidsPerCard(root)).toEqual([null, null])
  })

  test('past the bound of reads there is no list', async () => {
    const root = machine({ 7: { links: ['/dev/gcu0'] } })
    const folder = join(root, 'proc/7/fd')
    for (let at = 1; at < 1_000; at += 1) symlinkSync('/dev/null', join(folder, `${at}`))
    // One folder of a thousand links stands in for those of many processes.
    for (let pid = 100; pid < 170; pid += 1) symlinkSync('7', join(root, `proc/${pid}`))
    expect(await pidsPerCard(root)).toEqual([null, null])
  })

  test('a card without a known node has no list; without any the pass is not made', async () => {
    const root = machine({ 7: { links: ['/dev/gcu1'] } })
    const devices = await withDeviceUsers(CARDS, {
      rootPrefix: root,
      fileOf: (device) => (device.index === 0 ? null : fileOf(device)),
    })
    expect(devices.map(({ processes }) => processes)).toEqual([
      null,
      [{ pid: 7, name: null, memory_mib: null }],
    ])
    const unknown = await withDeviceUsers(CARDS, { rootPrefix: '/nowhere', fileOf: () => null })
    expect(unknown.map(({ processes }) => processes)).toEqual([null, null])
  })
})
