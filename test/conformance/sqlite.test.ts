/**
 * The suite over SQLite: both libraries in process, one of them with everything cloned that goes in
 * and comes out, as between threads; and the store with its threads, in short: each test starts its
 * own.
 */
import { join } from 'node:path'
import type { LedgerGeneration } from '../../collector/src/model/ids.ts'
import type { LedgerState } from '../../collector/src/storage/requests.ts'
import {
  openSqliteStore,
  openSqliteStoreInProcess,
} from '../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { tempDir } from '../support/temp-dir.ts'
import { storeSuite } from './store.suite.ts'

const newLedger: LedgerState = {
  generation: 1 as LedgerGeneration,
  origin: '0123456789abcdef',
  openedAtMs: 0,
  identityKeyNumber: 1,
  identityKey: 'ff'.repeat(32),
  isDemo: false,
}

for (const driver of ['better-sqlite3', 'node:sqlite'] as const) {
  storeSuite(`${driver} in process`, async () => {
    const store = openSqliteStoreInProcess({ path: ':memory:', newLedger, driver })
    return driver === 'better-sqlite3' ? cloning(store) : store
  })
}

storeSuite(
  'sqlite in threads',
  async () =>
    openSqliteStore({ path: join(tempDir(), 'ledger.sqlite'), newLedger, isServing: true }),
  { isShort: true },
)

/** A store behind the structured clone of everything, as a thread is. */
function cloning(store: Store): Store {
  const cloned = Object.entries(store).map(([name, method]) => [
    name,
    async (...args: readonly unknown[]) => {
      const call = method as (...args: readonly unknown[]) => Promise<unknown>
      return structuredClone(await call(...structuredClone(args)))
    },
  ])
  return Object.fromEntries(cloned) as Store
}
