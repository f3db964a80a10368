/**
 * The collector's store in the simulated world: the real one on a real file, on this thread. Its
 * disk can be full, its process can die before or after any write, and a mutant can spoil what is
 * written, so that the checks are seen to find it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { METHODS, type StoreMethod } from '../../collector/src/storage/methods.ts'
import type { LedgerState } from '../../collector/src/storage/requests.ts'
import { coreOver } from '../../collector/src/storage/sqlite/core.ts'
import {
  type ConnectionOptions,
  chooseDriver,
  type Database,
  openConnection,
} from '../../collector/src/storage/sqlite/driver.ts'
import { createLedger } from '../../collector/src/storage/sqlite/ledger.ts'
import { migrate, readMigrations } from '../../collector/src/storage/sqlite/migrate.ts'
import { endAllSessions } from '../../collector/src/storage/sqlite/roster.ts'
import { inProcessStore } from '../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../collector/src/storage/store.ts'

/** Stands between the collector and its store; spoils what it is asked to write or answers. */
export type StoreMutant = (store: Store) => Store

export interface StoreCrash {
  /** Writes until then. */
  writes: number
  readonly isBefore: boolean
  readonly kill: () => void
}

/** How the file is written; a world that is not about disks waits for none. */
export type SimDisk = Partial<Pick<ConnectionOptions, 'driver' | 'synchronous'>>

const SIM_DISK = { driver: chooseDriver(), synchronous: 'OFF' } as const
const NEVER = new Promise<never>(() => {})
const MIGRATIONS = readMigrations()
let emptyFile: Uint8Array | null = null

/** A file that every migration has been through; worlds begin with a copy of it. */
function migratedFile(): Uint8Array {
  if (emptyFile !== null) return emptyFile
  const folder = mkdtempSync(join(tmpdir(), 'yiben-empty-'))
  const path = join(folder, 'ledger.sqlite')
  const db = openConnection({ path, isReader: false, ...SIM_DISK })
  migrate(db, MIGRATIONS)
  db.close()
  emptyFile = readFileSync(path)
  rmSync(folder, { recursive: true })
  return emptyFile
}

/** One life of the collector's store. */
export class SimStore {
  /** As the collector is handed it. */
  readonly store: Store
  crash: StoreCrash | null = null
  #isDead = false
  readonly #db: Database
  readonly #inner: Store

  constructor(path: string, ledger: LedgerState, mutant: StoreMutant, disk: SimDisk) {
    // A world that is about disks writes everything itself.
    const isOfDisks = Object.keys(disk).length > 0
    if (!isOfDisks && !existsSync(path)) writeFileSync(path, migratedFile())
    this.#db = openConnection({ path, isReader: false, ...SIM_DISK, ...disk })
    migrate(this.#db, MIGRATIONS)
    createLedger(this.#db, ledger)
    this.#db.transaction('write', () => endAllSessions(this.#db))
    this.#inner = inProcessStore(coreOver(this.#db, () => {}))
    this.store = mutant(this.#guarded())
  }

  /** From now on the file may not grow; pages that are free within it may be used. */
  setFull(isFull: boolean): void {
    if (this.#isDead) return
    // SQLite takes the present size for any smaller limit.
    this.#db.exec(`PRAGMA max_page_count = ${isFull ? 1 : 1_000_000_000}`)
  }

  /** The process is gone: what it has committed stays, what it waits for never comes. */
  async die(): Promise<void> {
    if (this.#isDead) return
    this.#isDead = true
    await this.#inner.close()
  }

  #guarded(): Store {
    return new Proxy(this.#inner, {
      get: (inner, name) => {
        const method = Reflect.get(inner, name)
        if (typeof method !== 'function' || name === 'close') return method
        return (...args: unknown[]) => this.#call(String(name), () => method.apply(inner, args))
      },
    })
  }

  async #call(method: string, call: () => Promise<unknown>): Promise<unknown> {
    if (this.#isDead) return NEVER
    const crash = this.crash
    if (crash === null || METHODS[method as StoreMethod] !== 'write') return call()
    crash.writes -= 1
    if (crash.writes > 0) return call()
    this.crash = null
    if (!crash.isBefore) await call()
    crash.kill()
    return NEVER
  }
}
