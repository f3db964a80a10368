import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Calendar } from '../../../agent/src/owners/calendar.ts'
import { isInside, nextEdgeMs, WEEKDAYS } from '../../../agent/src/owners/calendar.ts'

const HOUR_MS = 3_600_000
const WORKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri'] as const

/** 22:00 to 06:00 on working nights, all of Saturday and Sunday; closed on 1 October 2026. */
const NIGHTS: Calendar = {
  timeZone: 'Asia/Shanghai',
  weekly: [
    { days: WORKDAYS, fromMinute: 22 * 60, toMinute: 6 * 60 },
    { days: ['sat', 'sun'], fromMinute: 0, toMinute: 24 * 60 },
  ],
  exceptions: [
    { date: '2026-10-01', windows: [] },
    { date: '2026-10-05', windows: [{ fromMinute: 9 * 60, toMinute: 10 * 60 }] },
  ],
}
const ALWAYS: Calendar = {
  timeZone: 'UTC',
  weekly: [{ days: WEEKDAYS, fromMinute: 0, toMinute: 24 * 60 }],
  exceptions: [],
}
const NEVER: Calendar = { timeZone: 'UTC', weekly: [], exceptions: [] }
/** A window across the hour that Berlin skips in March and repeats in October. */
const BERLIN: Calendar = {
  timeZone: 'Europe/Berlin',
  weekly: [{ days: WEEKDAYS, fromMinute: 60, toMinute: 2 * 60 + 30 }],
  exceptions: [],
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
    ['always', ALWAYS, '2026-03-02T00:00:00Z', true],
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
    ['of always is none', ALWAYS, '2026-03-02T00:00:00Z', null],
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
