/**
 * How many cards of a kind will be free at a site, hour by hour: for bookings, and for whoever plans.
 * From the pool's history (pool.ts) and the owner's calendar: outside its hours nothing is on offer.
 * Nothing is said of more than seven days ahead, nor of a pool that has hardly been seen.
 */
import { DAY_MS } from '../numbers.ts'
import { freeQuantiles, POOL_CONFIDENCES } from '../pool.ts'
import type { Pool } from '../pool-state.ts'
import { type PoolName, poolIdOf, poolNameOf } from './pool-id.ts'

export const AHEAD_MS_MAX = 7 * DAY_MS

/** At least so many cards are free, with 50, 80 and 95 %. */
export interface FreeQuantiles {
  readonly p50: number
  readonly p80: number
  readonly p95: number
}

/** Whether the owner offers anything at this site at this instant. */
export type CalendarOpen = (siteCode: string, atMs: number) => boolean

/** What is known of all pools now; `null` before the forecast has been told anything. */
export interface PoolsKnown {
  readonly pools: readonly Pool[]
  readonly nowMs: number
}

export interface PoolSummary extends PoolName {
  readonly cards: number
  /** Unclaimed by the owner now: free, or lent. */
  readonly free: number
}

export class PoolForecast {
  readonly #known: () => PoolsKnown | null
  readonly #isOpen: CalendarOpen
  readonly #byId = new Map<string, Pool>()
  #indexed: readonly Pool[] = []

  constructor(known: () => PoolsKnown | null, isOpen: CalendarOpen) {
    this.#known = known
    this.#isOpen = isOpen
  }

  /** Up to when it knows what happened. */
  nowMs(): number | null {
    return this.#known()?.nowMs ?? null
  }

  /** Every pool with cards, in the order of site and kind. */
  pools(): readonly PoolSummary[] {
    return (this.#known()?.pools ?? [])
      .filter(({ cards }) => cards > 0)
      .map(({ cards, free, lent, poolId }) => ({ ...poolNameOf(poolId), cards, free: free + lent }))
      .sort(
        (left, right) =>
          compare(left.siteCode, right.siteCode) || compare(left.kindKey, right.kindKey),
      )
  }

  freeQuantiles(siteCode: string, kindKey: string, atMs: number): FreeQuantiles | null {
    const known = this.#known()
    const pool = known === null ? null : this.#poolOf(known, poolIdOf(siteCode, kindKey))
    if (known === null || pool === null || atMs > known.nowMs + AHEAD_MS_MAX) return null
    pool.history.advance(known.nowMs)
    // What is told lags a minute behind the present: an instant in between is the present.
    const quantiles = freeQuantiles(pool, known.nowMs, Math.max(atMs, known.nowMs))
    if (quantiles === null) return null
    if (!this.#isOpen(siteCode, atMs)) return { p50: 0, p80: 0, p95: 0 }
    const [p50, p80, p95] = POOL_CONFIDENCES.map((confidence) => {
      return quantiles.find((one) => one.confidence === confidence)?.cards ?? 0
    })
    return { p50: p50 ?? 0, p80: p80 ?? 0, p95: p95 ?? 0 }
  }

  #poolOf({ pools }: PoolsKnown, poolId: string): Pool | null {
    if (pools !== this.#indexed || this.#byId.size !== pools.length) {
      if (pools !== this.#indexed) this.#byId.clear()
      this.#indexed = pools
      for (const pool of pools.slice(this.#byId.size)) this.#byId.set(pool.poolId, pool)
    }
    return this.#byId.get(poolId) ?? null
  }
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
