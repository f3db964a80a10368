/** Capacity search: best fit, filters, what stands in the way, and the forecast's part. */
import { CALENDAR_ALWAYS, calendarText, WEEKDAYS } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { searchCapacity } from '../../../collector/src/bank/capacity.ts'
import type { NodeOffer } from '../../../collector/src/model/offer.ts'
import {
  type Ask,
  HOUR,
  Independent,
  indexOfOffers,
  MINUTE,
  NOW_MS,
  type NodeSpec,
  nodeIdOf,
  offerOf,
  requestOf,
  SURROUNDINGS,
  search,
  taken,
} from './capacity-maker.ts'

const WHOLE: NodeSpec = { free: 8 }
/** P of one H800, 910B3 and RTX 4090 in nano-TFLOPS. */
const H800_P = 989_400_000_000n
const ASCEND_P = 313_000_000_000n

type Rows = readonly (readonly [
  name: string,
  nodes: readonly NodeSpec[],
  ask: Ask,
  takes: Readonly<Record<number, number>>,
])[]

describe('best fit', () => {
  const rows: Rows = [
    ['a few cards come from a partly used node', [WHOLE, { free: 3 }], { cards: 2 }, { 1: 2 }],
    [
      'the node that is used up by it comes before one that has more',
      [{ free: 7 }, { free: 4 }, { free: 5 }],
      { cards: 4 },
      { 1: 4 },
    ],
    [
      'a whole node is asked for and given',
      [{ free: 6 }, WHOLE, { free: 5 }],
      { cards: 8 },
      { 1: 8 },
    ],
    [
      'whole nodes for what they are filled by, the rest from a partly used one',
      [WHOLE, WHOLE, WHOLE, { free: 5 }],
      { cards: 20 },
      { 0: 8, 1: 8, 3: 4 },
    ],
    [
      'two partly used nodes rather than break a whole one',
      [WHOLE, { free: 3 }, { free: 3 }],
      { cards: 6 },
      { 1: 3, 2: 3 },
    ],
    [
      'a node that has to be broken gives all, rather than partly used ones beside it',
      [WHOLE, { free: 3 }, { free: 2 }],
      { cards: 6 },
      { 0: 6 },
    ],
    [
      'the smallest whole node is the one that is broken',
      [{ free: 16, of: 16 }, WHOLE, { free: 4, of: 4 }],
      { cards: 3 },
      { 2: 3 },
    ],
    ['nothing but whole nodes: one is broken', [WHOLE, WHOLE], { cards: 12 }, { 0: 8, 1: 4 }],
    [
      'a large partly used node comes before a whole one and a rest',
      [WHOLE, { free: 12, of: 16 }],
      { cards: 12 },
      { 1: 12 },
    ],
    [
      'whole nodes first where taking the largest leads nowhere',
      [WHOLE, WHOLE, { free: 9, of: 16 }, { free: 1 }],
      { cards: 11 },
      { 0: 8, 2: 3 },
    ],
    [
      'of equal nodes the one that has been free longest',
      [{ free: 4 }, { free: 4, freeForMs: 9 * HOUR }, { free: 4 }],
      { cards: 4 },
      { 1: 4 },
    ],
    [
      'one site where one can serve as well',
      [
        { free: 8, site: 'B', freeForMs: 9 * HOUR },
        { free: 8, site: 'A' },
        { free: 8, site: 'A' },
      ],
      { cards: 16 },
      { 1: 8, 2: 8 },
    ],
    [
      'few sites where one does not suffice',
      [
        { free: 8, site: 'C', freeForMs: 9 * HOUR },
        { free: 8, site: 'A' },
        { free: 8, site: 'A' },
        { free: 8, site: 'B', freeForMs: 8 * HOUR },
        { free: 8, site: 'B' },
      ],
      { cards: 32 },
      { 1: 8, 2: 8, 3: 8, 4: 8 },
    ],
    [
      'cards of one model although other nodes would fit better',
      [{ free: 4 }, { free: 4 }, { free: 8, card: '910B3', of: 16 }],
      { cards: 6 },
      { 2: 6 },
    ],
    [
      'few models where one does not suffice',
      [{ free: 5 }, { free: 4, card: '910B3' }, { free: 2, card: 'RTX 4090' }],
      { cards: 9 },
      { 0: 5, 1: 4 },
    ],
  ]
  test.each(rows)('%s', (_name, nodes, ask, takes) => {
    const answer = search(nodes, ask)
    expect([answer.isServed, taken(answer)]).toEqual([true, takes])
    expect(answer.inTheWay).toEqual([])
  })

  test('cards per node come in groups, and several groups from one node', () => {
    const nodes = [{ free: 7 }, { free: 16, of: 16 }, { free: 4 }]
    expect(taken(search(nodes, { cards: 8, cardsPerNode: 4 }))).toEqual({ 0: 4, 2: 4 })
    expect(taken(search(nodes, { cards: 16, cardsPerNode: 8 }))).toEqual({ 1: 16 })
    expect(search(nodes, { cards: 24, cardsPerNode: 8 }).isServed).toBe(false)
  })

  test('a whole node that groups do not use up is broken like any other', () => {
    const nodes = [WHOLE, WHOLE, WHOLE]
    expect(taken(search(nodes, { cards: 15, cardsPerNode: 3 }))).toEqual({ 0: 6, 1: 6, 2: 3 })
  })

  test('an amount of P is reached by whole cards of one model', () => {
    const nodes: NodeSpec[] = [{ free: 8 }, { free: 8, card: '910B3' }]
    const answer = search(nodes, { p: 2_000_000_000_000n })
    expect(taken(answer)).toEqual({ 1: 7 })
    expect(answer.total).toEqual({ cards: 7, nanoTflops: 7n * ASCEND_P })
    const foreign = search(nodes, { p: 2_000_000_000_000n, domestic: false })
    expect(taken(foreign)).toEqual({ 0: 3 })
    const exact = search(nodes, { p: 8n * H800_P })
    expect(taken(exact)).toEqual({ 0: 8 })
  })

  test('an amount of P that no model reaches is reached by several, never by unrated ones', () => {
    const nodes: NodeSpec[] = [
      { free: 2 },
      { free: 8, card: '910B3' },
      { free: 8, card: 'unknown' },
    ]
    const answer = search(nodes, { p: 3_000_000_000_000n })
    expect(taken(answer)).toEqual({ 0: 1, 1: 8 })
    const most = search(nodes, { p: 9_000_000_000_000n })
    expect(most.isServed).toBe(false)
    expect(most.available.nanoTflops).toBe(2n * H800_P + 8n * ASCEND_P)
  })
})

describe('what is offered', () => {
  test('without an amount every lot, the one free longest first', () => {
    const nodes = [
      { free: 3, freeForMs: HOUR },
      { free: 2, freeForMs: 2 * HOUR },
      { free: 5, freeForMs: 2 * HOUR },
    ]
    const answer = search(nodes, {})
    expect(answer.takes.map(({ cards }) => cards)).toEqual([5, 2, 3])
    expect([answer.isServed, answer.total.cards]).toEqual([true, 10])
  })

  test('nothing, where nothing is there', () => {
    const answer = search([], {})
    expect(answer).toMatchObject({ isServed: false, takes: [], inTheWay: [], chance: null })
  })

  test('a node that is not heard is told of, and not offered', () => {
    const isSuspended = (nodeId: string) => nodeId === nodeIdOf(0)
    const answer = search([{ free: 3 }, { free: 2 }], { cards: 1 }, { isSuspended })
    expect([taken(answer), answer.suspendedCards]).toEqual([{ 1: 1 }, 3])
  })

  test('a proof of 90 s is silence, whatever the deposit says', () => {
    const nodes = [
      { free: 3, provenAgoMs: 89_999 },
      { free: 2, provenAgoMs: 90_000 },
    ]
    expect(taken(search(nodes, {}))).toEqual({ 0: 3 })
  })

  test('a scope shows what lies in it, and nothing of what does not', () => {
    const nodes: NodeSpec[] = [
      { free: 1, site: 'A' },
      { free: 2, site: 'B' },
      { free: 4, site: 'C' },
    ]
    const cardsIn = (regions: readonly string[] | 'all', sites: readonly string[] | 'all') => {
      const answer = search(nodes, { cards: 9 }, { scope: { regions, sites } })
      return [answer.available.cards, ...answer.inTheWay]
    }
    expect(cardsIn(['11'], 'all')).toEqual([3])
    expect(cardsIn(['110108'], 'all')).toEqual([1])
    expect(cardsIn(['11'], ['B', 'C'])).toEqual([2])
    expect(cardsIn('all', ['C'])).toEqual([4])
    expect(cardsIn([''], 'all')).toEqual([0])
    expect(cardsIn([], 'all')).toEqual([0])
  })
})

describe('the owner’s hours', () => {
  /** Open from 19:00 to 22:00 in China: for two more hours. */
  const calendar = calendarText({
    ...CALENDAR_ALWAYS,
    timeZone: 'Asia/Shanghai',
    weekly: [{ days: WEEKDAYS, fromMinute: 19 * 60, toMinute: 22 * 60 }],
  })
  const nodes: readonly NodeSpec[] = [
    { free: 8, site: 'A', calendar },
    { free: 2, site: 'B' },
  ]
  const laterMs = NOW_MS + 2 * HOUR - 30 * MINUTE
  const rows: readonly (readonly [string, Ask, number, number])[] = [
    ['a lease that ends with them', { cards: 9, forMs: 2 * HOUR }, NOW_MS, 10],
    ['a millisecond more', { cards: 9, forMs: 2 * HOUR + 1 }, NOW_MS, 2],
    ['the same later', { cards: 9, forMs: 2 * HOUR }, laterMs, 2],
    ['what is left of them', { cards: 9, forMs: 30 * MINUTE }, laterMs, 10],
    ['any length, at their end', { cards: 9 }, NOW_MS + 2 * HOUR, 2],
  ]

  test.each(rows)('%s', (_name, ask, nowMs, available) => {
    const offers = nodes.map((spec, index) => fresh(offerOf(spec, index), nowMs))
    const answer = searchCapacity(indexOfOffers(offers), requestOf(ask), { ...SURROUNDINGS, nowMs })
    expect(answer.available.cards).toBe(available)
    expect(answer.isServed).toBe(available === 10)
    if (available === 2 && ask.forMs !== undefined) {
      expect(answer.inTheWay).toMatchObject([{ filter: 'hours', isServed: true }])
    }
  })

  /** Proven a minute before `nowMs`. */
  function fresh(offer: NodeOffer, nowMs: number): NodeOffer {
    const cards = offer.cards.map((card) => {
      const window = card.window && { ...card.window, provenToMs: nowMs - MINUTE }
      return { ...card, window }
    })
    return { ...offer, cards }
  }
})

describe('what stands in the way', () => {
  const nodes: readonly NodeSpec[] = [
    { free: 8, site: 'A' },
    { free: 4, site: 'B', leaseMsMax: 2 * HOUR },
    { free: 8, site: 'C', card: '910B3' },
    { free: 6, site: 'C', card: 'RTX 4090', leaseMsMax: null },
  ]
  const rows: readonly (readonly [
    name: string,
    ask: Ask,
    available: number,
    inTheWay: readonly (readonly [filter: string, isServed: boolean, cards: number])[],
  ])[] = [
    ['the region', { cards: 16, region: '110000' }, 12, [['region', true, 26]]],
    [
      'the hub, the model being no help',
      { cards: 9, model: 'H800 SXM', hub: '贵州' },
      0,
      [
        ['model', true, 14],
        ['hub', true, 12],
      ],
    ],
    ['memory', { cards: 20, memoryGibMin: 80 }, 12, [['memory_gib_min', true, 26]]],
    [
      'a maker at home, and what would come nearest',
      { cards: 30, domestic: true },
      8,
      [['domestic', false, 26]],
    ],
    [
      'the owners’ longest lease: one that told none consents to none',
      { cards: 20, forMs: 4 * HOUR },
      16,
      [['hours', true, 26]],
    ],
    ['one site', { cards: 15, isSameSite: true }, 14, [['same_site', true, 26]]],
    ['cards per node', { cards: 24, cardsPerNode: 8 }, 16, [['per_node', true, 26]]],
    ['the missing fence', { cards: 1, includesUnfenced: false }, 0, [['unfenced', true, 26]]],
    ['nothing but the number', { cards: 27 }, 26, []],
    [
      'two filters at once: loosening one alone brings nothing back',
      { cards: 1, vendor: 'ascend', domestic: false },
      0,
      [
        ['vendor', true, 18],
        ['domestic', true, 8],
      ],
    ],
  ]
  test.each(rows)('%s', (_name, ask, available, inTheWay) => {
    const answer = search(nodes, ask)
    expect(answer.isServed).toBe(false)
    expect(answer.available.cards).toBe(available)
    expect(answer.inTheWay.map((one) => [one.filter, one.isServed, one.available.cards])).toEqual(
      inTheWay,
    )
  })

  test('what came closest is all that passes every filter', () => {
    const answer = search(nodes, { cards: 15, isSameSite: true })
    expect(taken(answer)).toEqual({ 2: 8, 3: 6 })
    expect(answer.total).toEqual(answer.available)
  })
})

describe('lasting long enough', () => {
  const sure = (chances: readonly (number | null)[]) => new Independent(chances)

  test('C24: 64 cards with 0.9 each are served with their joint probability, not with 0.9', () => {
    const nodes = Array.from({ length: 8 }, () => WHOLE)
    const outlook = sure(nodes.map(() => 0.9))
    const ask = { cards: 64, forMs: HOUR }
    const answer = search(nodes, ask, { outlook })
    expect([answer.isServed, answer.chance]).toEqual([true, expect.closeTo(0.9 ** 64, 12)])
    const confident = search(nodes, { ...ask, confidence: 0.9 }, { outlook })
    expect(confident.isServed).toBe(false)
    expect([confident.available.cards, confident.availableSure?.cards]).toEqual([64, 1])
    expect(confident.inTheWay.map(({ filter, isServed }) => [filter, isServed])).toEqual([
      ['hours', true],
      ['confidence', true],
    ])
  })

  test('the best fit is given up for lots that last', () => {
    const nodes = [{ free: 4 }, { free: 6 }, { free: 8 }]
    const outlook = sure([0.8, 0.9, 0.99])
    const served = (confidence: number) =>
      taken(search(nodes, { cards: 4, forMs: HOUR, confidence }, { outlook }))
    expect(served(0.4)).toEqual({ 0: 4 })
    expect(served(0.6)).toEqual({ 1: 4 })
    expect(served(0.9)).toEqual({ 2: 4 })
  })

  test('what is surest is told when it is not sure enough', () => {
    const nodes = [{ free: 4 }, { free: 6 }]
    const ask = { cards: 4, forMs: HOUR, confidence: 0.95 }
    const answer = search(nodes, ask, { outlook: sure([0.8, 0.98]) })
    expect(answer.isServed).toBe(false)
    expect([taken(answer), answer.chance]).toEqual([{ 1: 4 }, expect.closeTo(0.98 ** 4, 12)])
    expect(answer.availableSure?.cards).toBe(2)
  })

  test('a card of which nothing is known serves no request with a confidence', () => {
    const nodes = [{ free: 4 }, { free: 4 }]
    const outlook = sure([null, 0.99])
    const ask = { cards: 5, forMs: HOUR }
    expect(search(nodes, ask, { outlook })).toMatchObject({ isServed: true, chance: null })
    const confident = search(nodes, { ...ask, confidence: 0.5 }, { outlook })
    expect(confident.isServed).toBe(false)
    expect(confident.availableSure?.cards).toBe(4)
  })

  test('without a forecast nobody is kept out, and no probability is made up', () => {
    const ask = { cards: 8, forMs: HOUR, confidence: 0.99 }
    const answer = search([WHOLE], ask, { outlook: null })
    expect(answer).toMatchObject({ isServed: true, chance: null })
    const missed = search([WHOLE], { ...ask, cards: 9 }, { outlook: null })
    expect(missed.inTheWay.map(({ filter }) => filter)).toEqual(['hours'])
  })

  test('without an amount every lot is judged by itself, and no probability of all is told', () => {
    const nodes = [{ free: 1 }, { free: 2 }, { free: 3 }]
    const ask = { forMs: HOUR, confidence: 0.9 }
    const answer = search(nodes, ask, { outlook: sure([0.8, 0.95, 0.99]) })
    expect([taken(answer), answer.chance]).toEqual([{ 1: 2, 2: 3 }, null])
  })

  test('with one site the surest lots of one site', () => {
    const nodes: NodeSpec[] = [
      { free: 4, site: 'A' },
      { free: 4, site: 'A' },
      { free: 4, site: 'B' },
      { free: 4, site: 'B' },
    ]
    const outlook = sure([0.999, 0.5, 0.98, 0.98])
    const ask = { cards: 8, isSameSite: true, forMs: HOUR, confidence: 0.8 }
    expect(taken(search(nodes, ask, { outlook }))).toEqual({ 2: 4, 3: 4 })
  })
})

test('the same lots give the same answer, whoever told them first', () => {
  const nodes: NodeSpec[] = Array.from({ length: 40 }, (_, index) => ({
    free: (index * 7) % 9,
    site: ['A', 'B', 'C'][index % 3] ?? 'A',
    freeForMs: HOUR + ((index * 31) % 5) * MINUTE,
  }))
  const forwards = search(nodes, { cards: 40 })
  const backwards = searchCapacity(
    indexOfOffers(nodes.map(offerOf).toReversed()),
    requestOf({ cards: 40 }),
    SURROUNDINGS,
  )
  expect(backwards).toEqual(forwards)
  expect(forwards.total.cards).toBe(40)
})
