/**
 * Many decisions on draws in one transaction and one fsync: while one group is being written the next
 * one gathers, so that a lone draw waits for nobody. Each is committed or refused by itself. A
 * decision that has waited too long to be true any more is not written.
 */
import { AppError, assert } from '@yiben/shared'
import type { DrawChange, DrawCommitResult } from '../storage/draw-requests.ts'
import type { Store } from '../storage/store.ts'

/** About 50 ms of writing, so that ingest gets its turn. */
const GROUP_CHANGES_MAX = 256
/** Two seconds of what a collector can write: who comes after these had better try again. */
const WAITING_MAX = 8_192

interface Waiting {
  readonly change: DrawChange
  readonly isStillTrue: () => boolean
  resolve(result: DrawCommitResult): void
  reject(error: unknown): void
}

export class DrawCommits {
  readonly #store: Pick<Store, 'commitDraws'>
  #waiting: Waiting[] = []
  #isWriting = false

  constructor(store: Pick<Store, 'commitDraws'>) {
    this.#store = store
  }

  /**
   * `stale` also when `isStillTrue` denies it just before it is written. Rejects with `overloaded`,
   * or as the store does: then nobody knows whether it was written, and a retry finds out.
   */
  commit(change: DrawChange, isStillTrue = () => true): Promise<DrawCommitResult> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= WAITING_MAX) {
        reject(new AppError('overloaded', 'too many draws are being decided: try again'))
        return
      }
      this.#waiting.push({ change, isStillTrue, resolve, reject })
      if (!this.#isWriting) void this.#write()
    })
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    // What arrives in the same turn goes in the same group.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, GROUP_CHANGES_MAX)
      this.#waiting = this.#waiting.slice(GROUP_CHANGES_MAX)
      await this.#writeGroup(group)
    }
    this.#isWriting = false
  }

  async #writeGroup(all: readonly Waiting[]): Promise<void> {
    const group = all.filter((one) => {
      const isTrue = one.isStillTrue()
      if (!isTrue) one.resolve({ status: 'stale' })
      return isTrue
    })
    if (group.length === 0) return
    try {
      const results = await this.#store.commitDraws(group.map(({ change }) => change))
      assert(results.length === group.length, 'the store answers every change')
      for (const [position, result] of results.entries()) group[position]?.resolve(result)
    } catch (error) {
      await this.#settleFailed(group, error)
    }
  }

  /** A change that breaks the store's own rules takes only itself down. */
  async #settleFailed(group: readonly Waiting[], error: unknown): Promise<void> {
    if (group.length === 1 || error instanceof AppError) {
      for (const one of group) one.reject(error)
      return
    }
    for (const one of group) await this.#writeGroup([one])
  }
}
