/**
 * Decisions on draws that are stored, written together, each under the version it was made on. One
 * that turns out stale is made anew from what is stored, so often and no more: what is still in the
 * way then is looked at again later. Decisions that nodes have to be asked for come last, all at
 * once: nothing else waits for their answers.
 */
import { assert } from '@yiben/shared'
import type { Draw } from '../model/draw.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import type { Store } from '../storage/store.ts'

const TRIES_MAX = 3
/** About 50 ms of writing, so that ingest gets its turn. */
const CHANGES_PER_COMMIT_MAX = 256

export interface LeaseCommitsOptions {
  readonly store: Pick<Store, 'commitDraws' | 'findDraw'>
  /** Durable; `before` is what it was decided on. */
  readonly committed: (before: Draw, change: DrawChange) => void
}

export type Decision =
  /** Nothing is to be done. */
  null | {
    readonly change: DrawChange
    /** Finds a better one, which may not be writable any more when it is found. */
    readonly better?: () => Promise<DrawChange | null>
  }

export type Decide = (draw: Draw) => Promise<Decision>

interface Open {
  readonly draw: Draw
  /** The better one could not be written. */
  readonly isPlain: boolean
}

interface Decided extends Open {
  readonly change: DrawChange
}

export class LeaseCommits {
  readonly #options: LeaseCommitsOptions

  constructor(options: LeaseCommitsOptions) {
    this.#options = options
  }

  /** `false`: some are not decided yet. Rejects as the store does. */
  async settle(draws: readonly Draw[], decide: Decide): Promise<boolean> {
    let open: readonly Open[] = draws.map((draw) => ({ draw, isPlain: false }))
    for (let tries = 0; tries < TRIES_MAX && open.length > 0; tries += 1) {
      const again: Open[] = []
      for (let first = 0; first < open.length; first += CHANGES_PER_COMMIT_MAX) {
        const part = open.slice(first, first + CHANGES_PER_COMMIT_MAX)
        again.push(...(await this.#settleSome(part, decide)))
      }
      open = again
    }
    return open.length === 0
  }

  /** Those that have to be decided anew. */
  async #settleSome(open: readonly Open[], decide: Decide): Promise<readonly Open[]> {
    const plain: Decided[] = []
    const searching: Promise<Decided>[] = []
    for (const { draw, isPlain } of open) {
      const decision = await decide(draw)
      if (decision === null) continue
      const { change, better } = decision
      if (better === undefined || isPlain) plain.push({ draw, isPlain, change })
      else searching.push(better().then((found) => ({ draw, isPlain, change: found ?? change })))
    }
    const again = [...(await this.#write(plain))]
    again.push(...(await this.#write(await Promise.all(searching))))
    return again
  }

  async #write(decided: readonly Decided[]): Promise<readonly Open[]> {
    if (decided.length === 0) return []
    const { store, committed } = this.#options
    const results = await store.commitDraws(decided.map(({ change }) => change))
    const again: Open[] = []
    for (const [position, { draw, change }] of decided.entries()) {
      const status = results[position]?.status
      assert(status !== undefined, 'the store answers every change')
      if (status === 'committed') {
        committed(draw, change)
        continue
      }
      const stored = await store.findDraw(draw.request.drawId)
      const isPlain = status === 'taken' || status === 'not_free'
      if (stored !== null) again.push({ draw: stored, isPlain })
    }
    return again
  }
}
