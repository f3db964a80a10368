/** A real PostgreSQL primary with a standby that is waited for, and the loss of the first. */
import { onTestFinished } from 'vitest'
import { freePort, OwnServer, statement } from './postgres.ts'
import { until } from './program.ts'

const DATABASE = 'ledger'

export interface PrimaryAndStandby {
  /** Where each takes connections; the primary first. */
  readonly ports: readonly [number, number]
  /** An address of both: whichever takes writes is used. */
  readonly url: string
  /** Of the ledger on the one that has taken over. */
  readonly standbyUrl: string
  readonly killPrimary: () => Promise<void>
  /** Takes over, alone. */
  readonly promote: () => Promise<void>
}

/** A primary that acknowledges nothing before its standby has it. Gone when the test ends. */
export async function primaryAndStandby(): Promise<PrimaryAndStandby> {
  const [port, standbyPort] = [await freePort(), await freePort()]
  const durable = { synchronous_commit: 'on', listen_addresses: '127.0.0.1' }
  const primary = await OwnServer.start({ ...durable, port: `${port}` })
  onTestFinished(() => primary.remove())
  await statement(primary.url('postgres'), `CREATE DATABASE ${DATABASE}`)
  // Stopped in order, so that the copy of its files is whole.
  await primary.kill()
  const standby = await primary.standby({ ...durable, port: `${standbyPort}` })
  onTestFinished(() => standby.remove())
  await primary.launch()
  await standby.launch()
  await configure(primary, "'standby'")
  await until('the standby is waited for', async () => {
    const inStep = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
    return (await statement(primary.url('postgres'), inStep)).length > 0 ? true : null
  })
  const promote = async () => {
    await statement(standby.url('postgres'), 'SELECT pg_promote(true)')
    // Nobody waits for the one that is gone.
    await configure(standby, "''")
  }
  return {
    ports: [port, standbyPort],
    url: `postgresql://yiben@127.0.0.1:${port},127.0.0.1:${standbyPort}/${DATABASE}`,
    standbyUrl: standby.url(DATABASE),
    killPrimary: () => primary.kill(),
    promote,
  }
}

/** Which standby it waits for before it acknowledges. */
async function configure(server: OwnServer, names: string): Promise<void> {
  const url = server.url('postgres')
  await statement(url, `ALTER SYSTEM SET synchronous_standby_names = ${names}`)
  await statement(url, 'SELECT pg_reload_conf()')
}
