/**
 * The port on PostgreSQL. Any number of processes may open one database: what they decide is told
 * apart by the rows they decide on, and followers read in the order of commits.
 */
import { AppError } from '@yiben/shared'
import type { LedgerState } from '../requests.ts'
import { STORE_METHODS, type StoreMethod } from '../sqlite/methods.ts'
import type { StoreLoad, ThreadedStore } from '../sqlite/store.ts'
import { callOver, type Pools } from './core.ts'
import { type Connection, Pool } from './driver.ts'
import { createLedger } from './ledger.ts'
import { migrate } from './migrate.ts'
import { admitServing, bindIdentity, type ServingIdentity, takeServing } from './serving.ts'

export interface PostgresStoreOptions {
  /** `postgresql://user:password@host:port/database`; several hosts are separated by commas. */
  readonly url: string
  /** What a fresh database begins as; one that holds a ledger keeps its own. */
  readonly newLedger: LedgerState
  /** Only one process may serve a ledger; commands beside it leave this out. */
  readonly isServing?: boolean
  /** Of whoever serves; left out: nobody signs for this ledger. */
  readonly identity?: ServingIdentity
  /** Told once when another process has taken over; nothing is answered from then on. */
  readonly onDeath?: (error: AppError) => void
  /** Connections for decisions, and for answers to people. */
  readonly writers?: number
  readonly readers?: number
}

const WRITERS_DEFAULT = 6
const READERS_DEFAULT = 4
/** Requests waiting; past it the caller is refused, not queued. */
const PENDING_MAX = 10_000

/** Brings the database to this program's format. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<ThreadedStore> {
  const { identity, isServing = false, newLedger, onDeath, readers, url, writers } = options
  const opening = new Pool({ url, connections: 1 })
  try {
    await migrate(opening)
    await opening.transaction('write', (db) => createLedger(db, newLedger))
    const number = isServing ? await opening.transaction('write', takeServing) : null
    if (identity !== undefined) {
      await opening.transaction('write', (db) => bindIdentity(db, identity))
    }
    const admit = number === null ? {} : { admit: admitting(number, onDeath ?? (() => {})) }
    return storeOver({
      writers: new Pool({ url, connections: writers ?? WRITERS_DEFAULT, ...admit }),
      readers: new Pool({ url, connections: readers ?? READERS_DEFAULT, ...admit }),
    })
  } finally {
    await opening.close()
  }
}

function admitting(number: number, onDeath: (error: AppError) => void) {
  let isDead = false
  return async (connection: Connection) => {
    try {
      await admitServing(connection, number)
    } catch (error) {
      if (error instanceof AppError && error.code === 'disk_locked' && !isDead) {
        isDead = true
        onDeath(error)
      }
      throw error
    }
  }
}

function storeOver(pools: Pools): ThreadedStore {
  let isClosed = false
  const call = async (method: StoreMethod, args: readonly unknown[]): Promise<unknown> => {
    if (isClosed) throw new AppError('store_unavailable', 'The store has been closed.')
    const { reads, writes } = loadOf(pools)
    if (reads + writes >= PENDING_MAX) {
      throw new AppError('overloaded', 'The store has too many requests waiting.')
    }
    return await callOver(pools, method, args)
  }
  const methods = STORE_METHODS.map((method) => [
    method,
    (...args: readonly unknown[]) => call(method, args),
  ])
  const close = async () => {
    if (isClosed) return
    isClosed = true
    await closePools(pools)
  }
  return { ...Object.fromEntries(methods), close, load: () => loadOf(pools) } as ThreadedStore
}

function loadOf({ readers, writers }: Pools): StoreLoad {
  return { writes: writers.pendingCount, reads: readers.pendingCount }
}

async function closePools({ readers, writers }: Pools): Promise<void> {
  await readers.close()
  await writers.close()
}
