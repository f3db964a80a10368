/**
 * Whether this ledger was restored and does not know yet what is lent: a counter that a restore
 * sets in the transaction that begins its generation, and that is taken away once, with its entry.
 */
import type { Database } from './driver.ts'
import { readLedger } from './ledger.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'

/** Row of `counters`; its value is the generation that is being recovered. */
const COUNTER = 'recovering_generation'

type RecoveryMethods = Pick<SyncStore, 'isRecovering' | 'endRecovery'>

export function recoveryMethods(db: Database): RecoveryMethods {
  return {
    isRecovering: () => isRecovering(db),
    endRecovery: (outbox) => {
      if (!isRecovering(db)) return { status: 'not_recovering' }
      db.run('DELETE FROM counters WHERE name = ?', COUNTER)
      addToOutbox(db, outbox)
      return { status: 'ended' }
    },
  }
}

export function beginRecovery(db: Database, generation: number): void {
  db.run(
    `INSERT INTO counters (name, value) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    COUNTER,
    generation,
  )
}

function isRecovering(db: Database): boolean {
  const row = db.get('SELECT value FROM counters WHERE name = ?', COUNTER)
  return row !== undefined && row.value === readLedger(db).generation
}
