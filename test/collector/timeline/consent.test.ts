/** The owner's consent, word by word: what is counted, what is kept. */
import { describe, expect, test } from 'vitest'
import {
  afterPolicyEnd,
  afterTick,
  afterVeto,
  type Consent,
  NO_ENDS,
  withheldSince,
} from '../../../collector/src/timeline/consent.ts'
import { HOUR, T0 } from './support.ts'

const GIVEN: Consent = { withheld: null, ends: NO_ENDS }

describe('an end of consent', () => {
  test.each<[string, Consent, readonly (readonly [number, string])[]]>([
    ['none, while ticks say yes', afterTick(GIVEN, true, T0), []],
    ['a tick without the bit', afterTick(GIVEN, false, T0), [[T0, 'bit']]],
    [
      'a second such tick is the same end',
      afterTick(afterTick(GIVEN, false, T0), false, T0 + 9),
      [[T0, 'bit']],
    ],
    ['a veto', afterVeto(GIVEN, 'veto', T0), [[T0, 'veto']]],
    ['a policy', afterPolicyEnd(GIVEN, T0), [[T0, 'policy']]],
    [
      'a veto while the bit is off gives the same end its name and its instant',
      afterVeto(afterTick(GIVEN, false, T0), 'veto', T0 - 5),
      [[T0 - 5, 'veto']],
    ],
    [
      'what was never given does not end',
      afterVeto({ withheld: withheldSince(T0), ends: NO_ENDS }, 'pause', T0 + 5),
      [],
    ],
  ])('%s', (_, consent, ends) => {
    expect(consent.ends.count).toBe(ends.length)
    expect(consent.ends.latest).toEqual(ends.map(([sinceMs, by]) => ({ sinceMs, by })))
  })

  test('stays on record when consent is given back', () => {
    const back = afterTick(afterVeto(GIVEN, 'veto', T0), true, T0 + 9)
    expect(back).toEqual({
      withheld: null,
      ends: { count: 1, latest: [{ sinceMs: T0, by: 'veto' }] },
    })
  })

  test('of which there are many in a row is counted; the last few keep their instants', () => {
    let consent = GIVEN
    for (let word = 0; word < 7; word += 1) {
      consent = afterTick(afterVeto(consent, 'veto', T0 + word), true, T0 + word)
    }
    expect(consent.ends.count).toBe(7)
    expect(consent.ends.latest.map(({ sinceMs }) => sinceMs)).toEqual(
      [3, 4, 5, 6].map((at) => T0 + at),
    )
  })

  test('of yesterday has been seen: a calendar leaves one on record, not one for each day', () => {
    const before = afterTick(afterTick(GIVEN, false, T0), true, T0 + HOUR)
    const after = afterTick(before, false, T0 + 24 * HOUR)
    expect(after.ends).toEqual({ count: 2, latest: [{ sinceMs: T0 + 24 * HOUR, by: 'bit' }] })
  })
})
