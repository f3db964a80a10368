import { describe, expect, test } from 'vitest'
import { Columns } from '../../../collector/src/forecast/columns.ts'
import { copyInputs, fillFeatures, INPUTS, ROW } from '../../../collector/src/forecast/features.ts'
import { type CardState, Fleet, type WindowChange } from '../../../collector/src/forecast/fleet.ts'
import { HOUR_MS, MINUTE_MS } from '../../../collector/src/forecast/numbers.ts'
import { SampleTimes } from '../../../collector/src/forecast/sample-times.ts'
import { Sampling } from '../../../collector/src/forecast/sampling.ts'

const START_MS = 1_704_067_200_000
const STATES: readonly CardState[] = ['unseen', 'free', 'lent', 'taken']

/** Row: the state before; column: the state after. */
const CHANGES: Readonly<Record<CardState, Readonly<Record<CardState, WindowChange>>>> = {
  unseen: { unseen: 'none', free: 'opened', lent: 'none', taken: 'none' },
  free: { unseen: 'censored', free: 'none', lent: 'censored', taken: 'ended' },
  lent: { unseen: 'none', free: 'opened', lent: 'none', taken: 'none' },
  taken: { unseen: 'none', free: 'opened', lent: 'none', taken: 'none' },
}

function fleetOf(cards: number): Fleet {
  const fleet = new Fleet()
  for (let card = 0; card < cards; card += 1) {
    fleet.cardOf({ cardId: `c${card}`, nodeId: `n${card >> 3}`, poolId: 'p' })
  }
  return fleet
}

describe('a card', () => {
  test.each(STATES.flatMap((before) => STATES.map((after) => ({ before, after }))))(
    'from $before to $after',
    ({ before, after }) => {
      const fleet = fleetOf(1)
      fleet.change(0, before, START_MS)
      expect(fleet.change(0, after, START_MS + HOUR_MS)).toBe(CHANGES[before][after])
      const pool = fleet.poolOf(0)
      expect(pool.cards).toBe(after === 'unseen' ? 0 : 1)
      expect(pool.free).toBe(after === 'free' ? 1 : 0)
      expect(pool.lent).toBe(after === 'lent' ? 1 : 0)
      expect(fleet.nodeOf(0).free).toBe(pool.free)
      expect(pool.order.reduce((sum, count) => sum + count, 0)).toBe(pool.free)
    },
  )

  test('only the owner claims: what is lent is unclaimed', () => {
    const fleet = fleetOf(2)
    for (const card of [0, 1]) fleet.change(card, 'free', START_MS)
    fleet.change(0, 'lent', START_MS + HOUR_MS)
    expect(fleet.poolOf(0).claimsEver).toBe(0)
    fleet.change(0, 'taken', START_MS + 2 * HOUR_MS)
    fleet.change(1, 'taken', START_MS + 2 * HOUR_MS)
    expect(fleet.poolOf(0).claimsEver).toBe(2)
  })

  test('has one number, and another one at another node', () => {
    const fleet = fleetOf(3)
    expect(fleet.cardOf({ cardId: 'c1', nodeId: 'n0', poolId: 'p' })).toBe(1)
    expect(fleet.cardOf({ cardId: 'c1', nodeId: 'n7', poolId: 'p' })).toBe(3)
  })
})

describe('features', () => {
  test('what is not known is absent, never zero', () => {
    const fleet = fleetOf(8)
    for (let card = 0; card < 8; card += 1) fleet.change(card, 'free', START_MS)
    const row = new Float32Array(ROW)
    const survival = { mixture: [0.9, 0.8, 0.6, 0.4], cardFactor: 1 }
    fillFeatures(row, fleet, { card: 2, nowMs: START_MS + 10 * MINUTE_MS, survival })
    const inputs = new Float32Array(INPUTS)
    copyInputs({ rows: row, offset: 0, horizon: 2 }, inputs, 0)
    expect([...inputs].filter(Number.isNaN).length).toBeGreaterThan(5)
    expect([...inputs].some((value) => value === Number.POSITIVE_INFINITY)).toBe(false)
  })

  test('cards that claims pass over move to the back of the order', () => {
    const fleet = fleetOf(8)
    let atMs = START_MS
    for (let card = 0; card < 8; card += 1) fleet.change(card, 'free', atMs)
    for (let round = 0; round < 60; round += 1) {
      atMs += HOUR_MS
      fleet.change(0, 'taken', atMs)
      fleet.change(0, 'free', atMs + 10 * MINUTE_MS)
      if (round % 20 !== 19) continue
      // Seen again, their place is judged anew.
      fleet.change(7, 'taken', atMs + 20 * MINUTE_MS)
      fleet.change(7, 'free', atMs + 30 * MINUTE_MS)
    }
    const bucket = (card: number) => fleet.cards.get('orderBucket', card)
    expect(bucket(0)).toBeLessThan(bucket(7))
  })
})

describe('sample times', () => {
  test('are 10, 30 and 70 minutes of age and every hour after', () => {
    const times = new SampleTimes()
    const startMs = START_MS + 20_000
    const asked: number[] = []
    times.add(5, startMs, startMs)
    for (let minute = START_MS / MINUTE_MS; asked.length < 5; minute += 1) {
      if (times.take(minute).length === 0) continue
      asked.push(minute - START_MS / MINUTE_MS)
      expect(SampleTimes.isOf(startMs, minute * MINUTE_MS)).toBe(true)
      times.add(5, startMs, minute * MINUTE_MS)
    }
    expect(asked).toEqual([11, 31, 71, 131, 191])
  })

  test('a later window of the card has times of its own', () => {
    expect(SampleTimes.isOf(START_MS, START_MS + 11 * MINUTE_MS)).toBe(false)
  })
})

describe('columns', () => {
  test('grow, keep their values, and come back from text', () => {
    const columns = new Columns(['one', 'two'])
    for (let index = 0; index < 200; index += 1) columns.set('two', columns.add(), index / 3)
    columns.increase('two', 199, 1)
    const again = Columns.fromJSON(['one', 'two'], JSON.parse(JSON.stringify(columns)))
    expect(again.length).toBe(200)
    expect(again.get('two', 199)).toBe(199 / 3 + 1)
    expect(again.get('one', 0)).toBe(0)
    again.set('one', again.add(), 7)
    expect(again.get('one', 200)).toBe(7)
  })
})

describe('sampling', () => {
  const dayOf = (sampling: Sampling, perHour: number) => {
    let taken = 0
    for (let hour = 0; hour < 24; hour += 1) {
      for (let index = 0; index < perHour; index += 1) {
        if (sampling.isTaken('old', ((index * 7919) % 10_000) / 10_000)) taken += 1
      }
      sampling.passHour()
    }
    return taken
  }

  test('takes all of a small fleet, and a day of a large one costs no more', () => {
    expect(dayOf(new Sampling(), 20)).toBe(480)
    const large = new Sampling()
    // The first hour, whose size nobody knew, takes a quarter of a day's at most.
    expect(dayOf(large, 50_000)).toBeLessThan(1_000 * 1.5)
    expect(large.rate('old')).toBeCloseTo(1_000 / 24 / 50_000, 6)
    expect(new Sampling(large.toJSON()).rate('old')).toBe(large.rate('old'))
  })
})
