/** Stores over one PostgreSQL database, closed and the database given back when the test ends. */
import { onTestFinished } from 'vitest'
import type { LedgerGeneration } from '../../collector/src/model/ids.ts'
import { Pool } from '../../collector/src/storage/postgres/driver.ts'
import { PostgresMembers } from '../../collector/src/storage/postgres/members.ts'
import type { ServingIdentity } from '../../collector/src/storage/postgres/serving.ts'
import { sql } from '../../collector/src/storage/postgres/sql.ts'
import {
  openPostgresStore,
  openServingStore,
  type PostgresStore,
} from '../../collector/src/storage/postgres/store.ts'
import type { LedgerState } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { createLogger } from '../../shared/src/log.ts'
import { createRealWorld } from '../../shared/src/real-world.ts'
import { freshDatabase, giveBackDatabase, statement } from './postgres.ts'
import { until } from './program.ts'

export const POSTGRES_LEDGER: LedgerState = {
  generation: 1 as LedgerGeneration,
  origin: '0123456789abcdef',
  openedAtMs: 0,
  identityKeyNumber: 1,
  identityKey: 'ff'.repeat(32),
  isDemo: false,
}

/** As many stores as there are collectors, over a database of the test's own. */
export async function collectorsOnPostgres(
  count: number,
): Promise<{ readonly url: string; readonly stores: readonly Store[] }> {
  const newLedger = POSTGRES_LEDGER
  const url = await freshDatabase(async (template) => {
    const store = await openPostgresStore({ url: template, newLedger })
    await store.close()
  })
  const stores = await Promise.all(
    Array.from({ length: count }, () => openPostgresStore({ url, newLedger })),
  )
  onTestFinished(async () => {
    await Promise.all(stores.map((store) => store.close()))
    await giveBackDatabase(url)
  })
  return { url, stores }
}

/** Others stop where they take their numbers, before they commit, until these are let go. */
export async function heldNumbers(url: string) {
  const pool = new Pool({ url, connections: 1 })
  onTestFinished(() => pool.close())
  const { promise: letGo, resolve } = Promise.withResolvers<void>()
  await new Promise<void>((held, failed) => {
    const holding = pool.transaction('write', async (db) => {
      await db.run(sql`SELECT 1 FROM numbers FOR UPDATE`)
      held()
      await letGo
    })
    holding.catch(failed)
  })
  const waiting = `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`
  return {
    letGo: resolve,
    waitedFor: (count: number) =>
      until(`${count} wait`, async () => {
        return (await statement(url, waiting)).length >= count ? true : null
      }),
  }
}

/** A process among those that serve a database; gone when the test ends. */
export async function memberOn(
  url: string,
  instance: string,
  given?: ServingIdentity,
): Promise<PostgresMembers> {
  const identity = given ?? { publicKey: await boundKey(url), make: () => 'key-0' }
  const members = await PostgresMembers.join({
    ...{ url, newLedger: POSTGRES_LEDGER, identity, instance, name: instance, isAgain: false },
    clock: createRealWorld().clock,
    log: createLogger('silent'),
  })
  onTestFinished(() => members.close())
  return members
}

async function boundKey(url: string): Promise<string | null> {
  const [row] = await statement(url, 'SELECT public_key FROM serving')
  return (row as { readonly public_key: string | null }).public_key
}

/** Leads; throws where another one does. */
export async function leaderOn(
  members: PostgresMembers,
  url: string,
  onDeath: (error: Error) => void = () => {},
): Promise<PostgresStore> {
  const number = await members.lead(null)
  if (number === null) throw new Error('another one leads')
  const store = openServingStore({ url, number, onDeath })
  onTestFinished(() => store.close())
  await store.ledgerState()
  return store
}
