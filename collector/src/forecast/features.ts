/**
 * What is asked of a free card before its future is guessed: numbers without a unit, so that what was
 * learned at one site means the same at another. NaN stands for what is not known; it is never
 * replaced by zero. The first part is the same for every horizon, the second is made per horizon.
 */
import { type Fleet, fadeRates, logSeconds, unclaimedShare } from './fleet.ts'
import { DAY_MS, entry, HOUR_MS, logitOf } from './numbers.ts'
import { HORIZONS, HORIZONS_MS } from './pool-history.ts'
import type { Pool } from './pool-state.ts'

export const COMMON_FEATURES = [
  'age',
  'pool free share',
  'pool free',
  'node free share',
  'node released together',
  'whole nodes free',
  'claims of 1 h per free card',
  'claims of 6 h per free card',
  'claims of 24 h per free card',
  'releases of 1 h per card',
  'releases of 6 h per card',
  'share before it by place',
  'share before it by habit',
  'share before it by fill',
  'claims of 6 h per card before it by place',
  'claims of 6 h per card before it by habit',
  'last window',
  'window before',
  'third last window',
  'mean window',
  'last taken',
  'free share of a day',
  'free share of a week',
  'pool against its day',
  'pool against its week',
  'claims of a day',
  'since a claim in the pool',
  'since a claim on the node',
  'since a release on the node',
  'card factor',
  'hour sine',
  'hour cosine',
  'weekday',
] as const

export const HORIZON_FEATURES = [
  'survival',
  'falls by place',
  'falls by habit',
  'falls by place, this hour',
  'falls by habit, this hour',
  'fall yesterday',
  'fall last week',
] as const

export const COMMON = COMMON_FEATURES.length
export const PER_HORIZON = HORIZON_FEATURES.length
/** Inputs of one horizon's models: the common ones, then its own. */
export const INPUTS = COMMON + PER_HORIZON
/** What is kept of one question: the common ones once, then every horizon's own. */
export const ROW = COMMON + HORIZONS * PER_HORIZON
/** Cards of one node freed within this time were one job's. */
const TOGETHER_MS = 60_000

/** Where a card stands among its pool's free cards, by three orders of claiming. */
interface Standing {
  readonly byPlace: number
  readonly byHabit: number
  readonly byFill: number
}

export interface Survival {
  /** Per horizon, of the Kaplan-Meier mixture. */
  readonly mixture: ArrayLike<number>
  readonly cardFactor: number
}

/** Fills `into` with a row: the common features, then each horizon's own. */
export function fillFeatures(
  into: Float32Array,
  fleet: Fleet,
  question: { readonly card: number; readonly nowMs: number; readonly survival: Survival },
): void {
  const { card, nowMs, survival } = question
  const pool = fleet.poolOf(card)
  fadeRates(pool, nowMs)
  pool.history.advance(nowMs)
  const standing = standingOf(fleet, card, pool)
  into.set(commonFeatures(fleet, { ...question, pool, standing }), 0)
  HORIZONS_MS.forEach((_horizonMs, horizon) => {
    const ahead = { place: standing.byPlace, habit: standing.byHabit }
    const byPlace = pool.history.fallShares(horizon, ahead.place)
    const byHabit = pool.history.fallShares(horizon, ahead.habit)
    const fall = (days: number) =>
      share(pool.history.fallBefore(horizon, days), pool.free + pool.lent)
    Number.NaN
    const own = [
      logitOf(survival.mixture[horizon] as number),
      logitOf(byPlace?.always ?? Number.NaN),
      logitOf(byHabit?.always ?? Number.NaN),
      logitOf(byPlace?.thisHour ?? Number.NaN),
      logitOf(byHabit?.thisHour ?? Number.NaN),
      fall(1),
      fall(7),
    ]
    into.set(own, COMMON + horizon * PER_HORIZON)
  })
}

function commonFeatures(
  fleet: Fleet,
  question: {
    readonly card: number
    readonly nowMs: number
    readonly survival: Survival
    readonly pool: Pool
    readonly standing: Standing
  },
): number[] {
  const { card, nowMs, survival, pool, standing } = question
  const { cards } = fleet
  const node = fleet.nodeOf(card)
  const startMs = fleet.windowStartMs(card)
  const free = pool.free + pool.lent
  const length = (column: 'lengthLog1' | 'lengthLog2' | 'lengthLog3', least: number) =>
    cards.get('lengths', card) < least ? Number.NaN : cards.get(column, card)
  const hourAngle = (2 * Math.PI * (nowMs % DAY_MS)) / DAY_MS
  const taken = cards.get('takenLog', card)
  return [
    logSeconds(nowMs - startMs),
    unclaimedShare(pool),
    Math.log1p(free),
    node.free / node.cards.length,
    releasedTogether(fleet, card, startMs) / node.cards.length,
    pool.nodesFree / pool.nodes.length,
    ratio(pool.claims1, free),
    ratio(pool.claims6, free),
    ratio(pool.claims24, free),
    ratio(pool.releases1, pool.cards),
    ratio(pool.releases6, pool.cards),
    standing.byPlace / free,
    standing.byHabit / free,
    standing.byFill / free,
    ratio(pool.claims6, standing.byPlace),
    ratio(pool.claims6, standing.byHabit),
    length('lengthLog1', 1),
    length('lengthLog2', 2),
    length('lengthLog3', 3),
    cards.get('lengths', card) < 1 ? Number.NaN : cards.get('lengthLogMean', card),
    taken === 0 ? Number.NaN : taken,
    fleet.freeShare(card, 'shareDay', nowMs),
    fleet.freeShare(card, 'shareWeek', nowMs),
    unclaimedShare(pool) - fleet.poolFreeShare(pool, 'shareDay', nowMs),
    unclaimedShare(pool) - fleet.poolFreeShare(pool, 'shareWeek', nowMs),
    Math.log1p(
      cards.get('claims', card) * Math.exp(-(nowMs - cards.get('claimsAtMs', card)) / DAY_MS),
    ),
    logSince(nowMs, pool.claimedAtMs),
    logSince(nowMs, node.claimedAtMs),
    logSince(nowMs, node.releasedAtMs),
    Math.log(survival.cardFactor),
    Math.sin(hourAngle),
    Math.cos(hourAngle),
    // 1970-01-01 was a Thursday: 0 is Monday.
    (Math.floor(nowMs / DAY_MS) + 3) % 7,
  ]
}

function standingOf(fleet: Fleet, card: number, pool: Pool): Standing {
  const node = fleet.cards.get('node', card)
  const nodeFree = entry(fleet.nodes, node).free
  let byPlace = 0
  let byFill = 0
  let isBefore = true
  for (const other of pool.nodes) {
    const { free } = entry(fleet.nodes, other)
    if (other === node) isBefore = false
    else if (isBefore) byPlace += free
    if (free < nodeFree || (free === nodeFree && isBefore)) byFill += free
  }
  const place = entry(fleet.nodes, node).cards.filter(
    (other) => other < card && fleet.isFree(other),
  ).length
  const bucket = fleet.cards.get('orderBucket', card)
  let byHabit = ((pool.order[bucket] as number) - 1) / 2
  for (let earlier = 0; earlier < bucket; earlier += 1) byHabit += pool.order[earlier] as number
  return { byPlace: byPlace + place, byHabit, byFill: byFill + place }
}

function releasedTogether(fleet: Fleet, card: number, startMs: number): number {
  return fleet
    .nodeOf(card)
    .cards.filter(
      (other) =>
        fleet.isFree(other) && Math.abs(fleet.windowStartMs(other) - startMs) <= TOGETHER_MS,
    ).length
}

/** The logarithm of a ratio, tame at both ends. */
function ratio(count: number, of: number): number {
  return Math.log((count + 0.5) / (of + 1))
}

function share(count: number | null, of: number): number {
  return count === null ? Number.NaN : ratio(count, of)
}

function logSince(nowMs: number, atMs: number): number {
  return atMs > 0 ? logSeconds(Math.min(nowMs - atMs, 30 * 24 * HOUR_MS)) : Number.NaN
}

/** The inputs of one horizon's models, out of a row that begins at `offset`. */
export function copyInputs(
  from: { readonly rows: Float32Array; readonly offset: number; readonly horizon: number },
  into: Float32Array,
  place: number,
): void {
  const { rows, offset, horizon } = from
  for (let column = 0; column < COMMON; column += 1)
    into[place + column] = rows[offset + column] as number
  const own = offset + COMMON + horizon * PER_HORIZON
  for (let column = 0; column < PER_HORIZON; column += 1) {
    into[place + COMMON + column] = rows[own + column] as number
  }
}
