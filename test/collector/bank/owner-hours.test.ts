/** What the bank and the forecast know of the hours in which owners lend. */
import {
  CALENDAR_ALWAYS,
  type Calendar,
  calendarText,
  insideUntilMs,
  WEEKDAYS,
} from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leaseMsMaxAt } from '../../../collector/src/bank/lots.ts'
import { isOpenAt, OwnerCalendars } from '../../../collector/src/bank/owner-hours.ts'
import { SiteHours } from '../../../collector/src/bank/site-hours.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'

const HOUR = 3_600_000
const NOON = Date.UTC(2026, 2, 2, 12)
const EVENINGS: Calendar = {
  ...CALENDAR_ALWAYS,
  weekly: [{ days: WEEKDAYS, fromMinute: 18 * 60, toMinute: 22 * 60 }],
}
const POLICY = {
  version: 1,
  atMs: NOON,
  enabled: true,
  keepCardsPerNode: 0,
  minFreeMs: 0,
  maxLeaseMs: 3 * HOUR,
  calendar: calendarText(EVENINGS),
  handover: null,
}

describe('hours', () => {
  test('are those of the calendar, in whatever order they are asked for', () => {
    const hours = new OwnerCalendars().of(calendarText(EVENINGS))
    const anyInstant = fc.integer({ min: NOON, max: NOON + 72 * HOUR })
    fc.assert(
      fc.property(fc.array(anyInstant, { maxLength: 20 }), (instants) => {
        for (const atMs of instants) {
          expect(hours.openUntilMs(atMs)).toBe(insideUntilMs(EVENINGS, atMs))
        }
      }),
    )
  })

  test('of no calendar, and of one that says always, never end', () => {
    const calendars = new OwnerCalendars()
    for (const text of [null, calendarText(CALENDAR_ALWAYS)]) {
      expect(calendars.of(text).openUntilMs(NOON)).toBeNull()
    }
  })

  test('of a calendar from a later version never begin', () => {
    const hours = new OwnerCalendars().of('{"v":2}')
    expect(hours.isReadable).toBe(false)
    expect(isOpenAt(hours, NOON)).toBe(false)
  })

  test('of equal calendars are one object', () => {
    const calendars = new OwnerCalendars()
    const text = calendarText(EVENINGS)
    expect(calendars.of(text)).toBe(calendars.of(`${text}`))
  })
})

test.each([
  ['the policy’s, within the hours', 18, 3 * HOUR],
  ['what is left of the hours', 20.5, 1.5 * HOUR],
  ['nothing outside', 22, 0],
])('the longest lease is %s', (_name, hour, expected) => {
  const hours = new OwnerCalendars().of(calendarText(EVENINGS))
  const atMs = NOON + (hour - 12) * HOUR
  expect(leaseMsMaxAt({ hours, leaseMsMax: 3 * HOUR }, atMs)).toBe(expected)
  expect(leaseMsMaxAt({ hours, leaseMsMax: null }, atMs)).toBeNull()
})

describe('a site', () => {
  const node = (number: number) => `n-${number}` as NodeId
  const evening = NOON + 7 * HOUR

  test('lends while one of its nodes does', () => {
    const sites = new SiteHours()
    expect(sites.isOpen('BJ-01', evening)).toBe(false)
    sites.note(node(1), 'BJ-01', POLICY)
    sites.note(node(2), 'BJ-01', POLICY)
    expect([sites.isOpen('BJ-01', NOON), sites.isOpen('BJ-01', evening)]).toEqual([false, true])
    sites.note(node(2), 'BJ-01', { ...POLICY, calendar: null })
    expect(sites.isOpen('BJ-01', NOON)).toBe(true)
    sites.note(node(2), 'BJ-01', { ...POLICY, enabled: false })
    expect([sites.isOpen('BJ-01', NOON), sites.isOpen('BJ-01', evening)]).toEqual([false, true])
    sites.note(node(1), 'BJ-02', POLICY)
    expect([sites.isOpen('BJ-01', evening), sites.isOpen('BJ-02', evening)]).toEqual([false, true])
    sites.note(node(1), 'BJ-02', null)
    expect(sites.isOpen('BJ-02', evening)).toBe(false)
  })
})
