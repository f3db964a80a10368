/**
 * Whether this ledger was restored and does not know yet what is lent: a counter that a restore
 * sets in the transaction that begins its generation, and that is taken away once, with its entry.
 */

import type { Store } from '../store.ts'
import type { Database } from './driver.ts'
import { readLedger } from './ledger.ts'
import { addToOutbox } from './outbox.ts'
import { sql } from './sql.ts'

/** Row of `counters`; its value is the generation that is being recovered. */
const COUNTER = 'recovering_generation'

type RecoveryMethods = Pick<Store, 'isRecovering' | 'endRecovery'>

export function recoveryMethods(db: Database): RecoveryMethods {
  return {
    isRecovering: async () => await isRecovering(db),
    endRecovery: async (outbox) => {
      if (!(await isRecovering(db))) return { status: 'not_recovering' }
      const { changes } = await db.run(sql`DELETE FROM counters WHERE name = ${COUNTER}`)
      // Another process was first.
      if (changes === 0) return { status: 'not_recovering' }
      addToOutbox(db, outbox)
      return { status: 'ended' }
    },
  }
}

/** Of a ledger that begins a generation: it does not know what is lent until that is told. */
export async function beginRecovery(db: Database, generation: number): Promise<void> {
  await db.run(sql`
    INSERT INTO counters (name, value) VALUES (${COUNTER}, ${generation})
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
}

async function isRecovering(db: Database): Promise<boolean> {
  const row = await db.get(sql`SELECT value FROM counters WHERE name = ${COUNTER}`)
  return row !== undefined && row.value === (await readLedger(db)).generation
}
