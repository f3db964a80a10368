/** `migrate` as people run it: a process, killed in the middle, run again; then a ledger elsewhere. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { makeLedger } from '../../../scripts/bench/support/made-up-ledger.ts'
import { dropDatabase, emptyDatabase, OwnServer, statement } from '../../support/postgres.ts'
import { type Finished, Program, runProgram, until } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { writeIdentity } from '../journal/export-support.ts'
import { livedFolder } from '../storage/move/support.ts'

const SCRIPT = 'collector/src/main.ts'
/** Instants at which a move is killed: by what its connection was asked last. */
const MOMENTS = ['INSERT INTO runs', 'FETCH FORWARD'] as const

async function database(): Promise<string> {
  const url = await emptyDatabase()
  onTestFinished(() => dropDatabase(url))
  return url
}

function run(dataDir: string, args: readonly string[], url = ''): Promise<Finished> {
  const env = { YIBEN_COLLECTOR_DATA_DIR: dataDir, YIBEN_COLLECTOR_STORAGE_URL: url }
  return runProgram({ script: SCRIPT, args, env })
}

function migrate(dataDir: string, url: string): readonly string[] {
  return ['migrate', '--from', 'sqlite', '--to', url, '--data-dir', dataDir]
}

test('the ledger is asked in the database as it was in its file, which is a ledger no more', async () => {
  const folder = await livedFolder()
  const url = await database()
  const at = '2026-03-01T08:30:00Z'
  const ask = ['ledger', '--json', '--as-of', at, '--known-at', '2026-03-02']
  const before = await run(folder, ask)
  expect(before.exitCode, before.stderr).toBe(0)

  // An address alone does not begin another ledger beside it.
  const early = await run(folder, ['site', 'list'], url)
  expect([early.exitCode, early.stderr]).toEqual([1, expect.stringContaining('run `migrate')])

  // The address of the database holds a password: it may stand in the configuration alone.
  const moved = await run(folder, ['migrate', '--from', 'sqlite', '--json'], url)
  expect(moved.exitCode, moved.stderr).toBe(0)
  const { pathname } = new URL(url)
  expect(JSON.parse(moved.stdout)).toMatchObject({
    status: 'moved',
    to: expect.stringContaining(pathname),
    root: expect.stringMatching(/^[0-9a-f]{64}$/),
  })

  const after = await run(folder, ask, url)
  expect(after.exitCode, after.stderr).toBe(0)
  expect(JSON.parse(after.stdout)).toEqual(JSON.parse(before.stdout))
  for (const args of [['site', 'list'], ['serve', '--port', '0'], migrate(folder, url)]) {
    const refused = await run(folder, args)
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain(`was moved to`)
    expect(refused.stderr).toContain(pathname)
  }
}, 90_000)

test('what the file held can be restored from a copy of it, as a new generation', async () => {
  const folder = await livedFolder()
  const moved = await run(folder, migrate(folder, await database()))
  expect(moved.exitCode, moved.stderr).toBe(0)
  const copy = join(tempDir(), 'copy.sqlite')
  cpSync(join(folder, 'ledger.sqlite'), copy)
  const restored = await run(folder, ['restore', copy, '--replace', '--json'])
  expect(restored.exitCode, restored.stderr).toBe(0)
  expect(JSON.parse(restored.stdout)).toMatchObject({ previous_generation: 1 })
  expect((await run(folder, ['site', 'list'])).exitCode).toBe(0)
}, 90_000)

/** A data folder with a ledger that takes some seconds to move, and how many runs it has. */
async function largeFolder(): Promise<{ readonly folder: string; readonly runs: number }> {
  const folder = tempDir()
  const path = join(folder, 'ledger.sqlite')
  await makeLedger({ path, cards: 480, days: 3, changesPerDay: 24, seed: 1 })
  writeIdentity(folder, 1, 7)
  const file = new DatabaseSync(path, { readOnly: true })
  const row = file.prepare('SELECT count(*) AS runs FROM runs').get()
  file.close()
  return { folder, runs: Number(row?.runs) }
}

/** Connections of ours that are as the condition says. */
async function connections(url: string, condition: string): Promise<number> {
  const rows = await statement(
    url,
    `SELECT 1 FROM pg_stat_activity WHERE application_name = 'yiben-collector'
       AND datname = current_database() AND ${condition}`,
  )
  return rows.length
}

async function startedMove(folder: string, url: string, condition: string): Promise<Program> {
  const program = new Program({ script: SCRIPT, args: migrate(folder, url) })
  await until(`the move has come to ${condition}`, async () => {
    if (!program.isRunning) throw new Error(`it has ended: ${program.output}`)
    return (await connections(url, condition)) > 0 ? true : null
  })
  return program
}

async function gone(url: string): Promise<void> {
  await until('its connection is gone', async () =>
    (await connections(url, 'true')) === 0 ? true : null,
  )
}

test('a move that is killed in the middle leaves both as they were, and may be run again', async () => {
  const { folder, runs } = await largeFolder()
  const url = await database()
  const count = 'SELECT count(*)::int AS runs FROM runs'
  for (const moment of MOMENTS) {
    const program = await startedMove(folder, url, `query LIKE '%${moment}%'`)
    await program.kill()
    await gone(url)
    expect(await statement(url, count)).toEqual([{ runs: 0 }])
    expect((await run(folder, ['site', 'list'])).exitCode).toBe(0)
    // Nobody takes what is there for a ledger of this collector.
    const served = await run(folder, ['serve', '--port', '0'], url)
    expect(served.exitCode).toBe(1)
    expect(served.stderr).toContain('run `migrate --from sqlite`')
  }
  const moved = await run(folder, migrate(folder, url))
  expect(moved.exitCode, moved.stderr).toBe(0)
  expect(await statement(url, count)).toEqual([{ runs }])
}, 90_000)

test('killed while the database commits, it is found out where the ledger is', async () => {
  const folder = await livedFolder()
  const server = await OwnServer.start()
  onTestFinished(() => server.remove())
  await statement(server.url('postgres'), 'CREATE DATABASE ledger')
  const url = server.url('ledger')
  // Makes its tables.
  expect((await run(tempDir(), ['site', 'list'], url)).exitCode).toBe(0)
  // A commit waits for a standby that is not there.
  await statement(url, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
  await statement(url, 'SELECT pg_reload_conf()')
  const program = await startedMove(folder, url, "wait_event = 'SyncRep'")
  await program.kill()
  const refused = await run(folder, ['serve', '--port', '0'])
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('run `migrate` once more')
  // It cannot be told yet: the file stays closed.
  expect((await run(folder, migrate(folder, url))).exitCode).toBe(1)
  expect((await run(folder, ['site', 'list'])).stderr).toContain('run `migrate` once more')

  await statement(url, 'ALTER SYSTEM RESET synchronous_standby_names')
  await statement(url, 'SELECT pg_reload_conf()')
  const again = await run(folder, [...migrate(folder, url), '--json'])
  expect(again.exitCode, again.stderr).toBe(0)
  expect(JSON.parse(again.stdout)).toMatchObject({ status: 'was_moved' })
  expect((await run(folder, ['site', 'list'])).stderr).toContain('was moved to')
  const found = await run(folder, ['site', 'list', '--json'], url)
  expect(JSON.parse(found.stdout)).toMatchObject({ length: 1 })
}, 90_000)

test.each([
  [['--from', 'files', '--to', 'postgresql://host/db'], '--from'],
  [['--from', 'sqlite', '--to', 'mysql://host/db'], '--to'],
  [['--from', 'sqlite'], '--to'],
])('wrong usage is named: %j', async (args, word) => {
  const { exitCode, stderr } = await run(tempDir(), ['migrate', ...args])
  expect(exitCode).toBe(2)
  expect(stderr).toContain(word)
})
