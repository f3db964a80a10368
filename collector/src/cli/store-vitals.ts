/**
 * The few vitals that only the store knows. Whoever scrapes does not wait for a long report in front
 * of them: what is not answered in time is left out this time, and never asked for twice at once.
 */
import { AppError, type Clock, sleep } from '@yiben/shared'
import type { Vital } from '../api/context.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { placedVitals } from './placed-vitals.ts'
import { gauge } from './vital.ts'

/** A scrape is given up after 10 s by default. */
const WAIT_MS_MAX = 2_000
/** More than this are counted as so many: of open conflicts, and of draws without an answer. */
const COUNTED_MAX = 1_000

type StoreVitalsStore = Pick<
  Store,
  'readOutbox' | 'journalHead' | 'listConflicts' | 'countFindings' | 'readOpenPlaced'
>

export class StoreVitals {
  readonly #store: StoreVitalsStore
  readonly #clock: Clock
  /** Asked for and not answered. */
  #reading: Promise<readonly Vital[]> | null = null

  constructor(store: StoreVitalsStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  async read(): Promise<readonly Vital[]> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null
    })
    const giveUp = new AbortController()
    const tooLong = sleep(this.#clock, WAIT_MS_MAX, giveUp.signal).then(
      () => [],
      () => [],
    )
    try {
      return await Promise.race([this.#reading, tooLong])
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      // The store has failed, which `yiben_store_writing` and the log say.
      return []
    } finally {
      giveUp.abort()
    }
  }

  async #read(): Promise<readonly Vital[]> {
    const [[oldest], head, conflicts, { findings }, placed] = await Promise.all([
      this.#store.readOutbox(1),
      this.#store.journalHead(),
      this.#store.listConflicts(SCOPE_ALL, true, { cursor: null, limit: COUNTED_MAX }),
      this.#store.countFindings(SCOPE_ALL, this.#clock.wallMs()),
      this.#store.readOpenPlaced({ childIds: 'all', afterId: null, limit: COUNTED_MAX }),
    ])
    const lagMs = oldest === undefined ? 0 : Math.max(0, this.#clock.wallMs() - oldest.atMs)
    return [
      gauge('journal_seq', 'number of the last journal entry', head.seq),
      gauge('journal_lag_seconds', 'age of the oldest entry without a number', lagMs / 1000),
      gauge(
        'conflicts_open',
        'cards that two nodes claim and nobody has decided on, counted up to 1000',
        conflicts.rows.length,
      ),
      gauge('findings_open', 'what cannot well be so, and nobody has cleared', findings),
      ...placedVitals(placed, this.#clock.wallMs()),
    ]
  }
}
