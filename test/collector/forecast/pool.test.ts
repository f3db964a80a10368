import { describe, expect, test } from 'vitest'
import { Fleet } from '../../../collector/src/forecast/fleet.ts'
import { HOUR_MS, MINUTE_MS, seededFractions } from '../../../collector/src/forecast/numbers.ts'
import {
  allLast,
  between,
  freeQuantiles,
  poolServes,
  togetherness,
  togethernessOf,
} from '../../../collector/src/forecast/pool.ts'
import { PoolHistory } from '../../../collector/src/forecast/pool-history.ts'
import type { Pool } from '../../../collector/src/forecast/pool-state.ts'

const START_MS = 1_704_067_200_000
const CARDS = 16

/** A pool of 16 cards of which `taken(hour)` are used in each hour of `hoursCount`. */
function poolOf(
  hoursCount: number,
  taken: (hour: number) => number,
): { pool: Pool; nowMs: number } {
  const fleet = new Fleet()
  const cards = Array.from({ length: CARDS }, (_, index) =>
    fleet.cardOf({ cardId: `c${index}`, nodeId: `n${index >> 3}`, poolId: 'p' }),
  )
  for (const card of cards) fleet.change(card, 'free', START_MS)
  for (let hour = 1; hour <= hoursCount; hour += 1) {
    const atMs = START_MS + hour * HOUR_MS
    fleet.advance(atMs)
    cards.forEach((card, index) => {
      fleet.change(card, index < taken(hour) ? 'taken' : 'free', atMs)
    })
  }
  const nowMs = START_MS + (hoursCount + 0.5) * HOUR_MS
  fleet.advance(nowMs)
  const [pool] = fleet.pools
  if (pool === undefined) throw new Error('the fleet has a pool')
  return { pool, nowMs }
}

/** Ten cards are used from 8 to 20 o'clock, two at night. */
const daily = (hour: number) => (hour % 24 >= 8 && hour % 24 < 20 ? 10 : 2)

describe('the history of a pool', () => {
  test('a fall is how far the level went down within the horizon', () => {
    const history = new PoolHistory()
    history.advance(START_MS)
    history.shift(10)
    history.advance(START_MS + 35 * MINUTE_MS)
    history.change(-4)
    history.advance(START_MS + 65 * MINUTE_MS)
    history.change(3)
    history.advance(START_MS + 125 * MINUTE_MS)
    // Half hours begin at 10, 10, 6, 9: within one hour the first falls by 4, the second by 4.
    expect(history.falls(1)).toEqual([
      { level: 10, fall: 4 },
      { level: 10, fall: 4 },
      { level: 6, fall: 0 },
    ])
    expect(history.fallShares(1, 3)?.always).toBeCloseTo(2.5 / 4, 10)
    expect(history.fallShares(1, 4)?.always).toBeCloseTo(0.5 / 4, 10)
  })

  test('cards that are no longer seen are no claim', () => {
    const history = new PoolHistory()
    history.advance(START_MS)
    history.shift(10)
    history.advance(START_MS + 10 * MINUTE_MS)
    history.shift(-5)
    history.advance(START_MS + HOUR_MS)
    expect(history.falls(0).map(({ fall }) => fall)).toEqual([0, 0])
  })

  test('it forgets after a week, outlives long silence, and is plain JSON', () => {
    const { pool } = poolOf(30 * 24, daily)
    expect(pool.history.levels().length).toBeLessThanOrEqual(7 * 48 + 1)
    const again = PoolHistory.fromJSON(JSON.parse(JSON.stringify(pool.history)))
    expect(again.falls(3)).toEqual(pool.history.falls(3))
    again.advance(START_MS + 400 * 24 * HOUR_MS)
    expect(again.falls(3).every(({ fall }) => fall === 0)).toBe(true)
  })
})

describe('cards free at a later hour', () => {
  test('nothing is said of a pool that has hardly been seen', () => {
    const { pool, nowMs } = poolOf(5, daily)
    expect(freeQuantiles(pool, nowMs, nowMs + HOUR_MS)).toBeNull()
  })

  test('a pool with a daily round is forecast by it, near and far', () => {
    // It is 2 o'clock in the night of the seventh day: 14 cards are free.
    const { pool, nowMs } = poolOf(6 * 24 + 2, daily)
    const free = (aheadHours: number) =>
      freeQuantiles(pool, nowMs, nowMs + aheadHours * HOUR_MS)?.map(({ cards }) => cards)
    expect(free(1)).toEqual([14, 14, expect.any(Number)])
    const [noonHalf = 0, noonMost = 0] = free(10) ?? []
    expect(noonHalf).toBeLessThanOrEqual(8)
    expect(noonMost).toBe(6)
    expect(free(24 * 3)?.[0]).toBe(14)
  })

  test('more confidence never means more cards', () => {
    const random = seededFractions(4)
    const { pool, nowMs } = poolOf(8 * 24, () => Math.floor(random() * CARDS))
    for (let ahead = 1; ahead <= 7 * 24; ahead += 5) {
      const cards = freeQuantiles(pool, nowMs, nowMs + ahead * HOUR_MS)?.map((one) => one.cards)
      expect(cards).toEqual([...(cards ?? [])].sort((left, right) => right - left))
    }
  })
})

describe('a whole request', () => {
  test('of any cards of a pool is likely as far as the pool fell before', () => {
    const { pool } = poolOf(7 * 24 + 12, daily)
    const chance = (cards: number) => poolServes(pool, cards, 4 * HOUR_MS)
    expect(pool.free).toBe(6)
    expect(chance(7)).toBe(0)
    expect(chance(1) ?? 0).toBeGreaterThanOrEqual(chance(6) ?? 1)
    expect(chance(2) ?? 0).toBeGreaterThan(0.9)
  })

  test.each([
    { name: 'one by one', together: 0, joint: 0.9 ** 4 },
    { name: 'all or none', together: 1, joint: 0.9 },
  ])('of named cards that end $name', ({ together, joint }) => {
    expect(allLast([0.9, 0.9, 0.9, 0.9], together)).toBeCloseTo(joint, 3)
  })

  test('is never likelier than its weakest card, nor less likely than one by one', () => {
    const chances = [0.95, 0.7, 0.9]
    for (const together of [0, 0.1, 0.5, 0.9, 1]) {
      const joint = allLast(chances, together)
      expect(joint).toBeLessThanOrEqual(0.7)
      expect(joint).toBeGreaterThanOrEqual(0.95 * 0.7 * 0.9 - 1e-6)
    }
    expect(allLast([], 0.3)).toBe(1)
  })

  test('cards that are claimed by whole jobs are found to end together', () => {
    const random = seededFractions(9)
    const falls = (burst: (level: number) => number) =>
      Array.from({ length: 300 }, () => ({ level: 40, fall: burst(40) }))
    const oneByOne = falls((level) => {
      let fall = 0
      for (let card = 0; card < level; card += 1) fall += random() < 0.2 ? 1 : 0
      return fall
    })
    const atOnce = falls((level) => (random() < 0.2 ? level : 0))
    expect(togethernessOf(oneByOne)).toBeLessThan(0.03)
    expect(togethernessOf(atOnce)).toBeGreaterThan(0.9)
    expect(togethernessOf([])).toBeGreaterThan(0)
    expect(togetherness(poolOf(7 * 24, daily).pool, 3)).toBeGreaterThan(0.1)
  })
})

test.each([
  { atMs: 0, value: 1 },
  { atMs: 15 * MINUTE_MS, value: 0.95 },
  { atMs: HOUR_MS, value: 0.8 },
  { atMs: 2.5 * HOUR_MS, value: 0.7 },
  { atMs: 8 * HOUR_MS, value: 0.4 },
])('between horizons the line is straight: $value at $atMs ms', ({ atMs, value }) => {
  expect(between([0.9, 0.8, 0.6, 0.4], atMs)).toBeCloseTo(value, 10)
})
