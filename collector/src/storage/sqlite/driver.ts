/**
 * The only file that knows a SQLite library. One tiny synchronous face over better-sqlite3 and,
 * where its addon does not load (glibc older than 2.34), over Node's built-in `node:sqlite`.
 *
 * Promises: a transaction is committed to disk when `transaction` returns (WAL, synchronous FULL)
 * and leaves nothing behind when it throws; every failure of the disk is an `AppError`.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { AppError, assert } from '@yiben/shared'
import BetterSqlite3 from 'better-sqlite3'
import type { Row, Value } from '../values.ts'
import { translateSqliteError } from './errors.ts'

const DRIVER_NAMES = ['better-sqlite3', 'node:sqlite'] as const
export type DriverName = (typeof DRIVER_NAMES)[number]

export interface ConnectionOptions {
  /** A file, or `:memory:`. */
  readonly path: string
  readonly driver: DriverName
  /** Refuses every write on this connection. */
  readonly isReader: boolean
  /** `OFF` gives up durability: for simulations only. */
  readonly synchronous: 'FULL' | 'OFF'
}

/** How long a statement waits for another connection's lock before `disk_locked`. */
const BUSY_TIMEOUT_MS = 5_000
/** Page cache per connection; negative means KiB to SQLite. */
const CACHE_KIB = 32 * 1024
/**
 * Readers look through a map of the file, as much of it as SQLite allows: what is mapped is the page
 * cache of the system, given up when memory is short. A ledger of 435 MB read by as many look-ups as
 * it has cards took 124 ms through 128 MiB of map, 68 ms through all of it.
 */
const MMAP_BYTES = 2_147_418_112
/** The write-ahead log is cut back to this after a checkpoint. */
const WAL_BYTES_MAX = 64 * 1024 * 1024
const WAL_CHECKPOINT_PAGES = 4_000
/** Every statement of this folder fits; a text past it would be a statement built from data. */
const STATEMENTS_MAX = 400

/** A compiled statement as both libraries offer it. */
interface Compiled {
  run(...params: Value[]): { readonly changes: number | bigint; readonly lastInsertRowid: unknown }
  get(...params: Value[]): unknown
  all(...params: Value[]): unknown[]
}

interface Library {
  compile(sql: string, bigints: boolean): Compiled
  exec(sql: string): void
  isInTransaction(): boolean
  close(): void
}

/** One connection. Statements are compiled once per text and kept. */
export class Database {
  readonly #library: Library
  readonly #statements = new Map<string, Compiled>()
  #isClosed = false

  constructor(library: Library) {
    this.#library = library
  }

  /** Runs a write; answers how many rows it changed and the row number it gave. */
  run(sql: string, ...params: Value[]): { readonly changes: number; readonly rowNumber: number } {
    const result = this.#guarded(() => this.#statement(sql, false).run(...params))
    return { changes: Number(result.changes), rowNumber: Number(result.lastInsertRowid) }
  }

  get(sql: string, ...params: Value[]): Row | undefined {
    return this.#guarded(() => this.#statement(sql, false).get(...params)) as Row | undefined
  }

  all(sql: string, ...params: Value[]): readonly Row[] {
    return this.#guarded(() => this.#statement(sql, false).all(...params)) as Row[]
  }

  /** As `all`, with every integer a bigint: for amounts, which pass 2^53. */
  allBigint(sql: string, ...params: Value[]): readonly Row[] {
    return this.#guarded(() => this.#statement(sql, true).all(...params)) as Row[]
  }

  /** Statements without parameters or results: pragmas, migrations. */
  exec(sql: string): void {
    this.#guarded(() => this.#library.exec(sql))
  }

  /** `write` takes the write lock at once, so that what it reads stays true until it commits. */
  transaction<Result>(kind: 'read' | 'write', body: () => Result): Result {
    assert(!this.#library.isInTransaction(), 'transactions do not nest')
    this.exec(kind === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN')
    try {
      const result = body()
      this.exec('COMMIT')
      return result
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#library.isInTransaction()) this.exec('ROLLBACK')
      throw error
    }
  }

  /** Within a transaction: what `body` wrote is undone when it throws, or when it is not kept. */
  attempt<Result>(body: () => Result, isKept: (result: Result) => boolean): Result {
    assert(this.#library.isInTransaction(), 'an attempt is a part of a transaction')
    this.run('SAVEPOINT attempt')
    try {
      const result = body()
      if (!isKept(result)) this.run('ROLLBACK TO attempt')
      this.run('RELEASE attempt')
      return result
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#library.isInTransaction()) {
        this.run('ROLLBACK TO attempt')
        this.run('RELEASE attempt')
      }
      throw error
    }
  }

  /** `false` within `transaction` too, once a full disk has ended it. */
  isInTransaction(): boolean {
    return this.#library.isInTransaction()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#statements.clear()
    this.#library.close()
  }

  #statement(sql: string, bigints: boolean): Compiled {
    const key = bigints ? `bigint ${sql}` : sql
    const known = this.#statements.get(key)
    if (known !== undefined) return known
    assert(
      this.#statements.size < STATEMENTS_MAX,
      'statements are constant texts, not built of data',
    )
    const compiled = this.#library.compile(sql, bigints)
    this.#statements.set(key, compiled)
    return compiled
  }

  #guarded<Result>(body: () => Result): Result {
    try {
      return body()
    } catch (error) {
      throw translateSqliteError(error)
    }
  }
}

let bestDriver: DriverName | null = null

/** better-sqlite3 where its addon loads on this machine, else `node:sqlite`. */
export function chooseDriver(): DriverName {
  if (bestDriver !== null) return bestDriver
  try {
    new BetterSqlite3(':memory:').close()
    bestDriver = 'better-sqlite3'
  } catch {
    bestDriver = 'node:sqlite'
  }
  return bestDriver
}

export function openConnection(options: ConnectionOptions): Database {
  refuseMissingFolder(options.path)
  try {
    const library =
      options.driver === 'better-sqlite3' ? openBetterSqlite(options) : openNodeSqlite(options)
    const database = new Database(library)
    configure(database, options)
    return database
  } catch (error) {
    throw translateSqliteError(error)
  }
}

/** Only to look at: not a byte of the file changes, and nothing is put beside it. */
export function openUntouched(path: string, driver: DriverName): Database {
  try {
    const library =
      driver === 'better-sqlite3'
        ? overBetterSqlite(new BetterSqlite3(path, { readonly: true, fileMustExist: true }))
        : overNodeSqlite(new DatabaseSync(path, { readOnly: true }))
    const database = new Database(library)
    database.exec('PRAGMA trusted_schema = OFF')
    database.exec(`PRAGMA mmap_size = ${MMAP_BYTES}`)
    return database
  } catch (error) {
    throw translateSqliteError(error)
  }
}

/** The two libraries have words of their own for it, and neither is a result code. */
function refuseMissingFolder(path: string): void {
  const folder = dirname(path)
  if (path === ':memory:' || existsSync(folder)) return
  throw new AppError('disk_failed', `There is no folder ${folder} for the ledger file.`, {
    fields: { path },
  })
}

function configure(database: Database, options: ConnectionOptions): void {
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  database.exec('PRAGMA journal_mode = WAL')
  database.exec(`PRAGMA synchronous = ${options.synchronous}`)
  database.exec('PRAGMA foreign_keys = ON')
  database.exec('PRAGMA trusted_schema = OFF')
  database.exec('PRAGMA temp_store = MEMORY')
  database.exec(`PRAGMA cache_size = -${CACHE_KIB}`)
  if (options.isReader) {
    database.exec('PRAGMA query_only = ON')
    database.exec(`PRAGMA mmap_size = ${MMAP_BYTES}`)
  } else {
    database.exec(`PRAGMA wal_autocheckpoint = ${WAL_CHECKPOINT_PAGES}`)
    database.exec(`PRAGMA journal_size_limit = ${WAL_BYTES_MAX}`)
  }
}

/**
 * Holds an exclusive lock on `path`, a small file of its own, until released or until the process
 * dies, however it dies: two collectors must not serve one ledger. Other programs may go on using
 * the ledger itself.
 */
export function holdLock(path: string, driver: DriverName): { release(): void } {
  return lock(path, driver, ['BEGIN EXCLUSIVE'])
}

/** As `holdLock`, beside others that share it; while one does, nobody holds it. */
export function shareLock(path: string, driver: DriverName): { release(): void } {
  return lock(path, driver, ['BEGIN', 'SELECT count(*) FROM sqlite_schema'])
}

function lock(path: string, driver: DriverName, statements: readonly string[]) {
  refuseMissingFolder(path)
  const options = { path, driver, isReader: false, synchronous: 'OFF' } as const
  const library = driver === 'better-sqlite3' ? openBetterSqlite(options) : openNodeSqlite(options)
  try {
    library.exec('PRAGMA busy_timeout = 0')
    for (const statement of statements) library.exec(statement)
  } catch (error) {
    library.close()
    throw translateSqliteError(error)
  }
  return { release: () => library.close() }
}

function openBetterSqlite(options: ConnectionOptions): Library {
  return overBetterSqlite(new BetterSqlite3(options.path, { timeout: BUSY_TIMEOUT_MS }))
}

function overBetterSqlite(inner: BetterSqlite3.Database): Library {
  return {
    compile: (sql, bigints) => inner.prepare<Value[]>(sql).safeIntegers(bigints),
    exec: (sql) => void inner.exec(sql),
    isInTransaction: () => inner.inTransaction,
    close: () => void inner.close(),
  }
}

function openNodeSqlite(options: ConnectionOptions): Library {
  return overNodeSqlite(new DatabaseSync(options.path, { timeout: BUSY_TIMEOUT_MS }))
}

function overNodeSqlite(inner: DatabaseSync): Library {
  return {
    compile: (sql, bigints) => {
      const statement: StatementSync = inner.prepare(sql)
      statement.setReadBigInts(bigints)
      return statement
    },
    exec: (sql) => inner.exec(sql),
    isInTransaction: () => inner.isTransaction,
    close: () => inner.close(),
  }
}
