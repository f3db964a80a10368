/**
 * Lets what single cards did go after its time (`retention.runs`, `retention.refused`), hour by hour,
 * in calls of a few rows with a pause after each handful, so that neither ingest nor the bank waits
 * for it. Killed anywhere it begins again where rows are left; nothing counts what is gone.
 */
import { type Clock, hourStartMs, type Logger, Rounds } from '@yiben/shared'
import type { UnitId } from '../model/ids.ts'
import type { Store } from '../storage/store.ts'

/** One transaction: a few milliseconds of the writer. */
const ROWS_PER_CALL = 500
/** Ten thousand rows a second at the most: a day of 100,000 cards in some minutes. */
const CALLS_PER_ROUND = 20
const ROUND_EVERY_MS = 1_000

export interface PrunerOptions {
  readonly store: Pick<Store, 'pruneTimeline'>
  readonly clock: Clock
  readonly logger: Logger
  readonly retention: { readonly runsMs: number; readonly refusedMs: number }
}

export class Pruner {
  readonly id = 'pruner'
  /** Rows removed since the start. */
  prunedRows = 0
  readonly #options: PrunerOptions
  readonly #logger: Logger
  readonly #rounds: Rounds
  /** The hour that nothing is left to remove of; `null` at first. */
  #doneHourMs: number | null = null
  #afterUnitId: UnitId | null = null
  #rowsOfHour = 0

  constructor(options: PrunerOptions) {
    this.#options = options
    this.#logger = options.logger.child({ component: 'pruner' })
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: ROUND_EVERY_MS,
      round: () => this.#round(),
      onFailure: (error) => this.#logger.error({ err: error }, 'old rows could not be removed'),
    })
  }

  run(): Promise<void> {
    return this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** Removes all that is due now. */
  async drain(): Promise<void> {
    while (this.#doneHourMs !== this.#hourMs()) await this.#rounds.once()
  }

  /** Always false: what is left waits for the next second. */
  async #round(): Promise<boolean> {
    const hourMs = this.#hourMs()
    for (let calls = 0; calls < CALLS_PER_ROUND && this.#doneHourMs !== hourMs; calls += 1) {
      const { retention, store } = this.#options
      const { isDone, nextUnitId, rows } = await store.pruneTimeline({
        keptFromMs: hourMs - retention.runsMs,
        refusedKeptFromMs: hourMs - retention.refusedMs,
        afterUnitId: this.#afterUnitId,
        rowsMax: ROWS_PER_CALL,
      })
      this.#afterUnitId = nextUnitId
      this.#rowsOfHour += rows
      this.prunedRows += rows
      if (isDone) this.#hourDone(hourMs)
    }
    return false
  }

  #hourDone(hourMs: number): void {
    if (this.#rowsOfHour > 0) this.#logger.debug({ rows: this.#rowsOfHour }, 'old rows are gone')
    this.#rowsOfHour = 0
    this.#doneHourMs = hourMs
  }

  #hourMs(): number {
    return hourStartMs(this.#options.clock.wallMs())
  }
}
