/** The outbox and the journal: entries get their numbers in one place, gap-free, each once. */
import { assert } from '@yiben/shared'
import type { EntrySeq, LedgerGeneration } from '../../model/ids.ts'
import {
  ENTRY_KINDS,
  type JournalEntry,
  type JsonObject,
  type StoredOutboxEntry,
} from '../../model/ledger.ts'
import { packEntry, unpackEntry } from '../packed-entry.ts'
import type { JournalHead } from '../requests.ts'
import type { Database, Row } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { PAGE_ROWS_MAX } from './units.ts'
import { bytes, integer, storedJson, text, wordOf } from './values.ts'

/** What the first entry names as its predecessor. */
export const EMPTY_HEAD: JournalHead = { seq: 0, hash: '0'.repeat(64) }
/** The outbox number of an entry that was made by the sequencer itself. */
export const NO_OUTBOX_ROW = 0

type JournalMethods = Pick<
  SyncStore,
  'readOutbox' | 'journalHead' | 'appendJournal' | 'readJournal'
>

export function journalMethods(db: Database): JournalMethods {
  return {
    readOutbox: (limit) =>
      db
        .all(
          'SELECT * FROM outbox ORDER BY outbox_id LIMIT ?',
          Math.max(0, Math.min(limit, PAGE_ROWS_MAX)),
        )
        .map(outboxOf),

    journalHead: () => journalHead(db),

    appendJournal: (expectedHead, entries) => {
      const head = journalHead(db)
      if (head.seq !== expectedHead.seq || head.hash !== expectedHead.hash) {
        return { status: 'stale' }
      }
      if (!entries.every((entry) => isWaiting(db, entry.outboxId))) return { status: 'stale' }
      let last = head
      for (const entry of entries) {
        assert(entry.seq === last.seq + 1, 'journal entries are numbered without a gap')
        assert(entry.previousHash === last.hash, 'a journal entry names the one before it')
        insertEntry(db, entry)
        db.run('DELETE FROM outbox WHERE outbox_id = ?', entry.outboxId)
        last = entry
      }
      return { status: 'appended' }
    },

    readJournal: (afterSeq, limit) =>
      db
        .all(
          'SELECT * FROM journal WHERE seq > ? ORDER BY seq LIMIT ?',
          afterSeq,
          Math.max(0, Math.min(limit, PAGE_ROWS_MAX)),
        )
        .map(entryOf),
  }
}

function journalHead(db: Database): JournalHead {
  const row = db.get('SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1')
  return row === undefined ? EMPTY_HEAD : { seq: integer(row, 'seq'), hash: text(row, 'hash') }
}

function isWaiting(db: Database, outboxId: number): boolean {
  if (outboxId === NO_OUTBOX_ROW) return true
  return db.get('SELECT outbox_id FROM outbox WHERE outbox_id = ?', outboxId) !== undefined
}

function insertEntry(db: Database, entry: JournalEntry): void {
  db.run(
    `INSERT INTO journal (seq, generation, kind, at_ms, previous_hash, hash, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    entry.seq,
    entry.generation,
    entry.kind,
    entry.atMs,
    entry.previousHash,
    entry.hash,
    packEntry(entry.bytes),
  )
}

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
