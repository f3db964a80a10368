/**
 * Sites whose owners' schedulers take lent cards (C8): after the second time within 30 days nothing
 * of the site is lent that is not fenced. A picture of what is stored, read anew after each such end.
 */
import type { Store } from '../storage/store.ts'

const REMEMBERED_MS = 30 * 86_400_000
const CLAIMS_MAX = 2

export class OwnerClaims {
  readonly #store: Pick<Store, 'readOwnerClaims'>
  readonly #nowMs: () => number
  #endsMs = new Map<string, readonly number[]>()

  constructor(store: Pick<Store, 'readOwnerClaims'>, nowMs: () => number) {
    this.#store = store
    this.#nowMs = nowMs
  }

  async read(): Promise<void> {
    const rows = await this.#store.readOwnerClaims(this.#nowMs() - REMEMBERED_MS)
    const bySite = Map.groupBy(rows, ({ siteCode }) => siteCode)
    this.#endsMs = new Map(
      [...bySite].map(([siteCode, own]) => [siteCode, own.map(({ endedAtMs }) => endedAtMs)]),
    )
  }

  /** Lots of the site that are not fenced are neither shown nor drawn, whoever asks for them. */
  needsFence(siteCode: string): boolean {
    const sinceMs = this.#nowMs() - REMEMBERED_MS
    const ends = this.#endsMs.get(siteCode) ?? []
    return ends.filter((atMs) => atMs >= sinceMs).length >= CLAIMS_MAX
  }
}
