/**
 * Looks at every sealed hour, and again at one that was corrected, for what no honest node tells.
 * Killed anywhere it judges the hour anew: what was written of it already is found again and stays
 * as it is.
 */
import { type Clock, type Logger, Rounds } from '@yiben/shared'
import type { ImplausibleHour } from '../model/implausible.ts'
import type { Store } from '../storage/store.ts'
import { HourJudge, type ModelFacts } from './rules.ts'

const DEFAULT_POLL_MS = 60_000
/** Cards of one read, findings of one transaction. */
const CARDS_PER_PAGE = 5_000
const FINDINGS_PER_WRITE_MAX = 500

export type WatcherStore = Pick<
  Store,
  'readUnjudgedHour' | 'readHourReadings' | 'writeImplausible' | 'hourJudged'
>

export interface WatcherOptions {
  readonly store: WatcherStore
  readonly clock: Clock
  readonly logger: Logger
  readonly facts: ModelFacts
  readonly pollMs?: number
  /** Called after findings were written: the outbox holds their entries, the bank may look again. */
  readonly onFound?: () => void
}

export class PlausibilityWatcher {
  readonly id = 'plausibility'
  readonly #options: WatcherOptions
  readonly #logger: Logger
  readonly #rounds: Rounds

  constructor(options: WatcherOptions) {
    this.#options = options
    this.#logger = options.logger.child({ component: 'plausibility' })
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: options.pollMs ?? DEFAULT_POLL_MS,
      round: () => this.#round(),
      onFailure: (error) => this.#logger.error({ err: error }, 'an hour could not be judged'),
    })
  }

  /** Until `stop`; rejects with a bug. */
  run(): Promise<void> {
    return this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** Judges every hour that waits. */
  async drain(): Promise<void> {
    while (await this.#rounds.once()) {
      // Each round judges one hour.
    }
  }

  async #round(): Promise<boolean> {
    const { store, clock, facts } = this.#options
    const due = await store.readUnjudgedHour()
    if (due === null) return false
    const judge = new HourJudge(facts, due.hourMs, clock.wallMs())
    let afterUnitId = 0
    let isLast = false
    // Bounded by the cards of the hour: each page begins behind the one before.
    while (!isLast) {
      const readings = await store.readHourReadings(due.hourMs, afterUnitId, CARDS_PER_PAGE)
      await this.#write(judge.take(readings))
      isLast = readings.length < CARDS_PER_PAGE
      afterUnitId = readings.at(-1)?.hour.unitId ?? afterUnitId
    }
    await this.#write(judge.finish())
    await store.hourJudged(due)
    return true
  }

  async #write(hours: readonly ImplausibleHour[]): Promise<void> {
    const { store, clock, onFound } = this.#options
    for (let from = 0; from < hours.length; from += FINDINGS_PER_WRITE_MAX) {
      const part = hours.slice(from, from + FINDINGS_PER_WRITE_MAX)
      const { opened } = await store.writeImplausible(part, clock.wallMs())
      if (opened === 0) continue
      this.#logger.warn({ findings: opened }, 'nodes have told what is not plausible')
      onFound?.()
    }
  }
}
