/**
 * Best fit: from which lots of one kind a number of cards is taken, so that nodes whose cards are
 * all free stay whole for those who need whole nodes. Pure.
 *
 * In this order: as few and as small whole nodes broken as can be; few nodes; few sites; few cards
 * left over in nodes that were touched; the first of equal ones, free longest. Which nodes by size is
 * settled on counts alone (`stepsFor`), which of them are taken after that. Whole nodes are taken
 * largest first, which is best where sizes of nodes divide each other (4, 8, 16), and good where
 * they do not.
 *
 * A node is `whole` when all its cards are free and can be taken together, `odd` when all are free
 * but groups do not use them up, `partly` otherwise. `opened` is a whole node that is broken.
 */
import { assert } from '@yiben/shared'
import type { Offer } from './capacity-index.ts'
import { type Need, type Take, usableCards } from './capacity-need.ts'

export interface Fit {
  readonly takes: readonly Take[]
  /** All cards of the whole nodes that are broken. */
  readonly cardsBroken: number
  readonly sites: number
  /** Left over in the nodes that were not taken whole. */
  readonly cardsSpare: number
}

type Grouping = Pick<Need, 'cardsPerNode'>

/** Offers by how many cards they can give: `partly[6]` are the nodes with six. */
interface Bins {
  readonly partly: Offer[][]
  readonly whole: Offer[][]
  readonly odd: Offer[][]
}

/** How many nodes there are, by the same sizes. What is closed may not be broken. */
interface Stock {
  readonly partly: number[]
  readonly whole: number[]
  readonly opened: number[]
  readonly odd: number[]
  readonly oddClosed: number[]
}

/** So many nodes of one size, and how many cards of each. */
interface Step {
  readonly from: 'partly' | 'whole' | 'opened' | 'odd'
  readonly size: number
  readonly nodes: number
  readonly cards: number
}

/** `offers` are of one kind, best first, and hold at least `cards` in groups. */
export function bestFit(offers: readonly Offer[], cards: number, grouping: Grouping): Fit {
  const bins = binsOf(offers, grouping)
  const steps = stepsFor(stockOf(bins), cards)
  const inOneSite = nodesOf(steps) === 1 ? null : bestSite(offers, { cards, grouping, steps })
  return inOneSite ?? fitOf(takeAll(bins, steps))
}

/** Negative when `left` is the better one. */
export function compareFits(left: Fit, right: Fit): number {
  return (
    left.cardsBroken - right.cardsBroken ||
    left.takes.length - right.takes.length ||
    left.sites - right.sites ||
    left.cardsSpare - right.cardsSpare
  )
}

export function fitOf(takes: readonly Take[]): Fit {
  let cardsBroken = 0
  let cardsSpare = 0
  for (const { offer, cards } of takes) {
    const spare = offer.cards.length - cards
    if (spare > 0 && offer.isWhole) cardsBroken += offer.cards.length
    cardsSpare += spare
  }
  const sites = new Set(takes.map(({ offer }) => offer.site)).size
  return { takes, cardsBroken, sites, cardsSpare }
}

/** The best site that serves as well alone: with as few nodes, and as few of them broken. */
function bestSite(
  offers: readonly Offer[],
  ask: { readonly cards: number; readonly grouping: Grouping; readonly steps: readonly Step[] },
): Fit | null {
  const { cards, grouping, steps } = ask
  let best: Fit | null = null
  for (const own of Map.groupBy(offers, ({ site }) => site).values()) {
    const total = own.reduce((sum, offer) => sum + usableCards(offer, grouping), 0)
    if (total < cards) continue
    const bins = binsOf(own, grouping)
    const ownSteps = stepsFor(stockOf(bins), cards)
    if (brokenOf(ownSteps) > brokenOf(steps) || nodesOf(ownSteps) > nodesOf(steps)) continue
    const fit = fitOf(takeAll(bins, ownSteps))
    if (best === null || compareFits(fit, best) < 0) best = fit
  }
  return best
}

function binsOf(offers: readonly Offer[], grouping: Grouping): Bins {
  const bins: Bins = { partly: [], whole: [], odd: [] }
  for (const offer of offers) {
    const size = usableCards(offer, grouping)
    if (size === 0) continue
    const bin = !offer.isWhole ? bins.partly : size === offer.cards.length ? bins.whole : bins.odd
    const beside = bin[size]
    if (beside === undefined) bin[size] = [offer]
    else beside.push(offer)
  }
  return bins
}

function stockOf({ partly, whole, odd }: Bins): Stock {
  const sizes = Math.max(partly.length, whole.length, odd.length)
  const countsOf = (bin: readonly (readonly Offer[])[]) =>
    Array.from({ length: sizes }, (_, size) => bin[size]?.length ?? 0)
  return {
    partly: countsOf(partly),
    whole: countsOf(whole),
    opened: countsOf([]),
    odd: countsOf([]),
    oddClosed: countsOf(odd),
  }
}

/** Opens as few closed nodes as the rest needs, and tries again; each turn opens one at least. */
function stepsFor(stock: Stock, cards: number): readonly Step[] {
  const nodesLeast = nodesAtLeast(stock, cards)
  for (;;) {
    let best: Way | null = null
    const wholes = wholesWithin(stock, cards)
    // Fewer whole nodes can need fewer others: 2 and 5 of 6 for 7 cards, not 2, 2 and 3 of 6.
    for (let count = wholes.length; count >= 0; count -= 1) {
      const way = wayWith(wholes.slice(0, count), stock, cards)
      if (best === null || compareWays(way, best) < 0) best = way
      if (best.rest === 0 && best.broken === 0 && best.nodes === nodesLeast) break
    }
    assert(best !== null, 'taking no whole node is a way')
    if (best.rest === 0) return best.steps
    open(stock, best)
  }
}

interface Way {
  readonly steps: readonly Step[]
  /** Cards that could not be found without breaking a closed node. */
  readonly rest: number
  readonly broken: number
  readonly nodes: number
}

function compareWays(left: Way, right: Way): number {
  return left.rest - right.rest || left.broken - right.broken || left.nodes - right.nodes
}

/** As if every node could be broken. */
function nodesAtLeast(stock: Stock, cards: number): number {
  let nodes = 0
  let rest = cards
  for (let size = stock.partly.length - 1; size > 0 && rest > 0; size -= 1) {
    const { partly, whole, oddClosed } = stock
    const there = (partly[size] ?? 0) + (whole[size] ?? 0) + (oddClosed[size] ?? 0)
    const used = Math.min(there, Math.ceil(rest / size))
    nodes += used
    rest -= used * size
  }
  return nodes
}

/** Sizes of the whole nodes that the cards fill, one by one, the largest first. */
function wholesWithin({ whole }: Stock, cards: number): readonly number[] {
  const sizes: number[] = []
  let rest = cards
  for (let size = Math.min(rest, whole.length - 1); size > 0; size = Math.min(rest, size - 1)) {
    const count = Math.min(whole[size] ?? 0, Math.floor(rest / size))
    for (let node = 0; node < count; node += 1) sizes.push(size)
    rest -= count * size
  }
  return sizes
}

/** These whole nodes, and the rest from nodes that may be broken. */
function wayWith(wholes: readonly number[], stock: Stock, cards: number): Way {
  const steps: Step[] = []
  let rest = cards
  for (const size of wholes) {
    const last = steps.at(-1)
    if (last?.size === size) steps[steps.length - 1] = { ...last, nodes: last.nodes + 1 }
    else steps.push({ from: 'whole', size, nodes: 1, cards: size })
    rest -= size
  }
  const { partly, opened, odd } = stock
  const left = { partly: [...partly], opened: [...opened], odd: [...odd] }
  while (rest > 0) {
    const step = lastStep(left, rest) ?? largestStep(left, rest)
    if (step === null) break
    left[step.from][step.size] = (left[step.from][step.size] ?? 0) - step.nodes
    steps.push(step)
    rest -= step.nodes * step.cards
  }
  return { steps, rest, broken: brokenOf(steps), nodes: nodesOf(steps) }
}

const BREAKABLE = ['partly', 'opened', 'odd'] as const
type Breakable = (typeof BREAKABLE)[number]
type Left = Readonly<Record<Breakable, number[]>>
type BreakableStep = Step & { readonly from: Breakable }

/** One node for all the rest: the smallest that has it. */
function lastStep(left: Left, rest: number): BreakableStep | null {
  for (const from of BREAKABLE) {
    for (let size = rest; size < left[from].length; size += 1) {
      if ((left[from][size] ?? 0) > 0) return { from, size, nodes: 1, cards: rest }
    }
  }
  return null
}

/** All of the largest nodes; none of them has all the rest. */
function largestStep(left: Left, rest: number): BreakableStep | null {
  for (let size = left.partly.length - 1; size > 0; size -= 1) {
    for (const from of BREAKABLE) {
      const there = left[from][size] ?? 0
      if (there === 0) continue
      return { from, size, nodes: Math.min(there, Math.floor(rest / size)), cards: size }
    }
  }
  return null
}

/** Lets closed nodes be broken: the largest while one is not enough, then the smallest that is. */
function open(stock: Stock, { rest, steps }: Way): void {
  const closed = stock.whole.map((count, size) => {
    const taken = steps.find((step) => step.from === 'whole' && step.size === size)?.nodes ?? 0
    return count - taken + (stock.oddClosed[size] ?? 0)
  })
  for (let missing = rest; missing > 0; ) {
    const enough = closed.findIndex((count, size) => count > 0 && size >= missing)
    const size = enough >= 0 ? enough : closed.findLastIndex((count) => count > 0)
    assert(size > 0, 'there is enough to choose from')
    closed[size] = (closed[size] ?? 0) - 1
    const isOdd = (stock.oddClosed[size] ?? 0) > 0
    if (isOdd) move(stock.oddClosed, stock.odd, size)
    else move(stock.whole, stock.opened, size)
    missing -= size
  }
}

function move(from: number[], to: number[], size: number): void {
  from[size] = (from[size] ?? 0) - 1
  to[size] = (to[size] ?? 0) + 1
}

function nodesOf(steps: readonly Step[]): number {
  return steps.reduce((sum, { nodes }) => sum + nodes, 0)
}

/** All cards that the whole nodes which the steps break can give. */
function brokenOf(steps: readonly Step[]): number {
  return steps.reduce((sum, { from, size, nodes, cards }) => {
    return from === 'odd' || (from === 'opened' && cards < size) ? sum + nodes * size : sum
  }, 0)
}

/** Which nodes: of sites that are in use already, then of as few others as can be. */
function takeAll(bins: Bins, steps: readonly Step[]): readonly Take[] {
  const takes: Take[] = []
  const taken = new Set<Offer>()
  for (const { from, size, nodes, cards } of steps) {
    const bin = bins[from === 'opened' ? 'whole' : from][size] ?? []
    const free = taken.size === 0 ? bin : bin.filter((offer) => !taken.has(offer))
    for (const offer of fromFewSites(free, nodes, takes)) {
      taken.add(offer)
      takes.push({ offer, cards })
    }
  }
  return takes
}

function fromFewSites(
  offers: readonly Offer[],
  count: number,
  takes: readonly Take[],
): readonly Offer[] {
  if (count >= offers.length) return offers
  const used = new Set(takes.map(({ offer }) => offer.site))
  if (count === 1) return [offers.find(({ site }) => used.has(site)) ?? offers[0] ?? []].flat()
  const sites = [...Map.groupBy(offers, ({ site }) => site)]
  const chosen: Offer[] = []
  while (chosen.length < count) {
    const missing = count - chosen.length
    const next = sites.reduce((best, one) => {
      return isBetterSite(one, best, { missing, used }) ? one : best
    })
    chosen.push(...next[1].slice(0, missing))
    sites.splice(sites.indexOf(next), 1)
  }
  return chosen
}

type SiteOffers = readonly [site: Offer['site'], offers: readonly Offer[]]

/** In use already; else the smallest that has all that is missing; else the largest. */
function isBetterSite(
  [site, offers]: SiteOffers,
  [bestSite, bestOffers]: SiteOffers,
  { missing, used }: { readonly missing: number; readonly used: ReadonlySet<Offer['site']> },
): boolean {
  if (used.has(site) !== used.has(bestSite)) return used.has(site)
  const isEnough = offers.length >= missing
  const isBestEnough = bestOffers.length >= missing
  if (isEnough !== isBestEnough) return isEnough
  return isEnough ? offers.length < bestOffers.length : offers.length > bestOffers.length
}
