/**
 * When hours are due for sealing, and how final a figure is (DESIGN 5).
 *
 * An hour is sealed two hours after its end. A month is preliminary from day 1 of the next month on
 * and final from day 9 on; what comes later corrects the hour it belongs to and stands in the next
 * report. Months are civil months of a time zone.
 */
import { HOUR_MS, hourStartMs } from '@yiben/shared'
import { civilDate, civilDayStartMs, nextMonth } from './civil.ts'

/** Late spools of short outages are in by then. A setting; this is its default. */
export const SEAL_AFTER_MS = 2 * HOUR_MS
const FINAL_ON_DAY = 9

export interface SealBacklog {
  readonly firstHourMs: number | null
  readonly lastSealedHourMs: number | null
}

/** Hours that have to be sealed now, oldest first, at most `limit`. */
export function dueHours(
  backlog: SealBacklog,
  nowMs: number,
  settings: { readonly sealAfterMs: number; readonly limit: number },
): readonly number[] {
  const { firstHourMs, lastSealedHourMs } = backlog
  if (firstHourMs === null) return []
  const due: number[] = []
  let hourMs = lastSealedHourMs === null ? hourStartMs(firstHourMs) : lastSealedHourMs + HOUR_MS
  while (due.length < settings.limit && hourMs + HOUR_MS + settings.sealAfterMs <= nowMs) {
    due.push(hourMs)
    hourMs += HOUR_MS
  }
  return due
}

export interface SealOverdue {
  readonly dueHours: number
  /** Since the oldest of them became due; 0 without any. */
  readonly overdueMs: number
}

/** How far sealing is behind. */
export function overdueOf(
  { firstHourMs, lastSealedHourMs }: SealBacklog,
  nowMs: number,
  sealAfterMs: number,
): SealOverdue {
  if (firstHourMs === null) return { dueHours: 0, overdueMs: 0 }
  const nextMs = lastSealedHourMs === null ? hourStartMs(firstHourMs) : lastSealedHourMs + HOUR_MS
  const overdueMs = nowMs - (nextMs + HOUR_MS + sealAfterMs)
  if (overdueMs < 0) return { dueHours: 0, overdueMs: 0 }
  return { dueHours: Math.floor(overdueMs / HOUR_MS) + 1, overdueMs }
}

/**
 * `provisional`: some hour of it is not sealed. `sealed`: all are. `preliminary`, `final`: also its
 * last month is over, and the days for late data with it.
 */
export type Finality = 'provisional' | 'sealed' | 'preliminary' | 'final'

/** How final a figure over time up to `toMs` (excluded) is, as known at `knownAtMs`. */
export function finalityOf(figure: {
  readonly toMs: number
  readonly knownAtMs: number
  readonly lastSealedHourMs: number | null
  readonly timeZone: string
}): Finality {
  const { toMs, knownAtMs, lastSealedHourMs, timeZone } = figure
  if (lastSealedHourMs === null || toMs > lastSealedHourMs + HOUR_MS) return 'provisional'
  const month = nextMonth(civilDate(toMs - 1, timeZone))
  if (knownAtMs >= civilDayStartMs({ ...month, day: FINAL_ON_DAY }, timeZone)) return 'final'
  return knownAtMs >= civilDayStartMs({ ...month, day: 1 }, timeZone) ? 'preliminary' : 'sealed'
}

/** The instant before which accounts are final at `nowMs`: a month is, from its final day on. */
export function finalBeforeMs(nowMs: number, timeZone: string): number {
  const { year, month, day } = civilDate(nowMs, timeZone)
  const monthsBack = day >= FINAL_ON_DAY ? 0 : 1
  return civilDayStartMs({ year, month: month - monthsBack, day: 1 }, timeZone)
}

/** When that instant moves on, after `nowMs`. */
export function nextFinalMs(nowMs: number, timeZone: string): number {
  const { year, month, day } = civilDate(nowMs, timeZone)
  const monthsAhead = day >= FINAL_ON_DAY ? 1 : 0
  return civilDayStartMs({ year, month: month + monthsAhead, day: FINAL_ON_DAY }, timeZone)
}
