import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CALENDAR_ALWAYS,
  type Calendar,
  insideUntilMs,
  isAlways,
  isInside,
  nextEdgeMs,
  WEEKDAYS,
} from '../../../shared/src/model/calendar.ts'

const HOUR_MS = 3_600_000
const WORKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri'] as const

const NO_DATES = { holidays: [], workdays: [], exceptions: [] } as const
/**
 * 22:00 to 06:00 on working nights, all of Saturday and Sunday; closed on 1 October 2026. Tuesday,
 * 6 October is a holiday, and Saturday, 10 October is worked instead.
 */
const NIGHTS: Calendar = {
  timeZone: 'Asia/Shanghai',
  holidays: ['2026-10-06'],
  workdays: ['2026-10-10'],
  weekly: [
    { days: WORKDAYS, fromMinute: 22 * 60, toMinute: 6 * 60 },
    { days: ['sat', 'sun'], fromMinute: 0, toMinute: 24 * 60 },
  ],
  exceptions: [
    { date: '2026-10-01', windows: [] },
    { date: '2026-10-05', windows: [{ fromMinute: 9 * 60, toMinute: 10 * 60 }] },
  ],
}
const NEVER: Calendar = { timeZone: 'UTC', weekly: [], ...NO_DATES }
/** A window across the hour that Berlin skips in March and repeats in October. */
const BERLIN: Calendar = {
  timeZone: 'Europe/Berlin',
  weekly: [{ days: WEEKDAYS, fromMinute: 60, toMinute: 2 * 60 + 30 }],
  ...NO_DATES,
}

function at(text: string): number {
  return Date.parse(text)
}

describe('whether an instant lies inside', () => {
  test.each<[string, Calendar, string, boolean]>([
    ['Monday evening before the window', NIGHTS, '2026-03-02T21:59:59.999+08:00', false],
    ['its first millisecond', NIGHTS, '2026-03-02T22:00:00+08:00', true],
    ['past midnight', NIGHTS, '2026-03-03T03:00:00+08:00', true],
    ['its last millisecond', NIGHTS, '2026-03-03T05:59:59.999+08:00', true],
    ['its end is outside', NIGHTS, '2026-03-03T06:00:00+08:00', false],
    ['Monday early, after Sunday', NIGHTS, '2026-03-02T00:00:00+08:00', false],
    ['Saturday noon', NIGHTS, '2026-03-07T12:00:00+08:00', true],
    ['a date that is closed', NIGHTS, '2026-10-01T23:00:00+08:00', false],
    ['the night before it runs on into it', NIGHTS, '2026-10-01T05:00:00+08:00', true],
    ['a date with its own window', NIGHTS, '2026-10-05T09:30:00+08:00', true],
    ['that date without its weekly window', NIGHTS, '2026-10-05T23:00:00+08:00', false],
    ['noon of a holiday in the week', NIGHTS, '2026-10-06T12:00:00+08:00', true],
    ['its last millisecond', NIGHTS, '2026-10-06T23:59:59.999+08:00', true],
    ['the day after it', NIGHTS, '2026-10-07T12:00:00+08:00', false],
    ['noon of a Saturday that is worked', NIGHTS, '2026-10-10T12:00:00+08:00', false],
    ['the night after it', NIGHTS, '2026-10-10T22:00:00+08:00', true],
    ['the night before it', NIGHTS, '2026-10-10T05:00:00+08:00', true],
    ['the Sunday behind it', NIGHTS, '2026-10-11T12:00:00+08:00', true],
    ['always', CALENDAR_ALWAYS, '2026-03-02T00:00:00Z', true],
    ['never', NEVER, '2026-03-02T00:00:00Z', false],
    ['02:15 in the summer of Berlin', BERLIN, '2026-07-01T00:15:00Z', true],
    ['02:15 in its winter', BERLIN, '2026-01-01T01:15:00Z', true],
    ['02:45 in its winter', BERLIN, '2026-01-01T01:45:00Z', false],
    ['the second 01:30 where 02:30 comes twice', BERLIN, '2026-10-25T00:29:59Z', true],
    ['after the first 02:30 of that night', BERLIN, '2026-10-25T00:30:00Z', false],
  ])('%s', (_name, calendar, instant, expected) => {
    expect(isInside(calendar, at(instant))).toBe(expected)
  })
})

describe('the next edge', () => {
  test.each<[string, Calendar, string, string | null]>([
    ['is the begin', NIGHTS, '2026-03-02T12:00:00+08:00', '2026-03-02T22:00:00+08:00'],
    ['is the end', NIGHTS, '2026-03-02T22:00:00+08:00', '2026-03-03T06:00:00+08:00'],
    [
      'of windows that touch is the last end',
      NIGHTS,
      '2026-03-07T05:00:00+08:00',
      '2026-03-09T00:00:00+08:00',
    ],
    ['of always is none', CALENDAR_ALWAYS, '2026-03-02T00:00:00Z', null],
    ['of never is none', NEVER, '2026-03-02T00:00:00Z', null],
    ['passes a closed date', NIGHTS, '2026-10-01T06:00:00+08:00', '2026-10-02T22:00:00+08:00'],
    // 02:30 does not exist that night: taken with the offset from before, it is 03:30 in summer.
    [
      'of a skipped time comes after the skip',
      BERLIN,
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:30:00Z',
    ],
  ])('%s', (_name, calendar, instant, expected) => {
    const edgeMs = nextEdgeMs(calendar, at(instant))
    expect(edgeMs === null ? null : new Date(edgeMs).toISOString()).toBe(
      expected === null ? null : new Date(at(expected)).toISOString(),
    )
  })

  test('is found past a year of one exception', () => {
    const once: Calendar = {
      timeZone: 'UTC',
      ...NO_DATES,
      weekly: [],
      exceptions: [{ date: '2027-03-01', windows: [{ fromMinute: 0, toMinute: 60 }] }],
    }
    expect(nextEdgeMs(once, at('2026-03-01T00:00:00Z'))).toBe(at('2027-03-01T00:00:00Z'))
  })

  test('changes isInside, and nothing changes before it', () => {
    const anyWindow = fc.record({
      fromMinute: fc.integer({ min: 0, max: 1439 }),
      toMinute: fc.integer({ min: 0, max: 1440 }),
    })
    const anyDates = fc.array(
      fc.integer({ min: 0, max: 364 }).map((day) => {
        return new Date(at('2026-01-01T00:00:00Z') + day * 24 * HOUR_MS).toISOString().slice(0, 10)
      }),
      { maxLength: 40 },
    )
    const anyCalendar = fc.record({
      timeZone: fc.constantFrom(
        'Asia/Shanghai',
        'Europe/Berlin',
        'America/New_York',
        'UTC',
        'Asia/Kathmandu',
      ),
      weekly: fc.array(
        fc
          .tuple(anyWindow, fc.uniqueArray(fc.constantFrom(...WEEKDAYS)))
          .map(([window, days]) => ({ ...window, days })),
        { maxLength: 3 },
      ),
      holidays: anyDates,
      workdays: anyDates,
      exceptions: fc.constant([]),
    })
    const anyInstant = fc.integer({
      min: at('2026-01-01T00:00:00Z'),
      max: at('2026-12-31T00:00:00Z'),
    })
    fc.assert(
      fc.property(
        anyCalendar,
        anyInstant,
        fc.array(fc.nat(999), { maxLength: 20 }),
        (calendar, atMs, parts) => {
          const inside = isInside(calendar, atMs)
          const edgeMs = nextEdgeMs(calendar, atMs)
          const untilMs = edgeMs ?? atMs + 30 * 24 * HOUR_MS
          expect(untilMs).toBeGreaterThan(atMs)
          for (const part of parts) {
            expect(isInside(calendar, atMs + Math.floor(((untilMs - atMs) * part) / 1000))).toBe(
              inside,
            )
          }
          if (edgeMs === null) return
          expect(isInside(calendar, edgeMs - 1)).toBe(inside)
          expect(isInside(calendar, edgeMs)).toBe(!inside)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('how long it stays inside', () => {
  test.each<[string, Calendar, string, string | null]>([
    ['until the end', NIGHTS, '2026-03-02T23:00:00+08:00', '2026-03-03T06:00:00+08:00'],
    ['not at all outside', NIGHTS, '2026-03-02T12:00:00+08:00', '2026-03-02T12:00:00+08:00'],
    [
      'over a holiday and the night',
      NIGHTS,
      '2026-10-06T01:00:00+08:00',
      '2026-10-07T00:00:00+08:00',
    ],
    [
      'no longer than the morning of a worked Saturday',
      NIGHTS,
      '2026-10-09T23:00:00+08:00',
      '2026-10-10T06:00:00+08:00',
    ],
    ['for ever', CALENDAR_ALWAYS, '2026-03-02T12:00:00Z', null],
    ['never', NEVER, '2026-03-02T12:00:00Z', '2026-03-02T12:00:00Z'],
  ])('%s', (_name, calendar, instant, expected) => {
    const untilMs = insideUntilMs(calendar, at(instant))
    expect(untilMs).toBe(expected === null ? null : at(expected))
  })

  test('always is known by its days, not by walking through a year', () => {
    const window = { fromMinute: 0, toMinute: 1440 }
    expect(isAlways(CALENDAR_ALWAYS)).toBe(true)
    expect(isAlways({ ...CALENDAR_ALWAYS, holidays: ['2026-10-01'] })).toBe(true)
    const exceptions = [{ date: '2026-10-01', windows: [] }]
    expect(isAlways({ ...CALENDAR_ALWAYS, exceptions })).toBe(false)
    const weekly = [{ ...window, days: ['mon', 'tue'] as const }]
    expect(isAlways({ ...CALENDAR_ALWAYS, weekly })).toBe(false)
  })
})
