/** What a ledger is called: written once into a fresh database, then only read. */
import { assert } from '@yiben/shared'
import { ledgerOf } from '../journal-rows.ts'
import type { LedgerState } from '../requests.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/** A database that holds a ledger already keeps its own. */
export async function createLedger(db: Database, fresh: LedgerState): Promise<void> {
  await db.run(sql`
    INSERT INTO ledger (one, generation, origin, opened_at_ms, identity_key_number, identity_key,
      is_demo)
    VALUES (1, ${fresh.generation}, ${fresh.origin}, ${fresh.openedAtMs},
      ${fresh.identityKeyNumber}, ${fresh.identityKey}, ${fresh.isDemo})
    ON CONFLICT (one) DO NOTHING`)
}

export async function readLedger(db: Database): Promise<LedgerState> {
  const row = await db.get(sql`SELECT * FROM ledger`)
  assert(row !== undefined, 'a ledger says which ledger it is')
  return ledgerOf(row)
}
