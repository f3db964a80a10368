/**
 * The primary of a PostgreSQL is lost under load and a standby takes its place: what was
 * acknowledged is there, each thing once, and the collector and its agents carry on by themselves.
 */
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openPostgresStore } from '../../collector/src/storage/postgres/store.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { checkNode } from '../support/ledger-check.ts'
import { OwnServer, statement } from '../support/postgres.ts'
import { POSTGRES_LEDGER } from '../support/postgres-store.ts'
import { until } from '../support/program.ts'

const DATABASE = 'ledger'

async function freePort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return String(address.port)
}

/** A primary that acknowledges nothing before its standby has it. */
async function primaryAndStandby() {
  const [port, standbyPort] = [await freePort(), await freePort()]
  const durable = { synchronous_commit: 'on', listen_addresses: '127.0.0.1' }
  const primary = await OwnServer.start({ ...durable, port })
  onTestFinished(() => primary.remove())
  await statement(primary.url('postgres'), `CREATE DATABASE ${DATABASE}`)
  // Stopped in order, so that the copy of its files is whole.
  await primary.kill()
  const standby = await primary.standby({ ...durable, port: standbyPort })
  onTestFinished(() => standby.remove())
  await primary.launch()
  await standby.launch()
  const admin = primary.url('postgres')
  await statement(admin, "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
  await statement(admin, 'SELECT pg_reload_conf()')
  await until('the standby is waited for', async () => {
    const rows = await statement(
      admin,
      "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'",
    )
    return rows.length > 0 ? true : null
  })
  return {
    primary,
    standby,
    url: `postgresql://yiben@127.0.0.1:${port},127.0.0.1:${standbyPort}/${DATABASE}`,
  }
}

test('nothing that was acknowledged is lost, and nothing is told twice', async () => {
  const { primary, standby, url } = await primaryAndStandby()
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

  await primary.kill()
  for (const machine of machines) machine.cards.nvidia?.set('busy')
  await statement(standby.url('postgres'), 'SELECT pg_promote(true)')
  // Nobody waits for the one that is gone.
  await statement(standby.url('postgres'), "ALTER SYSTEM SET synchronous_standby_names = ''")
  await statement(standby.url('postgres'), 'SELECT pg_reload_conf()')
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
