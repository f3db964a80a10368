/**
 * 0020: a ledger that had children before there were short indexes; what a statement looks through where
 * a nation has millions of rows; counts as they are kept.
 */
import { type ReportedCount, STATES } from '@yiben/shared'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { packCounts, unpackCounts } from '../../../../collector/src/storage/children-packed.ts'
import { FEED_START, isSameCursor } from '../../../../collector/src/storage/feed-store.ts'
import { SCOPE_ALL } from '../../../../collector/src/storage/requests.ts'
import { coreOver } from '../../../../collector/src/storage/sqlite/core.ts'
import { Database } from '../../../../collector/src/storage/sqlite/driver.ts'
import { createLedger } from '../../../../collector/src/storage/sqlite/ledger.ts'
import { migrate, readMigrations } from '../../../../collector/src/storage/sqlite/migrate.ts'
import { inProcessStore } from '../../../../collector/src/storage/sqlite/store.ts'
import type { Value } from '../../../../collector/src/storage/values.ts'
import { HOUR, instantOf, T0 } from '../../../conformance/fleet.ts'
import { CARD, ChildTeller, OWN_ORIGIN, strongId } from '../../../support/child-teller.ts'
import { connect, NEW_LEDGER } from './support.ts'

const BEFORE = readMigrations().filter(({ number }) => number < 20)

test('0020: ids are found by their beginnings, nodes say their cards, and nothing is told on anew', () => {
  const db = connect(':memory:')
  onTestFinished(() => db.close())
  migrate(db, BEFORE)
  db.run(`INSERT INTO profiles VALUES (1, 'nvidia', 'NVIDIA H800', 81559, 700)`)
  db.run(
    `INSERT INTO children (child_id, name, algorithm, public_key, is_one_way, fingerprint,
       join_state, previous_join_state, status, enrolled_at_ms, enrolled_by)
     VALUES ('c-1', 'one', 1, 'aa', 0, '', 0, 0, 'active', ?, 't-1')`,
    T0,
  )
  db.run(
    `INSERT INTO child_collectors (collector_number, origin, child_number, name, program_version,
       generation, number, received_at_ms) VALUES (1, 'aa', 1, 'one', '0', 1, 1, ?)`,
    T0,
  )
  db.run('UPDATE feed_state SET is_on = 1')
  for (const nodeId of ['n1', 'n2']) {
    db.run(
      `INSERT INTO child_nodes (collector_number, node_id, site_code, name, is_revoked, generation,
         number, received_at_ms) VALUES (1, ?, 'SH-01', '', 0, 1, 1, ?)`,
      nodeId,
      T0,
    )
  }
  const hash = (unit: number) => `${unit}`.padStart(64, 'ab')
  const card = (unit: number, bookedToMs: number | null, isCounted: number) => {
    db.run(
      `INSERT INTO child_cards (collector_number, unit_number, node_id, site_code,
         accelerator_number, profile_id, identities, valid_from_ms, booked_to_ms, is_counted,
         is_in_conflict, known_from_ms) VALUES (1, ?, 'n1', 'SH-01', ?, 1, '[]', ?, ?, ?, 0, ?)`,
      ...[unit, unit, T0, bookedToMs, isCounted, T0],
    )
    for (const key of [1, 2]) {
      db.run('INSERT INTO child_identities VALUES (?, ?, 1, ?)', key, hash(unit), unit)
    }
  }
  card(1, null, 1)
  card(2, T0, 1)
  card(3, null, 0)
  card(4, null, 1)
  const fed = () => db.all('SELECT feed_seq, kind, key FROM feed ORDER BY feed_seq')
  const before = fed()
  migrate(db)
  expect(fed()).toEqual(before)
  expect(db.all('SELECT node_id, cards FROM child_nodes ORDER BY node_id')).toEqual([
    { node_id: 'n1', cards: 2 },
    { node_id: 'n2', cards: 0 },
  ])
  expect(
    db.all('SELECT unit_number FROM child_identities WHERE hash_start = ?', hash(1).slice(0, 12)),
  ).toHaveLength(4)
  db.run(`UPDATE child_nodes SET number = 2 WHERE node_id = 'n1'`)
  expect(fed().at(-1)).toMatchObject({ kind: 'child_node', key: '1/n1' })
})

/** Statements that were run, each once, with the values it was run with. */
function watched(): ReadonlyMap<string, readonly Value[]> {
  const seen = new Map<string, readonly Value[]>()
  for (const name of ['run', 'get', 'all', 'allBigint'] as const) {
    const real = Database.prototype[name] as (sql: string, ...values: Value[]) => never
    vi.spyOn(Database.prototype, name).mockImplementation(function (
      this: Database,
      sql: string,
      ...values: Value[]
    ) {
      seen.set(sql, values)
      return real.call(this, sql, ...values)
    })
  }
  onTestFinished(() => {
    vi.restoreAllMocks()
  })
  return seen
}

/** Millions of rows each, but for those of one node, site or card. */
const LONG = 'child_cards|child_identities|child_nodes|child_hours|child_counts'

test('no statement looks through all cards, ids, nodes, hours or counts of a child', async () => {
  const db = connect(':memory:')
  migrate(db)
  createLedger(db, NEW_LEDGER)
  const store = inProcessStore(coreOver(db, () => {}))
  onTestFinished(() => store.close())
  const child = await new ChildTeller(store, 'a').enroll(T0)
  const other = await new ChildTeller(store, 'd').enroll(T0)
  const seen = watched()
  const card = { identities: [strongId('card')], validFromMs: T0 - HOUR }
  for (const [teller, site] of [
    [child, 'SH-01'],
    [other, 'GD-01'],
  ] as const) {
    await teller.tell(T0, [
      teller.collector(),
      teller.site(site),
      teller.node('n1', site, [card, { validFromMs: T0 }]),
      teller.node('n1', site, [{ ...card, bookedToMs: T0 }]),
      teller.hour(site, T0 - HOUR, [{ freeMs: BigInt(HOUR) }]),
      teller.hour(site, T0 - HOUR, [{ busyMs: BigInt(HOUR) }]),
      teller.counts(site, T0, [{}]),
    ])
  }
  await store.readLedgerAt(SCOPE_ALL, instantOf(T0, T0 + HOUR))
  await store.readHour(T0 - HOUR)
  await store.listCollectors(SCOPE_ALL)
  await store.listChildNodes(SCOPE_ALL, child.origin, { cursor: null, limit: 10 })
  await store.readChildQuality(SCOPE_ALL, T0)
  await store.turnFeed(true)
  for (let after = FEED_START, isMore = true; isMore; ) {
    const { next } = await store.readFeed(OWN_ORIGIN, after, 10)
    isMore = !isSameCursor(next, after)
    after = next
  }
  const plans = [...seen].map(([sql, values]) => {
    const names = new Map(
      [
        ...sql.matchAll(new RegExp(`\\b(${LONG})\\b(?: (?!INDEXED|ON|WHERE|SET)([a-z])\\b)?`, 'g')),
      ].map(([, table = '', alias]) => [alias ?? table, table]),
    )
    if (names.size === 0 || !/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)/.test(sql)) return []
    const lines = db.all(`EXPLAIN QUERY PLAN ${sql}`, ...values).map(({ detail }) => String(detail))
    return lines.filter((line) => {
      const [, how, alias = ''] = /^(SCAN|SEARCH) (\w+)/.exec(line) ?? []
      const isWide = how === 'SCAN' || /PRIMARY KEY \(collector_number=\?\)/.test(line)
      return names.has(alias) && isWide
    })
  })
  expect(seen.size).toBeGreaterThan(40)
  expect(plans.flat()).toEqual([])
})

const anyCount: fc.Arbitrary<ReportedCount> = fc.record({
  ownerCode: fc.constantFrom('', '91110000MA01OPER11'),
  vendor: fc.constantFrom('nvidia', 'ascend'),
  name: fc.constantFrom('A', 'B "quoted"'),
  memoryTotalMib: fc.constantFrom(null, 0, 65_536),
  powerCapWatts: fc.constantFrom(null, 700),
  connection: fc.constantFrom('connected', 'not_connected', 'lapsed'),
  state: fc.constantFrom(null, ...STATES),
  isDeposited: fc.boolean(),
  isSchedulerRead: fc.boolean(),
  cards: fc.nat(),
})

test('counts are read as they were told, in their order', () => {
  fc.assert(
    fc.property(fc.array(anyCount), (counts) => {
      expect(unpackCounts(packCounts(counts))).toEqual(counts)
    }),
  )
})

test('counts that were kept by name are read as well, and those of one profile say it once', () => {
  const count = { ownerCode: '', ...CARD, connection: 'connected', state: 'free' } as const
  const free: ReportedCount = { ...count, isDeposited: false, isSchedulerRead: false, cards: 5 }
  const counts = [free, { ...free, isDeposited: true }, { ...free, state: 'busy' } as const]
  expect(unpackCounts(JSON.stringify(counts))).toEqual(counts)
  expect(packCounts(counts).split(CARD.name)).toHaveLength(2)
})
