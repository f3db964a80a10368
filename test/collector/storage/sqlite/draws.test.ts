/**
 * Draws on SQLite: what the database refuses by itself whatever a program asks of it, what is found by
 * an index, two programs on one file, and a thread that is killed as it writes.
 */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Draw } from '../../../../collector/src/model/draw.ts'
import { coreOver } from '../../../../collector/src/storage/sqlite/core.ts'
import { createLedger } from '../../../../collector/src/storage/sqlite/ledger.ts'
import { migrate } from '../../../../collector/src/storage/sqlite/migrate.ts'
import {
  inProcessStore,
  openSqliteStore,
  openSqliteStoreInProcess,
} from '../../../../collector/src/storage/sqlite/store.ts'
import { StoreThread } from '../../../../collector/src/storage/sqlite/thread.ts'
import {
  bookedDraw,
  bookingOf,
  changeTo,
  commit,
  depositedNode,
  endedDraw,
  heldDraw,
  postedDraw,
  postingOf,
} from '../../../conformance/draw-maker.ts'
import { Fleet, HOUR, MINUTE, T0 } from '../../../conformance/fleet.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { connect, DRIVERS, NEW_LEDGER } from './support.ts'

function ledgerPath(): string {
  return join(tempDir(), 'ledger.sqlite')
}

/** Two cards: the first lent under `lent`, the second held under `held`; an hour that is booked. */
async function written(driver: (typeof DRIVERS)[number] = 'better-sqlite3') {
  const db = connect(':memory:', driver)
  onTestFinished(() => db.close())
  migrate(db)
  createLedger(db, NEW_LEDGER)
  const store = inProcessStore(coreOver(db, () => {}))
  const node = await depositedNode(new Fleet(store), 'BJ-01', 2)
  const lent = heldDraw('lent', node.units.slice(0, 1))
  const posted = postedDraw(lent, T0 + HOUR, T0 + 2 * HOUR)
  const hour = changeTo(bookedDraw('booked', T0 + 24 * HOUR), { booked: [bookingOf()] })
  await commit(store, lent, heldDraw('held', node.units.slice(1)))
  const posting = changeTo(posted, { postings: [postingOf(posted, 0)] })
  expect(await store.commitDraws([posting, hour])).toMatchObject([
    { status: 'committed' },
    { status: 'committed' },
  ])
  return { db, store, node }
}

const ADD_CLAIM = `INSERT INTO claims (draw_number, ordinal, lease_id, unit_id, accelerator_id, node_id,
  site_code, owner_code, profile_id, state, held_at_ms, start_ms, until_ms, ended_at_ms, end_kind)
  SELECT draw_number, 9, lease_id, unit_id, accelerator_id, node_id, site_code, owner_code, profile_id`

const REFUSED: readonly (readonly [name: string, sql: string])[] = [
  [
    'a second live claim of a card',
    `${ADD_CLAIM}, 'held', 0, NULL, NULL, NULL, NULL FROM claims WHERE state = 'leased'`,
  ],
  [
    'a live claim that gives its card to another',
    `UPDATE claims SET accelerator_id = (SELECT accelerator_id FROM claims WHERE state = 'held')
     WHERE state = 'leased'`,
  ],
  [
    'a lease that overlaps one of the same card, also when both are over',
    `${ADD_CLAIM}, 'ended', 0, until_ms - 1, until_ms + 9, until_ms + 9, 'expired'
     FROM claims WHERE state = 'leased'`,
  ],
  [
    'a lease that lies around another',
    `${ADD_CLAIM}, 'ended', 0, start_ms - 1, until_ms + 9, until_ms + 9, 'expired'
     FROM claims WHERE state = 'leased'`,
  ],
  [
    'an end after the promised one',
    `UPDATE claims SET state = 'cleaning', ended_at_ms = until_ms + 1, end_kind = 'expired'
     WHERE state = 'leased'`,
  ],
  ['an end that says nothing of how', "UPDATE claims SET state = 'ended', ended_at_ms = 1"],
  ['a lease without an end', "UPDATE claims SET until_ms = NULL WHERE state = 'leased'"],
  ['a lease that ends as it begins', 'UPDATE claims SET until_ms = start_ms WHERE start_ms > 0'],
  ['a state that is none', "UPDATE claims SET state = 'given' WHERE state = 'held'"],
  ['a slot without a card that is live', 'UPDATE claims SET unit_id = NULL, accelerator_id = NULL'],
  ['a claim that goes', 'DELETE FROM claims'],
  ['a posting that changes', 'UPDATE postings SET to_ms = to_ms + 1'],
  ['a posting that goes', 'DELETE FROM postings'],
  [
    'a posting of no time',
    `INSERT INTO postings SELECT 9, draw_number, ordinal, 5, 5, 'a', 'b', 0
     FROM claims`,
  ],
  [
    'a draw under an id that is used',
    `INSERT INTO draws SELECT draw_number + 9, draw_id, 1, request,
     bank, borrower, contract, 'voided', NULL, 0, NULL, NULL, NULL, NULL, NULL FROM draws`,
  ],
  ['a hold without an end', "UPDATE draws SET hold_until_ms = NULL WHERE state = 'held'"],
  ['an hour booked beyond its limit', 'UPDATE booked_hours SET cards = cards_max + 1'],
  ['an hour booked below nothing', 'UPDATE booked_hours SET cards = -1'],
]

describe.each(DRIVERS)('%s', (driver) => {
  test.each(REFUSED)('the database refuses %s', async (_name, sql) => {
    const { db, store } = await written(driver)
    expect(() => db.run(sql)).toThrow(/constraint failed|overlap|are kept|never/)
    expect(await store.auditDraws()).toEqual([])
  })
})

describe('the audit', () => {
  test.each([
    ['a due time', "UPDATE draws SET due_at_ms = 5 WHERE draw_id = 'held'", 'draw held'],
    ['a sum of bookings', 'UPDATE booked_hours SET cards = 0', 'the cards booked'],
    ['a draw that is over', "UPDATE draws SET state = 'voided' WHERE draw_id = 'held'", 'is over'],
    [
      'a card that is claimed twice',
      `DROP INDEX claims_live_accelerator;
       UPDATE claims SET accelerator_id = (SELECT min(accelerator_id) FROM claims)`,
      'two live claims',
    ],
    [
      'a card that was lent twice at once',
      `DROP TRIGGER claims_apart_insert;
       ${ADD_CLAIM}, 'ended', 0, until_ms - 1, until_ms + 9, until_ms + 9, 'expired'
       FROM claims WHERE state = 'leased'`,
      'lent twice',
    ],
  ])('finds %s that is wrong', async (_name, sql, sentence) => {
    const { db, store } = await written()
    expect(await store.auditDraws()).toEqual([])
    db.exec(sql)
    expect((await store.auditDraws()).join()).toContain(sentence)
  })
})

describe('found by an index', () => {
  const PLANS: readonly (readonly [name: string, sql: string, index: string])[] = [
    [
      'what is due',
      `SELECT * FROM draws d INDEXED BY draws_due WHERE due_at_ms <= 5
         AND state IN ('held', 'posted') ORDER BY due_at_ms, draw_number LIMIT 9`,
      'draws_due',
    ],
    [
      'the live claim of a card',
      "SELECT 1 FROM claims WHERE accelerator_id = 5 AND state <> 'ended' AND draw_number <> 3",
      'claims_live_accelerator',
    ],
    [
      'the lease before another',
      `SELECT 1 FROM claims c WHERE c.accelerator_id = 5 AND c.start_ms IS NOT NULL
         AND c.start_ms < 9 ORDER BY c.start_ms DESC LIMIT 1`,
      'claims_leases',
    ],
    [
      'what is live, newest first',
      `SELECT d.* FROM draws d INDEXED BY draws_live WHERE d.state IN ('held', 'booked', 'posted')
         AND d.draw_number < 9 ORDER BY d.draw_number DESC`,
      'draws_live',
    ],
    [
      'draws of a bank',
      "SELECT * FROM draws d WHERE d.bank = 'b' AND d.draw_number < 9",
      'draws_bank',
    ],
  ]
  test.each(PLANS)('%s', async (_name, sql, index) => {
    const { db } = await written()
    const plan = db.all(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => String(detail))
    expect(plan.join('\n')).toContain(index)
    expect(plan.join('\n')).not.toMatch(/SCAN|TEMP B-TREE/)
  })
})

test('two programs over one file never grant a card twice, nor decide twice on one version', async () => {
  const path = ledgerPath()
  const options = { path, newLedger: NEW_LEDGER, synchronous: 'OFF' } as const
  const stores = await Promise.all([openSqliteStore(options), openSqliteStore(options)])
  onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
  const [first] = stores
  const node = await depositedNode(new Fleet(first), 'BJ-01', 40)
  const grants = await Promise.all(
    node.units.flatMap((unit) =>
      stores.map(async (store, program) => {
        const held = heldDraw(`d-${unit.unitId}-${program}`, [unit])
        const [result] = await store.commitDraws([changeTo(held, { mustBeFree: [0] })])
        return { held, unitId: unit.unitId, status: result?.status }
      }),
    ),
  )
  for (const { unitId } of node.units) {
    const told = grants.filter((one) => one.unitId === unitId).map(({ status }) => status)
    expect(told.sort()).toEqual(['committed', 'taken'])
  }
  const granted = grants.filter(({ status }) => status === 'committed')
  const posts = await Promise.all(
    granted.map(({ held }) => Promise.all(stores.map((store) => commit(store, postedDraw(held))))),
  )
  for (const both of posts) expect(both.flat().sort()).toEqual(['committed', 'stale'])
  expect(await first.readLiveDraws('all')).toHaveLength(40)
  expect(await first.auditDraws()).toEqual([])
})

/** Killed at an instant nobody chooses: a batch is there whole or not at all. */
test('a thread that is killed as it writes leaves whole batches and nothing else', async () => {
  const path = ledgerPath()
  const options = { path, newLedger: NEW_LEDGER, driver: 'better-sqlite3' } as const
  const setup = openSqliteStoreInProcess(options)
  const node = await depositedNode(new Fleet(setup), 'BJ-01', 30)
  await setup.close()
  const batches: (readonly Draw[])[] = []
  for (let life = 0; life < 3; life += 1) {
    const thread = new StoreThread('store-writer', () => {})
    await thread.open({
      role: 'writer',
      options: { ...options, synchronous: 'OFF', isServing: false },
    })
    const units = node.units.slice(life * 10, life * 10 + 10)
    const answers = units.map((unit, at) => {
      const held = heldDraw(`d-${life}-${at}`, [unit])
      const posted = postedDraw(held)
      batches.push([held, posted])
      const postings = { postings: [postingOf(posted, 0)] }
      return thread.call('commitDraws', [[changeTo(held), changeTo(posted, postings)]])
    })
    const settled = Promise.allSettled(answers)
    await answers[life * 4]?.catch(() => {})
    await thread.terminate()
    await settled
  }
  const store = openSqliteStoreInProcess(options)
  onTestFinished(() => store.close())
  const found = await Promise.all(
    batches.map(([held]) => store.findDraw(held?.request.drawId ?? '')),
  )
  for (const [at, draw] of found.entries()) expect([null, batches[at]?.[1]]).toContainEqual(draw)
  expect(found.filter((draw) => draw !== null).length).toBeGreaterThanOrEqual(15)
  expect(await store.auditDraws()).toEqual([])
})

test('an end that is learned later and lies earlier makes room, and none makes it longer', async () => {
  const { store, node } = await written()
  const lent = await store.findDraw('lent')
  if (lent === null) throw new Error('it was written')
  const ended = endedDraw(lent, T0 + HOUR + 30 * MINUTE)
  const again = heldDraw('again', node.units.slice(0, 1))
  const after = postedDraw(again, T0 + HOUR + 20 * MINUTE, T0 + 3 * HOUR)
  expect(await commit(store, ended, again, after)).toEqual(['committed', 'committed', 'taken'])
  const claims = ended.claims.map((claim) => ({ ...claim, endedAtMs: T0 + HOUR + 20 * MINUTE }))
  const earlier = { ...ended, version: ended.version + 1, claims }
  expect(await commit(store, earlier, after)).toEqual(['committed', 'committed'])
  const longer = { ...ended, version: earlier.version + 1 }
  expect(await commit(store, longer)).toEqual(['taken'])
})
