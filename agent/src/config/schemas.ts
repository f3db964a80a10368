/**
 * How one value of the configuration is read: zod schemas whose messages are the end of a sentence
 * that begins with the option's name. Quantities are converted here, once.
 */
import {
  CALENDAR_ALWAYS,
  CALENDAR_BYTES_MAX,
  type Calendar,
  calendarText,
  type DayWindow,
  isDate,
  isTimeZone,
  repeatedDate,
  TEXT_NAME_BYTES_MAX,
  UNIT_KINDS,
  VENDORS,
  WEEKDAYS,
} from '@yiben/shared'
import * as z from 'zod/mini'
import { ASSIGNMENTS, type ResourceRule } from '../owners/kubernetes-resources.ts'
import type { ApprovedBaseline } from '../verdict/baseline.ts'
import { suggestion } from './nearest.ts'
import type { Parsed, Range } from './quantities.ts'
import { parseDuration, parseSize } from './quantities.ts'

const MIB = 1024 * 1024
const TEXT_LENGTH_MAX = 4096
const LIST_LENGTH_MAX = 64
/** Of one list of a calendar. */
const DATES_MAX = 400
/** Of owners who name none. */
const TIME_ZONE = 'Asia/Shanghai'
const BASELINES_MAX = 1000

export type Schema<T> = z.ZodMiniType<T, unknown>

/** Turns a parser with a reason into a schema with a message. */
function parsedBy<T>(parse: (value: unknown) => Parsed<T>): Schema<T> {
  return z.pipe(
    z.unknown(),
    z.transform((value, context): T => {
      const parsed = parse(value)
      if (parsed.status === 'ok') return parsed.value
      context.issues.push({ code: 'custom', message: parsed.reason, input: value })
      return z.NEVER
    }),
  )
}

export function duration(range: Range): Schema<number> {
  return parsedBy((value) => parseDuration(value, range))
}

export function size(range: Range): Schema<number> {
  return parsedBy((value) => parseSize(value, range))
}

export function integer(min: number, max: number): Schema<number> {
  const message = `is not a whole number from ${min} to ${max}`
  return z.int(message).check(z.minimum(min, message), z.maximum(max, message))
}

export function oneOf<const T extends readonly string[]>(words: T): Schema<T[number]> {
  return parsedBy((value): Parsed<T[number]> => {
    const found = words.find((word) => word === value)
    if (found !== undefined) return { status: 'ok', value: found }
    const hint = typeof value === 'string' ? suggestion(value, words) : ''
    const known = words.length <= 8 ? `; it is one of ${words.join(', ')}` : ''
    return { status: 'refused', reason: `is ${JSON.stringify(value)}${hint}${known}` }
  })
}

export function listOf<T>(item: Schema<T>): Schema<readonly T[]> {
  return z
    .array(item, 'is not a list')
    .check(z.maxLength(LIST_LENGTH_MAX, `has more than ${LIST_LENGTH_MAX} entries`))
}

export const yesOrNo: Schema<boolean> = z.boolean('is neither true nor false')

export const text: Schema<string> = z
  .string('is not a text')
  .check(
    z.minLength(1, 'is empty'),
    z.maxLength(TEXT_LENGTH_MAX, `is longer than ${TEXT_LENGTH_MAX} characters`),
  )

/** What the wire carries as a name. */
export const shortText: Schema<string> = z.string('is not a text').check(
  z.minLength(1, 'is empty'),
  z.refine(
    (value) => Buffer.byteLength(value) <= TEXT_NAME_BYTES_MAX,
    `is longer than ${TEXT_NAME_BYTES_MAX} bytes`,
  ),
)

/** May be empty: a prefix of nothing. */
export const prefix: Schema<string> = z
  .string('is not a text')
  .check(z.maxLength(TEXT_LENGTH_MAX, `is longer than ${TEXT_LENGTH_MAX} characters`))

export const vendor = oneOf(VENDORS)

export function url(schemes: readonly string[]): Schema<string> {
  return parsedBy((value) => {
    const parsed = typeof value === 'string' ? URL.parse(value) : null
    const isKnown = parsed !== null && schemes.includes(parsed.protocol.slice(0, -1))
    if (isKnown && typeof value === 'string') return { status: 'ok', value }
    return { status: 'refused', reason: `is not a URL of the scheme ${schemes.join(', ')}` }
  })
}

/** Minutes after midnight. `24:00` is the end of a day, never its begin. */
function timeOfDay(minutesMax: number): Schema<number> {
  return parsedBy((value) => {
    const match = typeof value === 'string' ? /^(\d\d):(\d\d)$/.exec(value) : null
    const [hours, minutes] = [Number(match?.[1]), Number(match?.[2])]
    const total = hours * 60 + minutes
    if (match !== null && minutes < 60 && total <= minutesMax) return { status: 'ok', value: total }
    return { status: 'refused', reason: 'is not a time of day; write it like "22:00"' }
  })
}

const timeZone: Schema<string> = parsedBy((value) => {
  if (isTimeZone(value)) return { status: 'ok', value }
  return { status: 'refused', reason: 'is not an IANA time zone; write it like Asia/Shanghai' }
})

const date: Schema<string> = parsedBy((value) => {
  if (isDate(value)) return { status: 'ok', value }
  return { status: 'refused', reason: 'is not a date; write it like 2026-10-01' }
})

function datesOf<T>(item: Schema<T>) {
  const list = z
    .array(item, 'is not a list')
    .check(z.maxLength(DATES_MAX, `has more than ${DATES_MAX} entries`))
  return z._default(list, [])
}

const windowKeys = { from: timeOfDay(1439), to: timeOfDay(1440) }
const dayWindow = z.strictObject(windowKeys, 'is not a window with from and to')
const weeklyWindow = z.strictObject(
  { days: listOf(oneOf(WEEKDAYS)), ...windowKeys },
  'is not a window with days, from and to',
)
const exception = z.strictObject(
  { date, windows: listOf(dayWindow) },
  'is not an exception with date and windows',
)
const calendarKeys = z.strictObject(
  {
    time_zone: z._default(timeZone, TIME_ZONE),
    weekly: listOf(weeklyWindow),
    holidays: datesOf(date),
    workdays: datesOf(date),
    exceptions: datesOf(exception),
  },
  'is neither "always" nor a calendar with weekly windows',
)

const writtenCalendar: Schema<Calendar> = z.pipe(
  calendarKeys,
  z.transform((written, context): Calendar => {
    const read: Calendar = {
      timeZone: written.time_zone,
      weekly: written.weekly.map((window) => ({ days: window.days, ...minutesOf(window) })),
      holidays: written.holidays,
      workdays: written.workdays,
      exceptions: written.exceptions.map((one) => ({
        date: one.date,
        windows: one.windows.map(minutesOf),
      })),
    }
    const problem = problemOf(read)
    if (problem !== null) context.issues.push({ code: 'custom', message: problem, input: written })
    return read
  }),
)

/** Of a calendar whose parts are right by themselves. */
function problemOf(read: Calendar): string | null {
  const repeated = repeatedDate(read)
  if (repeated !== null) return `names ${repeated} twice in holidays, workdays and exceptions`
  const bytes = Buffer.byteLength(calendarText(read))
  return bytes > CALENDAR_BYTES_MAX ? `takes ${bytes} bytes, more than ${CALENDAR_BYTES_MAX}` : null
}

const ALWAYS_WRITTEN = {
  time_zone: CALENDAR_ALWAYS.timeZone,
  weekly: [{ days: WEEKDAYS, from: '00:00', to: '24:00' }],
}

/** Weekly windows with dates, or the word `always`, which must be stated like any other. */
export const calendar: Schema<Calendar> = z.pipe(
  z.transform((value: unknown) => (value === 'always' ? ALWAYS_WRITTEN : value)),
  writtenCalendar,
)

function minutesOf(window: { readonly from: number; readonly to: number }): DayWindow {
  return { fromMinute: window.from, toMinute: window.to }
}

/** What a resource of a kubelet is; `ignore` and `vendor` exclude each other. */
const kubernetesResource: Schema<ResourceRule> = z.pipe(
  z
    .strictObject(
      {
        name: text,
        vendor: z.optional(vendor),
        ignore: z._default(yesOrNo, false),
        ids: z._default(oneOf(ASSIGNMENTS), 'exact'),
      },
      'is not a resource with name and either vendor or ignore',
    )
    .check(
      z.refine(
        (written) => (written.vendor === undefined) === written.ignore,
        'needs either a vendor or ignore: true',
      ),
    ),
  z.transform(
    ({ name, vendor: maker, ids }): ResourceRule => ({ name, vendor: maker ?? null, ids }),
  ),
)

export const kubernetesResources: Schema<readonly ResourceRule[]> = listOf(kubernetesResource)

/** An idle baseline the site has approved for one driver. */
const baseline: Schema<ApprovedBaseline> = z.pipe(
  z.strictObject(
    {
      vendor,
      name: text,
      memory_total_mib: integer(1, 16 * 1024 * 1024),
      driver_version: text,
      kind: z._default(oneOf(UNIT_KINDS), 'card'),
      idle_memory_mib: integer(0, 1024 * 1024),
      idle_power_w: z.optional(integer(0, 10_000)),
    },
    'is not a baseline',
  ),
  z.transform(
    (written): ApprovedBaseline => ({
      vendor: written.vendor,
      name: written.name,
      memoryTotalMib: written.memory_total_mib,
      driverVersion: written.driver_version,
      kind: written.kind,
      idleMemoryBytesMax: written.idle_memory_mib * MIB,
      idlePowerWattsMax: written.idle_power_w ?? null,
    }),
  ),
)

export const baselines: Schema<readonly ApprovedBaseline[]> = z
  .array(baseline, 'is not a list')
  .check(z.maxLength(BASELINES_MAX, `has more than ${BASELINES_MAX} entries`))
