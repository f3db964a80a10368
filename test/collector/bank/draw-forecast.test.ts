/** What a grant remembers of the forecast. */
import { expect, test } from 'vitest'
import { RememberedForecast } from '../../../collector/src/bank/draw-forecast.ts'
import type { HorizonScore } from '../../../collector/src/forecast/score.ts'
import type { UnitId } from '../../../collector/src/model/ids.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { HOUR, Independent } from './capacity-maker.ts'

const score = (hours: number, brier: number | null): HorizonScore => ({
  horizonMs: hours * HOUR,
  guesses: 10,
  baseRate: 0.5,
  brier,
  brierReference: 0.2,
  skill: 0,
  promises: 0,
  promisesKeptShare: null,
})

function source() {
  let reports = 0
  return {
    outlook: new Independent([0.5]),
    report: () => {
      reports += 1
      return { models: `m${reports}`, scores: [score(8, 0.3), score(1, 0.1), score(4, null)] }
    },
  }
}

test('is the score of the shortest horizon that the time fits in', () => {
  const forecast = new RememberedForecast(source(), new FakeClock())
  expect(forecast.brierPpmFor(HOUR)).toBe(100_000)
  expect(forecast.brierPpmFor(HOUR + 1)).toBeNull()
  expect(forecast.brierPpmFor(5 * HOUR)).toBe(300_000)
  expect(forecast.brierPpmFor(9 * HOUR)).toBeNull()
})

test('is asked for anew once a minute at most, the chances each time', () => {
  const clock = new FakeClock()
  const forecast = new RememberedForecast(source(), clock)
  expect(forecast.version).toBe('m1')
  clock.advance(60_000)
  expect(forecast.version).toBe('m1')
  clock.advance(1)
  expect(forecast.version).toBe('m2')
  expect(forecast.chanceOfAll([1 as UnitId, 2 as UnitId], HOUR)).toBe(0.25)
  expect(forecast.chanceOfEach([1 as UnitId], HOUR)).toEqual([0.5])
})
