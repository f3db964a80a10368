/**
 * What a whole pool will do: how many of its cards will be free at a later hour, and how likely a
 * request for several cards is to be served whole. Cards of one pool are claimed together (one job
 * takes 64 at once), so nothing here multiplies the chances of single cards: it reads how far the
 * pool's level fell before, and where cards are named, how much more its claims come in bursts than
 * cards drawn one by one would. Pure.
 */
import { assert } from '@yiben/shared'
import { at, clamp, DAY_MS, HOUR_MS } from './numbers.ts'
import { HORIZONS_MS, type PoolFall, SLOT_MS } from './pool-history.ts'
import type { Pool } from './pool-state.ts'

/** Free at least so many cards with this probability (DESIGN 2.2). */
export const POOL_CONFIDENCES = [0.5, 0.8, 0.95] as const
/** Half hours within this of the same time of day weigh more. */
const NEAR_MS = 90 * 60_000
const NEAR_WEIGHT = 6
/** How long today's level still says more about a later one than the usual level of that hour. */
const PERSISTENCE_MS = 12 * HOUR_MS
/** Without more half hours than this the history says nothing. */
const SLOTS_MIN = 24
/** The pull of single cards drawn one by one and of all together, as counts of half hours. */
const PRIOR_FALLS = 8
/** How much cards fail together before there is a record: an eighth of the way to all at once. */
const PRIOR_TOGETHER = 0.125

export interface PoolQuantile {
  readonly confidence: number
  /** At least so many cards are free. */
  readonly cards: number
}

interface Weighted {
  readonly value: number
  readonly weight: number
}

/**
 * Cards free at `atMs` with each confidence, from `nowMs` on; `null` while the pool has hardly been
 * seen. What is far off rests on what the same hours were like, what is near on the present level.
 */
export function freeQuantiles(pool: Pool, nowMs: number, atMs: number): PoolQuantile[] | null {
  assert(atMs >= nowMs, 'what is forecast lies ahead')
  const levels = pool.history.levels()
  if (levels.length < SLOTS_MIN) return null
  const present = pool.free + pool.lent
  const lead = Math.max(1, Math.round((atMs - nowMs) / SLOT_MS))
  const persistence = Math.exp(-(atMs - nowMs) / PERSISTENCE_MS)
  const nearby = (ms: number, otherMs: number) => {
    const apartMs = Math.abs(ms - otherMs) % DAY_MS
    return Math.min(apartMs, DAY_MS - apartMs) <= NEAR_MS ? NEAR_WEIGHT : 1
  }
  const steps: Weighted[] = []
  const usual: Weighted[] = []
  levels.forEach((slot, index) => {
    usual.push({ value: slot.level, weight: nearby(slot.atMs, atMs) })
    const later = levels[index + lead]
    if (later === undefined) return
    const value = present + later.level - slot.level
    steps.push({ value, weight: nearby(slot.atMs, nowMs) })
  })
  const share = steps.length === 0 ? 0 : persistence
  const futures = [...scaled(steps, share), ...scaled(usual, 1 - share)]
  return POOL_CONFIDENCES.map((confidence) => ({
    confidence,
    cards: clamp(Math.floor(lowerQuantile(futures, 1 - confidence)), 0, pool.cards),
  }))
}

/**
 * How likely the pool is to have `cards` unclaimed throughout the horizon, whichever they are: a draw
 * whose cards may be swapped. 0 where it has not so many now.
 */
export function poolServes(pool: Pool, cards: number, horizonMs: number): number | null {
  const free = pool.free + pool.lent
  if (cards > free) return 0
  const shares = HORIZONS_MS.map((_horizonMs, horizon) =>
    pool.history.fallShares(horizon, free - cards),
  )
  const known = shares.every((share) => share !== null)
  return known
    ? between(
        shares.map((share) => 1 - (share?.thisHour ?? 0)),
        horizonMs,
      )
    : null
}

/**
 * How likely all the named cards of one pool are to last, each of which lasts with its own `chances`:
 * beta-binomial, between one by one (`together` 0) and all or none (1).
 */
export function allLast(chances: readonly number[], together: number): number {
  if (chances.length === 0) return 1
  // The first card's chance is the least: no joint chance is above it.
  const least = Math.min(...chances)
  const logMean = chances.reduce((sum, chance) => sum + Math.log(chance), 0) / chances.length
  const mean = Math.exp(logMean)
  const strength = 1 / clamp(together, 1e-6, 1 - 1e-6) - 1
  let joint = 1
  for (let card = 0; card < chances.length; card += 1) {
    joint *= (mean * strength + card) / (strength + card)
  }
  return Math.min(joint, least)
}

/** How much the pool's cards are claimed together within the horizon: 0 one by one, 1 all at once. */
export function togetherness(pool: Pool, horizon: number): number {
  return togethernessOf(pool.history.falls(horizon))
}

/** The intraclass correlation of claims, by its moments: how much more falls differ than chance. */
export function togethernessOf(falls: readonly PoolFall[]): number {
  const shares = falls.filter(({ level }) => level > 1)
  const total = shares.length + PRIOR_FALLS
  if (shares.length === 0) return PRIOR_TOGETHER
  const claimed = shares.map(({ level, fall }) => Math.min(1, fall / level))
  const mean = claimed.reduce((sum, share) => sum + share, 0) / shares.length
  const binomial = mean * (1 - mean)
  if (binomial <= 0) return PRIOR_TOGETHER
  let excess = 0
  let room = 0
  shares.forEach(({ level }, index) => {
    excess += (at(claimed, index) - mean) ** 2 - binomial / level
    room += binomial * (1 - 1 / level)
  })
  const own = clamp(excess / room, 0, 1)
  return (own * shares.length + PRIOR_TOGETHER * PRIOR_FALLS) / total
}

/** Of a value per horizon, the one at `horizonMs`: by straight lines, 1 at once, then level. */
export function between(values: ArrayLike<number>, horizonMs: number): number {
  let beforeMs = 0
  let before = 1
  for (let horizon = 0; horizon < HORIZONS_MS.length; horizon += 1) {
    const untilMs = at(HORIZONS_MS, horizon)
    const value = Math.min(before, at(values, horizon))
    if (horizonMs <= untilMs) {
      return before + ((value - before) * (horizonMs - beforeMs)) / (untilMs - beforeMs)
    }
    beforeMs = untilMs
    before = value
  }
  return before
}

function scaled(values: readonly Weighted[], share: number): Weighted[] {
  const sum = values.reduce((total, { weight }) => total + weight, 0)
  return values.map(({ value, weight }) => ({ value, weight: (share * weight) / sum }))
}

function lowerQuantile(values: readonly Weighted[], share: number): number {
  const sorted = [...values].sort((left, right) => left.value - right.value)
  let sum = 0
  for (const { value, weight } of sorted) {
    sum += weight
    if (sum >= share) return value
  }
  return sorted.at(-1)?.value ?? 0
}
