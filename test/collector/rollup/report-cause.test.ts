/** Why an hour was written again, told from what moved. */
import { expect, test } from 'vitest'
import { CORRECTION_CAUSES, correctionCause } from '../../../collector/src/rollup/report-cause.ts'

test.each([
  ['a card that was left out', 1, { busyMs: 5n, unknownMs: 5n }, 'cards_entered'],
  ['a card whose other claim counts', -1, { freeMs: -5n }, 'cards_left'],
  ['a spool that came late (C14)', 0, { unknownMs: -4_800_000n, busyMs: 4_800_000n }, 'told_late'],
  ['a clock that was wrong', 0, { unknownMs: 5n, freeMs: -5n }, 'doubted'],
  ['a lease that ended sooner', 0, { lentMs: -5n, freeMs: 5n }, 'lease_changed'],
  ['a deposit alone', 0, { depositedMs: 5n }, 'lease_changed'],
  ['energy alone', 0, { energyJoules: 5n }, 'measured_again'],
  ['nothing but samples', 0, { samplesGot: 1n }, 'measured_again'],
] as const)('%s', (_what, cards, moves, cause) => {
  expect(CORRECTION_CAUSES).toContain(cause)
  expect(correctionCause(cards, moves)).toBe(cause)
})
