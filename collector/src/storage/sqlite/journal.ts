/** The outbox and the journal: entries get their numbers in one place, gap-free, each once. */
import { assert } from '@yiben/shared'
import type { JournalEntry } from '../../model/ledger.ts'
import { EMPTY_HEAD, entryOf, NO_OUTBOX_ROW, outboxOf } from '../journal-rows.ts'
import { packEntry } from '../packed-entry.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { JournalHead } from '../requests.ts'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'

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
