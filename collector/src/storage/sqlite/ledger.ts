/** What a ledger is called: written once into a fresh file, then only read. */
import { assert } from '@yiben/shared'
import { ledgerOf } from '../journal-rows.ts'
import type { LedgerState } from '../requests.ts'
import type { Database } from './driver.ts'
import { fromFlag } from './values.ts'

/** A file that holds a ledger already keeps its own. */
export function createLedger(db: Database, fresh: LedgerState): void {
  db.transaction('write', () => {
    db.run(
      `INSERT INTO ledger (one, generation, origin, opened_at_ms, identity_key_number,
         identity_key, is_demo) VALUES (1, ?, ?, ?, ?, ?, ?) ON CONFLICT (one) DO NOTHING`,
      fresh.generation,
      fresh.origin,
      fresh.openedAtMs,
      fresh.identityKeyNumber,
      fresh.identityKey,
      fromFlag(fresh.isDemo),
    )
  })
}

export function readLedger(db: Database): LedgerState {
  const row = db.get('SELECT * FROM ledger')
  assert(row !== undefined, 'a ledger file says which ledger it is')
  return ledgerOf(row)
}
