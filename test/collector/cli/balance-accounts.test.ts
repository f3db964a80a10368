/** `balance --accounts` as people run it: exit code 0 over books in order, 1 with what is not. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { silentLogger } from '@yiben/shared'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Settler } from '../../../collector/src/bank/settler.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { endLending, lend } from '../../conformance/lending.ts'
import { type Finished, runProgram } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { HOUR, LedgerRig, MINUTE, START_MS } from '../bank/ledger-rig.ts'
import { writeIdentity } from '../journal/export-support.ts'

let rig: LedgerRig
beforeAll(async () => {
  rig = new LedgerRig()
  const nodeId = await rig.admit(1, [{}, {}])
  const { rows } = await rig.store.listUnits(SCOPE_ALL, { cursor: null, limit: 10 })
  const times = { startMs: START_MS + MINUTE, untilMs: START_MS + HOUR, knownAtMs: START_MS }
  const draw = await lend(rig.store, rows, { drawId: 'draw-1', ...times })
  await rig.live(nodeId, [['busy/active', 1_800]])
  const end = { endedAtMs: rig.now, knownAtMs: rig.now, end: 'returned', to: 'returned' } as const
  await endLending(rig.store, draw, end)
  const { store, clock } = rig
  const settler = new Settler({ store, clock, logger: silentLogger, timeZone: 'Asia/Shanghai' })
  rig.clock.advance(3 * MINUTE)
  await settler.drain()
})
afterAll(() => rig.store.close())

async function folderOf(): Promise<string> {
  const folder = tempDir()
  await rig.store.backup(join(folder, 'ledger.sqlite'))
  writeIdentity(folder, 1, 7)
  return folder
}

function run(dataDir: string, ...args: string[]): Promise<Finished> {
  return runProgram({
    script: 'collector/src/main.ts',
    args: ['balance', '--accounts', ...args],
    env: { YIBEN_COLLECTOR_DATA_DIR: dataDir },
  })
}

test('A1: every promised millisecond lies in one account, told per model', async () => {
  const { exitCode, stdout } = await run(await folderOf(), '--json')
  expect(exitCode).toBe(0)
  const { accounts, ...rest } = JSON.parse(stdout)
  expect(rest).toEqual({ balanced: true, claims: 2, faults_total: 0, faults: [] })
  const sums = Object.fromEntries(
    accounts.map((one: { account: string; card_ms: string }) => [one.account, one.card_ms]),
  )
  expect(sums).toEqual({
    promised: String(-2 * 59 * MINUTE),
    delivered_active: String(2 * 29 * MINUTE),
    returned: String(2 * 30 * MINUTE),
  })
})

test('A1: books that were tampered with are named, with exit code 1', async () => {
  const folder = await folderOf()
  const db = new DatabaseSync(join(folder, 'ledger.sqlite'))
  db.exec(`DROP TRIGGER postings_kept_delete;
    DELETE FROM postings WHERE to_account = 'returned' AND ordinal = 1`)
  db.close()
  const { exitCode, stdout } = await run(folder)
  expect(exitCode).toBe(1)
  expect(stdout).toContain('draw draw-1, card 1')
  expect(stdout).toContain('in pending, behind the end')
})

test('what narrows the balance of time does not narrow that of accounts', async () => {
  const { exitCode, stderr } = await run(await folderOf(), '--from', '2026-03-01')
  expect(exitCode).toBe(2)
  expect(stderr).toContain('--accounts stands alone')
})
