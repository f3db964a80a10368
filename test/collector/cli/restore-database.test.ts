/**
 * R1 and R2 of a ledger in PostgreSQL: what begins anew in a database that was put back from an older
 * copy, what is refused, and that nobody serves such a copy as if nothing had happened.
 */
import { ALGORITHM_ED25519, keyPairFromSeed } from '@yiben/shared'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { refuseOlderCopy } from '../../../collector/src/cli/older-copy.ts'
import { decodeEntry } from '../../../collector/src/journal/entry.ts'
import {
  openPostgresStore,
  type PostgresStore,
} from '../../../collector/src/storage/postgres/store.ts'
import { copyOfDatabase, dropDatabase, emptyDatabase, statement } from '../../support/postgres.ts'
import { memberOn, POSTGRES_LEDGER } from '../../support/postgres-store.ts'
import { type Finished, runProgram } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { writeIdentity } from '../journal/export-support.ts'
import { RestoreRig } from './restore-rig.ts'

/** The key that `RestoreRig` signs with. */
const KEY_SEED = 7

/** Served, three sites, all signed but a fourth; and what became of it since. */
let rig: RestoreRig
let copy: string
let newest: string

beforeEach(async () => {
  rig = new RestoreRig()
  writeIdentity(rig.folder, ALGORITHM_ED25519, KEY_SEED)
  const { publicKey } = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(KEY_SEED))
  newest = owned(await emptyDatabase())
  await withStore(newest, async (store) => {
    for (let site = 0; site < 3; site += 1) await rig.putSite(store)
    await rig.sign(store)
    await rig.putSite(store)
  })
  const member = await memberOn(newest, 'of-then', { publicKey: null, make: () => publicKey })
  await member.lead(null)
  await member.close()
  copy = owned(await copyOfDatabase(newest))
  await withStore(newest, async (store) => {
    await rig.putSite(store)
    await rig.sign(store)
  })
})

function owned(url: string): string {
  onTestFinished(() => dropDatabase(url))
  return url
}

async function withStore<Result>(
  url: string,
  use: (store: PostgresStore) => Promise<Result>,
): Promise<Result> {
  const store = await openPostgresStore({ url, newLedger: POSTGRES_LEDGER, writers: 1, readers: 1 })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

function run(url: string, args: readonly string[], folder = rig.folder): Promise<Finished> {
  const env = { YIBEN_COLLECTOR_DATA_DIR: folder, YIBEN_COLLECTOR_STORAGE_URL: url }
  return runProgram({ script: 'collector/src/main.ts', args, env }, 60_000)
}

const restore = ['restore', '--generation', '--json']

describe('a database that was put back', () => {
  test('begins a new generation with what was signed last, before anything that waited', async () => {
    const lastNote = rig.note
    const done = await run(copy, restore)
    expect(done.exitCode, done.stderr).toBe(0)
    const told = JSON.parse(done.stdout)
    expect(told).toMatchObject({
      previous_generation: 1,
      entries: 4,
      last_checkpoint: { generation: 1, size: 6 },
    })
    await withStore(copy, async (store) => {
      expect((await store.ledgerState()).generation).toBe(told.generation)
      expect(await store.isRecovering()).toBe(true)
      await rig.sign(store)
      const entries = await store.readJournal(4, 100)
      expect(entries.map(({ kind }) => kind)).toEqual(['ledger_opened', 'site_changed'])
      expect(new Set(entries.map(({ generation }) => generation))).toEqual(
        new Set([told.generation]),
      )
      const opening = decodeEntry(entries[0]?.bytes ?? new Uint8Array())
      expect(opening?.payload).toMatchObject({ previous_checkpoint: lastNote })
    })
    expect(rig.note.split('\n', 1)[0]).toMatch(new RegExp(`/${told.generation}$`))
    expect(await statement(copy, 'SELECT instance FROM collectors')).toEqual([])
  }, 60_000)

  test('is not served as it is: what was granted since is not known to it', async () => {
    const refused = await run(copy, ['serve', '--port', '0'])
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringContaining('it is an older copy'),
    ])
  }, 60_000)
})

describe('nothing begins, and nothing is changed', () => {
  test.each<{ name: string; said: RegExp; spoil: () => Promise<string | undefined> }>([
    {
      name: 'while anybody is connected to the database',
      said: /disk_locked: 1 other connections/,
      spoil: async () => {
        await memberOn(copy, 'there')
        return undefined
      },
    },
    {
      name: 'with the key of another collector',
      said: /state_missing: .*another identity\.key/,
      spoil: async () => {
        const folder = tempDir()
        writeIdentity(folder, ALGORITHM_ED25519, 8)
        return folder
      },
    },
    {
      name: 'without a key',
      said: /state_missing: put identity\.key/,
      spoil: async () => tempDir(),
    },
    {
      name: 'where an entry is not what was numbered',
      said: /verification_failed: entry 2 /,
      spoil: async () => {
        await statement(copy, 'UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 2')
        await statement(
          copy,
          'UPDATE journal SET bytes = (SELECT bytes FROM journal WHERE seq = 3) WHERE seq = 2',
        )
        return undefined
      },
    },
  ])(
    '$name',
    async ({ said, spoil }) => {
      const folder = await spoil()
      const refused = await run(copy, restore, folder)
      expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringMatching(said)])
      expect(await statement(copy, 'SELECT generation::int AS generation FROM ledger')).toEqual([
        { generation: 1 },
      ])
      expect(await statement(copy, 'SELECT kind FROM outbox')).toEqual([{ kind: 'site_changed' }])
    },
    60_000,
  )

  test('where nothing was put back yet, and no table is made', async () => {
    const empty = owned(await emptyDatabase())
    const refused = await run(empty, restore)
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/state_missing: there is no ledger/),
    ])
    const tables = "SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = 'public'"
    expect(await statement(empty, tables)).toEqual([{ tables: 0 }])
  }, 60_000)
})

test('a copy is older by what was signed of the ledger itself, and by nothing else', async () => {
  await withStore(newest, async (store) => {
    const ledger = await store.ledgerState()
    const head = await store.journalHead()
    const holding = (seq: number) => ({ journalHead: async () => ({ ...head, seq }) })
    const older = (note: string | null, of = ledger, seq = head.seq) =>
      refuseOlderCopy(note, of, holding(seq)).then(
        () => false,
        ({ code }) => code === 'conflict',
      )
    const { generation } = ledger
    expect(await older(null)).toBe(false)
    expect(await older('no note')).toBe(false)
    expect(await older(rig.note)).toBe(false)
    expect(await older(rig.note, ledger, head.seq - 1)).toBe(true)
    expect(await older(rig.note, { ...ledger, origin: 'another' }, 0)).toBe(false)
    // Begun anew since.
    const next = { ...ledger, generation: (generation + 1) as typeof generation }
    expect(await older(rig.note, next, 0)).toBe(false)
  })
})
