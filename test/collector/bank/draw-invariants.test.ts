/** Each thing that must hold of a draw is missed when it does not: one broken draw per rule. */
import { describe, expect, test } from 'vitest'
import {
  assertStep,
  drawFaults,
  postingFaults,
  stepFaults,
} from '../../../collector/src/bank/draw-invariants.ts'
import type { Claim, Draw, Posting } from '../../../collector/src/model/draw.ts'
import type { AcceleratorId } from '../../../collector/src/model/ids.ts'
import { nodeIdOf } from './capacity-maker.ts'
import { HOUR, heldDraw, NOW_MS, postedDraw } from './draw-maker.ts'

const held = heldDraw()
const posted = postedDraw()
const START_MS = NOW_MS + 2_000

function withClaim(draw: Draw, ordinal: number, change: Partial<Claim>): Draw {
  const claims = draw.claims.map((claim) =>
    claim.ordinal === ordinal ? { ...claim, ...change } : claim,
  )
  return { ...draw, claims }
}

function withLease(draw: Draw, change: Partial<Draw['leases'][number]>): Draw {
  const leases = draw.leases.map((lease, index) => (index === 0 ? { ...lease, ...change } : lease))
  return { ...draw, leases }
}

describe('a draw is unsound', () => {
  test.each<readonly [string, Draw]>([
    ['a version counts from 1', { ...held, version: 0 }],
    ['a hold, and nothing else, lapses', { ...held, holdUntilMs: null }],
    ['a hold, and nothing else, lapses', { ...posted, holdUntilMs: NOW_MS }],
    ['what is over has ended, and nothing else has', { ...held, endedAtMs: NOW_MS }],
    ['what is refused or broken says why', { ...held, state: 'refused' }],
    ['what is over holds no card', { ...held, state: 'voided', endedAtMs: NOW_MS }],
    ['a hold promises no time', { ...held, startMs: 1, untilMs: 2 }],
    ['a promise has a start and an end, or neither', { ...posted, untilMs: null }],
    ['a promise has a length', { ...posted, untilMs: posted.startMs }],
    ['a hold has no leases', { ...held, leases: posted.leases }],
    ['a hold holds as many cards as were asked for', { ...held, claims: held.claims.slice(1) }],
    ['what is lent is promised', { ...posted, startMs: null, untilMs: null }],
    ['a posted draw has cards that are lent or cleaning', { ...posted, claims: [] }],
    ['a posted draw only holds what it lends', withClaim(posted, 0, { state: 'held' })],
    ['claims are numbered from 0 in their order', withClaim(posted, 0, { ordinal: 5 })],
    ['lease ids differ', withLease(posted, { leaseId: posted.leases[1]?.leaseId ?? '' })],
    ['a card is claimed twice', withClaim(held, 0, { acceleratorId: 1_008 as AcceleratorId })],
    ['the cards of a lease are of its node', withLease(posted, { nodeId: nodeIdOf(7) })],
    ['nothing is confirmed that was not told', withLease(posted, { confirmedRevision: 2 })],
    ['no lease begins before the draw', withLease(posted, { startMs: START_MS - 1 })],
    ['no lease outlives the draw', withLease(posted, { untilMs: START_MS + HOUR + 1 })],
    ['a claim that is over has ended, and no other', withClaim(posted, 0, { state: 'cleaning' })],
    ['a claim that is over says how it ended, and no other', withClaim(held, 0, { end: 'voided' })],
    [
      'no claim ends after its end',
      withClaim(posted, 0, { state: 'ended', end: 'expired', endedAtMs: START_MS + HOUR + 1 }),
    ],
    [
      'no claim ends before it is',
      withClaim(posted, 0, { state: 'ended', end: 'veto', endedAtMs: START_MS - 1 }),
    ],
    ['a card that is clean is no longer claimed', withClaim(posted, 0, { cleanAtMs: START_MS })],
    ['a slot without a card is over', withClaim(held, 0, { unitId: null })],
    ['a card that is lent is promised', withClaim(posted, 0, { startMs: null, untilMs: null })],
    ['a card that is held is not promised yet', withClaim(held, 0, { startMs: 1, untilMs: 2 })],
    ['a claim names a lease of its draw', withClaim(posted, 0, { leaseId: 'e-0' })],
    ['a card is lent under a lease', withClaim(posted, 0, { leaseId: null })],
    ['a claim takes the place of an earlier one', withClaim(posted, 0, { swapOf: 1 })],
  ])('where %s does not hold', (rule, draw) => {
    expect(drawFaults(draw).join('; ')).toContain(rule)
  })

  test('and a decision that would leave it so is a bug', () => {
    expect(() => assertStep(null, { ...held, holdUntilMs: null })).toThrow('lapses')
  })
})

describe('a step is unsound', () => {
  const next = { ...posted, version: posted.version + 1 }
  const over = { state: 'cleaning', end: 'returned', endedAtMs: START_MS + 5 } as const
  const returned = withClaim(next, 0, over)
  test.each<readonly [string, Draw | null, Draw]>([
    ['a new draw has version 1', null, next],
    ['each change raises the version by one', posted, { ...next, version: posted.version }],
    ['a request never changes', posted, { ...next, request: { ...posted.request, bank: 'x' } }],
    ['a draw is made once', posted, { ...next, createdAtMs: 1 }],
    ['a draw that is posted does not become held', posted, { ...next, state: 'held' }],
    ['a promise that was made keeps its start', posted, { ...next, startMs: START_MS + 1 }],
    ['a promise is never cut', posted, { ...next, untilMs: START_MS + 1 }],
    ['no claim is forgotten', posted, { ...next, claims: [] }],
    ['no lease is forgotten', posted, { ...next, leases: [] }],
    ['a revision is never taken back', posted, withLease(next, { revision: 0 })],
    ['a confirmation is never taken back', withLease(posted, { confirmedRevision: 1 }), next],
    ['a claim that is leased does not become held', posted, withClaim(next, 0, { state: 'held' })],
    ['a claim keeps its card', posted, withClaim(next, 0, { acceleratorId: 1 as AcceleratorId })],
    ['keeps its start', posted, withClaim(next, 0, { startMs: START_MS + 1 })],
    ['the promise of a claim is never cut', posted, withClaim(next, 0, { untilMs: START_MS + 1 })],
    [
      'an end is never moved later',
      returned,
      withClaim(next, 0, { ...over, endedAtMs: START_MS + 6 }),
    ],
    ['a claim keeps its lease', posted, withClaim(next, 0, { leaseId: 'e-1' })],
  ])('where %s', (rule, before, after) => {
    expect(stepFaults(before, after).join('; ')).toContain(rule)
  })

  test('but an end may turn out to have been earlier', () => {
    const earlier = withClaim({ ...returned, version: returned.version + 1 }, 0, {
      ...over,
      endedAtMs: START_MS + 4,
    })
    expect(stepFaults(returned, earlier)).toEqual([])
  })
})

describe('accounts are unsound', () => {
  const promise = (ordinal: number, change: Partial<Posting> = {}): Posting => ({
    drawId: 'draw-1',
    ordinal,
    fromMs: START_MS,
    toMs: START_MS + HOUR,
    from: 'promised',
    to: 'pending',
    knownAtMs: NOW_MS,
    ...change,
  })
  const both = [promise(0), promise(1)]

  test.each<readonly [string, readonly Posting[]]>([
    ['lies in one account', [promise(0)]],
    ['lies in one account', [promise(0), promise(1, { toMs: START_MS + 1 })]],
    ['does not lie there', [...both, promise(0)]],
    ['does not lie there', [...both, promise(0, { from: 'unproven', to: 'returned' })]],
    ['outside its promise', [promise(0, { fromMs: START_MS - 1 }), promise(1)]],
    ['its time comes from promised', [promise(0, { from: 'swapped' }), promise(1)]],
  ])('where time %s', (rule, postings) => {
    expect(postingFaults(posted, postings).join('; ')).toContain(rule)
  })

  test('but not where every millisecond is somewhere', () => {
    const back = promise(0, { from: 'pending', to: 'returned', fromMs: START_MS + 7 })
    expect(postingFaults(posted, [...both, back])).toEqual([])
    expect(postingFaults(held, [])).toEqual([])
  })
})
