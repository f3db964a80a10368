/**
 * The first entry of every generation of a ledger (J4): which ledger it is, and, from the second
 * generation on, the last checkpoint that anybody holds of the one before. Whoever restores a ledger
 * puts it into the outbox before anything else; that of a fresh ledger the sequencer makes itself.
 */
import type { LedgerGeneration } from '../model/ids.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { SignedCheckpoint } from './verify-signed.ts'

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

/**
 * The number of a generation that nobody has met: higher than all that are known of, and, because a
 * lost ledger may have been restored elsewhere without anybody here knowing, the second it begins in.
 * Two restores of one backup are two logs, whatever they were told of each other.
 */
export function generationAfter(known: readonly number[], nowMs: number): LedgerGeneration {
  return Math.max(...known.map((one) => one + 1), Math.floor(nowMs / 1_000)) as LedgerGeneration
}

/** By generation, then by size; `null` of none. */
export function newestOf(checkpoints: readonly SignedCheckpoint[]): SignedCheckpoint | null {
  const ordered = [...checkpoints].sort(
    (left, right) =>
      right.origin.generation - left.origin.generation ||
      right.checkpoint.size - left.checkpoint.size,
  )
  return ordered[0] ?? null
}
