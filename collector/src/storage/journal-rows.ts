/** Rows of the journal, its outbox and its tree, and of what the ledger is called. */
import type { EntrySeq, LedgerGeneration } from '../model/ids.ts'
import type { StoredCosignature } from '../model/journal-tree.ts'
import {
  ENTRY_KINDS,
  type JournalEntry,
  type JsonObject,
  type StoredOutboxEntry,
} from '../model/ledger.ts'
import { unpackEntry } from './packed-entry.ts'
import type { JournalHead, LedgerState } from './requests.ts'
import { bytes, flag, integer, type Row, storedJson, text, wordOf } from './values.ts'

/** What the first entry names as its predecessor. */
export const EMPTY_HEAD: JournalHead = { seq: 0, hash: '0'.repeat(64) }
/** The outbox number of an entry that was made by the sequencer itself. */
export const NO_OUTBOX_ROW = 0

export function outboxOf(row: Row): StoredOutboxEntry {
  return {
    outboxId: integer(row, 'outbox_id'),
    kind: wordOf(row, 'kind', ENTRY_KINDS),
    atMs: integer(row, 'at_ms'),
    payload: storedJson<JsonObject>(text(row, 'payload')),
  }
}

export function entryOf(row: Row): JournalEntry {
  return {
    seq: integer(row, 'seq') as EntrySeq,
    generation: integer(row, 'generation') as LedgerGeneration,
    kind: wordOf(row, 'kind', ENTRY_KINDS),
    atMs: integer(row, 'at_ms'),
    bytes: unpackEntry(bytes(row, 'bytes'), integer(row, 'seq')),
    previousHash: text(row, 'previous_hash'),
    hash: text(row, 'hash'),
  }
}

/** What the entry of a row of the journal says, by its own bytes. */
export function payloadOf<Payload>(row: Row): Payload {
  const json = Buffer.from(unpackEntry(bytes(row, 'bytes'), integer(row, 'seq'))).toString('utf8')
  return storedJson<{ readonly payload: Payload }>(json).payload
}

/** Far above any proof (106 spans of 53 subtrees would be no tree of numbers). */
export const NODES_READ_MAX = 4_096

export function cosignatureOf(row: Row): StoredCosignature {
  return {
    witness: text(row, 'witness'),
    size: integer(row, 'size'),
    seconds: integer(row, 'seconds'),
    note: text(row, 'note'),
  }
}

export function ledgerOf(row: Row): LedgerState {
  return {
    generation: integer(row, 'generation') as LedgerGeneration,
    origin: text(row, 'origin'),
    openedAtMs: integer(row, 'opened_at_ms'),
    identityKeyNumber: integer(row, 'identity_key_number'),
    identityKey: text(row, 'identity_key'),
    isDemo: flag(row, 'is_demo'),
  }
}
