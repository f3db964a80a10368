/**
 * Re-walks journal entries with nothing but the entries themselves: every bit flipped, entry cut
 * out, swapped or moved is found and named. Only a cut-off end needs something to compare with: a
 * head that was seen before, or a checkpoint (verify-export.ts).
 *
 * Knows the format (format.ts, SPEC.md) and nothing of the side that writes entries. Checks in
 * order: number, generation, opening of a generation, link to the predecessor, hash over the bytes,
 * form of the bytes, and that the columns beside the bytes say the same as the bytes.
 */
import type { JournalEntry } from '../model/ledger.ts'
import { GENESIS_HASH } from './format.ts'
import { linkHash, readEntry } from './verify-entry.ts'

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

/** An entry as it is told: its bytes, and what stands beside them. */
export type ToldEntry = Pick<JournalEntry, 'atMs' | 'bytes' | 'previousHash' | 'hash'> & {
  readonly seq: number
  readonly generation: number
  readonly kind: string
}

/** A number and the hash of its entry. */
export interface EntryMark {
  readonly seq: number
  readonly hash: string
}

/** Where a walk stands: nothing yet, or after an entry. */
export interface WalkState extends EntryMark {
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
export function verifyEntries(state: WalkState, entries: Iterable<ToldEntry>): WalkResult {
  let current = state
  for (const entry of entries) {
    const fault = faultOf(current, entry)
    if (fault !== null) return { status: 'broken', atSeq: current.seq + 1, fault }
    current = { seq: entry.seq, hash: entry.hash, generation: entry.generation }
  }
  return { status: 'verified', state: current }
}

/** A whole journal against a head that was seen before (an earlier export). */
export function verifyJournal(
  entries: Iterable<ToldEntry>,
  seen: EntryMark | null = null,
): WalkResult {
  let seenHash: string | null = seen?.seq === 0 ? seen.hash : null
  const result = verifyEntries(
    WALK_START,
    watching(entries, seen, (hash) => (seenHash = hash)),
  )
  if (result.status === 'broken' || seen === null) return result
  if (seenHash === null) {
    return { status: 'broken', atSeq: result.state.seq + 1, fault: 'end_cut_off' }
  }
  if (seenHash !== seen.hash) {
    return { status: 'broken', atSeq: seen.seq, fault: 'head_differs' }
  }
  return result
}

function* watching(
  entries: Iterable<ToldEntry>,
  seen: EntryMark | null,
  found: (hash: string) => void,
): Iterable<ToldEntry> {
  for (const entry of entries) {
    if (seen !== null && entry.seq === seen.seq) found(entry.hash)
    yield entry
  }
}

function faultOf(state: WalkState, entry: ToldEntry): EntryFault | null {
  if (entry.seq !== state.seq + 1) return 'number_not_next'
  if (entry.generation < state.generation) return 'generation_went_back'
  if (entry.generation > state.generation && entry.kind !== 'ledger_opened') {
    return 'first_not_ledger_opened'
  }
  if (entry.previousHash !== state.hash) return 'previous_hash_differs'
  if (entry.hash !== linkHash(entry.previousHash, entry.bytes)) return 'hash_differs'
  const read = readEntry(entry.bytes)
  if (read === null) return 'bytes_not_canonical'
  const isSame =
    read.seq === entry.seq &&
    read.generation === entry.generation &&
    read.kind === entry.kind &&
    read.atMs === entry.atMs
  return isSame ? null : 'columns_differ'
}
