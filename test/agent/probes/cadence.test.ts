/** An expensive tool is asked more rarely; a cheap one at the configured period. */
import { describe, expect, test } from 'vitest'
import { smoothedCostMs, stretchedPeriodMs } from '../../../agent/src/probes/cadence.ts'

describe('the cadence of a probe', () => {
  test.each([
    { costMs: 0, basePeriodMs: 10_000, periodMs: 10_000 },
    { costMs: 200, basePeriodMs: 10_000, periodMs: 10_000 },
    { costMs: 201, basePeriodMs: 10_000, periodMs: 20_000 },
    { costMs: 900, basePeriodMs: 10_000, periodMs: 50_000 },
    { costMs: 15_000, basePeriodMs: 10_000, periodMs: 60_000 },
    { costMs: 15_000, basePeriodMs: 60_000, periodMs: 60_000 },
    { costMs: 30, basePeriodMs: 1_000, periodMs: 2_000 },
  ])('$costMs ms every $basePeriodMs ms: every $periodMs ms', (row) => {
    expect(stretchedPeriodMs(row.basePeriodMs, row.costMs)).toBe(row.periodMs)
  })

  test('an owner may give tools a larger share', () => {
    expect(stretchedPeriodMs(1_000, 900, 1)).toBe(1_000)
    expect(stretchedPeriodMs(1_000, 1_100, 1)).toBe(2_000)
  })

  test('one slow call among cheap ones moves the average by less than a third', () => {
    expect(smoothedCostMs(null, 100)).toBe(100)
    expect(smoothedCostMs(100, 1_000)).toBeCloseTo(370)
  })
})
