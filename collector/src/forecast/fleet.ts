/**
 * What is known of a fleet so far, kept up to date change by change: every card's state and its last
 * windows, its node's and its pool's claims and releases, and in which order a pool's cards are
 * usually claimed. Nothing here looks ahead: it is a fold over what it was told, in time order.
 *
 * A pool is a scheduling domain: a job takes any card of its pool and none outside it. The collector
 * makes it of site and model. `free` and `lent` cards are both unclaimed by the owner.
 */
import { Columns } from './columns.ts'
import { clamp, DAY_MS, entry, HOUR_MS, remaining, SECOND_MS } from './numbers.ts'
import {
  newPool,
  ORDER_BUCKETS,
  type Pool,
  type PoolJson,
  poolFromJson,
  poolToJson,
} from './pool-state.ts'

/** `unseen`: nothing is known. `taken`: the owner uses the card, or it is broken. */
export type CardState = 'unseen' | 'free' | 'lent' | 'taken'

export interface CardPlace {
  readonly cardId: string
  readonly nodeId: string
  readonly poolId: string
}

/** What a change did to the card's free window, for those who learn from it. */
export type WindowChange = 'opened' | 'ended' | 'censored' | 'none'

export interface Node {
  readonly pool: number
  readonly cards: number[]
  free: number
  /** 0: never seen. */
  claimedAtMs: number
  releasedAtMs: number
}

const CARD_COLUMNS = [
  'node',
  'pool',
  'state',
  'sinceMs',
  'lengthLog1',
  'lengthLog2',
  'lengthLog3',
  'lengthLogMean',
  'lengths',
  'takenLog',
  'shareDay',
  'shareWeek',
  'shareAtMs',
  'claims',
  'claimsAtMs',
  'passedOver',
  'chosen',
  'poolClaimsAtOpen',
  'orderBucket',
] as const
export type CardColumn = (typeof CARD_COLUMNS)[number]

const STATE_NUMBERS: Readonly<Record<CardState, number>> = { unseen: 0, free: 1, lent: 2, taken: 3 }
const FREE = STATE_NUMBERS.free

/** Of the mean window length: each new window weighs this much. */
const LENGTH_MEAN_SHARE = 0.3
/** Of the claims that passed a card over, what is kept at each of its windows' ends. */
const ORDER_KEPT = 0.9
/** A card is thought to be chosen as often as its pool's until it has seen this many claims. */
const ORDER_PRIOR_CLAIMS = 10

export interface FleetJson {
  readonly cards: Readonly<Record<string, string>>
  readonly nodes: readonly Node[]
  readonly pools: readonly PoolJson[]
  readonly cardKeys: readonly string[]
  readonly nodeKeys: readonly string[]
}

export class Fleet {
  readonly cards: Columns<CardColumn>
  readonly nodes: Node[] = []
  readonly pools: Pool[] = []
  readonly #cardIndex = new Map<string, number>()
  readonly #nodeIndex = new Map<string, number>()
  readonly #poolIndex = new Map<string, number>()

  constructor(cards: Columns<CardColumn> = new Columns(CARD_COLUMNS)) {
    this.cards = cards
  }

  toJSON(): FleetJson {
    return {
      cards: this.cards.toJSON(),
      nodes: this.nodes.map((node) => ({ ...node, cards: [...node.cards] })),
      pools: this.pools.map(poolToJson),
      cardKeys: [...this.#cardIndex.keys()],
      nodeKeys: [...this.#nodeIndex.keys()],
    }
  }

  static fromJSON(state: FleetJson): Fleet {
    const fleet = new Fleet(Columns.fromJSON(CARD_COLUMNS, state.cards))
    fleet.nodes.push(...state.nodes.map((node) => ({ ...node, cards: [...node.cards] })))
    fleet.pools.push(...state.pools.map(poolFromJson))
    // Maps keep the order in which their keys came: a key's place is its number.
    for (const [card, key] of state.cardKeys.entries()) fleet.#cardIndex.set(key, card)
    for (const [node, key] of state.nodeKeys.entries()) fleet.#nodeIndex.set(key, node)
    for (const [pool, { poolId }] of fleet.pools.entries()) fleet.#poolIndex.set(poolId, pool)
    return fleet
  }

  findCard(place: CardPlace): number | null {
    return this.#cardIndex.get(cardKeyOf(place)) ?? null
  }

  /** The card's number, made on first sight. A card that has moved is another card. */
  cardOf(place: CardPlace): number {
    const { nodeId, poolId } = place
    const key = cardKeyOf(place)
    const known = this.#cardIndex.get(key)
    if (known !== undefined) return known
    const pool = indexIn(this.#poolIndex, poolId, this.pools, () => newPool(poolId))
    const node = indexIn(this.#nodeIndex, `${poolId}\n${nodeId}`, this.nodes, () => {
      entry(this.pools, pool).nodes.push(this.nodes.length)
      return { pool, cards: [], free: 0, claimedAtMs: 0, releasedAtMs: 0 }
    })
    const card = this.cards.add()
    this.#cardIndex.set(key, card)
    this.cards.set('node', card, node)
    this.cards.set('pool', card, pool)
    const { cards: beside, free } = entry(this.nodes, node)
    // A node that gains a card that is not free is no longer wholly free.
    if (beside.length > 0 && free === beside.length) entry(this.pools, pool).nodesFree -= 1
    beside.push(card)
    return card
  }

  isFree(card: number): boolean {
    return this.cards.get('state', card) === FREE
  }

  /** Since when the card has been free; its window's beginning. */
  windowStartMs(card: number): number {
    return this.cards.get('sinceMs', card)
  }

  poolOf(card: number): Pool {
    return entry(this.pools, this.cards.get('pool', card))
  }

  nodeOf(card: number): Node {
    return entry(this.nodes, this.cards.get('node', card))
  }

  /** The card is in this state from `atMs` on; times of one fleet never go back. */
  change(card: number, state: CardState, atMs: number): WindowChange {
    const { cards } = this
    const before = cards.get('state', card)
    const after = STATE_NUMBERS[state]
    if (before === after) return 'none'
    const pool = this.poolOf(card)
    pool.history.advance(atMs)
    this.#settleShares(card, pool, atMs)
    if (before === FREE) this.#closeWindow(card, pool, { atMs, isClaim: state === 'taken' })
    else if (before === STATE_NUMBERS.taken) this.#noteTaken(card, atMs)
    this.#count(pool, { before, after, atMs })
    cards.set('state', card, after)
    cards.set('sinceMs', card, atMs)
    if (after === FREE) {
      this.#openWindow(card, pool, { atMs, isRelease: before === STATE_NUMBERS.taken })
      return 'opened'
    }
    if (before !== FREE) return 'none'
    return state === 'taken' ? 'ended' : 'censored'
  }

  /** Passes the half hours of every pool's history up to `nowMs`. */
  advance(nowMs: number): void {
    for (const pool of this.pools) pool.history.advance(nowMs)
  }

  /** The card's and its pool's share of free time, forgotten within a day or a week. */
  freeShare(card: number, window: 'shareDay' | 'shareWeek', nowMs: number): number {
    const elapsedMs = nowMs - this.cards.get('shareAtMs', card)
    return faded(
      this.cards.get(window, card),
      this.isFree(card) ? 1 : 0,
      elapsedMs,
      SHARE_MS[window],
    )
  }

  poolFreeShare(pool: Pool, window: 'shareDay' | 'shareWeek', nowMs: number): number {
    return faded(pool[window], unclaimedShare(pool), nowMs - pool.shareAtMs, SHARE_MS[window])
  }

  #settleShares(card: number, pool: Pool, atMs: number): void {
    for (const window of ['shareDay', 'shareWeek'] as const) {
      this.cards.set(window, card, this.freeShare(card, window, atMs))
      pool[window] = this.poolFreeShare(pool, window, atMs)
    }
    this.cards.set('shareAtMs', card, atMs)
    pool.shareAtMs = atMs
  }

  #count(pool: Pool, change: { before: number; after: number; atMs: number }): void {
    const { before, after, atMs } = change
    const { unseen, lent, taken } = STATE_NUMBERS
    if (before === unseen) {
      pool.cards += 1
      if (pool.cards === 1)
        Object.assign(pool, {
          shareDay: after === taken ? 0 : 1,
          shareWeek: after === taken ? 0 : 1,
        })
    }
    if (after === unseen) pool.cards -= 1
    if (before === lent) pool.lent -= 1
    if (after === lent) pool.lent += 1
    const wasUnclaimed = before === FREE || before === lent
    const isUnclaimed = after === FREE || after === lent
    if (before === unseen || after === unseen) {
      if (wasUnclaimed !== isUnclaimed) pool.history.shift(isUnclaimed ? 1 : -1)
      return
    }
    if (wasUnclaimed === isUnclaimed) return
    pool.history.change(isUnclaimed ? 1 : -1)
    fadeRates(pool, atMs)
    if (isUnclaimed) {
      pool.releases1 += 1
      pool.releases6 += 1
    } else {
      pool.claims1 += 1
      pool.claims6 += 1
      pool.claims24 += 1
      pool.claimsEver += 1
      pool.claimedAtMs = atMs
    }
  }

  #openWindow(
    card: number,
    pool: Pool,
    { atMs, isRelease }: { atMs: number; isRelease: boolean },
  ): void {
    const node = this.nodeOf(card)
    this.#changeNodeFree(node, pool, 1)
    if (isRelease) node.releasedAtMs = atMs
    pool.free += 1
    const bucket = this.#orderBucket(card, pool)
    this.cards.set('orderBucket', card, bucket)
    this.cards.set('poolClaimsAtOpen', card, pool.claimsEver)
    pool.order[bucket] = (pool.order[bucket] as number) + 1
  }

  #closeWindow(
    card: number,
    pool: Pool,
    { atMs, isClaim }: { atMs: number; isClaim: boolean },
  ): void {
    const { cards } = this
    const node = this.nodeOf(card)
    this.#changeNodeFree(node, pool, -1)
    pool.free -= 1
    const bucket = cards.get('orderBucket', card)
    pool.order[bucket] = (pool.order[bucket] as number) - 1
    const passedOver = pool.claimsEver - cards.get('poolClaimsAtOpen', card)
    const chosen = isClaim ? 1 : 0
    cards.set('passedOver', card, cards.get('passedOver', card) * ORDER_KEPT + passedOver)
    cards.set('chosen', card, cards.get('chosen', card) * ORDER_KEPT + chosen)
    pool.passedOver += passedOver
    pool.chosen += chosen
    if (!isClaim) return
    node.claimedAtMs = atMs
    const lengthLog = logSeconds(atMs - cards.get('sinceMs', card))
    const seen = cards.get('lengths', card)
    const mean = cards.get('lengthLogMean', card)
    cards.set('lengthLog3', card, cards.get('lengthLog2', card))
    cards.set('lengthLog2', card, cards.get('lengthLog1', card))
    cards.set('lengthLog1', card, lengthLog)
    cards.set(
      'lengthLogMean',
      card,
      seen === 0 ? lengthLog : mean + LENGTH_MEAN_SHARE * (lengthLog - mean),
    )
    cards.set('lengths', card, seen + 1)
    const kept = remaining(atMs - cards.get('claimsAtMs', card), DAY_MS)
    cards.set('claims', card, cards.get('claims', card) * kept + 1)
    cards.set('claimsAtMs', card, atMs)
  }

  #noteTaken(card: number, atMs: number): void {
    this.cards.set('takenLog', card, logSeconds(atMs - this.cards.get('sinceMs', card)))
  }

  #changeNodeFree(node: Node, pool: Pool, by: number): void {
    const size = node.cards.length
    if (node.free === size) pool.nodesFree -= 1
    node.free += by
    if (node.free === size) pool.nodesFree += 1
  }

  /** How often claims of the pool chose this card while it was free, as a bucket of its logarithm. */
  #orderBucket(card: number, pool: Pool): number {
    const usual = (pool.chosen + 1) / (pool.passedOver + ORDER_PRIOR_CLAIMS)
    const own =
      (this.cards.get('chosen', card) + ORDER_PRIOR_CLAIMS * usual) /
      (this.cards.get('passedOver', card) + ORDER_PRIOR_CLAIMS)
    // Two buckets per doubling around the usual, the most often chosen first.
    const bucket = Math.round(ORDER_BUCKETS / 2 - 2 * Math.log2(own / usual))
    return clamp(bucket, 0, ORDER_BUCKETS - 1)
  }
}

const SHARE_MS = { shareDay: DAY_MS, shareWeek: 7 * DAY_MS } as const

export function unclaimedShare(pool: Pool): number {
  return pool.cards === 0 ? 0 : (pool.free + pool.lent) / pool.cards
}

function faded(before: number, present: number, elapsedMs: number, timeConstantMs: number): number {
  return present + (before - present) * remaining(elapsedMs, timeConstantMs)
}

/** Claims and releases are forgotten within one, six and 24 hours. */
export function fadeRates(pool: Pool, nowMs: number): void {
  const elapsedMs = nowMs - pool.ratesAtMs
  pool.ratesAtMs = nowMs
  pool.claims1 *= remaining(elapsedMs, HOUR_MS)
  pool.releases1 *= remaining(elapsedMs, HOUR_MS)
  pool.claims6 *= remaining(elapsedMs, 6 * HOUR_MS)
  pool.releases6 *= remaining(elapsedMs, 6 * HOUR_MS)
  pool.claims24 *= remaining(elapsedMs, DAY_MS)
}

export function logSeconds(ms: number): number {
  return Math.log1p(Math.max(0, ms) / SECOND_MS)
}

function cardKeyOf({ cardId, nodeId, poolId }: CardPlace): string {
  return `${poolId}\n${nodeId}\n${cardId}`
}

function indexIn<Thing>(
  index: Map<string, number>,
  key: string,
  things: Thing[],
  make: () => Thing,
) {
  const known = index.get(key)
  if (known !== undefined) return known
  const made = make()
  index.set(key, things.length)
  things.push(made)
  return things.length - 1
}
