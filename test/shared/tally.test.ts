/** Counts since the start: they only grow, and a histogram is of all that was noted. */
import { DurationTally, Tally } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'

test('what is counted under equal labels is one row, in the order of the first count', () => {
  const tally = new Tally<'code' | 'phase'>()
  tally.add({ phase: 'open', code: 'goodbye' }, 0)
  tally.add({ phase: 'open', code: 'idle_timeout' })
  tally.add({ phase: 'open', code: 'goodbye' }, 2.5)
  tally.add({ phase: 'open', code: 'idle_timeout' })
  expect(tally.rows()).toEqual([
    { labels: { phase: 'open', code: 'goodbye' }, count: 2.5 },
    { labels: { phase: 'open', code: 'idle_timeout' }, count: 2 },
  ])
})

test('rows that were handed out do not change afterwards', () => {
  const tally = new Tally<'code'>()
  tally.add({ code: 'a' })
  const before = tally.rows()
  tally.add({ code: 'a' })
  expect(before).toEqual([{ labels: { code: 'a' }, count: 1 }])
})

test('a bound counts what took as long as it and no longer; nothing is lost past the last', () => {
  const bounds = [5, 10, 100]
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 })), (durations) => {
      const tally = new DurationTally(bounds)
      for (const one of durations) tally.note(one)
      const { buckets, count, sumMs } = tally.view()
      expect(buckets).toEqual(
        bounds.map((upToMs) => ({
          upToMs,
          count: durations.filter((one) => one <= upToMs).length,
        })),
      )
      expect(count).toBe(durations.length)
      expect(sumMs).toBe(durations.reduce((sum, one) => sum + one, 0))
    }),
  )
})

test('bounds that do not rise are a bug', () => {
  expect(() => new DurationTally([5, 5])).toThrow('bounds of durations rise')
})
