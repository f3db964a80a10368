/** What the tests of the SQLite folder share. */
import type { LedgerGeneration } from '../../../../collector/src/model/ids.ts'
import type { LedgerState } from '../../../../collector/src/storage/requests.ts'
import { type DriverName, openConnection } from '../../../../collector/src/storage/sqlite/driver.ts'

export const NEW_LEDGER: LedgerState = {
  generation: 1 as LedgerGeneration,
  origin: '0123456789abcdef',
  openedAtMs: 0,
  identityKeyNumber: 1,
  identityKey: 'ff'.repeat(32),
  isDemo: false,
}

export const DRIVERS: readonly DriverName[] = ['better-sqlite3', 'node:sqlite']

export function connect(path: string, driver: DriverName = 'better-sqlite3') {
  return openConnection({ path, driver, isReader: false, synchronous: 'FULL' })
}
