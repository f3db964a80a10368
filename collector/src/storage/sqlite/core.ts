/**
 * Every promise of the port, synchronously, over one connection: the methods of each subject, each
 * run in the transaction that the table of methods gives it.
 */
import { AppError } from '@yiben/shared'
import type { LedgerState } from '../requests.ts'
import { backupTo } from './backup.ts'
import { conflictMethods } from './conflicts.ts'
import { depositMethods } from './deposits.ts'
import { type Database, type DriverName, holdLock, openConnection } from './driver.ts'
import { ingestMethods } from './ingest.ts'
import { inventoryMethods } from './inventory.ts'
import { journalMethods } from './journal.ts'
import { journalTreeMethods } from './journal-tree.ts'
import { createLedger, readLedger } from './ledger.ts'
import { METHODS, STORE_METHODS, type StoreMethod, type SyncStore } from './methods.ts'
import { migrate } from './migrate.ts'
import { offerMethods } from './offers.ts'
import { readMethods } from './reads.ts'
import { rollupMethods } from './rollup.ts'
import { endAllSessions, rosterMethods } from './roster.ts'
import { silenceMethods } from './silences.ts'
import { siteMethods } from './sites.ts'
import { tokenMethods } from './tokens.ts'
import { unitMethods } from './units.ts'

export interface CoreOptions {
  readonly path: string
  readonly driver: DriverName
  readonly synchronous: 'FULL' | 'OFF'
  /** What a fresh file begins as. */
  readonly newLedger: LedgerState
  /** Refuses to open while another process serves this file, and keeps others out. */
  readonly isServing: boolean
}

export interface Core {
  call(method: StoreMethod, args: readonly unknown[]): unknown
  close(): void
}

/** The one connection that writes. Brings the file to this program's format. */
export function openWriter(options: CoreOptions): Core {
  const { path, driver, synchronous } = options
  const lock = options.isServing && path !== ':memory:' ? lockFor(path, driver) : null
  try {
    const db = openConnection({ path, driver, synchronous, isReader: false })
    migrate(db)
    createLedger(db, options.newLedger)
    if (options.isServing) db.transaction('write', () => endAllSessions(db))
    return coreOver(db, () => lock?.release())
  } catch (error) {
    lock?.release()
    throw error
  }
}

function lockFor(path: string, driver: DriverName): ReturnType<typeof holdLock> {
  try {
    return holdLock(`${path}.serving`, driver)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'disk_locked') throw error
    throw new AppError('disk_locked', 'Another collector is serving this ledger.', {
      cause: error,
      fields: { path },
    })
  }
}

/** A connection that only reads, of a file that a writer has opened. */
export function openReader(options: Pick<CoreOptions, 'path' | 'driver' | 'synchronous'>): Core {
  return coreOver(openConnection({ ...options, isReader: true }), () => {})
}

export function coreOver(db: Database, onClose: () => void): Core {
  const methods = syncStoreOver(db)
  let isClosed = false
  return {
    call: (method, args) => {
      // The table gives each method the argument types of the port; callers are typed by it.
      const run = methods[method] as (...args: readonly unknown[]) => unknown
      const kind = METHODS[method]
      if (kind === 'copy') return run(...args)
      return db.transaction(kind === 'write' ? 'write' : 'read', () => run(...args))
    },
    close: () => {
      if (isClosed) return
      isClosed = true
      db.close()
      onClose()
    },
  }
}

function syncStoreOver(db: Database): SyncStore {
  return {
    ledgerState: () => readLedger(db),
    backup: (path) => backupTo(db, path),
    ...siteMethods(db),
    ...tokenMethods(db),
    ...rosterMethods(db),
    ...ingestMethods(db),
    ...inventoryMethods(db),
    ...conflictMethods(db),
    ...silenceMethods(db),
    ...depositMethods(db),
    ...offerMethods(db),
    ...journalMethods(db),
    ...journalTreeMethods(db),
    ...rollupMethods(db),
    ...unitMethods(db),
    ...readMethods(db),
  }
}

/** A method of the port per row of the table, each handed to `call`. */
export function methodsOver(
  call: (method: StoreMethod, args: readonly unknown[]) => Promise<unknown>,
): Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>> {
  return Object.fromEntries(
    STORE_METHODS.map((method) => [method, (...args: readonly unknown[]) => call(method, args)]),
  )
}
