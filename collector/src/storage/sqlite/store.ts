/**
 * The port on SQLite. `openSqliteStore`: the writer in a thread of its own, readers in others, so
 * that neither a commit's fsync nor a long answer holds up the process. `openSqliteStoreInProcess`:
 * the same core on the caller's thread, for deterministic simulations and one-shot commands.
 */
import { AppError } from '@yiben/shared'
import { type CardCounts, WHOLE, wholeOf } from '../../model/card-count.ts'
import { METHODS, type StoreMethod } from '../methods.ts'
import type { LedgerState } from '../requests.ts'
import type { Store } from '../store.ts'
import type { ThreadedStore } from '../threaded-store.ts'
import { type Core, type CoreOptions, methodsOver, openWriter } from './core.ts'
import { chooseDriver, type DriverName } from './driver.ts'
import { StoreThread } from './thread.ts'

export interface InProcessOptions {
  /** A file, made when missing; in process also `:memory:`. */
  readonly path: string
  /** What a fresh file begins as; one that holds a ledger keeps its own. */
  readonly newLedger: LedgerState
  /** Only one process may serve a file; commands beside it leave this out. */
  readonly isServing?: boolean
  /** Default: better-sqlite3 where it loads. */
  readonly driver?: DriverName
  /** `OFF` gives up durability: for simulations only. */
  readonly synchronous?: 'FULL' | 'OFF'
}

export interface SqliteStoreOptions extends InProcessOptions {
  /** Threads that read. Default 2: a page asks several things at once. */
  readonly readers?: number
  /** Told once when a thread has died; the store answers `store_unavailable` from then on. */
  readonly onDeath?: (error: AppError) => void
}

const READERS_DEFAULT = 2
const READERS_MAX = 16

export function openSqliteStoreInProcess(options: InProcessOptions): Store {
  return inProcessStore(openWriter(coreOptionsOf(options)))
}

/** The port over a core on this thread. */
export function inProcessStore(core: Core): Store {
  let isClosed = false
  return storeOver(
    async (method, args) => {
      if (isClosed) throw new AppError('store_unavailable', 'The store has been closed.')
      return core.call(method, args)
    },
    async () => {
      isClosed = true
      core.close()
    },
  )
}

export async function openSqliteStore(options: SqliteStoreOptions): Promise<ThreadedStore> {
  let isDead = false
  const onDeath = (error: AppError) => {
    if (isDead) return
    isDead = true
    options.onDeath?.(error)
  }
  const count = Math.max(1, Math.min(options.readers ?? READERS_DEFAULT, READERS_MAX))
  const writer = new StoreThread('store-writer', onDeath)
  const readers = Array.from({ length: count }, () => new StoreThread('store-reader', onDeath))
  try {
    const coreOptions = coreOptionsOf(options)
    await writer.open({ role: 'writer', options: coreOptions })
    const { path, driver, synchronous } = coreOptions
    const setup = { role: 'reader', options: { path, driver, synchronous } } as const
    await Promise.all(readers.map((reader) => reader.open(setup)))
    return threadedStore(writer, readers)
  } catch (error) {
    await Promise.all([writer, ...readers].map((thread) => thread.close()))
    throw error
  }
}

function threadedStore(writer: StoreThread, readers: readonly StoreThread[]): ThreadedStore {
  const store = storeOver(
    (method, args) => laneOf(method, writer, readers).call(method, args),
    async () => {
      await Promise.all(readers.map((reader) => reader.close()))
      await writer.close()
    },
  )
  const load = () => ({
    writes: writer.pendingCount,
    reads: readers.reduce((sum, reader) => sum + reader.pendingCount, 0),
  })
  return { ...store, readLedgerAt: inParts(readers), load }
}

/**
 * The ledger of an instant looks at every card of a country: each reader looks at a part of the nodes.
 * A node is seen whole, by one of them; what is asked of is the past, which does not change between
 * one reader's look and another's.
 */
function inParts(readers: readonly StoreThread[]): Store['readLedgerAt'] {
  return async (scope, instant) => {
    const { number, of } = instant.part ?? WHOLE
    const parts = readers.map((reader, position) => {
      const part = { number: number + of * position, of: of * readers.length }
      return reader.call('readLedgerAt', [scope, { ...instant, part }]) as Promise<CardCounts>
    })
    return wholeOf(await Promise.all(parts))
  }
}

function laneOf(
  method: StoreMethod,
  writer: StoreThread,
  readers: readonly StoreThread[],
): StoreThread {
  const kind = METHODS[method]
  if (kind === 'write' || kind === 'decide') return writer
  return readers.reduce(
    (best, one) => (one.pendingCount < best.pendingCount ? one : best),
    readers[0] ?? writer,
  )
}

function storeOver(
  call: (method: StoreMethod, args: readonly unknown[]) => Promise<unknown>,
  close: () => Promise<void>,
): Store {
  // The table of methods has a row for every method of the port, checked by its type.
  return { ...methodsOver(call), close } as unknown as Store
}

function coreOptionsOf(options: InProcessOptions): CoreOptions {
  return {
    path: options.path,
    newLedger: options.newLedger,
    driver: options.driver ?? chooseDriver(),
    synchronous: options.synchronous ?? 'FULL',
    isServing: options.isServing ?? false,
  }
}
