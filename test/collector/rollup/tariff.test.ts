/** Peak and valley hours: periods of the civil day, over midnight too, in the months they are for. */
import { describe, expect, test } from 'vitest'
import type { TariffCalendar } from '../../../collector/src/model/site-facts.ts'
import { tariffPeriodAt, tariffPeriods } from '../../../collector/src/rollup/tariff.ts'

const CALENDAR: TariffCalendar = {
  timeZone: 'Asia/Shanghai',
  periods: [
    { name: 'summer peak', months: [7, 8], from: '14:00', to: '16:30' },
    { name: 'peak', from: '08:00', to: '22:00' },
    { name: 'valley', from: '22:00', to: '08:00' },
  ],
}

describe.each([
  ['a function', tariffPeriodAt],
  ['one that remembers', tariffPeriods()],
])('%s', (_, periodAt) => {
  test.each([
    ['2026-03-01T00:00:00Z', 'peak'],
    ['2026-02-28T23:59:59Z', 'valley'],
    ['2026-03-01T13:59:59Z', 'peak'],
    ['2026-03-01T14:00:00Z', 'valley'],
    ['2026-03-01T16:00:00Z', 'valley'],
    ['2026-03-01T06:00:00Z', 'peak'],
    ['2026-07-01T06:00:00Z', 'summer peak'],
    ['2026-07-01T08:29:59Z', 'summer peak'],
    ['2026-07-01T08:30:00Z', 'peak'],
    // 1 July in Shanghai, still June in UTC.
    ['2026-06-30T16:00:00Z', 'valley'],
  ])('%s is %s', (instant, name) => {
    expect(periodAt(CALENDAR, Date.parse(instant))).toBe(name)
    expect(periodAt(CALENDAR, Date.parse(instant))).toBe(name)
  })
})

test('the end of the day is 24:00, and what no period holds has a name of its own', () => {
  const evening = {
    timeZone: 'Asia/Urumqi',
    periods: [{ name: 'evening', from: '18:00', to: '24:00' }],
  }
  expect(tariffPeriodAt(evening, Date.parse('2026-03-01T17:59:00Z'))).toBe('evening')
  expect(tariffPeriodAt(evening, Date.parse('2026-03-01T18:00:00Z'))).toBe('other')
})
