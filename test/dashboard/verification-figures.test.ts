/** What the verification page adds up, exactly. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  balanceCheck,
  monthsUntil,
  movesBySite,
  worstFirst,
} from '../../collector/dashboard/src/pages/verification-figures.ts'
import { STATES } from '../../collector/dashboard/src/states.ts'
import type { BalanceAnswer } from '../../collector/src/api/answers/balance.ts'
import type { CorrectionsAnswer } from '../../collector/src/api/answers/corrections.ts'

type Correction = CorrectionsAnswer['corrections'][number]

function correction(hour: number, site: string, moves: Record<string, string>): Correction {
  return {
    hour: new Date(hour * 3_600_000).toISOString(),
    site_code: site,
    version: 2,
    known_at: '2026-11-26T05:00:00.000Z',
    before_known_at: '2026-11-26T04:00:00.000Z',
    cards_moved: 0,
    moves,
    cause: 'told_late',
    journal_seq: 1,
  }
}

test('the least covered place stands first, one without a figure before it', () => {
  const rows = [{ coverage: 1 }, { coverage: 0.2 }, { coverage: null }, { coverage: 0.9 }]
  expect(worstFirst(rows).map(({ coverage }) => coverage)).toEqual([null, 0.2, 0.9, 1])
})

describe('corrections of a month', () => {
  test('add up per site and figure; what moved there and back is left out', () => {
    const sums = movesBySite([
      correction(9, 'B', { busy_ms: '4800000', unknown_ms: '-4800000' }),
      correction(9, 'A', { busy_ms: '9007199254740993' }),
      correction(9, 'B', { busy_ms: '-4800000' }),
      correction(10, 'A', { busy_ms: '2', samples_got: '-3' }),
    ])
    expect(sums).toEqual([
      { site: 'A', hours: 2, moves: { busy_ms: 9_007_199_254_740_995n, samples_got: -3n } },
      { site: 'B', hours: 1, moves: { unknown_ms: -4_800_000n } },
    ])
  })

  test('lose nothing, whatever their order', () => {
    const moves = fc.dictionary(
      fc.constantFrom('busy_ms', 'free_ms', 'unknown_ms'),
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
    )
    const one = fc.tuple(fc.nat({ max: 5 }), fc.constantFrom('A', 'B'), moves)
    fc.assert(
      fc.property(fc.array(one), (list) => {
        const sums = movesBySite(list.map(([hour, site, moved]) => correction(hour, site, moved)))
        for (const figure of ['busy_ms', 'free_ms', 'unknown_ms']) {
          const expected = list.reduce((sum, [, , moved]) => sum + BigInt(moved[figure] ?? 0), 0n)
          const got = sums.reduce((sum, { moves: moved }) => sum + (moved[figure] ?? 0n), 0n)
          expect(got).toBe(expected)
        }
      }),
    )
  })
})

describe('the balance made again', () => {
  const answer = (states: Record<string, string>, wall: string) =>
    ({
      wall_ms: wall,
      states: Object.fromEntries(STATES.map((state) => [`${state}_ms`, states[state] ?? '0'])),
    }) as unknown as BalanceAnswer

  test('is even where seven states are wall time, past what a number holds', () => {
    const states = { busy: '9007199254740993', unknown: '7' }
    expect(balanceCheck(answer(states, '9007199254741000'))).toEqual({
      sum: 9_007_199_254_741_000n,
      difference: 0n,
    })
  })

  test('says by how much it is not', () => {
    expect(balanceCheck(answer({ free: '10' }, '12')).difference).toBe(-2n)
  })
})

test('months go back over the new year', () => {
  expect(monthsUntil('2027-02', 4)).toEqual(['2027-02', '2027-01', '2026-12', '2026-11'])
})
