import { backoffDelayMs } from '@yiben/shared'
import { describe, expect, test } from 'vitest'

const POLICY = { firstMs: 1000, maxMs: 30_000 }

describe('backoff (L12)', () => {
  test.each([
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [6, 30_000],
    [7, 30_000],
    [1_000_000, 30_000],
    [0, 1000],
  ])('attempt %d waits anywhere up to %d ms', (attempt, edgeMs) => {
    expect(backoffDelayMs(POLICY, attempt, 0)).toBe(0)
    expect(backoffDelayMs(POLICY, attempt, 0.5)).toBe(edgeMs / 2)
    expect(backoffDelayMs(POLICY, attempt, 1 - Number.EPSILON)).toBeLessThan(edgeMs)
  })
})
