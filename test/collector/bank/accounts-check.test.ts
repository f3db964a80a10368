/** A1: the check of a claim finds every kind of disorder by its name, and none where there is none. */
import { expect, test } from 'vitest'
import { accountFaults } from '../../../collector/src/bank/accounts-check.ts'
import type { Claim, Posting } from '../../../collector/src/model/draw.ts'
import type { BookedClaim } from '../../../collector/src/storage/account-requests.ts'
import { claimOf, posting } from './accounts-maker.ts'

const PROMISE = posting([0, 100], 'promised', 'pending')

function booked(
  postings: readonly Posting[],
  change: Partial<Claim> = {},
  lent: BookedClaim['lent'] = { fromMs: 0, toMs: change.endedAtMs ?? 100 },
): BookedClaim {
  return { drawId: 'draw-1', claim: claimOf(0, 100, change), postings, lent }
}

test.each<[string, BookedClaim]>([
  ['a lease that runs', booked([PROMISE, posting([0, 40], 'pending', 'delivered_active')])],
  [
    'one that was given back',
    booked([PROMISE, posting([40, 100], 'pending', 'returned')], { endedAtMs: 40 }),
  ],
  [
    'one that ended in settled time',
    booked(
      [
        PROMISE,
        posting([0, 40], 'pending', 'delivered_active'),
        posting([30, 40], 'delivered_active', 'pending'),
        posting([30, 100], 'pending', 'broken_veto'),
      ],
      { endedAtMs: 30 },
    ),
  ],
  [
    'one that took the place of another',
    booked([posting([0, 100], 'swapped', 'pending')], { swapOf: 0 }),
  ],
  [
    'a place that is still open',
    booked([PROMISE], { unitId: null, endedAtMs: 0, end: 'unfilled', state: 'ended' }, null),
  ],
  [
    'a place that was filled late',
    booked(
      [
        PROMISE,
        posting([0, 15], 'pending', 'broken_unfilled'),
        posting([15, 100], 'pending', 'swapped'),
      ],
      { unitId: null, endedAtMs: 0, end: 'unfilled', state: 'ended' },
      null,
    ),
  ],
  [
    'a slot without a card',
    booked([PROMISE, posting([0, 100], 'pending', 'broken_unfilled')], { unitId: null }, null),
  ],
])('%s is in order', (_, claim) => {
  expect(accountFaults(claim)).toEqual([])
})

test.each<[string, BookedClaim, string]>([
  ['a promise that was never entered', booked([]), 'in no account'],
  ['one entered in part', booked([posting([0, 60], 'promised', 'pending')]), 'in no account'],
  [
    'time beyond the promise',
    booked([posting([0, 120], 'promised', 'pending')]),
    'outside the promise',
  ],
  [
    'time moved from where it is not',
    booked([PROMISE, posting([0, 10], 'unproven', 'delivered_idle')]),
    'lies in pending',
  ],
  ['time promised twice', booked([PROMISE, PROMISE]), '200 ms promised, 100 ms accounted for'],
  [
    'time delivered behind the end',
    booked([PROMISE, posting([0, 100], 'pending', 'delivered_idle')], { endedAtMs: 40 }),
    'behind the end',
  ],
  ['time lent that the ledger does not know of', booked([PROMISE], {}, null), 'for lent'],
  ['time lent up to another end', booked([PROMISE], {}, { fromMs: 0, toMs: 90 }), 'for lent'],
])('%s is found', (_, claim, sentence) => {
  const found = accountFaults(claim)
  expect(found.map((fault) => fault.sentence).join('; ')).toContain(sentence)
  expect(found[0]).toMatchObject({ drawId: 'draw-1', ordinal: 0 })
})
