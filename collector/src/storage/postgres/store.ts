/**
 * The port on PostgreSQL. Any number of processes may open one database: what they decide is told
 * apart by the rows they decide on, and followers read in the order of commits.
 */
import { AppError } from '@yiben/shared'
import { METHODS, STORE_METHODS, type StoreMethod } from '../methods.ts'
import type { LedgerState } from '../requests.ts'
import type { StoreLoad, ThreadedStore } from '../threaded-store.ts'
import { callOver, type Pools } from './core.ts'
import { type Connection, Pool } from './driver.ts'
import { createLedger } from './ledger.ts'
import { migrate } from './migrate.ts'
import { admitServing } from './serving.ts'

export interface PostgresStoreOptions {
  /** `postgresql://user:password@host:port/database`; several hosts are separated by commas. */
  readonly url: string
  /** What a fresh database begins as; one that holds a ledger keeps its own. */
  readonly newLedger: LedgerState
  /** Connections for decisions, and for answers to people. */
  readonly writers?: number
  readonly readers?: number
}

/** Of a process that serves: the database has its format. */
export interface ServingStoreOptions extends Omit<PostgresStoreOptions, 'newLedger'> {
  /** Under which it decides (serving.ts); `null`: it takes what nodes tell, and decides nothing. */
  readonly number: number | null
  /** Told once when another process has taken over; nothing is answered from then on. */
  readonly onDeath: (error: AppError) => void
}

export interface PostgresStore extends ThreadedStore {
  /** Breaks every connection: what is under way fails at once, and nobody learns what became of it. */
  abandon(): void
}

const WRITERS_DEFAULT = 6
const READERS_DEFAULT = 4
/** Requests waiting; past it the caller is refused, not queued. */
const PENDING_MAX = 10_000

/** What a process may write that does not lead: each rests on a row that it locks. */
const WRITTEN_BY_ALL: ReadonlySet<StoreMethod> = new Set([
  'enrollNode',
  'openSession',
  'touchSessions',
  'endSession',
  'recordClone',
  'proveKey',
  'keepTrustKnown',
  'commitIngest',
  'commitFacts',
  'appendAudit',
  'pruneAudit',
])

/** Brings the database to this program's format. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { newLedger, url } = options
  const opening = new Pool({ url, connections: 1 })
  try {
    await migrate(opening)
    await opening.transaction('write', (db) => createLedger(db, newLedger))
  } finally {
    await opening.close()
  }
  return storeOver(poolsOf(options), () => true)
}

/** Beside others on the same database. */
export function openServingStore(options: ServingStoreOptions): PostgresStore {
  const { number, onDeath } = options
  if (number === null) {
    const isAllowed = (method: StoreMethod) =>
      METHODS[method] !== 'write' || WRITTEN_BY_ALL.has(method)
    return storeOver(poolsOf(options), isAllowed)
  }
  return storeOver(poolsOf(options, admitting(number, onDeath)), () => true)
}

function poolsOf(
  { readers, url, writers }: Omit<PostgresStoreOptions, 'newLedger'>,
  admit?: (connection: Connection) => Promise<void>,
): Pools {
  const admitted = admit === undefined ? {} : { admit }
  return {
    writers: new Pool({ url, connections: writers ?? WRITERS_DEFAULT, ...admitted }),
    readers: new Pool({ url, connections: readers ?? READERS_DEFAULT, ...admitted }),
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

function storeOver(pools: Pools, isAllowed: (method: StoreMethod) => boolean): PostgresStore {
  let isClosed = false
  const call = async (method: StoreMethod, args: readonly unknown[]): Promise<unknown> => {
    if (isClosed) throw new AppError('store_unavailable', 'The store has been closed.')
    if (!isAllowed(method)) {
      throw new AppError('store_unavailable', 'This is done by the collector that leads.')
    }
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
  const abandon = () => {
    pools.readers.abandon()
    pools.writers.abandon()
    // What is still about to connect ends by itself.
    close().catch(() => {})
  }
  const rest = { abandon, close, load: () => loadOf(pools) }
  return { ...Object.fromEntries(methods), ...rest } as PostgresStore
}

function loadOf({ readers, writers }: Pools): StoreLoad {
  return { writes: writers.pendingCount, reads: readers.pendingCount }
}

async function closePools({ readers, writers }: Pools): Promise<void> {
  await readers.close()
  await writers.close()
}
