/**
 * Locks that are not a row's. What a transaction decides on it locks before it looks, and looks in
 * a statement of its own: READ COMMITTED then shows what the one before has left. Rows of one table
 * are locked in the order of their keys; two transactions that meet in another order are told apart
 * by the database, and one of them is done again.
 */
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/** First half of every key of ours; anything else that uses the database has another. */
const CLASS = 5_949_424

const LOCKS = {
  migrations: 1,
  /** Which accelerator is where. */
  inventory: 2,
  /** Hours are sealed alone; whoever marks a sealed hour as changed shares. */
  seals: 3,
  journal: 4,
  audit: 5,
  /** Our numbers of sites and nodes, and codes of others for them. */
  things: 6,
  bookings: 7,
  sites: 8,
  lots: 9,
  nodeKeys: 10,
  findings: 11,
  /** Who reports here, and what was told. */
  children: 12,
  /** Which partitions there are. */
  months: 13,
} as const

export type LockName = keyof typeof LOCKS

/** Held until the transaction ends. */
export async function lock(db: Database, name: LockName): Promise<void> {
  if (db.locks.has(name)) return
  await db.run(sql`SELECT pg_advisory_xact_lock(${CLASS}, ${LOCKS[name]})`)
  db.locks.add(name)
}

/** As `lock`, beside others that share it. */
export async function share(db: Database, name: LockName): Promise<void> {
  if (db.locks.has(name)) return
  await db.run(sql`SELECT pg_advisory_xact_lock_shared(${CLASS}, ${LOCKS[name]})`)
  db.locks.add(name)
}
