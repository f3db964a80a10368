import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CALENDAR_ALWAYS, type Calendar, WEEKDAYS } from '../../../shared/src/model/calendar.ts'
import { calendarOf, calendarText } from '../../../shared/src/model/calendar-json.ts'

const WRITTEN = {
  time_zone: 'Asia/Shanghai',
  weekly: [{ days: ['mon'], from: 1320, to: 360 }],
  holidays: ['2026-10-01'],
  workdays: ['2026-10-10'],
  exceptions: [{ date: '2026-12-31', windows: [{ from: 0, to: 1440 }] }],
}

function read(changes: Readonly<Record<string, unknown>>): Calendar | null {
  return calendarOf(JSON.stringify({ ...WRITTEN, ...changes }))
}

test('a calendar is what was written', () => {
  const window = fc.record({
    fromMinute: fc.integer({ min: 0, max: 1439 }),
    toMinute: fc.integer({ min: 0, max: 1440 }),
  })
  const day = fc
    .date({ min: new Date('2026-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10))
  const calendars = fc
    .record({
      timeZone: fc.constantFrom('Asia/Shanghai', 'Europe/Berlin', 'UTC'),
      weekly: fc.array(
        fc
          .tuple(window, fc.uniqueArray(fc.constantFrom(...WEEKDAYS)))
          .map(([one, days]) => ({ days, ...one })),
        { maxLength: 4 },
      ),
      dates: fc.uniqueArray(day, { maxLength: 12 }),
      windows: fc.array(window, { maxLength: 2 }),
    })
    .map(
      ({ dates, windows, ...rest }): Calendar => ({
        ...rest,
        holidays: dates.slice(0, 4),
        workdays: dates.slice(4, 8),
        exceptions: dates.slice(8).map((date) => ({ date, windows })),
      }),
    )
  fc.assert(
    fc.property(calendars, (calendar) => {
      expect(calendarOf(calendarText(calendar))).toEqual(calendar)
    }),
  )
})

test('the text is the one documented', () => {
  expect(calendarText(read({}) ?? CALENDAR_ALWAYS)).toBe(JSON.stringify(WRITTEN))
})

describe('what is not wholly understood is not read:', () => {
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['a key of a later version, which may narrow', { months: [1, 2] }],
    ['a missing list', { holidays: undefined }],
    ['an unknown zone', { time_zone: 'Asia/Peking' }],
    ['a zone that is no text', { time_zone: 8 }],
    ['an unknown day', { weekly: [{ days: ['holiday'], from: 0, to: 1440 }] }],
    ['a time past the end of the day', { weekly: [{ days: ['mon'], from: 0, to: 1441 }] }],
    ['a begin at the end of the day', { weekly: [{ days: ['mon'], from: 1440, to: 0 }] }],
    ['a time within a minute', { weekly: [{ days: ['mon'], from: 0.5, to: 60 }] }],
    ['a negative time', { weekly: [{ days: ['mon'], from: -1, to: 60 }] }],
    ['a window with one end', { weekly: [{ days: ['mon'], from: 0 }] }],
    ['a window with a third end', { weekly: [{ days: ['mon'], from: 0, to: 60, until: 1 }] }],
    ['weekly windows that are no list', { weekly: { days: ['mon'], from: 0, to: 60 } }],
    ['a date that there is not', { holidays: ['2026-02-30'] }],
    ['a date that is none', { workdays: [20_261_010] }],
    ['a holiday that is worked', { workdays: ['2026-10-01'] }],
    ['a holiday with windows of its own', { exceptions: [{ date: '2026-10-01', windows: [] }] }],
    ['an exception without windows', { exceptions: [{ date: '2026-12-31' }] }],
  ])('%s', (_name, changes) => {
    expect(read({})).not.toBeNull()
    expect(read(changes)).toBeNull()
  })

  test.each(['', 'always', 'null', '[]', '{', `${JSON.stringify(WRITTEN)}x`])('%j', (text) => {
    expect(calendarOf(text)).toBeNull()
  })

  test('a text longer than a frame may carry', () => {
    const text = JSON.stringify(WRITTEN)
    expect(calendarOf(text + ' '.repeat(32 * 1024 - text.length))).not.toBeNull()
    expect(calendarOf(text + ' '.repeat(32 * 1024 - text.length + 1))).toBeNull()
  })
})
