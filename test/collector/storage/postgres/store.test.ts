/** One store on PostgreSQL: its format, who serves it, and what it says when the database fails. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { addressesOf, Pool } from '../../../../collector/src/storage/postgres/driver.ts'
import {
  type Migration,
  migrate,
  readMigrations,
} from '../../../../collector/src/storage/postgres/migrate.ts'
import { sql, written } from '../../../../collector/src/storage/postgres/sql.ts'
import {
  openPostgresStore,
  openServingStore,
} from '../../../../collector/src/storage/postgres/store.ts'
import { SCOPE_ALL } from '../../../../collector/src/storage/requests.ts'
import { Fleet, T0 } from '../../../conformance/fleet.ts'
import { dropDatabase, emptyDatabase, OwnServer, statement } from '../../../support/postgres.ts'
import {
  collectorsOnPostgres,
  heldNumbers,
  leaderOn,
  memberOn,
  POSTGRES_LEDGER as newLedger,
} from '../../../support/postgres-store.ts'

async function empty(): Promise<string> {
  const url = await emptyDatabase()
  onTestFinished(() => dropDatabase(url))
  return url
}

function poolOf(url: string): Pool {
  const pool = new Pool({ url, connections: 2 })
  onTestFinished(() => pool.close())
  return pool
}

describe('the format', () => {
  test('collectors that begin at once make one ledger', async () => {
    const url = await empty()
    const stores = await Promise.all(
      [1, 2, 3].map((number) =>
        openPostgresStore({ url, newLedger: { ...newLedger, origin: `origin-${number}` } }),
      ),
    )
    const states = await Promise.all(stores.map((store) => store.ledgerState()))
    expect(new Set(states.map(({ origin }) => origin)).size).toBe(1)
    await Promise.all(stores.map((store) => store.close()))
    expect(await statement(url, 'SELECT number FROM migrations')).toHaveLength(
      readMigrations().length,
    )
  })

  test('a database of a newer program, or of another one, is refused as it is', async () => {
    const url = await empty()
    const pool = poolOf(url)
    const all = readMigrations()
    await migrate(pool)
    await expect(migrate(pool, all.slice(1, 2))).rejects.toMatchObject({
      code: 'disk_format_newer',
    })
    const [first, ...rest] = all
    const other = [{ ...(first as Migration), sql: 'SELECT 1' }, ...rest]
    await expect(migrate(pool, other)).rejects.toMatchObject({ code: 'disk_failed' })
  })

  test('a migration that fails leaves those before it and nothing of itself', async () => {
    const url = await empty()
    const pool = poolOf(url)
    const broken = 'CREATE TABLE half (one bigint); SELECT 1 / 0'
    const all = [...readMigrations(), { number: 99, name: 'broken', sql: broken }]
    await expect(migrate(pool, all)).rejects.toThrow('division by zero')
    const tables = await statement(url, "SELECT 1 FROM pg_tables WHERE tablename = 'half'")
    expect(tables).toEqual([])
    await migrate(pool)
  })
})

test('no sequence is unlogged: a standby that takes over could not read it', async () => {
  const { url } = await collectorsOnPostgres(1)
  const unlogged = "SELECT relname FROM pg_class WHERE relkind = 'S' AND relpersistence = 'u'"
  expect(await statement(url, unlogged)).toEqual([])
})

describe('serving', () => {
  test('one process leads, others and commands come and go beside it', async () => {
    const { url } = await collectorsOnPostgres(1)
    const [one, two] = [await memberOn(url, 'one'), await memberOn(url, 'two')]
    const leading = await leaderOn(one, url)
    await leading.listSites(SCOPE_ALL)
    expect(await two.lead(null)).toBeNull()
    await leading.close()
    await (await leaderOn(two, url)).listSites(SCOPE_ALL)
  })

  test('one that was cut off and comes back after another took over is told so', async () => {
    const { url } = await collectorsOnPostgres(1)
    const deaths: Error[] = []
    const one = await memberOn(url, 'one')
    const lost = await leaderOn(one, url, (error) => deaths.push(error))
    await lost.listSites(SCOPE_ALL)
    // All its connections break, as when the network between them does.
    await statement(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'yiben-collector' AND datname = current_database()
         AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')`,
    )
    const next = await leaderOn(await memberOn(url, 'two'), url)
    await next.listSites(SCOPE_ALL)
    const late = lost.createToken({ ...accessToken, tokenId: 'late' }, [])
    await expect(late).rejects.toMatchObject({ code: 'disk_locked' })
    expect(deaths).toHaveLength(1)
    expect(await next.findToken('late')).toBeNull()
  })

  test('what one has under way that hangs is undone when another takes over', async () => {
    const { url } = await collectorsOnPostgres(1)
    const deaths: Error[] = []
    const one = await memberOn(url, 'one')
    const hanging = await leaderOn(one, url, (error) => deaths.push(error))
    const { number } = await one.beat()
    const numbers = await heldNumbers(url)
    const entry = { kind: 'token_created', atMs: T0, payload: {} } as const
    const deciding = hanging.createToken({ ...accessToken, tokenId: 'half' }, [entry])
    deciding.catch(() => {})
    await numbers.waitedFor(1)
    const two = await memberOn(url, 'two')
    // Not for the asking: only who is held to hang is ended.
    expect(await two.lead(null)).toBeNull()
    expect(await two.lead(number)).toBe(number + 1)
    numbers.letGo()
    await expect(deciding).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(hanging.ledgerState()).rejects.toMatchObject({ code: 'disk_locked' })
    expect(deaths).toHaveLength(1)
    const seen = openServingStore({ url, number: null, onDeath: () => {} })
    onTestFinished(() => seen.close())
    expect(await seen.findToken('half')).toBeNull()
  })

  test('one that does not lead decides nothing', async () => {
    const { url } = await collectorsOnPostgres(1)
    const beside = openServingStore({ url, number: null, onDeath: () => {} })
    onTestFinished(() => beside.close())
    await expect(beside.createToken(accessToken, [])).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    await expect(beside.commitDraws([])).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await beside.commitIngest([])).toEqual([])
  })

  test('a ledger and its key go on together or not at all', async () => {
    const { url } = await collectorsOnPostgres(1)
    const make = vi.fn(() => 'key-1')
    const serveAs = async (publicKey: string | null) => {
      await (await memberOn(url, `as-${publicKey}`, { publicKey, make })).close()
    }
    await expect(serveAs('key-0')).rejects.toMatchObject({ code: 'state_missing' })
    await serveAs(null)
    await serveAs('key-1')
    await expect(serveAs(null)).rejects.toMatchObject({ code: 'state_missing' })
    await expect(serveAs('key-2')).rejects.toMatchObject({ code: 'state_missing' })
    expect(make).toHaveBeenCalledTimes(1)
  })

  test('sessions of a process that is gone are over, those of the others are not', async () => {
    const { url, stores } = await collectorsOnPostgres(1)
    const [store] = stores
    if (store === undefined) throw new Error('no store')
    const fleet = new Fleet(store)
    await fleet.start('BJ-01')
    const stays = await fleet.start('BJ-02')
    await statement(
      url,
      `UPDATE sessions SET collector_instance = 'beside' WHERE node_id = '${stays.nodeId}'`,
    )
    await memberOn(url, 'beside')
    await leaderOn(await memberOn(url, 'one'), url)
    const { sessions } = await store.readQuality(SCOPE_ALL, 0)
    expect(sessions.map(({ isConnected, endedReason }) => [isConnected, endedReason])).toEqual([
      [false, 'collector_stopped'],
      [true, null],
    ])
  })
})

const accessToken = {
  tokenId: 'token-1',
  kind: 'access',
  secretHash: 'hash',
  siteCode: null,
  role: 'admin',
  regionCode: null,
  cidr: null,
  usesLeft: null,
  createdAtMs: T0,
  expiresAtMs: T0 + 1,
  revokedAtMs: null,
} as const

describe('a database that fails', () => {
  test('is said to be away, and used again when it is back', async () => {
    const server = await OwnServer.start()
    onTestFinished(() => server.remove())
    const store = await openPostgresStore({ url: server.url('postgres'), newLedger })
    onTestFinished(() => store.close())
    await store.createToken(accessToken, [])
    await server.kill()
    await expect(store.findToken('token-1')).rejects.toMatchObject({ code: 'store_unavailable' })
    await server.launch()
    expect(await store.findToken('token-1')).toMatchObject({ secretHash: 'hash' })
  })

  test('that is not there is said so', async () => {
    const url = 'postgresql://yiben@127.0.0.1:1/nowhere'
    await expect(openPostgresStore({ url, newLedger })).rejects.toMatchObject({
      code: 'store_unavailable',
    })
  })

  test('in the middle of a write keeps nothing of it', async () => {
    const { url, stores } = await collectorsOnPostgres(1)
    const pool = poolOf(url)
    const writing = pool.transaction('write', async (db) => {
      await db.run(sql`INSERT INTO sites (code, name) VALUES ('BJ-01', 'half')`)
      await db.run(sql`SELECT pg_terminate_backend(pg_backend_pid())`)
    })
    await expect(writing).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await stores[0]?.listSites(SCOPE_ALL)).toEqual([])
  })

  test('a read cannot write', async () => {
    const { url } = await collectorsOnPostgres(1)
    const writing = poolOf(url).transaction('read', (db) =>
      db.run(sql`INSERT INTO sites (code, name) VALUES ('BJ-01', 'x')`),
    )
    await expect(writing).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  test('two that wait for each other are both done', async () => {
    const { url } = await collectorsOnPostgres(1)
    const pool = poolOf(url)
    await pool.transaction('write', (db) =>
      db.run(sql`INSERT INTO sites (code, name) VALUES ('A', '0'), ('B', '0')`),
    )
    let begun = 0
    const both = async (first: string, second: string) => {
      await pool.transaction('write', async (db) => {
        await db.run(sql`UPDATE sites SET name = name || '1' WHERE code = ${first}`)
        begun += 1
        while (begun < 2) await new Promise((resolve) => setTimeout(resolve, 5))
        await db.run(sql`UPDATE sites SET name = name || '1' WHERE code = ${second}`)
      })
    }
    await Promise.all([both('A', 'B'), both('B', 'A')])
    expect(await statement(url, 'SELECT name FROM sites ORDER BY code')).toEqual([
      { name: '011' },
      { name: '011' },
    ])
  })
})

describe('statements', () => {
  test('are composed with their parameters numbered in order', () => {
    const inner = sql`b = ${2} AND c = ANY(${['x']}::text[])`
    expect(written(sql`SELECT ${1}::int WHERE ${inner} AND d = ${null}`)).toEqual({
      text: 'SELECT $1::int WHERE b = $2 AND c = ANY($3::text[]) AND d = $4',
      values: [1, 2, ['x'], null],
    })
  })

  test('what is told from outside is never a part of the text', () => {
    const { text, values } = written(sql`SELECT ${"'; DROP TABLE sites; --"}`)
    expect(text).toBe('SELECT $1')
    expect(values).toEqual(["'; DROP TABLE sites; --"])
  })

  test('an address names each of its hosts', () => {
    expect(addressesOf('postgresql://u:p@a:1,b:2/db?x=y')).toEqual([
      'postgresql://u:p@a:1/db?x=y',
      'postgresql://u:p@b:2/db?x=y',
    ])
  })
})
