/** Entries of decisions, written in the decision's own transaction; the sequencer numbers them. */
import type { OutboxEntry } from '../../model/ledger.ts'
import type { Database } from './driver.ts'

export function addToOutbox(db: Database, entries: readonly OutboxEntry[]): void {
  for (const entry of entries) {
    db.run(
      'INSERT INTO outbox (kind, at_ms, payload) VALUES (?, ?, ?)',
      entry.kind,
      entry.atMs,
      JSON.stringify(entry.payload),
    )
  }
}
