/**
 * Begins a new generation of a ledger that PostgreSQL's own tools have put back from an older copy:
 * all in one transaction, and only while nobody else is connected to the database. Killed anywhere
 * it leaves the copy as it was, or the generation begun.
 */
import { AppError } from '@yiben/shared'
import type { OutboxEntry } from '../../model/ledger.ts'
import { outboxOf } from '../journal-rows.ts'
import type { LedgerState } from '../requests.ts'
import type { Store } from '../store.ts'
import { integer, text } from '../values.ts'
import { endAllLogins } from './access.ts'
import { type Database, Pool } from './driver.ts'
import { journalMethods } from './journal.ts'
import { readLedger } from './ledger.ts'
import { lock } from './locks.ts'
import { migrate } from './migrate.ts'
import { addToOutbox, writeNumbered } from './outbox.ts'
import { beginRecovery } from './recovery.ts'
import { forgetJoinStates } from './roster.ts'
import { refuseOtherIdentity } from './serving.ts'
import { sql } from './sql.ts'

/** The copy as it is in the database. */
export interface DatabaseCopy {
  readonly ledger: LedgerState
  /** Checkpoints that it holds itself. */
  readonly notes: readonly string[]
  readonly journal: Pick<Store, 'readJournal'>
}

/** What begins: the ledger under its new number, and its first entry. */
export interface Beginning {
  readonly after: Pick<LedgerState, 'generation' | 'openedAtMs'>
  readonly opening: OutboxEntry
}

/** `decide` may be asked more than once; what it throws leaves the database as it was. */
export async function beginGeneration<Result extends Beginning>(
  { publicKey, url }: { readonly publicKey: string; readonly url: string },
  decide: (copy: DatabaseCopy) => Promise<Result>,
): Promise<Result> {
  const pool = new Pool({ url, connections: 1 })
  try {
    await pool.transaction('write', refuseWithoutLedger)
    await migrate(pool)
    return await pool.transaction('write', async (db) => {
      // Whoever joins brings the database to its format first, and waits here.
      await lock(db, 'migrations')
      await refuseOthers(db)
      await refuseOtherIdentity(db, publicKey)
      const result = await decide(await copyOf(db))
      await begin(db, result)
      await writeNumbered(db)
      return result
    })
  } finally {
    await pool.close()
  }
}

async function refuseWithoutLedger(db: Database): Promise<void> {
  const table = await db.get(sql`SELECT to_regclass('ledger')::text AS name`)
  const row =
    table?.name === null ? undefined : await db.get(sql`SELECT generation FROM ledger LIMIT 1`)
  if (row !== undefined) return
  const sentence = 'there is no ledger in storage.url: put the copy back first (`pg_restore`)'
  throw new AppError('state_missing', sentence)
}

/** A collector that is there knows the ledger under its old number, and would go on with it. */
async function refuseOthers(db: Database): Promise<void> {
  const row = await db.get(sql`
    SELECT count(*) AS others FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend'`)
  const others = integer(row ?? {}, 'others')
  if (others === 0) return
  const sentence = `${others} other connections to the database are open: stop every collector, and whatever else uses it`
  throw new AppError('disk_locked', sentence)
}

async function copyOf(db: Database): Promise<DatabaseCopy> {
  const notes = await db.all(sql`SELECT note FROM checkpoints`)
  return {
    ledger: await readLedger(db),
    notes: notes.map((row) => text(row, 'note')),
    journal: journalMethods(db),
  }
}

/** The opening comes before anything that waited in the outbox; nobody knows yet what is lent. */
async function begin(db: Database, { after, opening }: Beginning): Promise<void> {
  await db.run(sql`
    UPDATE ledger SET generation = ${after.generation}, opened_at_ms = ${after.openedAtMs}`)
  const waiting = await db.all(sql`SELECT * FROM outbox ORDER BY outbox_id`)
  await db.run(sql`DELETE FROM outbox`)
  addToOutbox(db, [
    opening,
    ...waiting.map(outboxOf).map(({ atMs, kind, payload }) => ({ atMs, kind, payload })),
  ])
  await forgetJoinStates(db)
  await endAllLogins(db, after.openedAtMs)
  await beginRecovery(db, after.generation)
  // The copy names processes that served when it was made.
  await db.run(sql`DELETE FROM collectors`)
  await db.run(sql`DELETE FROM collector_messages`)
}
