/** The outbox and the journal: entries get their numbers in one place, gap-free, each once. */
import { assert } from '@yiben/shared'
import type { JournalEntry } from '../../model/ledger.ts'
import { EMPTY_HEAD, entryOf, NO_OUTBOX_ROW, outboxOf } from '../journal-rows.ts'
import { packEntry } from '../packed-entry.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { JournalHead } from '../requests.ts'
import type { Store } from '../store.ts'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { sql } from './sql.ts'

type JournalMethods = Pick<Store, 'readOutbox' | 'journalHead' | 'appendJournal' | 'readJournal'>

export function journalMethods(db: Database): JournalMethods {
  return {
    readOutbox: async (limit) =>
      (
        await db.all(
          sql`SELECT * FROM outbox ORDER BY outbox_id
            LIMIT ${Math.max(0, Math.min(limit, PAGE_ROWS_MAX))}`,
        )
      ).map(outboxOf),

    journalHead: async () => await journalHead(db),

    appendJournal: async (expectedHead, entries) => {
      await lock(db, 'journal')
      const head = await journalHead(db)
      if (head.seq !== expectedHead.seq || head.hash !== expectedHead.hash) {
        return { status: 'stale' }
      }
      if (!(await areWaiting(db, entries))) return { status: 'stale' }
      let last = head
      for (const entry of entries) {
        assert(entry.seq === last.seq + 1, 'journal entries are numbered without a gap')
        assert(entry.previousHash === last.hash, 'a journal entry names the one before it')
        last = entry
      }
      await insertEntries(db, entries)
      await db.run(sql`
        DELETE FROM outbox
        WHERE outbox_id = ANY(${entries.map(({ outboxId }) => outboxId)}::bigint[])`)
      return { status: 'appended' }
    },

    readJournal: async (afterSeq, limit) =>
      (
        await db.all(
          sql`SELECT * FROM journal WHERE seq > ${afterSeq} ORDER BY seq
            LIMIT ${Math.max(0, Math.min(limit, PAGE_ROWS_MAX))}`,
        )
      ).map(entryOf),
  }
}

async function journalHead(db: Database): Promise<JournalHead> {
  const row = await db.get(sql`SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1`)
  return row === undefined ? EMPTY_HEAD : { seq: integer(row, 'seq'), hash: text(row, 'hash') }
}

async function areWaiting(
  db: Database,
  entries: readonly { readonly outboxId: number }[],
): Promise<boolean> {
  const asked = entries.map(({ outboxId }) => outboxId).filter((id) => id !== NO_OUTBOX_ROW)
  const row = await db.get(sql`
    SELECT count(*) AS waiting FROM outbox WHERE outbox_id = ANY(${asked}::bigint[])`)
  return integer(row ?? {}, 'waiting') === asked.length
}

async function insertEntries(db: Database, entries: readonly JournalEntry[]): Promise<void> {
  await db.run(sql`
    INSERT INTO journal (seq, generation, kind, at_ms, previous_hash, hash, bytes)
    SELECT * FROM unnest(${entries.map(({ seq }) => seq)}::bigint[],
      ${entries.map(({ generation }) => generation)}::bigint[],
      ${entries.map(({ kind }) => kind)}::text[], ${entries.map(({ atMs }) => atMs)}::bigint[],
      ${entries.map(({ previousHash }) => previousHash)}::text[],
      ${entries.map(({ hash }) => hash)}::text[], ${entries.map(({ bytes }) => packEntry(bytes))}::bytea[])`)
}
