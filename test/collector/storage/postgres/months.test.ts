/** Runs and hours of cards by the month: made by who comes first, gone as one, and nobody waits. */
import { expect, onTestFinished, test } from 'vitest'
import { Pool } from '../../../../collector/src/storage/postgres/driver.ts'
import { migrate, readMigrations } from '../../../../collector/src/storage/postgres/migrate.ts'
import { roomForRows } from '../../../../collector/src/storage/postgres/months.ts'
import { sql } from '../../../../collector/src/storage/postgres/sql.ts'
import { openPostgresStore } from '../../../../collector/src/storage/postgres/store.ts'
import { SCOPE_ALL } from '../../../../collector/src/storage/requests.ts'
import type { Store } from '../../../../collector/src/storage/store.ts'
import {
  Fleet,
  HOUR,
  hourOf,
  instantOf,
  note,
  T0,
  type TestNode,
} from '../../../conformance/fleet.ts'
import { dropDatabase, emptyDatabase, statement } from '../../../support/postgres.ts'
import {
  collectorsOnPostgres,
  heldNumbers,
  POSTGRES_LEDGER as newLedger,
} from '../../../support/postgres-store.ts'

const DAY = 24 * HOUR
const APRIL = Date.UTC(2026, 3, 1)
const MAY = Date.UTC(2026, 4, 1)
const JUNE = Date.UTC(2026, 5, 1)
/** Rows go 31 days before what is kept. */
const KEPT_FOR_APRIL = APRIL + 31 * DAY
const KEPT_FOR_MAY = MAY + 31 * DAY

async function open(count = 1): Promise<{ url: string; stores: readonly Store[]; fleet: Fleet }> {
  const { stores, url } = await collectorsOnPostgres(count)
  const [store] = stores
  if (store === undefined) throw new Error('no store')
  return { url, stores, fleet: new Fleet(store) }
}

async function partitions(url: string, table: 'runs' | 'unit_hours'): Promise<readonly unknown[]> {
  const rows = await statement(
    url,
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = '${table}'::regclass ORDER BY c.relname`,
  )
  return rows.map((row) => (row as { readonly name: string }).name)
}

async function countIn(url: string, table: string): Promise<number> {
  const [row] = await statement(url, `SELECT count(*)::int AS rows FROM ${table}`)
  return (row as { readonly rows: number }).rows
}

/** Twice a day another state, an hour of statistics a day; or every few days. */
async function lives(
  fleet: Fleet,
  node: TestNode,
  [fromMs, toMs, stepMs = DAY]: readonly [number, number, number?],
): Promise<void> {
  for (let dayMs = fromMs; dayMs < toMs; dayMs += stepMs) {
    const unitHours = node.units.map(({ unitId }) => hourOf(unitId, dayMs, { freeMs: HOUR }))
    await fleet.book(node, 'free/proven', dayMs + 9 * HOUR, { unitHours })
    await fleet.book(node, 'busy/active', dayMs + stepMs)
  }
}

async function seal(store: Store, hourMs: number): Promise<void> {
  const { mark } = await store.readHour(hourMs)
  const write = { hourMs, expectedMark: mark, version: 1, knownAtMs: hourMs, buckets: [] }
  await store.writeBuckets({ ...write, outbox: [note('hour_sealed', hourMs)] })
}

/** Rows that went, call by call. */
async function prune(store: Store, keptFromMs: number): Promise<readonly number[]> {
  const calls: number[] = []
  let afterUnitId: Parameters<Store['pruneTimeline']>[0]['afterUnitId'] = null
  for (;;) {
    const asked = { keptFromMs, refusedKeptFromMs: 0, afterUnitId, rowsMax: 1_000 }
    const done: Awaited<ReturnType<Store['pruneTimeline']>> = await store.pruneTimeline(asked)
    calls.push(done.rows)
    if (done.isDone) return calls
    afterUnitId = done.nextUnitId
  }
}

/** What is told of all cards from an instant on. */
async function answers(store: Store, nodes: readonly TestNode[], fromMs: number) {
  const span = { fromMs, toMs: fromMs + 200 * DAY, knownAtMs: fromMs + 200 * DAY }
  const units = nodes.flatMap((node) => node.units)
  const instants = Array.from({ length: 20 }, (_, day) => fromMs + day * 2 * DAY)
  const { timeline, ledger } = {
    timeline: units.map(({ unitId }) => store.readUnitSpan(SCOPE_ALL, unitId, span)),
    ledger: instants.map((atMs) => store.readLedgerAt(SCOPE_ALL, instantOf(atMs))),
  }
  const hours = instants.flatMap((hourMs) => units.map(({ unitId }) => ({ unitId, hourMs })))
  return {
    timeline: await Promise.all(timeline),
    ledger: await Promise.all(ledger),
    hours: await store.readUnitHours(hours),
  }
}

test('a month goes as one, with all that is before it; what is told of the rest is the same', async () => {
  const { fleet, url } = await open()
  const { store } = fleet
  const busy = await fleet.start('BJ-01', 2)
  const silent = await fleet.start('SH-01', 1)
  const steady = await fleet.node('SH-01')
  await fleet.cards(steady, ['steady'])
  await lives(fleet, silent, [T0, T0 + 5 * DAY])
  await lives(fleet, busy, [T0, JUNE + 10 * DAY])
  await fleet.book(steady, 'busy/active', T0 + 20 * DAY)
  await fleet.book(steady, 'allocated/scheduler', KEPT_FOR_MAY + 2 * DAY)
  await fleet.book(steady, 'busy/active', KEPT_FOR_MAY + 3 * DAY)
  await seal(store, JUNE + 9 * DAY)
  const nodes = [busy, silent, steady]
  const before = await answers(store, nodes, KEPT_FOR_MAY)
  const stored = (await countIn(url, 'runs')) + (await countIn(url, 'unit_hours'))

  const calls = await prune(store, KEPT_FOR_MAY)
  expect(await partitions(url, 'runs')).toEqual(['runs_2026_05', 'runs_2026_06', 'runs_before'])
  expect(await partitions(url, 'unit_hours')).toEqual([
    'unit_hours_2026_05',
    'unit_hours_2026_06',
    'unit_hours_before',
  ])
  // The last run of the silent card, and the one that lasted into the time that is kept.
  expect(await statement(url, 'SELECT unit_id::int, end_ms::text FROM runs_before')).toEqual([
    { unit_id: silent.units[0]?.unitId, end_ms: `${T0 + 4 * DAY + 9 * HOUR}` },
    { unit_id: steady.units[0]?.unitId, end_ms: `${KEPT_FOR_MAY + 2 * DAY}` },
  ])
  expect(await countIn(url, 'unit_hours_before')).toBe(0)
  const left = (await countIn(url, 'runs')) + (await countIn(url, 'unit_hours'))
  expect(calls.reduce((sum, rows) => sum + rows, 0)).toBe(stored - left)
  expect(await answers(store, nodes, KEPT_FOR_MAY)).toEqual(before)
  expect(await prune(store, KEPT_FOR_MAY)).toEqual([0])
  // What was told late goes where it belongs, older than all months.
  await lives(fleet, silent, [T0 + 5 * DAY, T0 + 7 * DAY])
  expect(await countIn(url, 'unit_hours_before')).toBe(2)
  expect(await prune(store, KEPT_FOR_MAY)).not.toEqual([0])
  expect(await countIn(url, 'unit_hours_before')).toBe(0)
})

test('two that come to a new month at once make it once, and both are taken', async () => {
  const { fleet, stores, url } = await open(2)
  const one = await fleet.start('BJ-01', 1)
  const two = await fleet.start('SH-01', 1)
  for (const node of [one, two]) await fleet.book(node, 'free/proven', APRIL + HOUR)
  expect(await partitions(url, 'runs')).toEqual(['runs_before'])
  const numbers = await heldNumbers(url)
  const taken = [one, two].map((node, at) =>
    new Fleet(stores[at] as Store).book(node, 'busy/active', APRIL + 2 * HOUR, {
      unitHours: node.units.map(({ unitId }) => hourOf(unitId, APRIL, { freeMs: HOUR })),
    }),
  )
  await numbers.waitedFor(2)
  numbers.letGo()
  await Promise.all(taken)
  expect(await partitions(url, 'unit_hours')).toEqual(['unit_hours_2026_04', 'unit_hours_before'])
  expect(await countIn(url, 'unit_hours_2026_04')).toBe(2)
})

test('a month that is undone with who made it is made by the next', async () => {
  const { fleet, url } = await open()
  const node = await fleet.start('BJ-01', 1)
  await lives(fleet, node, [T0, T0 + DAY])
  const [hour] = node.units.map(({ unitId }) => hourOf(unitId, APRIL, { freeMs: HOUR }))
  if (hour === undefined) throw new Error('a card is there')
  const unitHours = [hour, { ...hour, hourMs: APRIL + HOUR, freeMs: -1.5 }]
  await expect(fleet.book(node, 'free/proven', APRIL + HOUR, { unitHours })).rejects.toThrow()
  expect(await partitions(url, 'unit_hours')).not.toContain('unit_hours_2026_04')
  await fleet.book(node, 'free/proven', APRIL + HOUR, { unitHours: [hour] })
  expect(await countIn(url, 'unit_hours_2026_04')).toBe(1)
})

test('while a month is made others read and write, also in what is read already', async () => {
  const { fleet, stores, url } = await open(2)
  const [first, second] = [await fleet.start('BJ-01', 1), await fleet.start('SH-01', 1)]
  for (const node of [first, second]) await lives(fleet, node, [T0, T0 + DAY])
  const pool = new Pool({ url, connections: 2 })
  onTestFinished(() => pool.close())
  await pool.transaction('read', async (db) => {
    const count = sql`SELECT count(*) AS rows FROM unit_hours`
    expect(await db.get(count)).toEqual({ rows: 2 })
    const numbers = await heldNumbers(url)
    const making = new Fleet(stores[1] as Store).book(first, 'free/proven', APRIL + HOUR, {
      unitHours: first.units.map(({ unitId }) => hourOf(unitId, APRIL, { freeMs: HOUR })),
    })
    await numbers.waitedFor(1)
    expect(await db.get(count)).toEqual({ rows: 2 })
    await pool.transaction('write', async (other) => {
      const old = sql`UPDATE unit_hours SET busy_ms = 1 WHERE hour_ms = ${T0}`
      expect(await other.run(old)).toEqual({ changes: 2 })
    })
    numbers.letGo()
    await making
  })
  expect(await partitions(url, 'unit_hours')).toContain('unit_hours_2026_04')
})

test('a month stays for as long as somebody reads, and nobody waits for it', async () => {
  const { fleet, url } = await open()
  const { store } = fleet
  const node = await fleet.start('BJ-01', 1)
  await lives(fleet, node, [T0, MAY + 5 * DAY])
  await seal(store, MAY + 4 * DAY)
  const pool = new Pool({ url, connections: 1 })
  onTestFinished(() => pool.close())
  await pool.transaction('read', async (db) => {
    await db.get(sql`SELECT 1 FROM runs LIMIT 1`)
    await db.get(sql`SELECT 1 FROM unit_hours LIMIT 1`)
    expect(await prune(store, KEPT_FOR_APRIL)).toEqual([0])
    await lives(fleet, node, [MAY + 5 * DAY, MAY + 6 * DAY])
  })
  expect(await partitions(url, 'runs')).toContain('runs_2026_03')
  expect(await prune(store, KEPT_FOR_APRIL)).toHaveLength(3)
  expect(await partitions(url, 'runs')).not.toContain('runs_2026_03')
})

test('there is room ahead of the hours that are sealed', async () => {
  const { fleet, url } = await open()
  const node = await fleet.start('BJ-01', 1)
  await lives(fleet, node, [T0, T0 + 25 * DAY])
  await seal(fleet.store, T0 + 24 * DAY)
  await prune(fleet.store, 0)
  for (const table of ['runs', 'unit_hours'] as const) {
    expect(await partitions(url, table)).toEqual([
      `${table}_2026_03`,
      `${table}_2026_04`,
      `${table}_before`,
    ])
  }
})

/** As a collector of the format before has left it: with every row of another database. */
async function copyBefore(from: string): Promise<string> {
  const url = await emptyDatabase()
  onTestFinished(() => dropDatabase(url))
  const pool = new Pool({ url, connections: 1 })
  await migrate(
    pool,
    readMigrations().filter(({ number }) => number < 14),
  )
  const tables = await statement(url, 'SELECT tablename AS name FROM pg_tables')
  await pool.transaction('write', async (db) => {
    await db.exec('SET LOCAL session_replication_role = replica')
    for (const { name } of tables as readonly { readonly name: string }[]) {
      if (name === 'migrations' || name.startsWith('pg_') || name.startsWith('sql_')) continue
      const [row] = await statement(from, `SELECT json_agg(t)::text AS rows FROM ${name} t`)
      const { rows } = row as { readonly rows: string | null }
      await db.exec(`DELETE FROM ${name}`)
      if (rows === null) continue
      const told = `'${rows.replaceAll("'", "''")}'`
      await db.exec(`INSERT INTO ${name} OVERRIDING SYSTEM VALUE
        SELECT * FROM json_populate_recordset(null::${name}, ${told})`)
    }
  })
  await pool.close()
  return url
}

test('a database of the format before goes on with all it holds, and by the month', async () => {
  const { fleet, url: from } = await open()
  const last = [T0 + 65 * DAY, T0 + 130 * DAY, T0 + 225 * DAY] as const
  const nodes = [await fleet.start('BJ-01', 2), await fleet.start('SH-01', 1)]
  for (const node of nodes) await lives(fleet, node, [T0, last[0], 13 * DAY])
  await seal(fleet.store, last[0] - DAY)
  const url = await copyBefore(from)
  const store = await openPostgresStore({ url, newLedger })
  onTestFinished(() => store.close())
  expect(await answers(store, nodes, T0)).toEqual(await answers(fleet.store, nodes, T0))
  expect(await partitions(url, 'runs')).toEqual(['runs_before'])
  expect(await countIn(url, 'runs_before')).toBe(await countIn(from, 'runs'))
  // Which reaches to the end of the month after the last run.
  const copied = new Fleet(store)
  for (const node of nodes) await lives(copied, node, [last[0], last[1], 13 * DAY])
  expect(await partitions(url, 'runs')).toEqual(['runs_2026_06', 'runs_before'])
  // Old rows go one by one, and in the end all that is from before with the first month.
  const before = await answers(store, nodes, KEPT_FOR_MAY)
  await seal(store, last[1] - DAY)
  await prune(store, KEPT_FOR_MAY)
  expect(await statement(url, 'SELECT min(start_ms)::text AS first FROM runs')).toEqual([
    { first: `${T0 + 52 * DAY + 9 * HOUR}` },
  ])
  expect(await answers(store, nodes, KEPT_FOR_MAY)).toEqual(before)
  for (const node of nodes) await lives(copied, node, [last[1], last[2], 19 * DAY])
  await seal(store, last[2] - DAY)
  const keptMs = last[2] - 40 * DAY
  const kept = await answers(store, nodes, keptMs)
  await prune(store, keptMs)
  // Of each card the run that lasts into the time that is looked back to.
  expect(await countIn(url, 'runs_before')).toBe(3)
  expect(await partitions(url, 'runs')).toHaveLength(4)
  expect(await answers(store, nodes, keptMs)).toEqual(kept)
})

test('a commit of more rows than a call takes arguments finds room', async () => {
  const { url } = await open()
  const pool = new Pool({ url, connections: 1 })
  onTestFinished(() => pool.close())
  const times = Array.from({ length: 300_000 }, (_, at) => APRIL + at)
  await pool.transaction('write', (db) => roomForRows(db, 'runs', [...times, MAY]))
  expect(await partitions(url, 'runs')).toContain('runs_2026_05')
})
