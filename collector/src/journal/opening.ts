/**
 * The first entry of every generation of a ledger (J4): which ledger it is, and, from the second
 * generation on, the last checkpoint that anybody holds of the one before. Whoever restores a ledger
 * puts it into the outbox before anything else; that of a fresh ledger the sequencer makes itself.
 */
import type { OutboxEntry } from '../model/ledger.ts'
import type { LedgerState } from '../storage/requests.ts'

export function openingEntry(ledger: LedgerState, previousCheckpoint: string | null): OutboxEntry {
  return {
    kind: 'ledger_opened',
    atMs: ledger.openedAtMs,
    payload: {
      generation: ledger.generation,
      origin: ledger.origin,
      identity_key_number: ledger.identityKeyNumber,
      is_demo: ledger.isDemo,
      ...(previousCheckpoint === null ? {} : { previous_checkpoint: previousCheckpoint }),
    },
  }
}
