/** 0011: a ledger whose hours were sealed before there were sums. */
import { expect, onTestFinished, test } from 'vitest'
import { spanSumsOf } from '../../../../collector/src/rollup/sums.ts'
import { SCOPE_ALL } from '../../../../collector/src/storage/requests.ts'
import { coreOver } from '../../../../collector/src/storage/sqlite/core.ts'
import type { Database } from '../../../../collector/src/storage/sqlite/driver.ts'
import { migrate, readMigrations } from '../../../../collector/src/storage/sqlite/migrate.ts'
import { inProcessStore } from '../../../../collector/src/storage/sqlite/store.ts'
import type { SumKey } from '../../../../collector/src/storage/sum-store.ts'
import { ALL, HOUR, NO_LIMITS } from '../../../conformance/bucket-book.ts'
import { T0 } from '../../../conformance/fleet.ts'
import { connect } from './support.ts'

const BEFORE = readMigrations().filter(({ number }) => number < 11)
const COLUMNS =
  'busy_ms, allocated_ms, occupied_ms, free_ms, faulty_ms, unknown_ms, lent_ms, deposited_ms, active_ms, ' +
  'given_ms, energy_joules, samples_expected, samples_got, samples_zero, samples_below_tenth'

/** Two sites, of which one moved; four hours, of which one was corrected. */
function oldLedger(): Database {
  const db = connect(':memory:')
  onTestFinished(() => db.close())
  migrate(db, BEFORE)
  const terms = (code: string, fromMs: number, region: string, operator: string | null) =>
    db.run(
      `INSERT INTO site_terms (site_code, valid_from_ms, operator_code, region_code)
       VALUES (?, ?, ?, ?)`,
      code,
      fromMs,
      operator,
      region,
    )
  for (const code of ['S-1', 'S-2']) db.run('INSERT INTO sites VALUES (?, ?)', code, code)
  // Its first terms begin after its first hour: before them it is under them.
  terms('S-1', T0 + HOUR, '110108', 'OP-A')
  terms('S-1', T0 + 2 * HOUR, '150102', 'OP-B')
  terms('S-2', T0 - HOUR, '310115', null)
  db.run(`INSERT INTO profiles VALUES (1, 'nvidia', 'NVIDIA H800', 81559, 700)`)
  const seal = (hour: number, version: number, knownAtMs: number, busyMs: number) => {
    db.run('INSERT INTO seals VALUES (?, ?, ?)', T0 + hour * HOUR, version, knownAtMs)
    for (const code of ['S-1', 'S-2']) {
      db.run(
        `INSERT INTO buckets (hour_ms, version, site_code, owner_code, profile_id, cards, ${COLUMNS})
         VALUES (?, ?, ?, '', 1, 1, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
        T0 + hour * HOUR,
        version,
        code,
        busyMs,
      )
    }
  }
  for (const hour of [0, 1, 2, 3]) seal(hour, 1, T0 + (hour + 3) * HOUR, 10 ** hour)
  seal(1, 2, T0 + 50 * HOUR, 70)
  migrate(db)
  return db
}

test('0011: buckets stand where the terms of their hour put their site', () => {
  const rows = oldLedger().all(
    `SELECT b.hour_ms, p.region_code, p.operator_code FROM buckets b JOIN places p
       ON p.place_id = b.place_id WHERE b.site_code = 'S-1' AND b.version = 1 ORDER BY b.hour_ms`,
  )
  expect(rows.map((row) => [row.region_code, row.operator_code])).toEqual([
    ['110108', 'OP-A'],
    ['110108', 'OP-A'],
    ['150102', 'OP-B'],
    ['150102', 'OP-B'],
  ])
})

test('hours sealed before are summed at once, and kept as their days are', async () => {
  const db = oldLedger()
  const store = inProcessStore(coreOver(db, () => {}))
  const busy = async (by: SumKey, knownAtMs: number) => {
    const spans = [{ fromMs: T0, toMs: T0 + 4 * HOUR }]
    const ask = { spans, knownAtMs, by, filter: ALL, provinceKeys: null, ...NO_LIMITS }
    const answer = await store.readSums(SCOPE_ALL, ask)
    if (answer.status !== 'summed') throw new Error('too much')
    return Object.fromEntries(
      spanSumsOf(answer.sums).map(({ busyMs, key }) => [key, Number(busyMs)]),
    )
  }
  const agrees = async () => {
    expect(await busy('total', T0 + 40 * HOUR)).toEqual({ total: 2_222 })
    expect(await busy('total', T0 + 50 * HOUR)).toEqual({ total: 2_342 })
    expect(await busy('total', T0 + 4 * HOUR)).toEqual({ total: 22 })
    expect(await busy('province', T0 + 50 * HOUR)).toEqual({ 11: 71, 15: 1_100, 31: 1_171 })
    expect(await busy('operator', T0 + 40 * HOUR)).toEqual({ 'OP-A': 11, 'OP-B': 1_100, '': 1_111 })
  }
  await agrees()
  expect(db.get('SELECT count(*) AS kept FROM sum_periods')).toEqual({ kept: 0 })
  for (const hour of [0, 2]) {
    await store.keepSums({ grain: 'day', fromMs: T0 + hour * HOUR, toMs: T0 + (hour + 2) * HOUR })
  }
  await store.keepSums({ grain: 'month', fromMs: T0, toMs: T0 + 4 * HOUR })
  expect(db.get('SELECT count(*) AS kept FROM sum_periods')).toEqual({ kept: 4 + 2 + 1 })
  await agrees()
})
