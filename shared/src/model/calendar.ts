/**
 * Weekly windows in a civil time zone, with holidays, extra working days and exceptions by date. Pure,
 * by Intl alone. How a calendar is written as JSON is `calendar-json.ts`.
 *
 * On a holiday the windows of a Sunday begin, on an extra working day (调休) those of a Monday, and on the
 * date of an exception what it says. A date stands in one of the three lists.
 *
 * A window belongs to the local date on which it begins and may pass midnight. Its two ends are
 * local times turned into instants, so that `isInside` and `nextEdgeMs` speak of the same half-open
 * intervals: a local time that a clock change skips is taken with the offset from before it, one
 * that happens twice is its first occurrence.
 */
import { assert } from '../assert.ts'

export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** Minutes after local midnight, 0..1440; an end at or before the begin lies on the next day. */
export interface DayWindow {
  readonly fromMinute: number
  readonly toMinute: number
}

export interface WeeklyWindow extends DayWindow {
  readonly days: readonly Weekday[]
}

export interface CalendarException {
  /** `YYYY-MM-DD`, local. */
  readonly date: string
  /** What begins on that date instead of the weekly windows; empty for nothing. */
  readonly windows: readonly DayWindow[]
}

export interface Calendar {
  /** IANA name, `Asia/Shanghai`. */
  readonly timeZone: string
  readonly weekly: readonly WeeklyWindow[]
  /** `YYYY-MM-DD`, local. */
  readonly holidays: readonly string[]
  readonly workdays: readonly string[]
  readonly exceptions: readonly CalendarException[]
}

export const CALENDAR_ALWAYS: Calendar = {
  timeZone: 'UTC',
  weekly: [{ days: WEEKDAYS, fromMinute: 0, toMinute: 1440 }],
  holidays: [],
  workdays: [],
  exceptions: [],
}

const MINUTE_MS = 60_000
const MINUTES_PER_DAY = 1440
const DAY_MS = MINUTES_PER_DAY * MINUTE_MS
const HOLIDAY_IS: Weekday = 'sun'
const WORKDAY_IS: Weekday = 'mon'
/** Past a year nothing is asked; an exception further away is found when it comes nearer. */
const HORIZON_DAYS = 400

/** Half-open [startMs, endMs). */
interface Interval {
  readonly startMs: number
  readonly endMs: number
}

export function isInside(calendar: Calendar, atMs: number): boolean {
  return intervalAt(calendar, atMs) !== null
}

/** Whole days on every weekday and at every exception: every instant lies inside. */
export function isAlways({ exceptions, weekly }: Calendar): boolean {
  const isWhole = ({ fromMinute, toMinute }: DayWindow) =>
    fromMinute === 0 && (toMinute === 0 || toMinute === MINUTES_PER_DAY)
  const isEveryDay = WEEKDAYS.every((day) =>
    weekly.some((window) => isWhole(window) && window.days.includes(day)),
  )
  return isEveryDay && exceptions.every(({ windows }) => windows.some(isWhole))
}

/**
 * The end of the stay inside that `atMs` lies in: `atMs` itself where it lies outside, `null` where
 * the stay does not end within 400 days.
 */
export function insideUntilMs(calendar: Calendar, atMs: number): number | null {
  if (!isInside(calendar, atMs)) return atMs
  return isAlways(calendar) ? null : nextEdgeMs(calendar, atMs)
}

/** The next instant after `atMs` at which `isInside` changes; `null`: none within 400 days. */
export function nextEdgeMs(calendar: Calendar, atMs: number): number | null {
  let inside = intervalAt(calendar, atMs)
  if (inside === null) return nextStartMs(calendar, atMs)
  const horizonMs = atMs + HORIZON_DAYS * DAY_MS
  // Windows that touch or overlap are one stay; each turn moves the end forward.
  while (inside !== null && inside.endMs < horizonMs) {
    const edgeMs: number = inside.endMs
    inside = intervalAt(calendar, edgeMs)
    if (inside === null) return edgeMs
  }
  return null
}

/** Of the windows that contain the instant the one that ends last. */
function intervalAt(calendar: Calendar, atMs: number): Interval | null {
  const today = localDay(calendar.timeZone, atMs)
  let latest: Interval | null = null
  // Yesterday's window may pass midnight.
  for (const day of [today - 1, today]) {
    for (const interval of intervalsOf(calendar, day)) {
      if (atMs < interval.startMs || atMs >= interval.endMs) continue
      if (latest === null || interval.endMs > latest.endMs) latest = interval
    }
  }
  return latest
}

function nextStartMs(calendar: Calendar, atMs: number): number | null {
  const today = localDay(calendar.timeZone, atMs)
  for (let day = today - 1; day < today + HORIZON_DAYS; day += 1) {
    const starts = intervalsOf(calendar, day)
      .map((interval) => interval.startMs)
      .filter((startMs) => startMs > atMs)
    if (starts.length > 0) return Math.min(...starts)
  }
  return null
}

/** The windows that begin on a local day, as instants. */
function intervalsOf(calendar: Calendar, day: number): Interval[] {
  return windowsOf(calendar, day)
    .map(({ fromMinute, toMinute }) => {
      const endMinute = toMinute > fromMinute ? toMinute : toMinute + MINUTES_PER_DAY
      return {
        startMs: instantOf(calendar.timeZone, day, fromMinute),
        endMs: instantOf(calendar.timeZone, day, endMinute),
      }
    })
    .filter(({ startMs, endMs }) => endMs > startMs)
}

function windowsOf(calendar: Calendar, day: number): readonly DayWindow[] {
  const date = new Date(day * DAY_MS)
  const dateText = date.toISOString().slice(0, 10)
  const exception = calendar.exceptions.find((candidate) => candidate.date === dateText)
  if (exception !== undefined) return exception.windows
  const weekday = weekdayOf(calendar, dateText, date.getUTCDay())
  return calendar.weekly.filter((window) => window.days.includes(weekday))
}

function weekdayOf({ holidays, workdays }: Calendar, dateText: string, dayOfWeek: number): Weekday {
  if (holidays.includes(dateText)) return HOLIDAY_IS
  if (workdays.includes(dateText)) return WORKDAY_IS
  const weekday = WEEKDAYS[dayOfWeek]
  assert(weekday !== undefined, 'a week has seven days')
  return weekday
}

/** Local civil days are numbered as the UTC days of the same date are: days since 1970-01-01. */
function localDay(timeZone: string, atMs: number): number {
  return Math.floor((atMs + offsetMs(timeZone, atMs)) / DAY_MS)
}

function instantOf(timeZone: string, day: number, minute: number): number {
  const localMs = day * DAY_MS + minute * MINUTE_MS
  const before = offsetMs(timeZone, localMs - DAY_MS)
  const after = offsetMs(timeZone, localMs + DAY_MS)
  if (before === after) return localMs - before
  const candidates = [localMs - before, localMs - after].filter(
    (atMs) => atMs + offsetMs(timeZone, atMs) === localMs,
  )
  return candidates.length === 0 ? localMs - before : Math.min(...candidates)
}

/** Making a formatter takes milliseconds; a country's calendars name a handful of zones. */
const FORMATTERS_MAX = 16
const formatters = new Map<string, Intl.DateTimeFormat>()

/** Local time minus UTC. */
function offsetMs(timeZone: string, atMs: number): number {
  if (timeZone === 'UTC') return 0
  const parts = new Map(
    formatterOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  const localMs = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return localMs - Math.floor(atMs / 1000) * 1000
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  if (formatters.size >= FORMATTERS_MAX) formatters.clear()
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formatters.set(timeZone, formatter)
  return formatter
}
