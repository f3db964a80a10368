/**
 * A calendar as text, for the wire and the store, times in minutes after local midnight:
 *
 *   {"time_zone":"Asia/Shanghai","weekly":[{"days":["mon","tue"],"from":1320,"to":360}],
 *    "holidays":["2026-10-01"],"workdays":["2026-10-10"],
 *    "exceptions":[{"date":"2026-12-31","windows":[{"from":0,"to":1440}]}]}
 *
 * A reader that does not understand all of it takes none of it: a word it does not know may be one
 * that narrows what the owner consents to.
 */
import { parseJson } from '../parse-json.ts'
import { CALENDAR_BYTES_MAX } from '../wire/limits.ts'
import {
  type Calendar,
  type CalendarException,
  type DayWindow,
  WEEKDAYS,
  type Weekday,
  type WeeklyWindow,
} from './calendar.ts'

export function calendarText(calendar: Calendar): string {
  return JSON.stringify({
    time_zone: calendar.timeZone,
    weekly: calendar.weekly.map(({ days, ...window }) => ({ days, ...writtenOf(window) })),
    holidays: calendar.holidays,
    workdays: calendar.workdays,
    exceptions: calendar.exceptions.map(({ date, windows }) => {
      return { date, windows: windows.map(writtenOf) }
    }),
  })
}

/** `null` for what is not wholly understood, or is longer than `CALENDAR_BYTES_MAX`. */
export function calendarOf(text: string): Calendar | null {
  if (Buffer.byteLength(text) > CALENDAR_BYTES_MAX) return null
  const [timeZone, ...lists] = valuesOf(parseJson(text), CALENDAR_KEYS) ?? []
  const weekly = listOf(lists[0], weeklyOf)
  const holidays = listOf(lists[1], dateOf)
  const workdays = listOf(lists[2], dateOf)
  const exceptions = listOf(lists[3], exceptionOf)
  if (!isTimeZone(timeZone) || weekly === null || exceptions === null) return null
  if (holidays === null || workdays === null) return null
  const calendar = { timeZone, weekly, holidays, workdays, exceptions }
  return repeatedDate(calendar) === null ? calendar : null
}

/** A date that the lists of a calendar name twice: nobody knows which of them is meant. */
export function repeatedDate({ exceptions, holidays, workdays }: Calendar): string | null {
  const seen = new Set<string>()
  for (const date of [...holidays, ...workdays, ...exceptions.map((one) => one.date)]) {
    if (seen.has(date)) return date
    seen.add(date)
  }
  return null
}

/** Whether the platform knows the zone by its IANA name. */
export function isTimeZone(name: unknown): name is string {
  if (typeof name !== 'string') return false
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    // Intl has no other way to tell that it does not know a zone.
    return false
  }
}

/** `YYYY-MM-DD` of a day that there is. */
export function isDate(text: unknown): text is string {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const midnight = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(text)
}

const CALENDAR_KEYS = ['time_zone', 'weekly', 'holidays', 'workdays', 'exceptions'] as const
const WINDOW_KEYS = ['from', 'to'] as const
const MINUTES_PER_DAY = 1440

function writtenOf({ fromMinute, toMinute }: DayWindow) {
  return { from: fromMinute, to: toMinute }
}

function weeklyOf(value: unknown): WeeklyWindow | null {
  const [written, from, to] = valuesOf(value, ['days', ...WINDOW_KEYS]) ?? []
  const days = listOf(written, weekdayOf)
  const window = minutesOf(from, to)
  return days === null || window === null ? null : { days, ...window }
}

function exceptionOf(value: unknown): CalendarException | null {
  const [written, writtenWindows] = valuesOf(value, ['date', 'windows']) ?? []
  const date = dateOf(written)
  const windows = listOf(writtenWindows, windowOf)
  return date === null || windows === null ? null : { date, windows }
}

function windowOf(value: unknown): DayWindow | null {
  const [from, to] = valuesOf(value, WINDOW_KEYS) ?? []
  return minutesOf(from, to)
}

function minutesOf(from: unknown, to: unknown): DayWindow | null {
  const isFrom = isWithin(from, MINUTES_PER_DAY - 1)
  return isFrom && isWithin(to, MINUTES_PER_DAY) ? { fromMinute: from, toMinute: to } : null
}

function isWithin(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
}

function dateOf(value: unknown): string | null {
  return isDate(value) ? value : null
}

function weekdayOf(value: unknown): Weekday | null {
  return WEEKDAYS.find((day) => day === value) ?? null
}

/** `null` unless every item is understood; the length is bounded by that of the text. */
function listOf<T>(value: unknown, itemOf: (item: unknown) => T | null): readonly T[] | null {
  if (!Array.isArray(value)) return null
  const items: T[] = []
  for (const item of value) {
    const read = itemOf(item)
    if (read === null) return null
    items.push(read)
  }
  return items
}

/** The values of exactly these keys, in their order; `null` where there are others, or not all. */
function valuesOf(value: unknown, keys: readonly string[]): readonly unknown[] | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const entries = new Map<string, unknown>(Object.entries(value))
  if (entries.size !== keys.length || !keys.every((key) => entries.has(key))) return null
  return keys.map((key) => entries.get(key))
}
