/**
 * Has the store keep sums of civil days and months, each once all its hours are sealed: a day after
 * its last hour, a month after its last day. Ledgers of before there were sums, and of another time
 * zone, are caught up with in the same way, oldest first.
 *
 * Nothing waits for it: until a period is kept, its days, hours or buckets are added up instead, to
 * the same figure. Killed anywhere it starts over from what is kept.
 */
import { HOUR_MS } from '@yiben/shared'
import type { Store } from '../storage/store.ts'
import type { SumPeriod } from '../storage/sum-store.ts'
import { type CivilDate, civilDate, civilDayStartMs, nextMonth } from './civil.ts'

export type SumKeeperStore = Pick<Store, 'readSumBacklog' | 'keepSums'>

export class SumKeeper {
  readonly #store: SumKeeperStore
  readonly #timeZone: string
  /** Starts of what is kept, by grain; `null` until it was read. */
  #kept: Readonly<Record<SumPeriod['grain'], ReadonlySet<number>>> | null = null
  /** Days before this one are seen to; `null` while nothing is sealed. */
  #day: CivilDate | null = null

  constructor(store: SumKeeperStore, timeZone: string) {
    this.#store = store
    this.#timeZone = timeZone
  }

  /** Keeps the oldest day that is not kept, and its month with it; true when there may be more. */
  async round(lastSealedHourMs: number | null): Promise<boolean> {
    if (lastSealedHourMs === null) return false
    const sealedToMs = lastSealedHourMs + HOUR_MS
    // Bounded by the days that are sealed: those kept before are passed over without the store.
    while (true) {
      const day = this.#day ?? (await this.#firstDay())
      if (day === null) return false
      const next = this.#civil({ ...day, day: day.day + 1 })
      if (this.#startMs(next) > sealedToMs) return false
      const asked = await this.#keep({
        grain: 'day',
        fromMs: this.#startMs(day),
        toMs: this.#startMs(next),
      })
      const isMonthOver = next.month !== day.month
      const askedMonth = isMonthOver && (await this.#keep(this.#monthOf(day)))
      this.#day = next
      if (asked || askedMonth) return true
    }
  }

  /** Whether the store had to be asked. */
  async #keep(period: SumPeriod): Promise<boolean> {
    if (this.#kept?.[period.grain].has(period.fromMs) === true) return false
    // Refused where a day of another time zone lies across it, or a month began before the ledger.
    await this.#store.keepSums(period)
    return true
  }

  async #firstDay(): Promise<CivilDate | null> {
    const { firstSealedHourMs, kept } = await this.#store.readSumBacklog()
    if (firstSealedHourMs === null) return null
    const startsOf = (grain: SumPeriod['grain']) =>
      new Set(kept.filter((period) => period.grain === grain).map(({ fromMs }) => fromMs))
    this.#kept = { day: startsOf('day'), month: startsOf('month') }
    this.#day = this.#civil(civilDate(firstSealedHourMs, this.#timeZone))
    return this.#day
  }

  #monthOf(day: CivilDate): SumPeriod {
    const { year, month } = nextMonth(day)
    return {
      grain: 'month',
      fromMs: this.#startMs({ ...day, day: 1 }),
      toMs: this.#startMs({ year, month, day: 1 }),
    }
  }

  /** A date whose day may lie past the end of its month, as the calendar names it. */
  #civil(date: CivilDate): CivilDate {
    return civilDate(this.#startMs(date), this.#timeZone)
  }

  #startMs(date: CivilDate): number {
    return civilDayStartMs(date, this.#timeZone)
  }
}
