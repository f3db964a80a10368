/**
 * Many nodes' commits in one transaction and one fsync. While one group is being synced the next one
 * is on its way to the writer, and a third gathers; so groups grow with the load, a lone commit waits
 * for nobody, and the writer for no group. Commits of one node never overlap: its lane waits for each.
 *
 * A commit that breaks the store's own rules takes its group down with it: then each is tried alone,
 * and only the broken one fails.
 */
import type { IngestCommit, IngestResult } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { type StoreGuard, Unwanted } from './store-guard.ts'

/** Nodes of one transaction: about 50 ms of writing, so that others get their turn. */
const GROUP_COMMITS_MAX = 512
/** One that is written, and one that the writer takes next. */
const GROUPS_ON_THE_WAY_MAX = 2

interface Waiting {
  readonly commit: IngestCommit
  readonly isWanted: () => boolean
  resolve(result: IngestResult): void
  reject(error: unknown): void
}

export class GroupCommit {
  readonly #store: Pick<Store, 'commitIngest'>
  readonly #guard: StoreGuard
  #waiting: Waiting[] = []
  #groups = 0

  constructor(store: Pick<Store, 'commitIngest'>, guard: StoreGuard) {
    this.#store = store
    this.#guard = guard
  }

  /** Settles when the commit is durable, or refused, or nobody wants it any more. */
  submit(commit: IngestCommit, isWanted: () => boolean): Promise<IngestResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, isWanted, resolve, reject })
      if (this.#groups < GROUPS_ON_THE_WAY_MAX) void this.#write()
    })
  }

  async #write(): Promise<void> {
    this.#groups += 1
    // What arrives in the same turn goes in the same group.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, GROUP_COMMITS_MAX)
      this.#waiting = this.#waiting.slice(GROUP_COMMITS_MAX)
      await this.#writeGroup(group)
    }
    this.#groups -= 1
  }

  async #writeGroup(all: readonly Waiting[]): Promise<void> {
    const group = all.filter((one) => one.isWanted())
    for (const one of all) if (!group.includes(one)) one.reject(new Unwanted('the session is gone'))
    if (group.length === 0) return
    try {
      const commits = group.map((one) => one.commit)
      const isAnyWanted = () => group.some((one) => one.isWanted())
      const results = await this.#guard.run(() => this.#store.commitIngest(commits), isAnyWanted)
      group.forEach((one, position) => {
        const result = results[position]
        if (result === undefined)
          one.reject(new Error('the store answered fewer commits than it got'))
        else one.resolve(result)
      })
    } catch (error) {
      const [only, ...others] = group
      if (others.length === 0 || error instanceof Unwanted) {
        for (const one of group) one.reject(error)
        return
      }
      if (only !== undefined) await this.#writeGroup([only])
      for (const one of others) await this.#writeGroup([one])
    }
  }
}
