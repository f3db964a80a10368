/** The suite over SQLite: both libraries in process, and the store with its threads. */
import { join } from 'node:path'
import type { LedgerGeneration } from '../../collector/src/model/ids.ts'
import type { LedgerState } from '../../collector/src/storage/requests.ts'
import {
  openSqliteStore,
  openSqliteStoreInProcess,
} from '../../collector/src/storage/sqlite/store.ts'
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
  storeSuite(`${driver} in process`, async () =>
    openSqliteStoreInProcess({ path: ':memory:', newLedger, driver }),
  )
}

storeSuite('sqlite in threads', async () =>
  openSqliteStore({ path: join(tempDir(), 'ledger.sqlite'), newLedger, isServing: true }),
)
