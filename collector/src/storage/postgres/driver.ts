/**
 * The only file that knows a PostgreSQL library. Connections to one database, and transactions over
 * them: `transaction` has committed when it returns and leaves nothing behind when it throws; one
 * that stood in another's way is done again; every failure of the database is an `AppError`.
 */
import { AppError, assert } from '@yiben/shared'
import pg from 'pg'
import type { Row } from '../values.ts'
import { isPassing, translatePostgresError } from './errors.ts'
import { type Sql, written } from './sql.ts'
import { Unnumbered } from './unnumbered.ts'

export type { Row } from '../values.ts'

/**
 * `write`: what is decided on is locked, row by row (locks.ts). `read`: one snapshot, and the
 * database refuses every write.
 */
export type TransactionKind = 'read' | 'write'

const BEGIN = {
  read: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  write: 'BEGIN ISOLATION LEVEL READ COMMITTED',
} as const

/** Once more, and again: what is in the way has committed by then. */
const TRIES_MAX = 5
/** How long a statement waits for a row that another transaction holds. */
const LOCK_TIMEOUT_MS = 10_000
/** A process that hangs or is cut off within a transaction must not hold its rows for ever. */
const IDLE_IN_TRANSACTION_MS = 30_000
const CONNECT_TIMEOUT_MS = 10_000
/** Texts that are prepared, once per connection; past it a text is built of data. */
const STATEMENTS_MAX = 2_000

export interface PoolOptions {
  /**
   * `postgresql://user:password@host:port/database`; of several hosts, separated by commas, the one
   * that takes writes is used.
   */
  readonly url: string
  readonly connections: number
  /** Asked of each new connection; what it throws is told to whoever wanted the connection. */
  readonly admit?: (connection: Connection) => Promise<void>
}

/** A connection outside of any transaction. */
export interface Connection {
  query(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/** A connection that is told when something was sent to its channel. */
export interface Listening {
  /** Resolves when nothing is heard any more. */
  readonly ended: Promise<void>
  close(): void
}

/** Connections that are opened as they are needed and kept. */
export class Pool {
  readonly #hosts: readonly pg.Pool[]
  readonly #clients = new Set<pg.PoolClient>()
  /** Rejects for whoever waits for a connection when they are all broken off. */
  #givingUp = Promise.withResolvers<never>()
  #at = 0
  #pending = 0

  constructor(options: PoolOptions) {
    this.#hosts = addressesOf(options.url).map((address) => openHost(address, options))
    for (const host of this.#hosts) {
      host.on('connect', (client) => this.#clients.add(client))
      host.on('remove', (client) => this.#clients.delete(client))
    }
  }

  /** Transactions that have been asked for and are not done. */
  get pendingCount(): number {
    return this.#pending
  }

  async transaction<Result>(
    kind: TransactionKind,
    body: (db: Database) => Promise<Result>,
  ): Promise<Result> {
    this.#pending += 1
    try {
      return await this.#tried(kind, body)
    } catch (error) {
      throw translatePostgresError(error)
    } finally {
      this.#pending -= 1
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.end()))
  }

  /** Breaks every connection, whatever it waits for: behind a path that is cut nothing answers. */
  abandon(): void {
    const { promise, reject } = this.#givingUp
    promise.catch(() => {})
    this.#givingUp = Promise.withResolvers<never>()
    reject(new AppError('store_unavailable', 'The database does not answer.'))
    for (const client of this.#clients) streamOf(client).destroy()
  }

  /** Keeps one connection for it. The channel is a word of ours, never data. */
  async listen(channel: string, onMessage: () => void): Promise<Listening> {
    const client = await this.#connect()
    const ended = new Promise<void>((resolve) => {
      client.once('end', resolve)
      client.once('error', () => resolve())
    })
    client.on('notification', onMessage)
    let isOpen = true
    const close = () => {
      if (isOpen) client.release(true)
      isOpen = false
      // Its end is waited for, and nothing may answer.
      streamOf(client).destroy()
    }
    try {
      await client.query(`LISTEN ${channel}`)
    } catch (error) {
      close()
      throw translatePostgresError(error)
    }
    return { ended, close }
  }

  async #tried<Result>(
    kind: TransactionKind,
    body: (db: Database) => Promise<Result>,
  ): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#once(kind, body)
      } catch (error) {
        if (tries >= TRIES_MAX || !isPassing(error)) throw error
      }
    }
  }

  /** Of the host that was good last; else of the next that is. */
  async #connect(): Promise<pg.PoolClient> {
    let failure: unknown
    for (const _ of this.#hosts) {
      try {
        const host = this.#hosts[this.#at]
        assert(host !== undefined, 'a database has a host')
        return await this.#connectTo(host)
      } catch (error) {
        failure ??= error
        this.#at = (this.#at + 1) % this.#hosts.length
      }
    }
    throw failure
  }

  async #connectTo(host: pg.Pool): Promise<pg.PoolClient> {
    const connecting = host.connect()
    try {
      return await Promise.race([connecting, this.#givingUp.promise])
    } catch (error) {
      // Nobody waits for it any more.
      connecting.then(
        (client) => client.release(true),
        () => {},
      )
      throw error
    }
  }

  async #once<Result>(
    kind: TransactionKind,
    body: (db: Database) => Promise<Result>,
  ): Promise<Result> {
    const client = await this.#connect()
    const db = new Database(client)
    let broken: Error | undefined
    try {
      await client.query(BEGIN[kind])
      const result = await body(db)
      await client.query('COMMIT')
      return result
    } catch (error) {
      broken = await rolledBack(client)
      throw error
    } finally {
      client.release(broken)
    }
  }
}

/** The library knows one host; the rest of the address is the same for all. */
export function addressesOf(url: string): readonly string[] {
  const [, before = '', hosts = '', behind = ''] =
    /^(\w+:\/\/(?:[^/@]*@)?)([^/?]*)(.*)$/.exec(url) ?? []
  return hosts.split(',').map((host) => `${before}${host}${behind}`)
}

function openHost(connectionString: string, { admit, connections }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'yiben-collector',
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    verify: (client, done) => {
      void admitted(client, admit).then(() => done(), done)
    },
  } as pg.PoolConfig)
  // A connection that breaks fails the statement under way, and is replaced when one is asked for.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** The library has no word for breaking a connection off. */
function streamOf(client: pg.PoolClient): { destroy(): void } {
  return (client as unknown as { readonly connection: { readonly stream: { destroy(): void } } })
    .connection.stream
}

async function admitted(client: pg.PoolClient, admit: PoolOptions['admit']): Promise<void> {
  const { rows } = await client.query('SELECT pg_is_in_recovery() AS is_standby')
  // A standby answers too, and with what was true a moment ago.
  if (rows[0]?.is_standby === true) {
    throw new AppError('store_unavailable', 'The database is a standby: it takes no writes.')
  }
  // What is acknowledged to a node is on disk, however the database is set for others.
  await client.query(
    `SELECT set_config('synchronous_commit', 'on', false)
     WHERE current_setting('synchronous_commit') = 'off'`,
  )
  await admit?.({ query: async (text) => (await client.query(text)).rows })
}

/** What keeps the connection from being used again. */
async function rolledBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

const seen = new WeakMap<pg.PoolClient, Map<string, number>>()

/** One transaction. */
export class Database {
  /** What gets its number when everything else has been written. */
  readonly unnumbered = new Unnumbered()
  /** Names of locks that it holds. */
  readonly locks = new Set<string>()
  /** Kept with its connection: what others had committed, and holds from then on. */
  readonly seen: Map<string, number>
  readonly #client: pg.PoolClient
  #attempts = 0

  constructor(client: pg.PoolClient) {
    this.#client = client
    this.seen = seen.get(client) ?? new Map()
    seen.set(client, this.seen)
  }

  /** Runs a write; answers how many rows it changed. */
  async run(statement: Sql): Promise<{ readonly changes: number }> {
    const { rowCount } = await this.#query(statement, NUMBERS)
    return { changes: rowCount ?? 0 }
  }

  async get(statement: Sql): Promise<Row | undefined> {
    return (await this.#query(statement, NUMBERS)).rows[0]
  }

  async all(statement: Sql): Promise<readonly Row[]> {
    return (await this.#query(statement, NUMBERS)).rows
  }

  /** As `all`, with every integer a bigint: for amounts, which pass 2^53. */
  async allBigint(statement: Sql): Promise<readonly Row[]> {
    return (await this.#query(statement, BIGINTS)).rows
  }

  /** Several statements without parameters or results: migrations. */
  async exec(text: string): Promise<void> {
    await this.#client.query(text)
  }

  /** What `body` wrote is undone when it throws, or when it is not kept. */
  async attempt<Result>(
    body: () => Promise<Result>,
    isKept: (result: Result) => boolean,
  ): Promise<Result> {
    assert(this.#attempts === 0, 'attempts do not nest')
    this.#attempts += 1
    const before = this.unnumbered.mark()
    await this.#client.query('SAVEPOINT attempt')
    try {
      const result = await body()
      if (!isKept(result)) await this.#undo(before)
      await this.#client.query('RELEASE SAVEPOINT attempt')
      return result
    } catch (error) {
      await this.#undo(before)
      throw error
    } finally {
      this.#attempts -= 1
    }
  }

  async #undo(before: ReturnType<Unnumbered['mark']>): Promise<void> {
    this.unnumbered.resetTo(before)
    await this.#client.query('ROLLBACK TO SAVEPOINT attempt')
  }

  async #query(statement: Sql, types: pg.CustomTypesConfig): Promise<pg.QueryResult<Row>> {
    const { text, values } = written(statement)
    return await this.#client.query<Row>({
      name: nameOf(text),
      text,
      values: values as unknown[],
      types,
    })
  }
}

const names = new Map<string, string>()

/** A statement is parsed and planned once per connection under its name. */
function nameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  assert(names.size < STATEMENTS_MAX, 'statements are constant texts, not built of data')
  const name = `s${names.size}`
  names.set(text, name)
  return name
}

const BOOL = 16
const BYTEA = 17
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23])
/** What a sum of bigint columns is. */
const NUMERIC = 1700

const NUMBERS: pg.CustomTypesConfig = { getTypeParser: parserOf(safeNumber) }
const BIGINTS: pg.CustomTypesConfig = { getTypeParser: parserOf(BigInt) }

function parserOf(
  integer: (text: string) => number | bigint,
): pg.CustomTypesConfig['getTypeParser'] {
  return ((oid: number) => {
    if (INTEGERS.has(oid) || oid === NUMERIC) return integer
    // Flags are read as the other store keeps them.
    if (oid === BOOL) return (text: string) => integer(text === 't' ? '1' : '0')
    if (oid === BYTEA) return (text: string) => Buffer.from(text.slice('\\x'.length), 'hex')
    return (text: string) => text
  }) as pg.CustomTypesConfig['getTypeParser']
}

function safeNumber(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  throw new AppError('internal', 'A number of the database is too large to be read as one.')
}
