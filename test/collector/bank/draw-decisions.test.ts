/** Holds and what becomes of them: posted, voided, lapsed, refused. Pure decisions, case by case. */
import { describe, expect, test } from 'vitest'
import {
  decideHold,
  decideRefused,
  withCardsReplaced,
} from '../../../collector/src/bank/draw-hold.ts'
import {
  drawFaults,
  postingFaults,
  stepFaults,
} from '../../../collector/src/bank/draw-invariants.ts'
import { decideLapse } from '../../../collector/src/bank/draw-lapse.ts'
import {
  ACCEPTANCE_MS_MAX,
  decidePost,
  LEASE_LEAD_MS,
} from '../../../collector/src/bank/draw-post.ts'
import { refusalOf } from '../../../collector/src/bank/draw-refusal.ts'
import { CARDS_PER_DRAW_MAX } from '../../../collector/src/bank/draw-request.ts'
import { decideRefusedHold, decideVoid } from '../../../collector/src/bank/draw-void.ts'
import { leaseIdOf } from '../../../collector/src/bank/lease-id.ts'
import { canonicalBytes } from '../../../collector/src/journal/canonical.ts'
import { ENTRY_BYTES_MAX } from '../../../collector/src/journal/format.ts'
import type { Draw, DrawState, Lease } from '../../../collector/src/model/draw.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { nodeIdOf } from './capacity-maker.ts'
import {
  acceptancesOf,
  cardOf,
  DECIDED,
  HOUR,
  heldDraw,
  MINUTE,
  NO_CHANCE,
  NOW_MS,
  postedDraw,
  postFacts,
  requestOf,
  SECOND,
} from './draw-maker.ts'

const refused = (code: string) => ({ status: 'refused', refusal: { code } })
const held = heldDraw()
const posted = postedDraw()
const voided = changed(decideVoid(held, DECIDED))
const lapsed = changed(decideLapse(held, { ...DECIDED, nowMs: NOW_MS + 30 * SECOND }))
const declined = changed(
  decideRefusedHold(held, refusalOf('declined', { reason: 'allocated' }), DECIDED),
)
const refusedAtOnce = decideRefused(requestOf(), refusalOf('not_enough'), DECIDED).draw
const ended: Draw = {
  ...posted,
  version: 3,
  state: 'ended',
  endedAtMs: posted.untilMs,
  claims: posted.claims.map((claim) => ({
    ...claim,
    state: 'ended' as const,
    end: 'expired' as const,
    endedAtMs: claim.untilMs,
  })),
}
/** One draw in each state that a draw without a booking can be in. */
const DRAWS: Readonly<Partial<Record<DrawState, Draw>>> = {
  held,
  posted,
  ended,
  voided,
  lapsed,
  refused: declined,
}

test('every draw that these tests start from is sound', () => {
  for (const draw of [...Object.values(DRAWS), refusedAtOnce]) expect(drawFaults(draw)).toEqual([])
})

describe('a hold', () => {
  test('claims every card with what its grant rests on, and promises no time yet', () => {
    const chance = { chancePpm: 912_345, forecastVersion: 'v3', forecastBrierPpm: 81_000 }
    const change = decideHold(requestOf(), [cardOf(0), cardOf(8)], chance, DECIDED)
    expect(change.draw).toMatchObject({
      version: 1,
      state: 'held',
      createdAtMs: NOW_MS,
      holdUntilMs: NOW_MS + 30 * SECOND,
      startMs: null,
      leases: [],
      claims: [
        { ordinal: 0, state: 'held', unitId: 0, leaseId: null, startMs: null },
        { ordinal: 1, state: 'held', unitId: 8, leaseId: null, startMs: null },
      ],
    })
    expect(change.draw.claims[0]?.evidence).toEqual({
      sampledAtMs: NOW_MS - 100,
      evidenceClass: 'A',
      windowStartMs: NOW_MS - HOUR,
      provenToMs: NOW_MS - 10 * SECOND,
      isFenced: true,
      ...chance,
    })
    expect(change.postings).toEqual([])
  })

  test('is written only while every card is free, by proof younger than 90 s', () => {
    const change = decideHold(requestOf(), [cardOf(0), cardOf(8)], NO_CHANCE, DECIDED)
    expect(change).toMatchObject({
      expectedVersion: 0,
      mustBeFree: [0, 1],
      provenSinceMs: NOW_MS - 90 * SECOND,
    })
  })

  test('of fewer cards than were asked for is a bug', () => {
    expect(() => decideHold(requestOf(), [cardOf(0)], NO_CHANCE, DECIDED)).toThrow('as many cards')
  })

  test('of one card twice is a bug', () => {
    expect(() => decideHold(requestOf(), [cardOf(0), cardOf(0)], NO_CHANCE, DECIDED)).toThrow(
      'claimed twice',
    )
  })

  test('tells the bank its lots, and those inside its nodes and cards', () => {
    const [entry] = decideHold(requestOf(), [cardOf(0), cardOf(1)], NO_CHANCE, DECIDED).outbox
    expect(entry).toMatchObject({
      kind: 'draw_held',
      payload: {
        draw_id: 'draw-1',
        borrower: 'borrower',
        lots: [{ lot_id: 'l-0000000000000000', cards: 2 }],
        node_ids: [nodeIdOf(0)],
        unit_ids: [0, 1],
      },
    })
  })

  test('of as many cards as can be, each on a node of its own, fits an entry of the journal', () => {
    const numbers = Array.from({ length: CARDS_PER_DRAW_MAX }, (_, index) => 8 * index)
    const large = heldDraw(numbers, { drawId: 'd'.repeat(64), borrower: '借'.repeat(120) })
    const facts = postFacts(large)
    const outcome = decidePost(large, facts)
    if (outcome.status !== 'decided') throw new Error('not posted')
    const [postedEntry] = outcome.change.outbox
    const [heldEntry] = decideHold(
      large.request,
      numbers.map((number) => cardOf(number)),
      NO_CHANCE,
      DECIDED,
    ).outbox
    for (const entry of [heldEntry, postedEntry]) {
      expect(canonicalBytes(entry?.payload ?? {}).length).toBeLessThan(ENTRY_BYTES_MAX - 1_000)
    }
  })
})

describe('a refusal', () => {
  test('is kept with the request, so that a retry gets it too', () => {
    expect(refusedAtOnce).toMatchObject({
      version: 1,
      state: 'refused',
      refusal: { code: 'not_enough' },
      claims: [],
      endedAtMs: NOW_MS,
    })
  })

  test('that says nothing of the request is never kept', () => {
    expect(() => decideRefused(requestOf(), refusalOf('recovering'), DECIDED)).toThrow('not kept')
  })
})

describe('a post', () => {
  test('promises every card from 2 s ahead on, for as long as was asked', () => {
    const outcome = decidePost(held, postFacts(held))
    if (outcome.status !== 'decided') throw new Error('not posted')
    const { draw, postings, mustBeFree } = outcome.change
    const startMs = NOW_MS + LEASE_LEAD_MS
    const span = { startMs, untilMs: startMs + 8 * HOUR }
    expect(draw).toMatchObject({ version: 2, state: 'posted', holdUntilMs: null, ...span })
    expect(draw.claims).toMatchObject([
      { state: 'leased', leaseId: leaseIdOf('draw-1', nodeIdOf(0)), ...span },
      { state: 'leased', leaseId: leaseIdOf('draw-1', nodeIdOf(1)), ...span },
    ])
    expect(mustBeFree).toEqual([0, 1])
    expect(postings).toMatchObject([
      { ordinal: 0, from: 'promised', to: 'pending', fromMs: startMs, toMs: span.untilMs },
      { ordinal: 1, from: 'promised', to: 'pending', fromMs: startMs, toMs: span.untilMs },
    ])
    expect(postingFaults(draw, postings)).toEqual([])
    expect(stepFaults(held, draw)).toEqual([])
  })

  test('makes one lease per node, with its first notice due and how cards are handed over', () => {
    const three = heldDraw([0, 1, 8])
    const handover = { kind: 'slurm', endpoint: 'login', queue: 'bank' } as const
    const handovers = new Map<NodeId, Lease['handover']>([[nodeIdOf(0), handover]])
    const outcome = decidePost(three, postFacts(three, { handovers }))
    expect(outcome).toMatchObject({
      change: {
        draw: {
          leases: [
            { nodeId: nodeIdOf(0), revision: 1, confirmedRevision: 0, handover },
            { nodeId: nodeIdOf(1), revision: 1, confirmedRevision: 0, handover: null },
          ],
        },
      },
    })
  })

  test('keeps with each grant the sample that the last acceptance rested on', () => {
    const outcome = decidePost(held, postFacts(held))
    expect(outcome).toMatchObject({
      change: { draw: { claims: [{ evidence: { sampledAtMs: NOW_MS - 50 } }, {}] } },
    })
  })

  test.each([
    ['no node has accepted', new Map(), [0, 1]],
    ['one acceptance is older than 5 s', 'old', [1]],
    ['one node was asked about another card', 'other', [0]],
  ] as const)('decides nothing while %s: it names the nodes to ask', (_name, given, nodes) => {
    const acceptances = new Map(acceptancesOf(held))
    const first = acceptances.get(nodeIdOf(0))
    if (first === undefined) throw new Error('accepted')
    if (given === 'old') {
      const old = acceptancesOf(held, ACCEPTANCE_MS_MAX + 1).get(nodeIdOf(1))
      if (old !== undefined) acceptances.set(nodeIdOf(1), old)
    } else if (given === 'other') {
      acceptances.set(nodeIdOf(0), { ...first, unitIds: new Set() })
    } else acceptances.clear()
    expect(decidePost(held, postFacts(held, { acceptances }))).toEqual({
      status: 'unaccepted',
      nodeIds: nodes.map((node) => nodeIdOf(node)),
    })
  })

  test('counts an acceptance of exactly 5 s ago', () => {
    const acceptances = acceptancesOf(held, ACCEPTANCE_MS_MAX)
    expect(decidePost(held, postFacts(held, { acceptances })).status).toBe('decided')
  })

  test('of a hold that has lapsed is refused, whether anybody has noticed or not', () => {
    const nowMs = NOW_MS + 30 * SECOND
    expect(decidePost(held, postFacts(held, { nowMs }))).toMatchObject(refused('hold_lapsed'))
    expect(decidePost(lapsed, postFacts(lapsed))).toMatchObject(refused('hold_lapsed'))
    const justBefore = postFacts(held, { nowMs: nowMs - 1 })
    expect(decidePost(held, justBefore).status).toBe('decided')
  })

  test.each<readonly [DrawState, object]>([
    ['posted', { status: 'done' }],
    ['ended', { status: 'done' }],
    ['voided', refused('wrong_state')],
    ['lapsed', refused('hold_lapsed')],
    ['refused', refused('declined')],
  ])('of a draw that is %s is answered as before', (state, answer) => {
    const draw = DRAWS[state] ?? held
    expect(decidePost(draw, postFacts(draw))).toMatchObject(answer)
  })
})

describe('other cards behind the promise', () => {
  test('take new places; the places given up are never used again', () => {
    const chance = { chancePpm: 5, forecastVersion: 'v4', forecastBrierPpm: null }
    const swapped = withCardsReplaced(held, [0], [cardOf(16)], { chance, nowMs: NOW_MS + 1 })
    expect(drawFaults(swapped)).toEqual([])
    expect(swapped.claims).toMatchObject([
      { ordinal: 0, state: 'ended', end: 'voided', endedAtMs: NOW_MS + 1 },
      { ordinal: 1, state: 'held', evidence: { chancePpm: 5 } },
      { ordinal: 2, state: 'held', unitId: 16, evidence: { forecastVersion: 'v4' } },
    ])
    const outcome = decidePost(swapped, postFacts(swapped))
    if (outcome.status !== 'decided') throw new Error('not posted')
    expect(outcome.change.expectedVersion).toBe(1)
    expect(stepFaults(held, outcome.change.draw)).toEqual([])
    expect(outcome.change.postings.map(({ ordinal }) => ordinal)).toEqual([1, 2])
    expect(outcome.change.draw.leases.map(({ nodeId }) => nodeId)).toEqual([1, 2].map(nodeIdOf))
  })

  test('are never put under a lease that the borrower has seen', () => {
    const swap = () =>
      withCardsReplaced(posted, [0], [cardOf(16)], { chance: NO_CHANCE, nowMs: NOW_MS })
    expect(swap).toThrow('cards of a hold alone')
  })
})

describe('a void', () => {
  test('lets every card go', () => {
    expect(voided).toMatchObject({
      version: 2,
      state: 'voided',
      holdUntilMs: null,
      endedAtMs: NOW_MS,
      claims: [
        { state: 'ended', end: 'voided', endedAtMs: NOW_MS },
        { state: 'ended', end: 'voided', endedAtMs: NOW_MS },
      ],
    })
    expect(stepFaults(held, voided)).toEqual([])
  })

  test.each<readonly [DrawState, object]>([
    ['voided', { status: 'done' }],
    ['lapsed', refused('hold_lapsed')],
    ['posted', refused('wrong_state')],
    ['ended', refused('wrong_state')],
    ['refused', refused('wrong_state')],
  ])('of a draw that is %s changes nothing', (state, answer) => {
    expect(decideVoid(DRAWS[state] ?? held, DECIDED)).toMatchObject(answer)
  })
})

describe('a hold that a node will not lend after all', () => {
  test('is refused for good, with what the node said', () => {
    expect(declined).toMatchObject({
      state: 'refused',
      refusal: { code: 'declined', reason: 'allocated' },
      claims: [{ state: 'ended' }, { state: 'ended' }],
    })
    expect(stepFaults(held, declined)).toEqual([])
  })

  test('is not refused once it is a lease', () => {
    const outcome = decideRefusedHold(posted, refusalOf('declined'), DECIDED)
    expect(outcome).toMatchObject(refused('wrong_state'))
  })
})

describe('a lapse', () => {
  test('has happened at the instant that was stated, however late it is looked at', () => {
    const late = decideLapse(held, { ...DECIDED, nowMs: NOW_MS + 10 * MINUTE })
    expect(late).toMatchObject({
      change: { draw: { state: 'lapsed', endedAtMs: NOW_MS + 30 * SECOND } },
    })
  })

  test('never comes early, and never twice', () => {
    const nowMs = NOW_MS + 30 * SECOND
    expect(decideLapse(held, { ...DECIDED, nowMs: nowMs - 1 })).toMatchObject(
      refused('wrong_state'),
    )
    expect(decideLapse(lapsed, { ...DECIDED, nowMs })).toEqual({ status: 'done' })
    expect(decideLapse(posted, { ...DECIDED, nowMs })).toMatchObject(refused('wrong_state'))
  })
})

function changed(outcome: { readonly status: string; readonly change?: { readonly draw: Draw } }) {
  if (outcome.change === undefined) throw new Error(`nothing changed: ${outcome.status}`)
  return outcome.change.draw
}
