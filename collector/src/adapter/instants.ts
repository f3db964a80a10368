/** Civil times as a template writes them, and the instants at which its runs are due. Pure. */
import { HOUR_MS } from '@yiben/shared'
import { civilDate, civilDayStartMs, civilFields } from '../rollup/civil.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * HOUR_MS
const TOKENS = /yyyy|MM|dd|HH|mm|ss|SSS/g

/** Either times of day, or every so often from the beginning of each civil day. */
export type Schedule = { readonly atMinutes: readonly number[] } | { readonly everyMs: number }

/** `yyyyMMddHHmmss` and the like; `iso`: UTC; `epoch_s`, `epoch_ms`: since 1970. */
export function instantText(atMs: number, format: string, timeZone: string): string {
  switch (format) {
    case 'iso':
      return new Date(atMs).toISOString()
    case 'epoch_s':
      return String(Math.floor(atMs / 1_000))
    case 'epoch_ms':
      return String(atMs)
    default: {
      const { day, hour, minute, month, second, year } = civilFields(atMs, timeZone)
      const parts: Readonly<Record<string, string>> = {
        yyyy: padded(year, 4),
        MM: padded(month, 2),
        dd: padded(day, 2),
        HH: padded(hour, 2),
        mm: padded(minute, 2),
        ss: padded(second, 2),
        SSS: padded(((atMs % 1_000) + 1_000) % 1_000, 3),
      }
      return format.replace(TOKENS, (token) => parts[token] ?? token)
    }
  }
}

/** The latest instant by `nowMs` at which a run of the schedule is due. */
export function lastDueMs(schedule: Schedule, timeZone: string, nowMs: number): number {
  const today = civilDate(nowMs, timeZone)
  // A first time of day that is still to come leaves the last one of the day before.
  const todayMs = civilDayStartMs(today, timeZone)
  const yesterdayMs = civilDayStartMs({ ...today, day: today.day - 1 }, timeZone)
  const dues = [
    ...duesOfDay(schedule, { startMs: todayMs, timeZone, nowMs }),
    // What goes on past the end of its day begins anew with the next one.
    ...duesOfDay(schedule, { startMs: yesterdayMs, timeZone, nowMs: todayMs - 1 }),
  ]
  return Math.max(...dues.filter((due) => due <= nowMs))
}

/** The first one after `afterMs`. */
export function nextDueMs(schedule: Schedule, timeZone: string, afterMs: number): number {
  const today = civilDate(afterMs, timeZone)
  const dues = [0, 1, 2].flatMap((days) => {
    const startMs = civilDayStartMs({ ...today, day: today.day + days }, timeZone)
    return 'everyMs' in schedule
      ? [startMs, nextOfDay(schedule.everyMs, startMs, afterMs)]
      : duesOfDay(schedule, { startMs, timeZone, nowMs: afterMs })
  })
  return Math.min(...dues.filter((due) => due > afterMs))
}

function nextOfDay(everyMs: number, startMs: number, afterMs: number): number {
  const passed = Math.max(0, Math.floor((afterMs - startMs) / everyMs) + 1)
  return startMs + passed * everyMs
}

function duesOfDay(
  schedule: Schedule,
  {
    nowMs,
    startMs,
    timeZone,
  }: Readonly<Record<'startMs' | 'nowMs', number>> & {
    readonly timeZone: string
  },
): readonly number[] {
  if ('everyMs' in schedule) {
    const passed = Math.floor((nowMs - startMs) / schedule.everyMs)
    return passed < 0 ? [] : [startMs + passed * schedule.everyMs]
  }
  return schedule.atMinutes.map((minutes) => atWallTime(startMs, minutes, timeZone))
}

/** Days on which clocks are changed have another length: the wall shows the minutes all the same. */
function atWallTime(dayStartMs: number, minutes: number, timeZone: string): number {
  const guess = dayStartMs + minutes * MINUTE_MS
  const { hour, minute } = civilFields(guess, timeZone)
  const offMs = (minutes - (hour * 60 + minute)) * MINUTE_MS
  return Math.abs(offMs) < DAY_MS / 2 ? guess + offMs : guess
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
