/** Civil months of the ledger's zone: a statement begins and ends where the month does in Shanghai. */
import { expect, test } from 'vitest'
import {
  monthAfter,
  monthAt,
  spanOfMonths,
} from '../../collector/dashboard/src/pages/bank-months.ts'

test('a month is all of its civil days, whatever the zone of the browser', () => {
  expect(spanOfMonths('2026-11', '2026-11')).toEqual({
    from: '2026-10-31T16:00:00.000Z',
    to: '2026-11-30T16:00:00.000Z',
  })
})

test('several months are one span, over the turn of the year', () => {
  expect(spanOfMonths('2026-12', '2027-01')).toEqual({
    from: '2026-11-30T16:00:00.000Z',
    to: '2027-01-31T16:00:00.000Z',
  })
  expect(monthAfter('2026-12')).toBe('2027-01')
  expect(monthAfter('2026-01')).toBe('2026-02')
})

test.each([
  ['2026-13', '2026-13'],
  ['', ''],
  ['2026-11-01', '2026-11'],
  ['2026-12', '2026-11'],
])('%s to %s is no span', (first, last) => {
  expect(spanOfMonths(first, last)).toBeNull()
})

test('an instant lies in the month it is in Shanghai', () => {
  expect(monthAt(Date.UTC(2026, 9, 31, 15, 59))).toBe('2026-10')
  expect(monthAt(Date.UTC(2026, 9, 31, 16, 0))).toBe('2026-11')
})
