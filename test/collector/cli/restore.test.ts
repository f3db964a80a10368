/**
 * R1 to R5: what a restore makes of a backup, what it refuses, and that a crash at any step of it
 * leaves one ledger or the other.
 */
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ALGORITHM_ED25519, keyPairFromSeed } from '@yiben/shared'
import { beforeEach, describe, expect, test } from 'vitest'
import { checkpointText, ledgerSigner } from '../../../collector/src/journal/checkpoint.ts'
import { decodeEntry } from '../../../collector/src/journal/entry.ts'
import { parseCheckpoint } from '../../../collector/src/journal/verify-checkpoint.ts'
import { parseNote } from '../../../collector/src/journal/verify-note.ts'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import { openServingStore } from '../../../collector/src/storage/open.ts'
import { chooseDriver, openConnection } from '../../../collector/src/storage/sqlite/driver.ts'
import { runProgram } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { writeIdentity } from '../journal/export-support.ts'
import { RestoreRig } from './restore-rig.ts'

/** Processes at a time: they do nothing but start and die. */
const AT_ONCE = 4

let rig: RestoreRig
beforeEach(async () => {
  rig = await RestoreRig.lived()
  await rig.backUp()
})

const sizeOf = (note: string) => parseCheckpoint(parseNote(note)?.text ?? '')?.size ?? null

/** All that is in the folder but what only says who has it open. */
function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(serving|commands)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(names.map((path) => [path, readFileSync(path).toString('base64')]))
}

describe('R1: a restored ledger', () => {
  test('begins a new generation with what was signed last, before anything that waited', async () => {
    await rig.withStore((store) => rig.putSite(store))
    const waiting = join(tempDir(), 'waiting.sqlite')
    await rig.backUp(waiting)
    await rig.live(2)
    const lastNote = rig.note
    rig.clock.advance(60_000)
    const told = await rig.restore({ replace: true }, waiting)
    expect(told).toMatchObject({
      generation: Math.floor(rig.clock.wallMs() / 1_000),
      previous_generation: 1,
      entries: 4,
      last_checkpoint: { generation: 1, size: 7 },
    })
    await rig.withStore(async (store) => {
      await rig.sign(store)
      const entries = await store.readJournal(0, 100)
      expect(entries.map(({ kind }) => kind).slice(4)).toEqual(['ledger_opened', 'site_changed'])
      expect(new Set(entries.slice(4).map(({ generation }) => generation))).toEqual(
        new Set([told.generation]),
      )
      const opening = decodeEntry(entries[4]?.bytes ?? new Uint8Array())
      expect(opening?.payload).toMatchObject({
        generation: told.generation,
        previous_checkpoint: lastNote,
      })
    })
    expect(rig.note.split('\n', 1)[0]).toMatch(new RegExp(`/${told.generation}$`))
    expect(sizeOf(rig.note)).toBe(6)
  })

  test('names the note it is given where that is newer than all it finds', async () => {
    await rig.live(4)
    const given = join(tempDir(), 'last.note')
    writeFileSync(given, rig.note)
    const elsewhere = new RestoreRig()
    cpSync(join(rig.folder, 'identity.key'), join(elsewhere.folder, 'identity.key'))
    const told = await elsewhere.restore({ lastNote: given }, rig.backup)
    expect(told).toMatchObject({ last_checkpoint: { generation: 1, size: 8 }, replaced: null })
  })

  test('that nobody has signed anything of names its own entries, signed', async () => {
    const db = new DatabaseSync(rig.backup)
    db.exec('DELETE FROM checkpoints; DELETE FROM tree_nodes')
    db.close()
    const elsewhere = new RestoreRig()
    cpSync(join(rig.folder, 'identity.key'), join(elsewhere.folder, 'identity.key'))
    const told = await elsewhere.restore({}, rig.backup)
    expect(told.last_checkpoint).toEqual({ generation: 1, size: 4 })
    const note = await elsewhere.withStore(async (store) => {
      const [waiting] = await store.readOutbox(1)
      return waiting?.payload.previous_checkpoint
    })
    // The ledger that was lost has signed the same root of so many.
    expect(note).toBe(rig.note)
  })

  test('is recovering, and takes any join state once', async () => {
    await rig.restore({ replace: true })
    await rig.withStore(async (store) => {
      expect(await store.isRecovering()).toBe(true)
      const entry = { kind: 'recovery_ended', atMs: 0, payload: { by: 'test' } } as const
      expect(await store.endRecovery([entry])).toEqual({ status: 'ended' })
      expect(await store.endRecovery([entry])).toEqual({ status: 'not_recovering' })
      expect(await store.isRecovering()).toBe(false)
      const waiting = await store.readOutbox(10)
      expect(waiting.filter(({ kind }) => kind === 'recovery_ended')).toHaveLength(1)
    })
  })
})

describe('R2: no size of a log has two roots', () => {
  test('however often and wherever a backup is restored', async () => {
    const roots = new Map<string, string>()
    const folders = [rig.folder, tempDir(), tempDir()]
    for (const [at, folder] of [...folders, rig.folder].entries()) {
      const one = new RestoreRig(folder)
      one.clock.advance(1_000 * (at + 1))
      if (!existsSync(join(folder, 'identity.key'))) writeIdentity(folder, 1, 7)
      await one.restore({ replace: true }, rig.backup)
      await one.withStore((store) => one.sign(store))
      const before = one.note
      await one.live(at + 1)
      for (const note of [before, one.note]) {
        const [origin = '', size = '', root = ''] = note.split('\n')
        expect(roots.get(`${origin} ${size}`) ?? root).toBe(root)
        roots.set(`${origin} ${size}`, root)
      }
    }
    expect(roots.size).toBe(8)
  })

  test('and the ledger that was set aside signs nothing in its old place', async () => {
    const { replaced } = await rig.restore({ replace: true })
    await rig.withStore((store) => rig.sign(store))
    const note = rig.note
    rmSync(rig.path)
    cpSync(join(replaced, 'ledger.sqlite'), rig.path)
    await rig.live(1)
    expect(rig.note).toBe(note)
  })
})

describe('R4: refused, with nothing changed:', () => {
  const broken = (file: string, sql: string) => {
    const db = new DatabaseSync(file)
    db.exec('PRAGMA foreign_keys = OFF')
    db.exec(sql)
    db.close()
  }
  const cases: readonly (readonly [string, (rig: RestoreRig) => void, RegExp])[] = [
    ['a backup that is not there', ({ backup }) => rmSync(backup), /not_found|no backup/],
    ['no ledger', ({ backup }) => truncateSync(backup, 0), /no ledger/],
    ['no database', ({ backup }) => writeFileSync(backup, 'hello'.repeat(2_000)), /not a SQLite/],
    [
      'another database',
      ({ backup }) => {
        rmSync(backup)
        broken(backup, 'CREATE TABLE x (y); PRAGMA user_version = 3')
      },
      /not a ledger/,
    ],
    [
      'a backup that is cut short',
      ({ backup }) => truncateSync(backup, statSync(backup).size / 2),
      /cannot be restored/,
    ],
    [
      'a backup with a row that names nothing',
      ({ backup }) => broken(backup, `INSERT INTO declared VALUES ('no', 'm', 0, 1, 1, 'x', 'y')`),
      /names another/,
    ],
    ['a newer format', ({ backup }) => broken(backup, 'PRAGMA user_version = 999'), /format 999/],
    [
      'a file that was copied while it was written',
      ({ backup }) => appendFileSync(`${backup}-wal`, 'x'),
      /holds the rest/,
    ],
    [
      'an entry that was damaged',
      ({ backup }) =>
        broken(backup, `UPDATE journal SET bytes = CAST(bytes || ' ' AS BLOB) WHERE seq = 3`),
      /entry 3/,
    ],
    [
      'an entry that was changed',
      ({ backup }) =>
        broken(backup, `UPDATE journal SET bytes = CAST('{"seq":3}' AS BLOB) WHERE seq = 3`),
      /entry 3/,
    ],
    [
      'entries that end sooner than what they were signed with, and go on otherwise',
      (one) => {
        const signer = ledgerSigner(
          { origin: originOf(one.note), generation: 1 as LedgerGeneration },
          keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7)),
        )
        const root = new Uint8Array(32)
        const text = checkpointText({ origin: signer.name, size: 3, root })
        writeFileSync(join(one.folder, 'checkpoint.note'), signer.sign(text))
      },
      /other entries up to 3/,
    ],
    [
      'another key',
      ({ folder }) => writeIdentity(folder, ALGORITHM_ED25519, 9),
      /not the key that this backup/,
    ],
    ['no key', ({ folder }) => rmSync(join(folder, 'identity.key')), /identity\.key/],
  ]

  test.each(cases)('%s', async (_name, spoil, sentence) => {
    spoil(rig)
    const before = contentOf(rig.folder)
    await expect(rig.restore({ replace: true })).rejects.toThrow(sentence)
    expect(contentOf(rig.folder)).toEqual(before)
  })

  const notes: readonly (readonly [string, (note: string) => string, RegExp])[] = [
    ['is no note', () => 'hello\n', /is no checkpoint/],
    ['was signed by somebody else', (note) => note.replace(/ [^ ]*$/, ' AAAAAAA=\n'), /not signed/],
    ['is of another ledger', (note) => resigned(note), /another ledger/],
  ]
  test.each(notes)('a last note that %s', async (_name, spoil, sentence) => {
    const lastNote = join(tempDir(), 'last.note')
    writeFileSync(lastNote, spoil(rig.note))
    const before = contentOf(rig.folder)
    await expect(rig.restore({ replace: true, lastNote })).rejects.toThrow(sentence)
    expect(contentOf(rig.folder)).toEqual(before)
  })

  test('a folder with a ledger, unless it may be replaced; the ledger itself', async () => {
    const before = contentOf(rig.folder)
    await expect(rig.restore()).rejects.toThrow('--replace')
    await expect(rig.restore({ replace: true }, rig.path)).rejects.toThrow('in place')
    expect(contentOf(rig.folder)).toEqual(before)
  })

  test('while a collector serves or a command has the ledger open', async () => {
    const { clock, random, folder: dataDir } = rig
    const serving = await openServingStore({ dataDir, clock, random })
    await expect(rig.restore({ replace: true })).rejects.toThrow('is serving this ledger')
    await serving.close()
    await rig.withStore(async () => {
      await expect(rig.restore({ replace: true })).rejects.toThrow('A command has this ledger open')
    })
    const options = { driver: chooseDriver(), isReader: false, synchronous: 'FULL' } as const
    const other = openConnection({ path: rig.path, ...options })
    other.exec('BEGIN')
    other.get('SELECT * FROM ledger')
    await expect(rig.restore({ replace: true })).rejects.toMatchObject({ code: 'disk_locked' })
    other.close()
    await rig.restore({ replace: true })
  })
})

describe('R5: a ledger that was lost', () => {
  test.each(['identity.key', 'checkpoint.note', 'ledger.sqlite.restoring'])(
    'is not begun anew where there is still its %s',
    async (trace) => {
      const { clock, random } = rig
      const dataDir = tempDir()
      writeFileSync(join(dataDir, trace), 'x', { mode: 0o600 })
      await expect(openServingStore({ dataDir, clock, random })).rejects.toMatchObject({
        code: 'state_missing',
      })
      expect(readdirSync(dataDir)).toEqual([trace])
    },
  )
})

describe('R3: a restore', () => {
  test('sets what was there aside, whole, and never deletes it', async () => {
    await rig.live(1)
    const sites = await rig.withStore((store) => store.listSites({ regions: 'all', sites: 'all' }))
    const { replaced } = await rig.restore({ replace: true })
    const old = new RestoreRig(replaced)
    expect(
      await old.withStore((store) => store.listSites({ regions: 'all', sites: 'all' })),
    ).toEqual(sites)
    await expect(rig.withStore((store) => store.ledgerState())).resolves.toMatchObject({
      generation: Math.floor(rig.clock.wallMs() / 1_000),
    })
  })

  test('takes the place of a damaged ledger, its log with it', async () => {
    truncateSync(rig.path, 5_000)
    writeFileSync(`${rig.path}-wal`, 'what was left of a log')
    const { replaced } = await rig.restore({ replace: true })
    expect(readdirSync(replaced)).toEqual(
      expect.arrayContaining(['ledger.sqlite', 'ledger.sqlite-wal']),
    )
    await rig.withStore((store) => rig.sign(store))
  })

  test('does not take the log of a ledger that somebody has deleted for its own', async () => {
    const db = new DatabaseSync(rig.path)
    db.exec(`PRAGMA journal_mode = WAL; CREATE TABLE x (y); PRAGMA wal_autocheckpoint = 0`)
    db.exec(`INSERT INTO x VALUES (1)`)
    const log = readFileSync(`${rig.path}-wal`)
    db.close()
    rmSync(rig.path)
    writeFileSync(`${rig.path}-wal`, log)
    const { replaced } = await rig.restore()
    expect(readFileSync(join(replaced, 'ledger.sqlite-wal'))).toEqual(log)
    const restored = new DatabaseSync(rig.path)
    expect(restored.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'x'`).get()).toBeUndefined()
    restored.close()
  })

  test('takes over from a folder of another ledger, and signs', async () => {
    const other = await RestoreRig.lived(4)
    await other.live(5)
    await other.restore({ replace: true }, rig.backup)
    await other.withStore((store) => other.sign(store))
    expect(other.note.split('/')[1]).toBe(rig.note.split('/')[1])
    expect(existsSync(join(other.folder, 'checkpoint-replaced.note'))).toBe(true)
  })

  test('killed at any step leaves the old ledger or the new one, and the next one ends it', async () => {
    await rig.live(1)
    const steps = Number((await killedAt(rig.folder, Number.MAX_SAFE_INTEGER)).stdout)
    expect(steps).toBeGreaterThan(10)
    await rig.restore({ replace: true }, join(asideIn(rig.folder), 'ledger.sqlite'))
    const seen = new Set<string>()
    const all = Array.from({ length: steps }, (_, step) => step + 1)
    for (let first = 0; first < steps; first += AT_ONCE) {
      const some = all.slice(first, first + AT_ONCE)
      for (const which of await Promise.all(some.map(leftBy))) seen.add(which)
    }
    expect([...seen].sort()).toEqual(['new', 'old'])
  }, 120_000)

  async function leftBy(step: number): Promise<'old' | 'new'> {
    const folder = tempDir()
    cpSync(rig.folder, folder, { recursive: true })
    const start = readdirSync(folder).filter((name) => name.startsWith('replaced-')).length
    const one = new RestoreRig(folder)
    const { generation: old } = await one.withStore((store) => store.ledgerState())
    const { exitCode, stderr } = await killedAt(folder, step)
    expect([step, exitCode, stderr]).toEqual([step, null, ''])
    const { generation } = await one.withStore((store) => store.ledgerState())
    const isOld = generation === old
    expect(readdirSync(folder).filter((name) => /-(wal|shm)$/.test(name))).toEqual([])
    await one.withStore(async (store) => {
      const sites = await store.listSites({ regions: 'all', sites: 'all' })
      expect([step, sites.length]).toEqual([step, isOld ? 4 : 3])
      await one.sign(store)
    })
    one.clock.advance(60_000)
    await one.restore({ replace: true }, rig.backup)
    await one.withStore((store) => one.sign(store))
    const names = readdirSync(folder)
    expect(names.filter((name) => /partial|restoring/.test(name))).toEqual([])
    const asides = names.filter((name) => name.startsWith('replaced-'))
    expect([step, asides.length]).toEqual([step, start + (isOld ? 1 : 2)])
    return isOld ? 'old' : 'new'
  }

  function killedAt(folder: string, step: number) {
    const args = [folder, rig.backup, `${step}`]
    return runProgram({ script: 'test/support/restore-killed.ts', args })
  }
})

function asideIn(folder: string): string {
  const name = readdirSync(folder).find((one) => one.startsWith('replaced-'))
  return join(folder, name ?? 'there is none')
}

function originOf(note: string): string {
  return note.split('/')[1] ?? ''
}

/** By the same key, of a ledger of its own. */
function resigned(note: string): string {
  const signer = ledgerSigner(
    { origin: 'ff'.repeat(16), generation: 1 as LedgerGeneration },
    keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7)),
  )
  const size = sizeOf(note) ?? 1
  return signer.sign(checkpointText({ origin: signer.name, size, root: new Uint8Array(32) }))
}
