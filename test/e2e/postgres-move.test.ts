/**
 * A collector whose ledger moves from its file to a PostgreSQL while its agent waits: the agent goes
 * on in the same stream, and every second is told once.
 */
import { expect, onTestFinished, test } from 'vitest'
import { openPostgresStore } from '../../collector/src/storage/postgres/store.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { checkNode } from '../support/ledger-check.ts'
import { dropDatabase, emptyDatabase } from '../support/postgres.ts'
import { POSTGRES_LEDGER } from '../support/postgres-store.ts'
import { until } from '../support/program.ts'

test('an agent goes on where it was after the ledger has moved', async () => {
  const url = await emptyDatabase()
  await using world = new E2eWorld()
  onTestFinished(() => dropDatabase(url))
  const { collector } = world
  await collector.start()
  const agent = world.machine({ name: 'node-1', nodeTag: 'a1', vendors: { nvidia: 2 } })
  const [nodeId = ''] = await world.enroll([agent])
  agent.cards.nvidia?.set('free')
  agent.start()
  await world.seen({ connected: 2, free: 2, deposited: 2 })
  const epoch = agent.readSpool()?.epoch
  expect(epoch).toMatch(/^[0-9a-f]{32}$/)

  // Not while it serves.
  const early = await collector.command(['migrate', '--from', 'sqlite', '--to', url])
  expect(early.exitCode).toBe(1)
  expect(early.stderr).toContain('Another collector is serving this ledger.')
  await collector.stop()
  agent.cards.nvidia?.set('busy')
  await collector.say(['migrate', '--from', 'sqlite', '--to', url])
  collector.env = { YIBEN_COLLECTOR_STORAGE_URL: url }
  await collector.start()
  await world.seen({ connected: 2, busy: 2, deposited: 0 }, 60_000)

  await agent.stop()
  await until('the last word is in the ledger', async () => {
    const answer = await collector.get(`/v1/nodes/${nodeId}`)
    return answer.body.session?.connected === false ? true : null
  })
  await collector.stop()
  const spool = agent.readSpool()
  if (spool === null) throw new Error('the agent has left no spool')
  expect(spool.epoch).toBe(epoch)
  const store = await openPostgresStore({ url, newLedger: POSTGRES_LEDGER })
  try {
    expect(await checkNode(store, nodeId, spool)).toEqual([])
  } finally {
    await store.close()
  }
}, 180_000)
