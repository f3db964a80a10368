/**
 * Capacity search against a second, simple one that shares nothing with it: it adds up what every
 * node can give, and for small fleets tries every way of taking it.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { searchCapacity } from '../../../collector/src/bank/capacity.ts'
import type { Take } from '../../../collector/src/bank/capacity-need.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import {
  type Ask,
  HOUR,
  Independent,
  indexOf,
  indexOfOffers,
  type NodeSpec,
  nodeIdOf,
  offerOf,
  type ProfileName,
  requestOf,
  SURROUNDINGS,
  search,
  taken,
} from './capacity-maker.ts'

/** Written out: nano-TFLOPS, memory and maker of each. */
const FACTS = {
  H800: { p: 989_400_000_000n, gib: 80, model: 'H800 SXM', vendor: 'nvidia', domestic: false },
  '910B3': {
    p: 313_000_000_000n,
    gib: 64,
    model: 'Ascend 910B3',
    vendor: 'ascend',
    domestic: true,
  },
  'RTX 4090': {
    p: 165_200_000_000n,
    gib: 24,
    model: 'GeForce RTX 4090',
    vendor: 'nvidia',
    domestic: false,
  },
  unknown: { p: 0n, gib: 40, model: null, vendor: 'nvidia', domestic: false },
} as const satisfies Readonly<Record<ProfileName, object>>
const PLACES = {
  A: { region: '110108', hub: '京津冀' },
  B: { region: '110115', hub: '京津冀' },
  C: { region: '520115', hub: '贵州' },
} as const

interface Node extends NodeSpec {
  readonly free: number
  readonly of: number
  readonly site: keyof typeof PLACES
  readonly card: ProfileName
  readonly leaseMsMax: number | null
  readonly provenAgoMs: number
  readonly isSuspended: boolean
}

const anyNode: fc.Arbitrary<Node> = fc
  .record({
    of: fc.constantFrom(2, 4, 8, 8),
    freeShare: fc.constantFrom(0, 0.25, 0.5, 0.75, 1, 1),
    site: fc.constantFrom('A' as const, 'B' as const, 'C' as const),
    card: fc.constantFrom<ProfileName>('H800', 'H800', '910B3', 'RTX 4090', 'unknown'),
    leaseMsMax: fc.constantFrom(null, 2 * HOUR, 8 * HOUR),
    provenAgoMs: fc.constantFrom(60_000, 60_000, 60_000, 95_000),
    isSuspended: fc.constantFrom(false, false, false, true),
  })
  .map(({ freeShare, ...node }) => ({ ...node, free: Math.round(freeShare * node.of) }))

const anyAsk: fc.Arbitrary<Ask> = fc
  .record({
    amount: fc.oneof(
      fc.record({ groups: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ p: fc.bigInt({ min: 1n, max: 20_000_000_000_000n }) }),
    ),
    cardsPerNode: fc.constantFrom(null, null, 2, 4, 8),
    isSameSite: fc.boolean(),
    model: fc.constantFrom(null, null, 'H800 SXM', 'Ascend 910B3'),
    vendor: fc.constantFrom(null, null, 'nvidia' as const, 'ascend' as const),
    domestic: fc.constantFrom(null, null, true, false),
    memoryGibMin: fc.constantFrom(null, null, 40, 80),
    region: fc.constantFrom(null, null, '110000', '110108', '520000'),
    hub: fc.constantFrom(null, null, '京津冀', '贵州'),
    forMs: fc.constantFrom(null, null, HOUR, 4 * HOUR),
    includesUnfenced: fc.constantFrom(true, true, true, false),
  })
  .map(({ amount, ...ask }) => {
    if ('p' in amount) return { ...ask, p: amount.p }
    return {
      ...ask,
      cards: amount.groups * (ask.cardsPerNode ?? 1) * (ask.cardsPerNode === null ? 4 : 1),
    }
  })

const isHeard = (node: Node) => !node.isSuspended && node.provenAgoMs < 90_000

/** Each filter as one plain sentence. */
const PASSES: Readonly<Record<string, (node: Node, ask: Ask) => boolean>> = {
  model: ({ card }, { model }) => (model ?? null) === null || FACTS[card].model === model,
  vendor: ({ card }, { vendor }) => (vendor ?? null) === null || FACTS[card].vendor === vendor,
  domestic: ({ card }, { domestic }) =>
    (domestic ?? null) === null || FACTS[card].domestic === domestic,
  memory_gib_min: ({ card }, { memoryGibMin }) => FACTS[card].gib >= (memoryGibMin ?? 0),
  region: ({ site }, { region }) => {
    const prefix = { '110000': '11', '110108': '110108', '520000': '52' }[region ?? ''] ?? ''
    return PLACES[site].region.startsWith(prefix)
  },
  hub: ({ site }, { hub }) => (hub ?? null) === null || PLACES[site].hub === hub,
  hours: ({ leaseMsMax }, { forMs }) =>
    (forMs ?? null) === null || (leaseMsMax !== null && leaseMsMax >= (forMs ?? 0)),
  unfenced: (_, { includesUnfenced }) => includesUnfenced === true,
}

interface Most {
  readonly cards: number
  readonly p: bigint
}

/** The most there is for the request, added up node by node; in the best site if in one. */
function mostOf(nodes: readonly Node[], ask: Ask, without: string | null): Most {
  const group = without === 'per_node' ? 1 : (ask.cardsPerNode ?? 1)
  const sites = ask.isSameSite === true && without !== 'same_site' ? ['A', 'B', 'C'] : [null]
  let most: Most = { cards: 0, p: 0n }
  for (const site of sites) {
    let cards = 0
    let p = 0n
    for (const node of nodes) {
      if (!isHeard(node) || (site !== null && node.site !== site)) continue
      const failed = Object.keys(PASSES).filter((name) => PASSES[name]?.(node, ask) === false)
      if (failed.some((name) => name !== without)) continue
      const usable = Math.floor(node.free / group) * group
      cards += usable
      p += BigInt(usable) * FACTS[node.card].p
    }
    const isMore = ask.p === undefined ? cards > most.cards : p > most.p
    if (isMore) most = { cards, p }
  }
  return most
}

function isEnough(most: Most, ask: Ask): boolean {
  return ask.p === undefined ? most.cards >= (ask.cards ?? 1) : most.p >= ask.p
}

function ask(nodes: readonly Node[], question: Ask) {
  return search(nodes, question, {
    isSuspended: (nodeId) =>
      nodes.some((node, index) => node.isSuspended && nodeIdOf(index) === nodeId),
  })
}

const anyFleet = fc.array(anyNode, { minLength: 0, maxLength: 14 })

describe('against a second search', () => {
  test('what is taken is there, passes every filter, and is what was asked for', () => {
    fc.assert(
      fc.property(anyFleet, anyAsk, (nodes, question) => {
        const answer = ask(nodes, question)
        const takes = Object.entries(taken(answer))
        expect(takes).toHaveLength(answer.takes.length)
        const sites = new Set<string>()
        let total: Most = { cards: 0, p: 0n }
        for (const [number, cards] of takes) {
          const node = nodes[Number(number)]
          if (node === undefined) throw new Error('a node nobody has told of')
          expect(isHeard(node)).toBe(true)
          expect(cards).toBeLessThanOrEqual(node.free)
          expect(cards % (question.cardsPerNode ?? 1)).toBe(0)
          for (const [name, passes] of Object.entries(PASSES)) {
            expect([name, passes(node, question)]).toEqual([name, true])
          }
          sites.add(node.site)
          total = { cards: total.cards + cards, p: total.p + BigInt(cards) * FACTS[node.card].p }
        }
        if (question.isSameSite === true) expect(sites.size).toBeLessThanOrEqual(1)
        expect(answer.total).toEqual({ cards: total.cards, nanoTflops: total.p })
        if (answer.isServed && question.cards !== undefined) {
          expect(total.cards).toBe(question.cards)
        }
        if (answer.isServed && question.p !== undefined) {
          expect(total.p).toBeGreaterThanOrEqual(question.p)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('it is served exactly when there is enough, and what there is is told exactly', () => {
    fc.assert(
      fc.property(anyFleet, anyAsk, (nodes, question) => {
        const answer = ask(nodes, question)
        const most = mostOf(nodes, question, null)
        expect(answer.isServed).toBe(isEnough(most, question))
        if (question.p === undefined) expect(answer.available.cards).toBe(most.cards)
        else expect(answer.available.nanoTflops).toBe(most.p)
        for (const { filter, isServed, available } of answer.inTheWay) {
          const without = mostOf(nodes, question, filter)
          expect([filter, isServed]).toEqual([filter, isEnough(without, question)])
          if (question.p === undefined)
            expect([filter, available.cards]).toEqual([filter, without.cards])
          else expect([filter, available.nanoTflops]).toEqual([filter, without.p])
        }
      }),
      { numRuns: 500 },
    )
  })

  test('loosening a filter never loses a fit', () => {
    const loosenings: readonly Ask[] = [
      { model: null },
      { vendor: null },
      { domestic: null },
      { memoryGibMin: null },
      { region: null },
      { hub: null },
      { forMs: null },
      { includesUnfenced: true },
      { cardsPerNode: null },
      { isSameSite: false },
    ]
    fc.assert(
      fc.property(anyFleet, anyAsk, fc.constantFrom(...loosenings), (nodes, question, looser) => {
        fc.pre(ask(nodes, question).isServed)
        expect(ask(nodes, { ...question, ...looser }).isServed).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})

const anyConfident = fc.record({
  cards: fc.integer({ min: 1, max: 3 }).map((groups) => groups * 4),
  cardsPerNode: fc.constantFrom(null, 2, 4),
  isSameSite: fc.boolean(),
  region: fc.constantFrom(null, '110000'),
  forMs: fc.constantFrom(HOUR, 2 * HOUR),
  confidence: fc.constantFrom(0.3, 0.6, 0.9),
})
const anyChances = fc.array(fc.constantFrom(null, 0.9, 0.95, 0.99, 0.999, 1), {
  minLength: 14,
  maxLength: 14,
})

describe('with a forecast', () => {
  const calm = (nodes: readonly Node[]) =>
    nodes.map((node) => ({
      ...node,
      isSuspended: false,
      leaseMsMax: 8 * HOUR,
      card: 'H800' as const,
    }))

  test('it is served exactly when the surest cards are sure enough together', () => {
    fc.assert(
      fc.property(anyFleet, anyChances, anyConfident, (fleet, chances, question) => {
        const nodes = calm(fleet)
        const answer = search(nodes, question, { outlook: new Independent(chances) })
        expect(answer.isServed).toBe(bestChance(nodes, chances, question) >= question.confidence)
        if (answer.isServed) expect(answer.chance).toBeGreaterThanOrEqual(question.confidence)
        else expect(answer.availableSure?.cards).toBe(mostSure(nodes, chances, question))
      }),
      { numRuns: 300 },
    )
  })

  test('asking for less, for less long or with less confidence never loses a fit', () => {
    const looser: readonly Ask[] = [
      { cards: 4 },
      { forMs: HOUR },
      { confidence: 0.3 },
      { region: null },
      { cardsPerNode: null },
      { isSameSite: false },
    ]
    fc.assert(
      fc.property(
        anyFleet,
        anyChances,
        anyConfident,
        fc.constantFrom(...looser),
        (fleet, chances, question, change) => {
          const nodes = calm(fleet)
          const outlook = new Independent(chances)
          fc.pre(search(nodes, question, { outlook }).isServed)
          expect(search(nodes, { ...question, ...change }, { outlook }).isServed).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** Independent cards: those with the best chances, group by group. -1 when there are not enough. */
function bestChance(
  nodes: readonly Node[],
  chances: readonly (number | null)[],
  question: Ask & { readonly cards: number; readonly forMs: number },
): number {
  const group = question.cardsPerNode ?? 1
  const sites = question.isSameSite === true ? ['A', 'B', 'C'] : [null]
  const perSite = sites.map((site) => {
    const groups = nodes.flatMap((node, index) => {
      const chance = chances[index] ?? null
      const isOut = !isHeard(node) || (site !== null && node.site !== site) || chance === null
      if (isOut || PASSES.region?.(node, question) === false) return []
      return Array.from({ length: Math.floor(node.free / group) }, () => chance)
    })
    const needed = question.cards / group
    const best = groups.sort((left, right) => right - left).slice(0, needed)
    if (best.length < needed) return -1
    const hours = question.forMs / HOUR
    return best.reduce((product, chance) => product * chance ** (group * hours), 1)
  })
  // Products in another order differ in the last digits.
  return Math.max(...perSite) + 1e-12
}

/** The most cards that last together with the confidence, tried one number after the other. */
function mostSure(
  nodes: readonly Node[],
  chances: readonly (number | null)[],
  question: Ask & { readonly confidence: number; readonly forMs: number },
): number {
  let cards = 0
  for (;;) {
    const more = cards + (question.cardsPerNode ?? 1)
    if (bestChance(nodes, chances, { ...question, cards: more }) < question.confidence) return cards
    cards = more
  }
}

describe('best fit', () => {
  const anySmall = fc.array(
    fc.record({
      of: fc.constantFrom(2, 4, 8, 8),
      freeShare: fc.constantFrom(0.25, 0.5, 0.75, 1, 1),
    }),
    { minLength: 1, maxLength: 6 },
  )

  test('no way of taking breaks fewer cards of whole nodes, or as few with fewer nodes', () => {
    fc.assert(
      fc.property(
        anySmall,
        fc.integer({ min: 1, max: 24 }),
        fc.constantFrom(1, 2, 4),
        (raw, wanted, group) => {
          const nodes = raw.map(({ of, freeShare }) => ({ of, free: Math.round(of * freeShare) }))
          const cards = Math.ceil(wanted / group) * group
          const answer = search(nodes, { cards, cardsPerNode: group })
          fc.pre(answer.isServed)
          const broken = brokenIn(answer.takes)
          const [fewestBroken, fewestNodes] = cheapest(nodes, cards, group)
          expect([broken, answer.takes.length]).toEqual([fewestBroken, fewestNodes])
        },
      ),
      { numRuns: 500 },
    )
  })

  test('one site is taken where one serves as well', () => {
    const anySited = fc.array(
      fc.record({ free: fc.integer({ min: 1, max: 8 }), site: fc.constantFrom('A', 'B', 'C') }),
      { minLength: 1, maxLength: 9 },
    )
    fc.assert(
      fc.property(anySited, fc.integer({ min: 1, max: 24 }), (nodes, cards) => {
        const answer = search(nodes, { cards })
        fc.pre(answer.isServed)
        const alone = search(nodes, { cards, isSameSite: true })
        const isAsGood =
          alone.isServed &&
          brokenIn(alone.takes) <= brokenIn(answer.takes) &&
          alone.takes.length <= answer.takes.length
        const sites = new Set(answer.takes.map(({ offer }) => offer.site.code)).size
        if (isAsGood) expect(sites).toBe(1)
      }),
      { numRuns: 300 },
    )
  })
})

/** Cards of whole nodes of which not all are taken. */
function brokenIn(takes: readonly Take[]): number {
  const broken = takes.filter(({ offer, cards }) => offer.isWhole && cards < offer.cards.length)
  return broken.reduce((sum, { offer }) => sum + offer.cards.length, 0)
}

/** Every way of taking exactly `cards` in groups: least of whole nodes broken, then fewest nodes. */
function cheapest(
  nodes: readonly { readonly free: number; readonly of: number }[],
  cards: number,
  group: number,
): readonly [broken: number, nodes: number] {
  let best: readonly [number, number] = [Number.POSITIVE_INFINITY, 0]
  const tryFrom = (index: number, rest: number, broken: number, used: number): void => {
    if (rest === 0) {
      const isBetter = broken < best[0] || (broken === best[0] && used < best[1])
      if (isBetter) best = [broken, used]
      return
    }
    const node = nodes[index]
    if (node === undefined || broken > best[0]) return
    for (let own = 0; own <= Math.min(rest, node.free); own += group) {
      const breaks = node.free === node.of && own > 0 && own < node.free ? node.of : 0
      tryFrom(index + 1, rest - own, broken + breaks, used + (own > 0 ? 1 : 0))
    }
  }
  tryFrom(0, cards, 0, 0)
  return best
}

describe('the index', () => {
  test('holds what it was told last, in whatever order it was told', () => {
    const anyTold = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), anyNode), { maxLength: 20 })
    fc.assert(
      fc.property(anyTold, fc.boolean(), (told, asksBetween) => {
        const index = indexOf([])
        const last = new Map<number, Node>()
        for (const [number, node] of told) {
          index.put(offerOf(node, number))
          last.set(number, node)
          if (asksBetween) expect(index.offers.length).toBeLessThanOrEqual(last.size)
        }
        const fresh = indexOfOffers([...last].map(([number, node]) => offerOf(node, number)))
        expect(index.offers).toEqual(fresh.offers)
        const question = requestOf({ cards: 9 })
        const surroundings = { ...SURROUNDINGS, scope: SCOPE_ALL }
        expect(searchCapacity(index, question, surroundings)).toEqual(
          searchCapacity(fresh, question, surroundings),
        )
      }),
      { numRuns: 200 },
    )
  })
})
