import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expandHostlist, splitOutside } from '../../../agent/src/owners/slurm-hostlist.ts'

describe('a list of names', () => {
  test.each<[string, string, readonly string[]]>([
    ['one name', 'node1', ['node1']],
    ['several', 'node3,login', ['node3', 'login']],
    ['a range', 'node[1-3]', ['node1', 'node2', 'node3']],
    ['padded numbers', 'node[08-11]', ['node08', 'node09', 'node10', 'node11']],
    [
      'not in order, as written',
      '/dev/nvidia[2-3,0]',
      ['/dev/nvidia2', '/dev/nvidia3', '/dev/nvidia0'],
    ],
    ['lists and ranges together', 'a[1,3],b', ['a1', 'a3', 'b']],
    ['two brackets', 'r[1-2]n[1-2]', ['r1n1', 'r1n2', 'r2n1', 'r2n2']],
    ['something behind the bracket', 'n[1-2]-ib', ['n1-ib', 'n2-ib']],
  ])('%s: %s', (_name, text, expected) => {
    expect(expandHostlist(text)).toEqual(expected)
  })

  test.each([
    ['empty', ''],
    ['an empty name', 'a,,b'],
    ['an open bracket', 'node[1-3'],
    ['a closed one', 'node1]'],
    ['a range backwards', 'node[3-1]'],
    ['no numbers', 'node[a-b]'],
    ['a blank', 'node 1'],
    ['more names than any site has', 'node[1-999999999]'],
    ['the same by two brackets', 'node[1-9999]x[1-9999]'],
  ])('that is none is refused: %s', (_name, text) => {
    expect(expandHostlist(text)).toBeNull()
  })

  test('comes apart into the names it was put together from', () => {
    const name = fc.stringMatching(/^[a-z/]{1,6}[0-9]{0,3}$/)
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 20 }), (names) => {
        expect(expandHostlist(names.join(','))).toEqual(names)
      }),
    )
  })

  test('whatever is written, it is taken apart or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab[]0123456789-,') }), (text) => {
        const names = expandHostlist(text)
        for (const one of names ?? []) expect(one).toMatch(/^[^[\],\s]+$/)
      }),
    )
  })
})

test('commas within brackets and parentheses do not part', () => {
  expect(splitOutside('gpu:2(IDX:0,3),nic:1,a[1,2]')).toEqual(['gpu:2(IDX:0,3)', 'nic:1', 'a[1,2]'])
})
