import { describe, expect, test } from 'vitest'
import type { BundleHeader } from '../../../collector/src/bundle/format.ts'
import { type LastBundle, placeOf } from '../../../collector/src/bundle/order.ts'

function header(change: Partial<BundleHeader>): BundleHeader {
  return {
    format: 1,
    origin: 'aa',
    algorithm: 1,
    name: 'a',
    generation: 1,
    parent: null,
    number: 1,
    previous: null,
    full: false,
    after: { collectors: 0, facts: 0, hours: 0 },
    written_at_ms: 0,
    program_version: '0',
    ...change,
  }
}

const LAST: LastBundle = { number: 4, hash: 'h4', generation: 1 }

describe('after the last bundle that was taken in', () => {
  test.each<[string, Partial<BundleHeader>, string, LastBundle | null, unknown]>([
    ['the first of all is taken', { full: true }, 'h1', null, { status: 'next' }],
    ['any full one is a first one', { number: 9, full: true }, 'h9', null, { status: 'next' }],
    [
      'one in the middle is not a first one',
      { number: 3, previous: 'h2' },
      'h3',
      null,
      { status: 'gap', missing: { from: 1, to: 2 } },
    ],
    ['the one after it is taken', { number: 5, previous: 'h4' }, 'h5', LAST, { status: 'next' }],
    [
      'one further on names what is missing',
      { number: 8, previous: 'h7' },
      'h8',
      LAST,
      { status: 'gap', missing: { from: 5, to: 7 } },
    ],
    [
      'the same again does nothing',
      { number: 4, previous: 'h3' },
      'h4',
      LAST,
      { status: 'already' },
    ],
    ['an older one does nothing', { number: 2, previous: 'h1' }, 'h2', LAST, { status: 'already' }],
    ['an old full one does nothing', { full: true }, 'h1', LAST, { status: 'already' }],
    [
      'another one of its number is a fork',
      { number: 4, previous: 'h3' },
      'other',
      LAST,
      { status: 'forked' },
    ],
    [
      'one that follows another than it is a fork',
      { number: 5, previous: 'other' },
      'h5',
      LAST,
      { status: 'forked' },
    ],
    [
      'a full one closes every gap',
      { number: 9, previous: 'h8', full: true },
      'h9',
      LAST,
      { status: 'next' },
    ],
    [
      'a full one of a restored ledger is taken whatever its number',
      { number: 3, full: true, generation: 2 },
      'x',
      LAST,
      { status: 'next' },
    ],
    [
      'one of the ledger as it was before its restore does nothing',
      { number: 5, previous: 'h4', generation: 1 },
      'h5',
      { ...LAST, generation: 2 },
      { status: 'already' },
    ],
  ])('%s', (_, change, hash, last, place) => {
    expect(placeOf(header(change), hash, last)).toEqual(place)
  })
})
