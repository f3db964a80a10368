/** C6: whatever the cut, the shares are integers and sum to exactly one card. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sharesPpm } from '../../../agent/src/probes/shares.ts'

describe('shares of a cut card (C6)', () => {
  test.each([
    {
      name: 'an H800 in 7 x 1g',
      weights: [1, 1, 1, 1, 1, 1, 1],
      slices: [142_858, 142_857, 142_857, 142_857, 142_857, 142_857, 142_857],
      rest: 0,
    },
    { name: 'an H800 in 3g + 3g', weights: [3, 3], slices: [428_572, 428_571], rest: 142_857 },
    { name: 'nothing cut out yet', weights: [], slices: [], rest: 1_000_000 },
    { name: 'one slice that is all', weights: [7], slices: [1_000_000], rest: 0 },
  ])('$name', ({ weights, slices, rest }) => {
    expect(sharesPpm(weights, 7)).toEqual({ slicesPpm: slices, unslicedPpm: rest })
  })

  test('sum to one card for any weights, also more than the whole', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 32 })
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 2_000 }), (parts, whole) => {
        const { slicesPpm, unslicedPpm } = sharesPpm(parts, whole)
        const all = [...slicesPpm, unslicedPpm]
        expect(all.reduce((sum, share) => sum + share, 0)).toBe(1_000_000)
        expect(all.every((share) => Number.isInteger(share) && share >= 0)).toBe(true)
        const total = Math.max(
          whole,
          parts.reduce((sum, part) => sum + part, 0),
        )
        for (const [at, part] of parts.entries()) {
          expect(Math.abs((slicesPpm[at] ?? 0) - (part * 1_000_000) / total)).toBeLessThan(1)
        }
      }),
    )
  })
})
