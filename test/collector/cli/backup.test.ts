/** Backups by a timer: into a folder, looked at, the newest of them kept, loud when they fail. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readBackupNote } from '../../../collector/src/backup-note.ts'
import { runBackup } from '../../../collector/src/cli/backup.ts'
import { loadConfig } from '../../../collector/src/config.ts'
import { checkCopy } from '../../../collector/src/storage/sqlite/backup.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { RestoreRig } from './restore-rig.ts'

const DAY_MS = 86_400_000
const NO_NETWORK = { dial: () => Promise.reject(new Error('nobody is dialled')) }

async function scheduled(flags: Readonly<Record<string, string>> = {}) {
  const rig = await RestoreRig.lived()
  const folder = join(tempDir(), 'backups')
  mkdirSync(folder)
  const config = loadConfig({
    file: null,
    env: {},
    flags: { data_dir: rig.folder, 'backup.dir': folder, ...flags },
  })
  const world = { clock: rig.clock, random: rig.random, network: NO_NETWORK }
  const backUp = (file?: string) => runBackup({ config, world, json: false }, file)
  return { rig, folder, backUp, names: () => readdirSync(folder).sort() }
}

describe('a ledger in PostgreSQL', () => {
  const storage = { 'storage.url': 'postgresql://nobody@127.0.0.1:1/ledger' }

  test('is not copied by the timer, which says what does it and does not fail', async () => {
    const { backUp, names } = await scheduled(storage)
    expect(await backUp()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^nothing is copied: .*PostgreSQL.*backup\.md/),
    })
    expect(names()).toEqual([])
  })

  test('is not begun beside one in the folder that was never moved', async () => {
    const { rig, folder, backUp } = await scheduled(storage)
    await expect(backUp(join(folder, 'mine.sqlite'))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/never moved there: run `migrate --from sqlite`/),
    })
    // Taken away, it is in nobody's way: the database is asked.
    renameSync(join(rig.folder, 'ledger.sqlite'), join(folder, 'elsewhere.sqlite'))
    await expect(backUp(join(folder, 'mine.sqlite'))).rejects.toMatchObject({
      code: expect.not.stringMatching('conflict'),
    })
  })
})

describe('a backup without a file', () => {
  test('gets a name with its time, is whole, for its owner alone, and noted', async () => {
    const { rig, folder, backUp, names } = await scheduled()
    const { exitCode, stdout } = await backUp()
    const stamp = new Date(rig.clock.wallMs()).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
    expect([exitCode, names()]).toEqual([0, [`yiben-${stamp}.sqlite`]])
    const file = join(folder, `yiben-${stamp}.sqlite`)
    expect(stdout).toBe(`${file}: ${statSync(file).size} bytes\n`)
    expect(checkCopy(file)).toBeGreaterThan(10)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readBackupNote(rig.folder)).toMatchObject({ atMs: rig.clock.wallMs() })
    expect((await rig.restore({ replace: true }, file)).entries).toBe(4)
  })

  test('leaves the newest, and what is none of its own', async () => {
    const { rig, folder, backUp, names } = await scheduled({ 'backup.keep': '3' })
    writeFileSync(join(folder, 'yiben-by-hand.sqlite'), 'mine')
    writeFileSync(join(folder, 'yiben-20200101T000000Z.sqlite.partial'), 'half')
    for (let day = 0; day < 5; day += 1) {
      await backUp()
      rig.clock.advance(DAY_MS)
    }
    const kept = names()
    expect(kept).toHaveLength(4)
    expect(kept).toContain('yiben-by-hand.sqlite')
    const newest = new Date(rig.clock.wallMs() - DAY_MS).toISOString().slice(0, 10)
    expect(kept.at(-2)).toContain(newest.replaceAll('-', ''))
  })

  test('removes nothing and notes nothing when it fails', async () => {
    const { rig, folder, backUp, names } = await scheduled({ 'backup.keep': '2' })
    for (let day = 0; day < 3; day += 1) {
      await backUp()
      rig.clock.advance(DAY_MS)
    }
    const before = [names(), readBackupNote(rig.folder)]
    writeFileSync(rig.path, 'x'.repeat(8192))
    await expect(backUp()).rejects.toMatchObject({ code: 'disk_failed' })
    expect([names(), readBackupNote(rig.folder)]).toEqual(before)
    rmSync(folder, { recursive: true })
    await expect(backUp()).rejects.toThrow(`backup.dir is ${folder}, and there is no such folder`)
  })

  test('needs a folder by name', async () => {
    const { backUp } = await scheduled({ 'backup.dir': '' })
    await expect(backUp()).rejects.toMatchObject({ code: 'usage_invalid' })
  })
})

test('a copy with a byte flipped is found out', async () => {
  const rig = await RestoreRig.lived()
  const file = await rig.backUp()
  const bytes = readFileSync(file)
  // The header of a page in the middle: any of them is walked.
  const page = bytes.readUInt16BE(16)
  bytes[Math.floor(bytes.length / page / 2) * page] = 0xff
  writeFileSync(file, bytes)
  expect(() => checkCopy(file)).toThrow(expect.objectContaining({ code: 'disk_failed' }))
  const before = readFileSync(file)
  expect(() => checkCopy(file)).toThrow()
  expect(readFileSync(file).equals(before)).toBe(true)
})
