/**
 * The primary of a PostgreSQL is lost under load and a standby takes its place: what was
 * acknowledged is there, each thing once, and the collector and its agents carry on by themselves.
 */
import { expect, test } from 'vitest'
import { openPostgresStore } from '../../collector/src/storage/postgres/store.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { checkNode } from '../support/ledger-check.ts'
import { primaryAndStandby } from '../support/postgres-standby.ts'
import { POSTGRES_LEDGER } from '../support/postgres-store.ts'
import { until } from '../support/program.ts'

test('nothing that was acknowledged is lost, and nothing is told twice', async () => {
  const { killPrimary, promote, url } = await primaryAndStandby()
  await using world = new E2eWorld()
  const { collector } = world
  collector.env = { YIBEN_COLLECTOR_STORAGE_URL: url }
  await collector.start()
  const machines = ['a1', 'b2'].map((nodeTag, at) =>
    world.machine({ name: `node-${at + 1}`, nodeTag, vendors: { nvidia: 2 } }),
  )
  const nodeIds = await world.enroll(machines)
  for (const machine of machines) {
    machine.cards.nvidia?.set('free')
    machine.start()
  }
  await world.seen({ connected: 4, free: 4, deposited: 4 }, 60_000)

  await killPrimary()
  for (const machine of machines) machine.cards.nvidia?.set('busy')
  await promote()
  await world.seen({ connected: 4, busy: 4, deposited: 0 }, 90_000)

  for (const machine of machines) await machine.stop()
  for (const nodeId of nodeIds) {
    await until('the last word is in the ledger', async () => {
      const answer = await collector.get(`/v1/nodes/${nodeId}`)
      return answer.body.session?.connected === false ? true : null
    })
  }
  const draws = await collector.command([
    'balance',
    '--json',
    '--from',
    '2026-01-01',
    '--to',
    new Date().toISOString(),
  ])
  expect(JSON.parse(draws.stdout)).toMatchObject({ balanced: true, errors_total: 0 })
  await collector.stop()
  const store = await openPostgresStore({ url, newLedger: POSTGRES_LEDGER })
  try {
    for (const [at, nodeId] of nodeIds.entries()) {
      const spool = machines[at]?.readSpool() ?? null
      if (spool === null) throw new Error('the agent has left no spool')
      expect(await checkNode(store, nodeId, spool)).toEqual([])
    }
  } finally {
    await store.close()
  }
}, 240_000)
