/** One write is one transaction, durable when it returns. */
import type { DatabaseSync } from 'node:sqlite'

/**
 * `ignored` keeps transactions open, as a machine does that lies about its disk: a crash then loses
 * what was promised. For tests that must fail with it, never for a node.
 */
export type Durability = 'synced' | 'ignored'

/** Without durability, transactions are given to the disk only this often. */
const IGNORED_COMMIT_EVERY = 64

export class Transactions {
  readonly #database: DatabaseSync
  readonly #isSynced: boolean
  #ignoredCount = 0

  constructor(database: DatabaseSync, durability: Durability) {
    this.#database = database
    this.#isSynced = durability === 'synced'
    if (!this.#isSynced) database.exec('BEGIN')
  }

  /** All of `run` or nothing of it; what it throws is passed on. */
  run<Result>(run: () => Result): Result {
    return this.#isSynced ? this.#runSynced(run) : this.#runIgnored(run)
  }

  finish(): void {
    if (!this.#isSynced) this.#database.exec('COMMIT')
  }

  #runSynced<Result>(run: () => Result): Result {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = run()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      // After some failures SQLite has rolled back by itself; then there is nothing to undo.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #runIgnored<Result>(run: () => Result): Result {
    this.#database.exec('SAVEPOINT ignored')
    try {
      const result = run()
      this.#database.exec('RELEASE ignored')
      this.#ignoredCount += 1
      if (this.#ignoredCount % IGNORED_COMMIT_EVERY === 0) this.#database.exec('COMMIT; BEGIN')
      return result
    } catch (error) {
      this.#database.exec('ROLLBACK TO ignored; RELEASE ignored')
      throw error
    }
  }
}
