import { describe, expect, test } from 'vitest'
import {
  judgeClock,
  OffsetFilter,
  type OffsetMove,
} from '../../../collector/src/inventory/clock-judge.ts'

const moved = (byMs: number, count: number): readonly OffsetMove[] =>
  Array.from({ length: count }, (_, index) => ({
    settledMs: index * 10,
    latestMs: index * 10 + byMs,
  }))

describe('the collector accuses its own clock (C4)', () => {
  test('when most offsets move together', () => {
    const accusation = judgeClock([...moved(40_000, 60), ...moved(0, 40)])
    expect(accusation?.byMs).toBe(40_000)
    expect(accusation?.sentence).toContain('60 of 100 nodes')
  })

  test('also backwards', () => {
    expect(judgeClock(moved(-5_000, 10))?.byMs).toBe(-5_000)
  })

  const innocent: readonly (readonly [string, readonly OffsetMove[]])[] = [
    ['half of them move', [...moved(40_000, 50), ...moved(0, 50)]],
    ['they move by 2 s at most', moved(2_000, 100)],
    ['they move apart', [...moved(9_000, 30), ...moved(-9_000, 30), ...moved(0, 10)]],
    ['two nodes are all there are', moved(40_000, 2)],
    ['there are none', []],
  ]
  test.each(innocent)('not when %s', (_name, moves) => {
    expect(judgeClock(moves)).toBeNull()
  })
})

describe('the offset of a node', () => {
  test('is unknown before the first live tick', () => {
    expect(new OffsetFilter().offsetMs()).toBeNull()
  })

  test('of a node ahead is told however long the way was', () => {
    const offsets = new OffsetFilter()
    offsets.add(100_000, 103_000, 10_000)
    offsets.add(160_500, 163_000, 10_000)
    expect(offsets.offsetMs()).toBe(-3_000)
  })

  test('of a node behind is told past what the way may take', () => {
    const offsets = new OffsetFilter()
    offsets.add(108_000, 100_000, 10_000)
    expect(offsets.offsetMs()).toBe(0)
    const behind = new OffsetFilter()
    behind.add(125_000, 100_000, 10_000)
    expect(behind.offsetMs()).toBe(15_000)
  })

  test('forgets old samples', () => {
    const offsets = new OffsetFilter()
    offsets.add(0, 60_000, 0)
    for (let sample = 0; sample < 8; sample += 1) offsets.add(sample, sample, 0)
    expect(offsets.offsetMs()).toBe(0)
  })
})
