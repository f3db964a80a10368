/**
 * Re-walks journal entries with nothing but the entries themselves: every bit flipped, entry cut
 * out, swapped or moved is found and named. Only a cut-off end needs something to compare with: a
 * head that was seen before.
 *
 * Checks in order: number, generation, link to the predecessor, hash over the bytes, form of the
 * bytes, and that the columns beside the bytes say the same as the bytes.
 */
import type { JournalEntry } from '../model/ledger.ts'
import type { JournalHead } from '../storage/requests.ts'
import { decodeEntry, entryHash, GENESIS_HASH, previousOf } from './entry.ts'

export type EntryFault =
  | 'number_not_next'
  | 'generation_went_back'
  | 'first_not_ledger_opened'
  | 'previous_hash_differs'
  | 'hash_differs'
  | 'bytes_not_canonical'
  | 'columns_differ'
  | 'end_cut_off'
  | 'head_differs'

/** Where a walk stands: nothing yet, or after an entry. */
export interface WalkState extends JournalHead {
  readonly generation: number
}

export const WALK_START: WalkState = { seq: 0, hash: GENESIS_HASH, generation: 0 }

export type WalkResult =
  | { readonly status: 'verified'; readonly state: WalkState }
  | {
      readonly status: 'broken'
      /** Number the walk had come to: the entry expected there is missing or wrong. */
      readonly atSeq: number
      readonly fault: EntryFault
    }

/** Walks on from `state`; pages of one journal are walked one after the other. */
export function verifyEntries(state: WalkState, entries: Iterable<JournalEntry>): WalkResult {
  let current = state
  for (const entry of entries) {
    const fault = faultOf(current, entry)
    if (fault !== null) return { status: 'broken', atSeq: current.seq + 1, fault }
    current = { seq: entry.seq, hash: entry.hash, generation: entry.generation }
  }
  return { status: 'verified', state: current }
}

/** A whole journal against a head that was seen before (a checkpoint, an earlier export). */
export function verifyJournal(
  entries: Iterable<JournalEntry>,
  seen: JournalHead | null = null,
): WalkResult {
  let seenHash: string | null = seen?.seq === 0 ? GENESIS_HASH : null
  const result = verifyEntries(
    WALK_START,
    watching(entries, seen, (hash) => (seenHash = hash)),
  )
  if (result.status === 'broken' || seen === null) return result
  if (seenHash === null) {
    return { status: 'broken', atSeq: result.state.seq + 1, fault: 'end_cut_off' }
  }
  if (seenHash !== previousOf(seen)) {
    return { status: 'broken', atSeq: seen.seq, fault: 'head_differs' }
  }
  return result
}

function* watching(
  entries: Iterable<JournalEntry>,
  seen: JournalHead | null,
  found: (hash: string) => void,
): Iterable<JournalEntry> {
  for (const entry of entries) {
    if (seen !== null && entry.seq === seen.seq) found(entry.hash)
    yield entry
  }
}

function faultOf(state: WalkState, entry: JournalEntry): EntryFault | null {
  if (entry.seq !== state.seq + 1) return 'number_not_next'
  if (entry.generation < state.generation) return 'generation_went_back'
  if (entry.seq === 1 && entry.kind !== 'ledger_opened') return 'first_not_ledger_opened'
  if (entry.previousHash !== previousOf(state)) return 'previous_hash_differs'
  if (entry.hash !== entryHash(entry.previousHash, entry.bytes)) return 'hash_differs'
  const decoded = decodeEntry(entry.bytes)
  if (decoded === null) return 'bytes_not_canonical'
  const isSame =
    decoded.seq === entry.seq &&
    decoded.generation === entry.generation &&
    decoded.kind === entry.kind &&
    decoded.atMs === entry.atMs
  return isSame ? null : 'columns_differ'
}
