/** Civil months by name (`2026-10`) as spans of full hours: what reports and corrections speak of. */
import { AppError, HOUR_MS } from '@yiben/shared'
import { civilDayStartMs, nextMonth } from './civil.ts'

export const MONTH_SHAPE = /^\d{4}-(0[1-9]|1[0-2])$/

export interface MonthSpan {
  readonly month: string
  readonly timeZone: string
  readonly fromMs: number
  readonly toMs: number
}

/**
 * `month` has the shape. Throws `request_invalid` for a zone whose month begins within an hour:
 * buckets are full hours of UTC, and half of one belongs to no month.
 */
export function monthSpan(month: string, timeZone: string): MonthSpan {
  const [year = 0, number = 0] = month.split('-').map(Number)
  const date = { year, month: number, day: 1 }
  const fromMs = civilDayStartMs(date, timeZone)
  const toMs = civilDayStartMs({ ...nextMonth(date), day: 1 }, timeZone)
  if (fromMs % HOUR_MS !== 0 || toMs % HOUR_MS !== 0) {
    const sentence = `months of ${timeZone} do not begin on a full hour of UTC, and hours are what is kept`
    throw new AppError('request_invalid', `tz: ${sentence}`, { fields: { field: 'tz' } })
  }
  return { month, timeZone, fromMs, toMs }
}
