/**
 * The record of each site, held in memory for capacity search: how its leases of the last 90 days
 * ended, and how often its owner's scheduler ended one. Read anew every few minutes; a lot shows what
 * was read last.
 */
import { type Clock, type Logger, Rounds, type Service } from '@yiben/shared'
import type { SiteRecord } from '../storage/account-requests.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'

/** A record is of 90 days: one lease more or less can wait. */
const REFRESH_MS = 5 * 60_000

export interface SiteRecordsOptions {
  readonly store: Pick<Store, 'readSiteRecords'>
  readonly clock: Clock
  readonly logger: Logger
}

export class SiteRecords implements Service {
  readonly id = 'site-records'
  readonly #options: SiteRecordsOptions
  readonly #rounds: Rounds
  #records: ReadonlyMap<string, SiteRecord> = new Map()

  constructor(options: SiteRecordsOptions) {
    const logger = options.logger.child({ component: 'site-records' })
    this.#options = options
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: REFRESH_MS,
      round: async () => {
        await this.refresh()
        return false
      },
      onFailure: (error) => logger.error({ err: error }, 'records of sites could not be read'),
    })
  }

  /** Until `stop`; rejects with a bug. */
  run(): Promise<void> {
    return this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  async refresh(): Promise<void> {
    const nowMs = this.#options.clock.wallMs()
    const instant = { atMs: nowMs, knownAtMs: nowMs }
    const records = await this.#options.store.readSiteRecords(SCOPE_ALL, instant)
    this.#records = new Map(records.map((record) => [record.siteCode, record]))
  }

  /** `null`: no lease has ended there in 90 days, as far as was read. */
  of(siteCode: string): SiteRecord | null {
    return this.#records.get(siteCode) ?? null
  }
}
