/** Which cards a draw takes, and why it gets none. */
import { describe, expect, test } from 'vitest'
import {
  type DrawForecast,
  type DrawPlan,
  type PlanSurroundings,
  planDraw,
  planReplacements,
} from '../../../collector/src/bank/draw-plan.ts'
import { firstOf, refusalOf } from '../../../collector/src/bank/draw-refusal.ts'
import type { DrawInput } from '../../../collector/src/bank/draw-request.ts'
import {
  anyOf,
  CardsInHand,
  CardsMissed,
  CardsResting,
} from '../../../collector/src/bank/draw-reserve.ts'
import { DRAW_REFUSALS } from '../../../collector/src/model/draw.ts'
import type { NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import {
  HOUR,
  Independent,
  indexOf,
  NOW_MS,
  type NodeSpec,
  newLots,
  nodeIdOf,
  PROFILES,
} from './capacity-maker.ts'
import { heldDraw, requestOf } from './draw-maker.ts'

const LOTS = newLots()
const lotIdOf = (node: number, card: keyof typeof PROFILES = 'H800') =>
  LOTS.idOf(nodeIdOf(node), LOTS.kindOf(PROFILES[card]))

class Forecast extends Independent implements DrawForecast {
  readonly version = 'v7'
  brierPpmFor(): number {
    return 90_000
  }
}

function around(
  specs: readonly NodeSpec[],
  change: Partial<PlanSurroundings> = {},
): PlanSurroundings {
  return {
    index: indexOf(specs),
    scope: SCOPE_ALL,
    nowMs: NOW_MS,
    isSuspended: () => false,
    needsFence: () => false,
    forecast: null,
    inHand: new CardsInHand(),
    missed: new CardsMissed(),
    ...change,
  }
}

function plan(
  specs: readonly NodeSpec[],
  ask: Partial<DrawInput>,
  change: Partial<PlanSurroundings> = {},
): DrawPlan {
  return planDraw(requestOf({ forMs: HOUR, ...ask }), around(specs, change))
}

/** Cards by node. */
function taken(found: DrawPlan): readonly (readonly [number, number])[] {
  if (found.status !== 'planned') throw new Error(`refused: ${found.refusal.code}`)
  const byNode = Map.groupBy(found.cards, ({ nodeId }) => Number.parseInt(nodeId.slice(2), 16))
  return [...byNode].map(([node, cards]) => [node, cards.length] as const)
}

const pool = (cards: number, more: object = {}) => ({ kind: 'pool' as const, cards, ...more })
const lots = (...named: readonly (readonly [number, number])[]) => ({
  kind: 'cards' as const,
  lots: named.map(([node, cards]) => ({ lotId: lotIdOf(node), cards })),
})
const refused = (code: string, cardsAvailable: number | null = null) => ({
  status: 'refused',
  refusal: { code, ...(cardsAvailable === null ? {} : { cardsAvailable }) },
})
const missing = (...cards: readonly (readonly [number, number])[]) => {
  const missed = new CardsMissed()
  for (const [node, unit] of cards) missed.add(nodeIdOf(node), [unit as UnitId])
  return missed
}
const inHand = (node: number, ...units: readonly number[]) => {
  const hand = new CardsInHand()
  hand.take(units.map((unitId) => ({ nodeId: nodeIdOf(node), unitId: unitId as UnitId })))
  return hand
}

describe('named lots', () => {
  test('give the number asked for, those free longest', () => {
    const found = plan([{ free: 8 }, { free: 4 }], { what: lots([0, 2], [1, 4]) })
    expect(new Map(taken(found))).toEqual(
      new Map([
        [0, 2],
        [1, 4],
      ]),
    )
    if (found.status !== 'planned') throw new Error('refused')
    const ofFirst = found.cards.filter(({ nodeId }) => nodeId === nodeIdOf(0))
    expect(ofFirst.map(({ unitId }) => unitId)).toEqual([1, 2])
    expect(found.cards.every(({ lotId }) => [lotIdOf(0), lotIdOf(1)].includes(lotId))).toBe(true)
  })

  test('pass over cards that turned out not to be had', () => {
    const found = plan([{ free: 3 }], { what: lots([0, 2]) }, { missed: missing([0, 1]) })
    if (found.status !== 'planned') throw new Error('refused')
    expect(found.cards.map(({ unitId }) => unitId)).toEqual([2, 3])
  })

  const everythingWrong: NodeSpec = { free: 1, leaseMsMax: HOUR - 1, provenAgoMs: HOUR }
  test.each<readonly [string, NodeSpec, Partial<DrawInput>, Partial<PlanSurroundings>]>([
    ['lot_unknown', { ...everythingWrong, free: 0 }, { isUnfencedTaken: false }, {}],
    ['lot_unknown', everythingWrong, {}, { scope: { regions: ['52'], sites: 'all' } }],
    ['unfenced', everythingWrong, { isUnfencedTaken: false }, {}],
    ['unfenced', { free: 8 }, {}, { needsFence: () => true }],
    ['too_long', everythingWrong, {}, {}],
    ['too_long', { free: 8, leaseMsMax: null }, {}, {}],
    ['node_suspended', { free: 8 }, {}, { isSuspended: () => true }],
    ['not_enough', { free: 1 }, {}, {}],
    ['not_enough', { free: 8, provenAgoMs: 90_000 }, {}, {}],
    ['not_enough', { free: 2 }, {}, { missed: missing([0, 1]), inHand: inHand(0, 2) }],
    ['not_sure_enough', { free: 8 }, { confidencePpm: 1 }, {}],
    ['taken', { free: 2 }, {}, { inHand: inHand(0, 2) }],
  ])('are refused as %s', (code, spec, ask, change) => {
    expect(plan([spec], { what: lots([0, 2]), ...ask }, change)).toMatchObject(refused(code))
  })

  test('are refused for what is looked for first, whichever lot it is', () => {
    const specs = [{ free: 1 }, { free: 8, leaseMsMax: 1 }]
    expect(plan(specs, { what: lots([0, 2], [1, 2]) })).toMatchObject(refused('too_long'))
  })

  test('not in a group of cards that is too small say how many there are', () => {
    expect(plan([{ free: 3 }], { what: lots([0, 4]) })).toMatchObject(refused('not_enough', 3))
  })
})

describe('a pool', () => {
  test('is served as the capacity search says: no whole node is broken', () => {
    expect(taken(plan([{ free: 8 }, { free: 2 }], { what: pool(2) }))).toEqual([[1, 2]])
  })

  test('is served without cards that others are drawing, whatever the search likes best', () => {
    const hand = inHand(1, 101, 102)
    expect(taken(plan([{ free: 8 }, { free: 2 }], { what: pool(2) }, { inHand: hand }))).toEqual([
      [0, 2],
    ])
  })

  test('of a site is served from that site alone', () => {
    const specs = [
      { free: 8, site: 'A' },
      { free: 8, site: 'C' },
    ]
    expect(taken(plan(specs, { what: pool(4, { siteCode: 'C' }) }))).toEqual([[1, 4]])
  })

  test('in groups takes groups', () => {
    const specs = [{ free: 3 }, { free: 5 }, { free: 6 }]
    const found = taken(plan(specs, { what: pool(8, { cardsPerNode: 4 }) }))
    expect(new Map(found)).toEqual(
      new Map([
        [1, 4],
        [2, 4],
      ]),
    )
  })

  test.each<readonly [string, readonly NodeSpec[], Partial<DrawInput>, Partial<PlanSurroundings>]>([
    ['unfenced', [{ free: 8 }], { isUnfencedTaken: false }, {}],
    ['too_long', [{ free: 8, leaseMsMax: 1 }], {}, {}],
    ['node_suspended', [{ free: 8 }], {}, { isSuspended: () => true }],
    ['not_enough', [{ free: 1 }], {}, {}],
    ['not_enough', [{ free: 8 }], {}, { needsFence: (site: string) => site === 'A' }],
    ['not_enough', [{ free: 8, site: 'A' }], { what: pool(2, { siteCode: 'C' }) }, {}],
    [
      'not_enough',
      [{ free: 8 }],
      { what: pool(2, { siteCode: 'A' }) },
      { scope: { regions: 'all', sites: ['C'] } },
    ],
    ['not_enough', [{ free: 2 }], {}, { inHand: inHand(0, 1) }],
    ['not_sure_enough', [{ free: 8 }], { confidencePpm: 900_000 }, {}],
    [
      'not_sure_enough',
      [{ free: 8 }],
      { confidencePpm: 900_000 },
      { forecast: new Forecast([0.94]) },
    ],
  ])('is refused as %s', (code, specs, ask, change) => {
    expect(plan(specs, { what: pool(2), ...ask }, change)).toMatchObject(refused(code))
  })
})

describe('confidence', () => {
  test('is that of the whole request: 64 cards of 0.9 each are not 0.9 (C24)', () => {
    const specs = Array.from({ length: 8 }, () => ({ free: 8 }))
    const forecast = new Forecast(specs.map(() => 0.9))
    const asked = { what: pool(64), confidencePpm: 900_000 }
    expect(plan(specs, asked, { forecast })).toMatchObject(refused('not_sure_enough'))
    const found = plan(specs, { what: pool(64) }, { forecast })
    expect(found).toMatchObject({
      chance: {
        chancePpm: Math.round(0.9 ** 64 * 1_000_000),
        forecastVersion: 'v7',
        forecastBrierPpm: 90_000,
      },
    })
  })

  test('asked of named lots is judged too', () => {
    const forecast = new Forecast([0.95])
    const ask = (confidencePpm: number) => ({ what: lots([0, 2]), confidencePpm })
    expect(plan([{ free: 8 }], ask(902_500), { forecast }).status).toBe('planned')
    expect(plan([{ free: 8 }], ask(902_501), { forecast })).toMatchObject(
      refused('not_sure_enough', 2),
    )
  })

  test('is remembered as unknown where the forecast knows nothing', () => {
    const found = plan([{ free: 8 }], { what: pool(2) }, { forecast: new Forecast([null]) })
    expect(found).toMatchObject({ chance: { chancePpm: null, forecastVersion: null } })
  })
})

describe('replacements', () => {
  const kindOf = LOTS.kindOf.bind(LOTS)

  test('are of the same kind, also where any kind was asked for', () => {
    const draw = heldDraw([0, 1], { what: pool(2), forMs: HOUR })
    const specs: NodeSpec[] = [{ free: 0 }, { free: 4, card: '910B3' }, { free: 2 }]
    const [first] = draw.claims
    if (first === undefined) throw new Error('held')
    const found = planReplacements(draw, [first], around(specs), kindOf)
    expect(found?.cards.map(({ nodeId }) => nodeId)).toEqual([nodeIdOf(2)])
    const none = planReplacements(draw, [first], around(specs.slice(0, 2)), kindOf)
    expect(none).toBeNull()
  })

  test('stay in the site where one site was asked for', () => {
    const draw = heldDraw([0, 1], { what: pool(2, { isSameSite: true }), forMs: HOUR })
    const [first] = draw.claims
    if (first === undefined) throw new Error('held')
    const specs = [{ free: 0 }, { free: 8, site: 'C' }]
    expect(planReplacements(draw, [first], around(specs), kindOf)).toBeNull()
    const here = [...specs, { free: 8, site: 'A' }]
    expect(planReplacements(draw, [first], around(here), kindOf)?.cards).toHaveLength(1)
  })

  test('are judged together with what stays', () => {
    const draw = heldDraw([1, 2], { what: pool(2), confidencePpm: 800_000, forMs: HOUR })
    const [first] = draw.claims
    if (first === undefined) throw new Error('held')
    const specs = [{ free: 0 }, { free: 8 }]
    const sure = around(specs, { forecast: new Forecast([0.9, 0.9]) })
    expect(planReplacements(draw, [first], sure, kindOf)?.chance.chancePpm).toBe(810_000)
    const unsure = around(specs, { forecast: new Forecast([0.85, 0.9]) })
    expect(planReplacements(draw, [first], unsure, kindOf)).toBeNull()
  })

  test('of named cards there are none', () => {
    const draw = heldDraw([0, 1], { what: lots([0, 2]), forMs: HOUR })
    expect(planReplacements(draw, draw.claims, around([{ free: 8 }]), kindOf)).toBeNull()
  })
})

describe('cards out of reach', () => {
  const card = { nodeId: nodeIdOf(0), unitId: 1 as UnitId }

  test('in hand are out until the index has seen their claim', () => {
    const hand = new CardsInHand()
    hand.take([card])
    hand.seenUpTo(1_000)
    expect(hand.isOut(card)).toBe(true)
    hand.commit([card], 1_000)
    hand.seenUpTo(1_000)
    expect(hand.isOut(card)).toBe(true)
    hand.seenUpTo(1_001)
    expect([hand.isOut(card), hand.touches(card.nodeId)]).toEqual([false, false])
  })

  test('are free again when a draw lets them go', () => {
    const hand = new CardsInHand()
    hand.take([card, { ...card, unitId: 2 as UnitId }])
    hand.release([card])
    expect([hand.isOut(card), hand.touches(card.nodeId)]).toEqual([false, true])
  })

  test('of a node that did not answer are all of its cards', () => {
    const missed = new CardsMissed()
    missed.add(card.nodeId, [2 as UnitId])
    expect(missed.isOut(card)).toBe(false)
    missed.add(card.nodeId, [])
    expect(anyOf(new CardsMissed(), missed).isOut(card)).toBe(true)
  })

  test('rest for 10 s, and are forgotten then', () => {
    const clock = new FakeClock()
    const resting = new CardsResting(() => clock.monotonicMs())
    resting.add(card.nodeId, [])
    clock.advance(9_999)
    expect(resting.isOut(card)).toBe(true)
    clock.advance(1)
    expect(resting.isOut(card)).toBe(false)
    expect(resting.touches('n-1' as NodeId)).toBe(false)
  })
})

test('of several refusals the first in the documented order is told', () => {
  const last = refusalOf('declined')
  for (const code of DRAW_REFUSALS.slice(0, -1)) {
    expect(firstOf([last, refusalOf(code)])?.code).toBe(code)
  }
})
