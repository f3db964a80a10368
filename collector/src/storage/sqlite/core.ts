/**
 * Every promise of the port, synchronously, over one connection: the methods of each subject, each
 * run in the transaction that the table of methods gives it.
 */
import { AppError } from '@yiben/shared'
import { METHODS, STORE_METHODS, type StoreMethod } from '../methods.ts'
import type { LedgerState } from '../requests.ts'
import { accessMethods } from './access.ts'
import { accountMethods } from './accounts.ts'
import { auditMethods } from './audit.ts'
import { backupTo } from './backup.ts'
import { childMethods } from './children.ts'
import { codeMethods } from './codes.ts'
import { conflictMethods } from './conflicts.ts'
import { depositMethods } from './deposits.ts'
import { drawCopyMethods } from './draw-copies.ts'
import { drawMethods } from './draws.ts'
import { type Database, type DriverName, holdLock, openConnection, shareLock } from './driver.ts'
import { feedMethods } from './feed.ts'
import { forecastMethods } from './forecast.ts'
import { grantMethods } from './grant-cards.ts'
import { ingestMethods } from './ingest.ts'
import { inventoryMethods } from './inventory.ts'
import { journalMethods } from './journal.ts'
import { journalTreeMethods } from './journal-tree.ts'
import { createLedger, readLedger } from './ledger.ts'
import type { SyncStore } from './methods.ts'
import { migrate } from './migrate.ts'
import { migrateWithCopy } from './migrate-copy.ts'
import { nodeKeyMethods } from './node-keys.ts'
import { nodeMethods } from './nodes.ts'
import { offerMethods } from './offers.ts'
import { placedMethods } from './placed.ts'
import { plausibilityMethods } from './plausibility.ts'
import { policyMethods } from './policy.ts'
import { readMethods } from './reads.ts'
import { recoveryMethods } from './recovery.ts'
import { reportMethods } from './reports.ts'
import { retentionMethods } from './retention.ts'
import { rollupMethods } from './rollup.ts'
import { endAllSessions, rosterMethods } from './roster.ts'
import { silenceMethods } from './silences.ts'
import { siteFactsMethods } from './site-facts.ts'
import { siteMethods } from './sites.ts'
import { sumMethods } from './sums.ts'
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
  /**
   * Calls of several callers in one write transaction and one fsync, in their order; each is kept or
   * undone by itself. The answers hold once this returns; when it throws, nothing of any was kept.
   */
  callTogether(calls: readonly Call[]): readonly Answer[]
  close(): void
}

export interface Call {
  readonly method: StoreMethod
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly status: 'result'; readonly value: unknown }
  | { readonly status: 'error'; readonly error: unknown }

/** The one connection that writes. Brings the file to this program's format. */
export function openWriter(options: CoreOptions): Core {
  const { path, driver, synchronous } = options
  const lock = path === ':memory:' ? null : lockFor(options)
  try {
    const db = openConnection({ path, driver, synchronous, isReader: false })
    // A fresh ledger would begin now.
    if (path === ':memory:') migrate(db)
    else migrateWithCopy(db, path, options.newLedger.openedAtMs)
    createLedger(db, options.newLedger)
    if (options.isServing) db.transaction('write', () => endAllSessions(db))
    return coreOver(db, () => lock?.release())
  } catch (error) {
    lock?.release()
    throw error
  }
}

/** One process serves; commands come and go beside it, but not while the file is being replaced. */
function lockFor({ path, driver, isServing }: CoreOptions): ReturnType<typeof holdLock> {
  if (isServing) return holdServing(path, driver)
  return saying('The ledger is being restored.', path, () => shareLock(commandsLock(path), driver))
}

/** Throws `disk_locked` while another process serves this file; keeps others from it until released. */
export function holdServing(path: string, driver: DriverName): ReturnType<typeof holdLock> {
  const sentence = 'Another collector is serving this ledger.'
  return saying(sentence, path, () => holdLock(`${path}.serving`, driver))
}

/** The same for commands that have the file open. */
export function holdCommands(path: string, driver: DriverName): ReturnType<typeof holdLock> {
  const sentence = 'A command has this ledger open.'
  return saying(sentence, path, () => holdLock(commandsLock(path), driver))
}

function commandsLock(path: string): string {
  return `${path}.commands`
}

function saying<Lock>(sentence: string, path: string, hold: () => Lock): Lock {
  try {
    return hold()
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'disk_locked') throw error
    throw new AppError('disk_locked', sentence, { cause: error, fields: { path } })
  }
}

/** A connection that only reads, of a file that a writer has opened. */
export function openReader(options: Pick<CoreOptions, 'path' | 'driver' | 'synchronous'>): Core {
  return coreOver(openConnection({ ...options, isReader: true }), () => {})
}

export function coreOver(db: Database, onClose: () => void): Core {
  const methods = syncStoreOver(db)
  // The table gives each method the argument types of the port; callers are typed by it.
  const run = ({ args, method }: Call) =>
    (methods[method] as (...args: readonly unknown[]) => unknown)(...args)
  let isClosed = false
  return {
    call: (method, args) => {
      const kind = METHODS[method]
      if (kind === 'copy') return run({ method, args })
      return db.transaction(kind === 'write' ? 'write' : 'read', () => run({ method, args }))
    },
    callTogether: (calls) =>
      db.transaction('write', () => calls.map((call) => answerOf(db, () => run(call)))),
    close: () => {
      if (isClosed) return
      isClosed = true
      db.close()
      onClose()
    },
  }
}

/** What `body` wrote is undone when it throws; a disk that ended the transaction ends it for all. */
function answerOf(db: Database, body: () => unknown): Answer {
  try {
    return { status: 'result', value: db.attempt(body, () => true) }
  } catch (error) {
    if (!db.isInTransaction()) throw error
    return { status: 'error', error }
  }
}

function syncStoreOver(db: Database): SyncStore {
  return {
    ledgerState: () => readLedger(db),
    backup: (path) => backupTo(db, path),
    ...siteMethods(db),
    ...siteFactsMethods(db),
    ...codeMethods(db),
    ...tokenMethods(db),
    ...accessMethods(db),
    ...auditMethods(db),
    ...rosterMethods(db),
    ...nodeKeyMethods(db),
    ...ingestMethods(db),
    ...inventoryMethods(db),
    ...conflictMethods(db),
    ...silenceMethods(db),
    ...depositMethods(db),
    ...policyMethods(db),
    ...offerMethods(db),
    ...forecastMethods(db),
    ...feedMethods(db),
    ...drawMethods(db),
    ...drawCopyMethods(db),
    ...placedMethods(db),
    ...accountMethods(db),
    ...grantMethods(db),
    ...recoveryMethods(db),
    ...journalMethods(db),
    ...journalTreeMethods(db),
    ...rollupMethods(db),
    ...sumMethods(db),
    ...reportMethods(db),
    ...unitMethods(db),
    ...nodeMethods(db),
    ...readMethods(db),
    ...childMethods(db),
    ...retentionMethods(db),
    ...plausibilityMethods(db),
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
