/** What is done with a draw that is lent: extended, given back. Pure decisions, case by case. */
import { describe, expect, test } from 'vitest'
import { decideExtend, type ExtendFacts } from '../../../collector/src/bank/draw-extend.ts'
import {
  drawFaults,
  postingFaults,
  stepFaults,
} from '../../../collector/src/bank/draw-invariants.ts'
import { decideReturn } from '../../../collector/src/bank/draw-return.ts'
import { decideVoid } from '../../../collector/src/bank/draw-void.ts'
import type { Claim, Draw, Posting } from '../../../collector/src/model/draw.ts'
import { nodeIdOf } from './capacity-maker.ts'
import {
  acceptancesOf,
  DECIDED,
  HOUR,
  heldDraw,
  MINUTE,
  MONOTONIC_MS,
  NOW_MS,
  postedDraw,
} from './draw-maker.ts'

const START_MS = NOW_MS + 2_000
const UNTIL_MS = START_MS + HOUR
const posted = postedDraw([0, 1, 8])
const refused = (code: string) => ({ status: 'refused', refusal: { code } })
const at = (nowMs: number) => ({ ...DECIDED, nowMs })
const promised: readonly Posting[] = posted.claims.map(({ ordinal }) => ({
  drawId: 'draw-1',
  ordinal,
  fromMs: START_MS,
  toMs: UNTIL_MS,
  from: 'promised',
  to: 'pending',
  knownAtMs: NOW_MS,
}))

function withClaims(draw: Draw, change: (claim: Claim) => Partial<Claim>): Draw {
  return { ...draw, claims: draw.claims.map((claim) => ({ ...claim, ...change(claim) })) }
}

function extendFacts(draw: Draw, change: Partial<ExtendFacts> = {}): ExtendFacts {
  return {
    ...at(START_MS + 30 * MINUTE),
    untilMs: UNTIL_MS + HOUR,
    nowMonotonicMs: MONOTONIC_MS,
    acceptances: acceptancesOf(draw),
    leaseMsMax: new Map([0, 1].map((node) => [nodeIdOf(node), 8 * HOUR])),
    ...change,
  }
}

describe('a return', () => {
  const nowMs = START_MS + 20 * MINUTE

  test('of all cards ends every lease now: what is left of the promise is returned', () => {
    const outcome = decideReturn(posted, 'all', at(nowMs))
    if (outcome.status !== 'decided') throw new Error('not returned')
    const { draw, postings } = outcome.change
    expect(draw.state).toBe('posted')
    expect(draw.claims).toMatchObject(
      [0, 1, 2].map(() => ({ state: 'cleaning', end: 'returned', endedAtMs: nowMs })),
    )
    expect(draw.leases).toMatchObject([{ revision: 2 }, { revision: 2 }])
    expect(postings).toMatchObject(
      [0, 1, 2].map((ordinal) => ({
        ordinal,
        from: 'pending',
        to: 'returned',
        fromMs: nowMs,
        toMs: UNTIL_MS,
      })),
    )
    expect(postingFaults(draw, [...promised, ...postings])).toEqual([])
    expect(stepFaults(posted, draw)).toEqual([])
  })

  test('of one card leaves the others lent, and is told to its node alone', () => {
    const outcome = decideReturn(posted, [1], at(nowMs))
    if (outcome.status !== 'decided') throw new Error('not returned')
    const { draw, outbox } = outcome.change
    expect(draw.claims.map(({ state }) => state)).toEqual(['leased', 'cleaning', 'leased'])
    expect(draw.leases.map(({ revision }) => revision)).toEqual([2, 1])
    expect(outbox).toMatchObject([
      {
        kind: 'lease_ended',
        payload: { node_id: nodeIdOf(0), ordinals: [1], end: 'returned', ended_at_ms: nowMs },
      },
    ])
  })

  test('before the start ends the lease at its start: nothing was delivered', () => {
    const outcome = decideReturn(posted, 'all', at(NOW_MS + 1))
    if (outcome.status !== 'decided') throw new Error('not returned')
    expect(outcome.change.draw.claims[0]).toMatchObject({ endedAtMs: START_MS })
    expect(outcome.change.postings[0]).toMatchObject({ fromMs: START_MS, toMs: UNTIL_MS })
    expect(drawFaults(outcome.change.draw)).toEqual([])
  })

  test('while a recall is announced gives back only what the recall would have left', () => {
    const recallAtMs = nowMs + 2 * MINUTE
    const recalled = withClaims(posted, ({ ordinal }) =>
      ordinal === 0 ? { recallAtMs, recallCause: 'owner' } : {},
    )
    const outcome = decideReturn(recalled, [0], at(nowMs))
    if (outcome.status !== 'decided') throw new Error('not returned')
    expect(outcome.change.postings).toMatchObject([
      { to: 'returned', fromMs: nowMs, toMs: recallAtMs },
      { to: 'broken_recall', fromMs: recallAtMs, toMs: UNTIL_MS },
    ])
    expect(postingFaults(outcome.change.draw, [...promised, ...outcome.change.postings])).toEqual(
      [],
    )
  })

  test('of what is no longer lent changes nothing, so that it can be sent again', () => {
    const once = decideReturn(posted, 'all', at(nowMs))
    if (once.status !== 'decided') throw new Error('not returned')
    expect(decideReturn(once.change.draw, 'all', at(nowMs + 1))).toEqual({ status: 'done' })
    expect(decideReturn(once.change.draw, [2], at(nowMs + 1))).toEqual({ status: 'done' })
  })

  test('at the end is no return: the lease expires', () => {
    expect(decideReturn(posted, 'all', at(UNTIL_MS))).toEqual({ status: 'done' })
    expect(decideReturn(posted, 'all', at(UNTIL_MS - 1)).status).toBe('decided')
  })

  test.each([
    ['wrong_state', heldDraw(), 'all'],
    ['wrong_state', voided(), [7]],
    ['card_unknown', posted, [0, 3]],
    ['card_unknown', posted, [-1]],
  ] as const)('is refused as %s', (code, draw, ordinals) => {
    expect(decideReturn(draw, ordinals, at(nowMs))).toMatchObject(refused(code))
  })
})

describe('an extension', () => {
  test('promises every card for longer, once all nodes have accepted', () => {
    const outcome = decideExtend(posted, extendFacts(posted))
    if (outcome.status !== 'decided') throw new Error(`not extended: ${outcome.status}`)
    const { draw, postings, mustBeFree } = outcome.change
    const untilMs = UNTIL_MS + HOUR
    expect(draw).toMatchObject({ state: 'posted', untilMs })
    expect(draw.claims.every((claim) => claim.untilMs === untilMs)).toBe(true)
    expect(draw.leases).toMatchObject([
      { untilMs, revision: 2 },
      { untilMs, revision: 2 },
    ])
    expect(mustBeFree).toEqual([])
    expect(postings).toMatchObject(
      [0, 1, 2].map(() => ({ from: 'promised', to: 'pending', fromMs: UNTIL_MS, toMs: untilMs })),
    )
    expect(postingFaults(draw, [...promised, ...postings])).toEqual([])
    expect(stepFaults(posted, draw)).toEqual([])
  })

  test('is all or nothing: one node that has not accepted is named', () => {
    const acceptances = new Map(acceptancesOf(posted))
    acceptances.delete(nodeIdOf(1))
    expect(decideExtend(posted, extendFacts(posted, { acceptances }))).toEqual({
      status: 'unaccepted',
      nodeIds: [nodeIdOf(1)],
    })
  })

  test('leaves cards alone that are returned, or that their owner has announced to take back', () => {
    const partly = withClaims(posted, ({ ordinal }) => {
      if (ordinal === 0) return { recallAtMs: UNTIL_MS - MINUTE, recallCause: 'owner' }
      return ordinal === 1 ? { state: 'cleaning', end: 'returned', endedAtMs: START_MS } : {}
    })
    const outcome = decideExtend(partly, extendFacts(partly))
    if (outcome.status !== 'decided') throw new Error('not extended')
    expect(outcome.change.draw.claims.map(({ untilMs }) => untilMs)).toEqual([
      UNTIL_MS,
      UNTIL_MS,
      UNTIL_MS + HOUR,
    ])
    expect(outcome.change.outbox).toMatchObject([
      { kind: 'draw_extended', payload: { ordinals: [2], node_ids: [nodeIdOf(1)] } },
    ])
  })

  test('to the end it has is done already', () => {
    expect(decideExtend(posted, extendFacts(posted, { untilMs: UNTIL_MS }))).toEqual({
      status: 'done',
    })
  })

  test.each<readonly [string, Draw, Partial<ExtendFacts>]>([
    ['wrong_state', heldDraw(), {}],
    ['wrong_state', posted, { nowMs: UNTIL_MS }],
    ['wrong_state', posted, { untilMs: UNTIL_MS - 1 }],
    ['too_long', posted, { leaseMsMax: new Map([[nodeIdOf(0), 8 * HOUR]]) }],
    ['too_long', posted, { untilMs: START_MS + 8 * HOUR + 1 }],
    ['too_long', posted, { untilMs: START_MS + 8 * HOUR + 1, acceptances: new Map() }],
  ])('is refused as %s, before any node is asked', (code, draw, change) => {
    expect(decideExtend(draw, extendFacts(draw, change))).toMatchObject(refused(code))
  })

  test('reaches exactly as far as the owner consents to', () => {
    const facts = extendFacts(posted, { untilMs: START_MS + 8 * HOUR })
    expect(decideExtend(posted, facts).status).toBe('decided')
  })
})

function voided(): Draw {
  const outcome = decideVoid(heldDraw(), DECIDED)
  if (outcome.status !== 'decided') throw new Error('not voided')
  return outcome.change.draw
}
