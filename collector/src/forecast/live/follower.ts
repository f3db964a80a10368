/**
 * The follower that keeps the forecast: reads what has changed in the timeline behind its durable
 * cursor, tells it in the order of time, trains in the background, says every full hour what it
 * predicts, and writes its state with the cursor, in one transaction, every ten minutes.
 *
 * Killed anywhere it goes on at what was written: it reads the nodes that have changed since, and the
 * windows that have ended since, which the ledger keeps. Nothing it holds is the truth about anything:
 * without a readable state it begins anew from the ledger.
 */
import { AppError, type Clock, type Logger, Rounds } from '@yiben/shared'
import type { UnitId } from '../../model/ids.ts'
import type { DeviceProfile } from '../../model/inventory.ts'
import type { Store } from '../../storage/store.ts'
import { MINUTE_MS } from '../numbers.ts'
import type { Prior } from '../prior.ts'
import type { Lending } from './followed-fleet.ts'
import { HOUR_LATE_MS_MAX, HOURS_KEPT_MS, HourList, hourEntry } from './hourly.ts'
import { LiveForecast, liveForecastJson } from './live-forecast.ts'
import { type CalendarOpen, PoolForecast } from './pool-forecast.ts'
import { type ForecastReport, reportOf } from './report.ts'
import type { Instant } from './settled.ts'
import { Training } from './training.ts'
import type { HeavyWork } from './work.ts'

const FOLLOW_MS = 1_000
/** Nodes per read: the thread of the store takes some milliseconds for them. */
const NODES_PER_READ_MAX = 256
/** Changes told, and windows asked about, per round: some 30 ms of this thread, then others run. */
const CHANGES_PER_ROUND_MAX = 2_000
const WINDOWS_PER_ROUND_MAX = 256
/** Predictions made anew per second while nothing waits for them: under 1 % of a core. */
const PREDICTIONS_PER_ROUND_MAX = 100
const STATE_EVERY_MS = 10 * MINUTE_MS
/** While more than this waits to be told the state is not written: it would hold it all. */
const WAITING_MAX = 50_000

export type ForecastStore = Pick<
  Store,
  | 'readNodeSights'
  | 'readWindowsFrom'
  | 'readCursor'
  | 'readForecastState'
  | 'writeForecastState'
  | 'writeForecastHour'
>

export interface ForecastFollowerOptions {
  readonly store: ForecastStore
  readonly clock: Clock
  readonly logger: Logger
  readonly work: HeavyWork
  /** Equal for cards that count as alike (bank/lots.ts). */
  readonly kindKeyOf: (profile: DeviceProfile) => string
  /** Which cards are under a lease. Default: none. */
  readonly lending?: Lending
  /** When owners offer anything. Default: always. */
  readonly isCalendarOpen?: CalendarOpen
  /** An entry was written to the outbox. */
  readonly onCommitted?: () => void
  readonly prior?: Prior
}

export class ForecastFollower {
  readonly id = 'forecast'
  /** Never `null`, so that nobody is promised anything while it still reads its state. */
  readonly outlook = {
    chanceOfEach: (unitIds: readonly UnitId[], forMs: number): readonly (number | null)[] =>
      this.#live?.outlook.chanceOfEach(unitIds, forMs) ?? unitIds.map(() => null),
    chanceOfAll: (unitIds: readonly UnitId[], forMs: number): number | null =>
      this.#live?.outlook.chanceOfAll(unitIds, forMs) ?? null,
  }
  readonly pools: PoolForecast
  readonly #options: ForecastFollowerOptions
  readonly #store: ForecastStore
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #rounds: Rounds
  readonly #training: Training
  #live: LiveForecast | null = null
  #cursor = 0
  /** What the store holds of it. */
  #storedCursor = 0
  #hourList: HourList | null = null
  #stateAtMs = Number.NEGATIVE_INFINITY
  #stateBytes: number | null = null

  constructor(options: ForecastFollowerOptions) {
    const { clock, store, work } = options
    this.#options = options
    this.#store = store
    this.#clock = clock
    this.#logger = options.logger.child({ component: 'forecast' })
    this.#training = new Training({ clock, work, logger: this.#logger })
    this.pools = new PoolForecast(
      () => {
        const forecaster = this.#live?.forecaster
        const nowMs = forecaster?.nowMs ?? null
        return forecaster === undefined || nowMs === null
          ? null
          : { pools: forecaster.pools(), nowMs }
      },
      options.isCalendarOpen ?? (() => true),
    )
    this.#rounds = new Rounds({
      clock,
      intervalMs: FOLLOW_MS,
      round: () => this.#round(),
      onFailure: (error) => this.#logger.error({ err: error }, 'the forecast cannot follow'),
    })
  }

  run(): Promise<void> {
    return this.#rounds.run()
  }

  /** The state is not written: what was written last, and the ledger, are enough. */
  async stop(): Promise<void> {
    const stopped = this.#rounds.stop()
    await this.#options.work.close()
    await stopped
  }

  /** Everything that is settled by now is told, predicted and learned. */
  async drain(): Promise<void> {
    while (await this.#rounds.once()) {
      // Each round moves a cursor, tells changes or asks about windows.
    }
    await this.#training.settled()
  }

  report(): ForecastReport {
    const live = this.#live
    return reportOf({
      forecaster: live?.forecaster ?? null,
      lagMs: live === null ? null : Math.max(0, this.#clock.wallMs() - live.toldToMs),
      stateBytes: this.#stateBytes,
      training: this.#training.record,
    })
  }

  /** True when there is more to do at once. */
  async #round(): Promise<boolean> {
    const live = this.#live ?? (await this.#restore())
    if (this.#hourList !== null) return this.#goOnWithHour(live, this.#hourList)
    // Everything that is stored is read before anything is told: times are settled by all nodes.
    if (await this.#readOn(live)) return true
    const { hasMore, hourMs } = live.tell(this.#now(), CHANGES_PER_ROUND_MAX)
    this.#training.startIfDue(live.forecaster)
    const isForecast = hourMs !== null && this.#clock.wallMs() - hourMs <= HOUR_LATE_MS_MAX
    if (isForecast) this.#hourList = new HourList(hourMs, live.fleet)
    if (isForecast || hasMore) return true
    const { isWarm } = live.predictions
    live.predictions.sweep(isWarm ? PREDICTIONS_PER_ROUND_MAX : WINDOWS_PER_ROUND_MAX)
    if (!isWarm) return true
    await this.#keepState(live)
    return this.#live === null
  }

  async #readOn(live: LiveForecast): Promise<boolean> {
    const sights = await this.#store.readNodeSights(this.#cursor, NODES_PER_READ_MAX)
    const last = sights.at(-1)
    if (last === undefined) return false
    const keys = live.fleet.hiddenWindows(sights, live.toldToMs)
    const ended = keys.length === 0 ? [] : await this.#store.readWindowsFrom(keys)
    live.look({ sights, ended, monotonicMs: this.#clock.monotonicMs() })
    this.#cursor = last.changeSeq
    return sights.length === NODES_PER_READ_MAX
  }

  async #goOnWithHour(live: LiveForecast, list: HourList): Promise<boolean> {
    if (!list.ask(live.forecaster, WINDOWS_PER_ROUND_MAX)) {
      // Others run while the next windows wait: the store answers in a turn of its own.
      await this.#store.readCursor(this.id)
      return true
    }
    const nowMs = this.#clock.wallMs()
    const hour = list.finish(live.forecaster.models)
    const { status } = await this.#store.writeForecastHour({
      hour,
      keptFromMs: list.hourMs - HOURS_KEPT_MS,
      outbox: [hourEntry(hour, nowMs)],
    })
    this.#hourList = null
    if (status === 'written') this.#options.onCommitted?.()
    return true
  }

  async #restore(): Promise<LiveForecast> {
    const { kindKeyOf, lending, prior, work } = this.#options
    const stored = await this.#store.readForecastState()
    this.#storedCursor = await this.#store.readCursor(this.id)
    let state = null
    if (stored !== null) {
      try {
        state = liveForecastJson(await work.unpack(stored.bytes))
      } catch (error) {
        if (!(error instanceof AppError) || error.code === 'draining') throw error
        this.#logger.error({ err: error }, 'the state of the forecast cannot be read')
      }
      if (state === null) this.#logger.warn({}, 'the forecast begins anew from the ledger')
    }
    this.#cursor = state === null ? 0 : (stored?.cursor ?? 0)
    this.#stateBytes = stored?.bytes.length ?? null
    this.#stateAtMs = this.#clock.monotonicMs()
    this.#live = new LiveForecast({
      kindKeyOf,
      lending: lending ?? { isLentAt: () => false },
      now: this.#now(),
      state,
      ...(prior === undefined ? {} : { prior }),
    })
    return this.#live
  }

  async #keepState(live: LiveForecast): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#stateAtMs < STATE_EVERY_MS || live.waiting > WAITING_MAX) return
    // An empty forecast is what a new one begins with anyway.
    if (live.forecaster.nowMs === null) return
    this.#stateAtMs = nowMs
    const cursor = this.#cursor
    try {
      const state = await this.#options.work.pack(live.toJSON())
      const { status } = await this.#store.writeForecastState({
        expectedCursor: this.#storedCursor,
        cursor,
        state,
        writtenAtMs: this.#clock.wallMs(),
      })
      if (status === 'stale') {
        this.#logger.warn({}, 'another collector keeps the forecast: its state is taken over')
        this.#live = null
        return
      }
      this.#storedCursor = cursor
      this.#stateBytes = state.length
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (error.code === 'draining') return
      this.#logger.error({ err: error }, 'the state of the forecast cannot be kept')
    }
  }

  #now(): Instant {
    return { wallMs: this.#clock.wallMs(), monotonicMs: this.#clock.monotonicMs() }
  }
}
