/**
 * How the cards of each site are, as a parent is told: where it has changed, at most once a minute,
 * and every so often all the same.
 */
import type { CountsReport, ReportedCount, ReportedNodeCount } from '@yiben/shared'
import type { CardCounts } from '../model/card-count.ts'
import { CONNECTED_WITHIN_MS, LAPSED_AFTER_MS } from '../rollup/definitions.ts'
import type { MadeRecord } from '../storage/feed-store.ts'
import type { Store } from '../storage/store.ts'

/** So many rounds without a change; then it is told again. */
const QUIET_ROUNDS_MAX = 15

export interface CountsOptions {
  readonly store: Pick<Store, 'readLedgerAt' | 'feedMade' | 'readOwnSites'>
  readonly origin: string
  /** Everything is told, or declared silent, of so long ago. */
  readonly settledLagMs: number
}

export class Counts {
  readonly #options: CountsOptions
  /** By site: as it was told last, without its instant, and how many rounds ago. */
  readonly #told = new Map<string, { readonly text: string; readonly rounds: number }>()

  constructor(options: CountsOptions) {
    this.#options = options
  }

  /** Tells the sites that have changed; called at most once a minute. */
  async round(nowMs: number): Promise<void> {
    const { settledLagMs, store } = this.#options
    const sites = await store.readOwnSites()
    if (sites.length === 0) return
    const atMs = nowMs - settledLagMs
    const counts = await store.readLedgerAt(
      { regions: 'all', sites },
      {
        asOfMs: atMs,
        knownAtMs: nowMs,
        connectedWithinMs: CONNECTED_WITHIN_MS,
        lapsedAfterMs: LAPSED_AFTER_MS,
        settledLagMs,
      },
    )
    const records: MadeRecord[] = []
    for (const siteCode of sites) {
      const report = this.#reportOf(siteCode, atMs, counts)
      if (this.#isNews(siteCode, report)) records.push({ kind: 'counts', counts: report })
    }
    if (records.length > 0) await store.feedMade(records)
  }

  #isNews(siteCode: string, { counts, nodes }: Omit<CountsReport, 'version'>): boolean {
    const text = JSON.stringify([counts, nodes])
    const told = this.#told.get(siteCode)
    const rounds = told?.text === text ? told.rounds + 1 : 0
    const isNews = rounds % QUIET_ROUNDS_MAX === 0
    this.#told.set(siteCode, { text, rounds })
    return isNews
  }

  #reportOf(siteCode: string, atMs: number, all: CardCounts): Omit<CountsReport, 'version'> {
    const counts = all.counts
      .filter((one) => one.siteCode === siteCode)
      .map(
        ({ cards, connection, isDeposited, isSchedulerRead, ownerCode, profile, state }) =>
          ({
            ownerCode,
            vendor: profile.vendor,
            name: profile.name,
            memoryTotalMib: profile.memoryTotalMib,
            powerCapWatts: profile.powerCapWatts,
            connection,
            state,
            isDeposited,
            isSchedulerRead,
            cards,
          }) satisfies ReportedCount,
      )
    const nodes = all.nodes
      .filter((one) => one.siteCode === siteCode)
      .map(
        ({ connection, cores, nodes, nodesWithoutCores, ownerCode }) =>
          ({ ownerCode, connection, nodes, nodesWithoutCores, cores }) satisfies ReportedNodeCount,
      )
    return {
      origin: this.#options.origin,
      siteCode,
      atMs,
      counts: inOrder(counts),
      nodes: inOrder(nodes),
    }
  }
}

/** Equal counts, equal text, in whatever order they were found. */
function inOrder<Count>(counts: readonly Count[]): readonly Count[] {
  return counts
    .map((count) => ({ count, text: JSON.stringify(count) }))
    .sort((left, right) => (left.text < right.text ? -1 : 1))
    .map(({ count }) => count)
}
