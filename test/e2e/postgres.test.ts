/**
 * A real collector whose ledger is in a real PostgreSQL, with a real agent: the same path as with a
 * file, while the database and the collector are killed under it.
 */
import { expect, onTestFinished, test } from 'vitest'
import { openPostgresStore } from '../../collector/src/storage/postgres/store.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { checkNode } from '../support/ledger-check.ts'
import { OwnServer, statement } from '../support/postgres.ts'
import { POSTGRES_LEDGER } from '../support/postgres-store.ts'
import { until } from '../support/program.ts'

test('a card is deposited, and every second is told once, whatever is killed', async () => {
  const server = await OwnServer.start()
  onTestFinished(() => server.remove())
  await statement(server.url('postgres'), 'CREATE DATABASE ledger')
  const url = server.url('ledger')
  await using world = new E2eWorld()
  const { collector } = world
  collector.env = { YIBEN_COLLECTOR_STORAGE_URL: url }
  await collector.start()

  const agent = world.machine({ name: 'node-1', nodeTag: 'a1', vendors: { nvidia: 2 } })
  const [nodeId = ''] = await world.enroll([agent])
  agent.cards.nvidia?.set('busy')
  agent.start()
  await world.seen({ connected: 2, busy: 2 })

  // The database goes away for a while: nothing is acknowledged meanwhile, and nothing is lost.
  await server.kill()
  agent.cards.nvidia?.set('free')
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  await server.launch()
  await world.seen({ free: 2, deposited: 2 }, 60_000)

  // So does the collector.
  await collector.kill()
  agent.cards.nvidia?.set('busy')
  await collector.start()
  await world.seen({ busy: 2, deposited: 0 }, 60_000)

  await agent.stop()
  const node = await until('the last word is in the ledger', async () => {
    const answer = await collector.get(`/v1/nodes/${nodeId}`)
    return answer.body.session?.connected === false ? answer.body : null
  })
  const balance = await collector.command([
    'balance',
    '--json',
    '--from',
    node.enrolled_at,
    '--to',
    node.told_to,
  ])
  expect(balance.exitCode, balance.stdout).toBe(0)
  expect(JSON.parse(balance.stdout)).toMatchObject({ balanced: true, units: 2, errors_total: 0 })
  expect(await collector.stop()).not.toBeNull()

  // Row by row against the node's own records.
  const spool = agent.readSpool()
  if (spool === null) throw new Error('the agent has left no spool')
  const store = await openPostgresStore({ url, newLedger: POSTGRES_LEDGER })
  try {
    expect(await checkNode(store, nodeId, spool)).toEqual([])
  } finally {
    await store.close()
  }
}, 180_000)
