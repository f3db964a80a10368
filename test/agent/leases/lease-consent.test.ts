/** What the owner says to one lease: configuration first, then his orders, then the hours. */
import { CALENDAR_ALWAYS, type Calendar } from '@yiben/shared'
import { expect, test } from 'vitest'
import { type LeaseConsentFacts, ownersRefusal } from '../../../agent/src/leases/lease-consent.ts'

const HOUR = 3_600_000
/** 22:00 to 06:00 in Shanghai, every day. */
const NIGHTS: Calendar = {
  ...CALENDAR_ALWAYS,
  timeZone: 'Asia/Shanghai',
  weekly: [
    {
      days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
      fromMinute: 22 * 60,
      toMinute: 6 * 60,
    },
  ],
}
/** 23:00 in Shanghai. */
const START = Date.UTC(2026, 9, 1, 15)
const DEPOSIT = { enabled: true, calendar: NIGHTS, maxLeaseMs: 24 * HOUR }
const FACTS: LeaseConsentFacts = {
  deposit: DEPOSIT,
  strongestIdentity: 'strong',
  isReclaimed: false,
  isPaused: false,
}

test.each<[string, Partial<LeaseConsentFacts>, number, string | null]>([
  ['to the last minute of the night', {}, 7 * HOUR, null],
  ['past the end of the night', {}, 7 * HOUR + 1, 'calendar'],
  ['of no length', {}, 0, 'calendar'],
  [
    'longer than the owner grants',
    { deposit: { ...DEPOSIT, maxLeaseMs: HOUR } },
    HOUR + 1,
    'calendar',
  ],
  ['without any calendar', { deposit: { ...DEPOSIT, calendar: null } }, 24 * HOUR, null],
  ['of a card nobody can name', { strongestIdentity: 'slot' }, HOUR, 'not_consented'],
  ['of a card taken back on a paused node', { isReclaimed: true, isPaused: true }, HOUR, 'veto'],
  ['on a paused node past the hours', { isPaused: true }, 20 * HOUR, 'paused'],
  [
    'where deposits are off, whatever else',
    { deposit: { ...DEPOSIT, enabled: false }, isReclaimed: true },
    HOUR,
    'not_consented',
  ],
])('a lease %s', (_, change, lengthMs, expected) => {
  expect(ownersRefusal({ ...FACTS, ...change }, START, START + lengthMs)).toBe(expected)
})

test('a lease that begins outside the hours', () => {
  expect(ownersRefusal(FACTS, START + 8 * HOUR, START + 9 * HOUR)).toBe('calendar')
})
