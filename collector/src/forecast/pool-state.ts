/** The counters of one pool and its history: plain numbers that `Fleet` keeps up to date. */
import { integersOf, textOf } from './columns.ts'
import { PoolHistory, type PoolHistoryJson } from './pool-history.ts'

interface PoolNumbers {
  cards: number
  free: number
  lent: number
  /** Nodes all of whose cards are free. */
  nodesFree: number
  /** Claims and releases by the owner, forgotten within 1, 6 and 24 hours. */
  claims1: number
  claims6: number
  claims24: number
  releases1: number
  releases6: number
  ratesAtMs: number
  claimsEver: number
  /** 0 before the first. */
  claimedAtMs: number
  /** Share of unclaimed card time, forgotten within a day and a week. */
  shareDay: number
  shareWeek: number
  shareAtMs: number
  /** Claims that passed a free card over, and claims that chose one, over all cards. */
  passedOver: number
  chosen: number
}

export interface Pool extends PoolNumbers {
  readonly poolId: string
  readonly nodes: number[]
  /** Free cards by how often claims choose them, the most often chosen first. */
  readonly order: Int32Array
  readonly history: PoolHistory
}

export interface PoolJson extends PoolNumbers {
  readonly poolId: string
  readonly nodes: number[]
  readonly order: string
  readonly history: PoolHistoryJson
}

export const ORDER_BUCKETS = 32

export function newPool(poolId: string): Pool {
  return {
    poolId,
    nodes: [],
    order: new Int32Array(ORDER_BUCKETS),
    history: new PoolHistory(),
    cards: 0,
    free: 0,
    lent: 0,
    nodesFree: 0,
    claims1: 0,
    claims6: 0,
    claims24: 0,
    releases1: 0,
    releases6: 0,
    ratesAtMs: 0,
    claimsEver: 0,
    claimedAtMs: 0,
    shareDay: 0,
    shareWeek: 0,
    shareAtMs: 0,
    passedOver: 0,
    chosen: 0,
  }
}

export function poolToJson(pool: Pool): PoolJson {
  const { order, history, ...numbers } = pool
  return { ...numbers, nodes: [...pool.nodes], order: textOf(order), history: history.toJSON() }
}

export function poolFromJson({ order, history, ...numbers }: PoolJson): Pool {
  return {
    ...numbers,
    nodes: [...numbers.nodes],
    order: integersOf(order),
    history: PoolHistory.fromJSON(history),
  }
}
