/** Lengths of spans cut out of each other, against a count by the millisecond. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commonMs, coveredMs, type Span } from '../../../../collector/src/storage/evidence.ts'

const span = (fromMs: number, toMs: number): Span => ({ fromMs, toMs })

describe('coveredMs', () => {
  test.each([
    ['nothing', [], [], 0],
    ['one span, clipped', [span(-5, 3)], [], 3],
    ['overlapping spans, each instant once', [span(0, 6), span(4, 8)], [], 8],
    ['less what is excepted', [span(0, 10)], [span(2, 5), span(4, 6)], 6],
    ['nothing left', [span(2, 4)], [span(0, 10)], 0],
  ])('%s', (_, spans, except, expected) => {
    expect(coveredMs(span(0, 10), spans, except)).toBe(expected)
  })
})

const spans = fc.array(
  fc
    .tuple(fc.integer({ min: -5, max: 25 }), fc.integer({ min: 1, max: 10 }))
    .map(([from, length]) => span(from, from + length)),
  { maxLength: 6 },
)

function covers(list: readonly Span[], ms: number): boolean {
  return list.some((one) => one.fromMs <= ms && ms < one.toMs)
}

function count(isIn: (ms: number) => boolean): number {
  return Array.from({ length: 20 }, (_, ms) => ms).filter(isIn).length
}

test('both agree with counting', () => {
  fc.assert(
    fc.property(spans, spans, (left, right) => {
      const within = span(0, 20)
      expect(coveredMs(within, left, right)).toBe(
        count((ms) => covers(left, ms) && !covers(right, ms)),
      )
      expect(commonMs(within, left, right)).toBe(
        count((ms) => covers(left, ms) && covers(right, ms)),
      )
    }),
  )
})
