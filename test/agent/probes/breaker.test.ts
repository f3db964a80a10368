/** The breaker is a pure function of values: it is walked through its states here. */
import { describe, expect, test } from 'vitest'
import {
  afterFailure,
  afterSuccess,
  type Breaker,
  CLOSED_BREAKER,
  mayCall,
  REST_MS_FIRST,
  REST_MS_MAX,
} from '../../../agent/src/probes/breaker.ts'

function fail(times: number, from: Breaker = CLOSED_BREAKER, nowMs = 0): Breaker {
  let breaker = from
  for (let at = 0; at < times; at += 1) breaker = afterFailure(breaker, nowMs, 0)
  return breaker
}

describe('the breaker of a probe', () => {
  test('stays closed for two failures in a row and opens at the third', () => {
    expect(mayCall(fail(2), 0)).toBe(true)
    expect(mayCall(fail(3), 0)).toBe(false)
  })

  test('a success in between starts the count anew', () => {
    expect(fail(2, afterSuccess())).toMatchObject({ failuresInRow: 2, openUntilMs: null })
  })

  test('one call is tried when the rest is over; its failure doubles the rest, up to the most', () => {
    let breaker = fail(3)
    let nowMs = 0
    const rests: number[] = []
    for (let at = 0; at < 8; at += 1) {
      const untilMs = breaker.openUntilMs ?? 0
      rests.push(untilMs - nowMs)
      expect(mayCall(breaker, untilMs - 1)).toBe(false)
      expect(mayCall(breaker, untilMs)).toBe(true)
      nowMs = untilMs
      breaker = fail(1, breaker, nowMs)
    }
    expect(rests.slice(0, 3)).toEqual([REST_MS_FIRST, 2 * REST_MS_FIRST, 4 * REST_MS_FIRST])
    expect(rests.at(-1)).toBe(REST_MS_MAX)
  })

  test('jitter shortens the rest and never lengthens it', () => {
    const open = afterFailure(fail(2), 0, 0.99)
    expect(open.openUntilMs).toBeLessThan(REST_MS_FIRST)
    expect(open.openUntilMs).toBeGreaterThan(REST_MS_FIRST / 2)
  })
})
