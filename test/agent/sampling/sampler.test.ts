import { silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { Sampler } from '../../../agent/src/sampling/sampler.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function setUp(onRound: (atMs: number) => void) {
  const clock = new FakeClock()
  const sampler = new Sampler({
    clock,
    log: silentLogger,
    periodMs: 10_000,
    phaseMs: 3_000,
    onRound: () => onRound(clock.monotonicMs()),
  })
  return { clock, sampler }
}

describe('rounds', () => {
  test('begin at once and then keep their phase', () => {
    const rounds: number[] = []
    const { clock, sampler } = setUp((atMs) => rounds.push(atMs))
    sampler.start()
    clock.advance(35_000)
    expect(rounds).toEqual([0, 3_000, 13_000, 23_000, 33_000])
  })

  test('go on after one that failed, and end with stop', () => {
    let rounds = 0
    const { clock, sampler } = setUp(() => {
      rounds += 1
      throw new Error('a bug')
    })
    sampler.start()
    clock.advance(33_000)
    expect(rounds).toBe(5)
    sampler.stop()
    clock.advance(60_000)
    expect(rounds).toBe(5)
  })
})
