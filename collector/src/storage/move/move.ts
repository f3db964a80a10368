/**
 * Moves the ledger of a file into an empty PostgreSQL database. Everything is copied and compared in
 * one transaction: broken off anywhere before its end, the database is as empty as before and the
 * file serves on. Just before that end the file is marked, so that there is never a moment at which
 * both serve; broken off right there, the same move run again finds out where the ledger is.
 */
import { ALGORITHM_ED25519, AppError } from '@yiben/shared'
import { methodsOf } from '../postgres/core.ts'
import { addressesOf, Pool, type Database as PostgresDatabase } from '../postgres/driver.ts'
import { migrate } from '../postgres/migrate.ts'
import { raw, sql } from '../postgres/sql.ts'
import type { LedgerState } from '../requests.ts'
import { checkWhole } from '../sqlite/backup.ts'
import { coreOver } from '../sqlite/core.ts'
import { chooseDriver, openConnection, type Database as SqliteDatabase } from '../sqlite/driver.ts'
import { readLedger as readFileLedger } from '../sqlite/ledger.ts'
import { migrateWithCopy } from '../sqlite/migrate-copy.ts'
import { forgetMoved, markMoved, markMoving, readMoved, refuseMoved } from '../sqlite/moved.ts'
import { holdPlace } from '../sqlite/restore.ts'
import { inProcessStore } from '../sqlite/store.ts'
import { textOrNull } from '../values.ts'
import { copyLedger } from './copy.ts'
import { type JournalEnd, sameAnswers, sameJournal } from './same-answers.ts'
import { sameRows } from './same-rows.ts'
import { type MovedTable, movedTables, ownTables } from './tables.ts'

export interface MoveOptions {
  /** The ledger file; nobody may have it open. */
  readonly path: string
  /** Of a database that holds nothing. */
  readonly url: string
  /** Of the collector that serves this ledger; `null`: nobody has yet. */
  readonly identity: { readonly algorithm: number; readonly publicKey: string } | null
  readonly nowMs: number
}

export type MoveResult =
  | {
      readonly status: 'moved'
      readonly to: string
      readonly tables: number
      readonly rows: number
      readonly questions: number
      readonly journal: JournalEnd
    }
  /** A move that was broken off at its very end had done everything. */
  | { readonly status: 'was_moved'; readonly to: string }

/** Hosts and name of a database, without user, password and whatever else stands in the address. */
export function placeOf(url: string): string {
  const parsed = addressesOf(url).map((address) => URL.parse(address))
  const hosts = parsed.map((one) => one?.host ?? '')
  return `postgresql://${hosts.join(',')}${parsed[0]?.pathname ?? ''}`
}

/**
 * Throws `disk_locked` when somebody has the file open, `conflict` when the database holds something
 * or the ledger has gone elsewhere, `verification_failed` when the two do not agree.
 */
export async function moveLedger(options: MoveOptions): Promise<MoveResult> {
  const place = holdPlace(options.path)
  try {
    const source = connect(options.path)
    const pool = new Pool({ url: options.url, connections: 1 })
    try {
      return await move(options, source, pool)
    } finally {
      await pool.close()
      source.close()
    }
  } finally {
    place.release()
  }
}

async function move(options: MoveOptions, source: SqliteDatabase, pool: Pool): Promise<MoveResult> {
  const { nowMs, path, url } = options
  const to = placeOf(url)
  const moved = readMoved(source)
  if (moved !== null && (moved.isDone || moved.to !== to)) refuseMoved(source)
  await pool.transaction('read', refuseForeign)
  await migrate(pool)
  if (moved !== null) {
    const ledger = readFileLedger(source)
    // Behind the lock: the commit that was broken off may still be on its way there.
    const isThere = await pool.transaction('write', async (db) => {
      await lockServing(db)
      return await holds(db, ledger)
    })
    if (isThere) {
      markMoved(source)
      return { status: 'was_moved', to }
    }
    forgetMoved(source)
  }
  migrateWithCopy(source, path, nowMs)
  checkWhole(source)
  const result = await pool.transaction('write', async (db) => {
    const counted = await copyAndCompare(options, source, db)
    markMoving(source, to, nowMs)
    return { status: 'moved', to, ...counted } as const
  })
  markMoved(source)
  return result
}

async function copyAndCompare(
  { identity, nowMs, path }: MoveOptions,
  source: SqliteDatabase,
  db: PostgresDatabase,
) {
  // The file answers for as long as it takes.
  await db.exec('SET LOCAL idle_in_transaction_session_timeout = 0')
  await lockServing(db)
  const tables = await movedTables(source, db)
  await emptied(db, tables, readFileLedger(source))
  await copyLedger(source, db, tables)
  await db.run(sql`UPDATE serving SET public_key = ${identity?.publicKey ?? null}`)
  let rows = 0
  for (const table of tables) rows += await sameRows(source, db, table)
  // Its own connection: statements of one are bounded.
  const file = connect(path)
  try {
    const stores = { file: inProcessStore(coreOver(file, () => {})), database: methodsOf(db) }
    const journal = await sameJournal(stores, identity?.algorithm ?? ALGORITHM_ED25519)
    const questions = await sameAnswers(stores, nowMs)
    return { tables: tables.length, rows, journal, questions }
  } finally {
    file.close()
  }
}

/** Whoever would serve there, or move a ledger there, waits for the end of the transaction. */
async function lockServing(db: PostgresDatabase): Promise<void> {
  await db.run(sql`SELECT 1 FROM serving FOR UPDATE`)
}

/**
 * A fresh ledger that a command has begun there is nothing: nobody serves it and nothing is in it.
 * Throws `conflict` for anything else.
 */
async function emptied(
  db: PostgresDatabase,
  tables: readonly MovedTable[],
  ledger: LedgerState,
): Promise<void> {
  if (await holds(db, ledger)) throw holding('holds this ledger already: set storage.url to it')
  const serving = await db.get(sql`SELECT public_key FROM serving`)
  if (textOrNull(serving ?? {}, 'public_key') !== null) throw holding('holds a ledger already')
  for (const { to } of tables) {
    if (BEGUN.has(to)) continue
    const row = await db.get(sql`SELECT 1 AS there FROM ${raw(to)} LIMIT 1`)
    if (row !== undefined) throw holding('holds a ledger already')
  }
  for (const name of BEGUN) await db.exec(`DELETE FROM ${name}`)
}

/** Tables that have a row from the beginning. */
const BEGUN: ReadonlySet<string> = new Set(['ledger', 'feed_state'])

async function holds(db: PostgresDatabase, { origin }: LedgerState): Promise<boolean> {
  const row = await db.get(sql`SELECT 1 AS there FROM ledger WHERE origin = ${origin}`)
  return row !== undefined
}

/** Tables of something else are left alone. */
async function refuseForeign(db: PostgresDatabase): Promise<void> {
  const names = await ownTables(db)
  if (names.length === 0 || names.includes('migrations')) return
  throw holding(`holds tables of something else: ${names.slice(0, 3).join(', ')}`)
}

function holding(what: string): AppError {
  const sentence = `The database ${what}. A ledger is moved into an empty one.`
  return new AppError('conflict', sentence)
}

function connect(path: string): SqliteDatabase {
  return openConnection({ path, driver: chooseDriver(), isReader: false, synchronous: 'FULL' })
}
