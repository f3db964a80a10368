import {
  bitAt,
  hasBitsPast,
  lowered,
  packBits,
  packBytes,
  packColumn,
  raised,
  unpackBytes,
  unpackColumn,
} from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const RULE = { field: 'x', offset: 0, min: -1e9, max: 1e9 }

describe('columns', () => {
  test('unpack to what was packed, whatever is usual and whatever kinds there are', () => {
    const element = fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 3 }))
    const elements = fc.array(element, { maxLength: 20 })
    fc.assert(
      fc.property(elements, fc.integer({ min: -3, max: 3 }), (drawn, usual) => {
        const values = drawn.map(([value]) => value)
        const kinds = drawn.map(([, kind]) => kind)
        const result = unpackColumn(packColumn(values, kinds, usual), kinds, usual, RULE)
        expect(result).toEqual({ status: 'ok', elements: values })
      }),
    )
  })

  test('usual values cost nothing, equal ones one element, similar ones small differences', () => {
    const alike = [0, 0, 0]
    expect(packColumn([6, 6, 6], alike, 6)).toEqual([])
    expect(packColumn([7, 7, 7], alike, 6)).toEqual([7])
    expect(packColumn([1000, 1001, 999], alike, 0)).toEqual([1000, 1, -2])
    expect(packColumn([], [], 0)).toEqual([])
  })

  test('an element differs from the last of its own kind, whoever stands between them', () => {
    expect(packColumn([1000, 4, 1001, 4, 999], [2, 1, 2, 1, 2], 0)).toEqual([1000, 4, 1, 0, -2])
    expect(packColumn([5, 5], [1, 2], 0)).toEqual([5])
  })

  test('bytes unpack to what was packed; what does not fit is out of range, never another value', () => {
    const rule = { field: 't', offset: 101, min: -60, max: 150 }
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 41, max: 251 }), { maxLength: 20 }), (values) => {
        expect(unpackBytes(packBytes(values), values.length, rule)).toEqual({
          status: 'ok',
          elements: values,
        })
      }),
    )
    expect(unpackBytes(packBytes([4000, 120]), 2, rule).status).toBe('refused')
    expect(unpackBytes(packBytes([-4000, 120]), 2, rule).status).toBe('refused')
    expect(unpackBytes(packBytes([0, 120]), 2, rule).status).toBe('ok')
  })

  test('a length that is neither one nor all is refused', () => {
    expect(unpackColumn([1, 2], [0, 0, 0], 0, RULE)).toEqual({
      status: 'refused',
      sentence: 'x has 2 elements where 3 are due',
    })
    expect(unpackBytes(Uint8Array.of(1, 2), 3, RULE).status).toBe('refused')
  })

  test('bits unpack to what was packed, and bits past the units are seen', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (bits) => {
        const bytes = packBits(bits)
        expect(bits.map((_, position) => bitAt(bytes, position))).toEqual(bits)
        expect(hasBitsPast(bytes, bits.length)).toBe(false)
        expect(hasBitsPast(bytes, 0)).toBe(bits.includes(true))
      }),
    )
    expect(packBits([false, false])).toHaveLength(0)
  })

  test('absent and zero are two things', () => {
    for (const value of [null, 0, 1, 150]) expect(lowered(raised(value, 1), 1)).toBe(value)
    expect(raised(null, 1)).toBe(0)
    expect(raised(0, 1)).toBe(1)
  })
})
