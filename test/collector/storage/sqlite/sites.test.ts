/** Terms of a site over time: what is said of a span replaces what was said of it before. */
import { describe, expect, test } from 'vitest'
import type { SiteTerms } from '../../../../collector/src/model/site.ts'
import { ownerOf, withTerms } from '../../../../collector/src/storage/site-rows.ts'
import { terms } from '../../../conformance/fleet.ts'

function of(owner: string, validFromMs: number, validToMs: number | null): SiteTerms {
  return terms({ ownerCode: owner, validFromMs, validToMs })
}

describe('withTerms', () => {
  test.each([
    ['the first', [], of('a', 0, null), [of('a', 0, null)]],
    [
      'a later one ends the one before',
      [of('a', 0, null)],
      of('b', 10, null),
      [of('a', 0, 10), of('b', 10, null)],
    ],
    ['the same start replaces', [of('a', 0, null)], of('b', 0, null), [of('b', 0, null)]],
    [
      'a span in the middle is cut out',
      [of('a', 0, null)],
      of('b', 10, 20),
      [of('a', 0, 10), of('b', 10, 20), of('a', 20, null)],
    ],
    [
      'several are covered',
      [of('a', 0, 10), of('b', 10, 20), of('c', 20, null)],
      of('d', 5, 25),
      [of('a', 0, 5), of('d', 5, 25), of('c', 25, null)],
    ],
    [
      'neighbours stay',
      [of('a', 0, 10), of('c', 20, null)],
      of('b', 10, 20),
      [of('a', 0, 10), of('b', 10, 20), of('c', 20, null)],
    ],
  ])('%s', (_, existing, added, expected) => {
    expect(withTerms(existing, added)).toEqual(expected)
  })

  test('terms of no length are a bug', () => {
    expect(() => withTerms([], of('a', 5, 5))).toThrow('for some time')
  })
})

test.each([
  [terms({ ownerCode: 'owner', operatorCode: 'operator' }), 'owner'],
  [terms({ ownerCode: null, operatorCode: 'operator' }), 'operator'],
  [terms({ ownerCode: null, operatorCode: null }), ''],
  [undefined, ''],
])('who deposits is the owner, else the operator', (stated, expected) => {
  expect(ownerOf(stated)).toBe(expected)
})
