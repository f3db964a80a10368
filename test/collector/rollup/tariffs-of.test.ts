/** Which calendar of a site holds at an instant: the last word about it that was said by then. */
import { expect, test } from 'vitest'
import type { SiteFact, TariffCalendar } from '../../../collector/src/model/site-facts.ts'
import { tariffPeriodAt, tariffsOf } from '../../../collector/src/rollup/tariff.ts'
import { T0 } from '../timeline/support.ts'

const HOUR = 3_600_000

function stated(siteCode: string, validFromMs: number, name: string | null): SiteFact {
  const value: TariffCalendar | null =
    name === null
      ? null
      : { timeZone: 'Asia/Shanghai', periods: [{ name, from: '00:00', to: '24:00' }] }
  return { siteCode, author: 'a', statedAtMs: T0, validFromMs, fact: { kind: 'tariff', value } }
}

test('the last statement that holds from the instant or before counts, site by site', () => {
  const calendarAt = tariffsOf([
    stated('A', T0, 'first'),
    stated('A', T0 + 4 * HOUR, 'later'),
    stated('A', T0 + 2 * HOUR, 'last'),
    stated('B', T0, 'other'),
    stated('B', T0 + HOUR, null),
  ])
  const at = (site: string, atMs: number) => {
    const calendar = calendarAt(site, atMs)
    return calendar === null ? null : tariffPeriodAt(calendar, atMs)
  }
  expect(at('A', T0 - 1)).toBeNull()
  expect([at('A', T0), at('A', T0 + 2 * HOUR - 1)]).toEqual(['first', 'first'])
  expect([at('A', T0 + 2 * HOUR), at('A', T0 + 5 * HOUR)]).toEqual(['last', 'last'])
  expect([at('B', T0), at('B', T0 + HOUR), at('C', T0)]).toEqual(['other', null, null])
})
