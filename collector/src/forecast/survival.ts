/**
 * How long free windows last, by age: occurrence and exposure in bins of age, which is what
 * Kaplan-Meier comes to when windows are counted by the time they were at risk. It takes windows that
 * are still open, were open when first seen, or ended by being lent, without bias (censoring), and it
 * can forget. The mixture shrinks a pool to the whole fleet, and a card to its pool.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from './numbers.ts'

/** Lower edges of the bins of age: fine where windows are young and most of them end. */
export const AGE_EDGES_MS: readonly number[] = [
  ...[0, 1, 2, 3, 5, 7.5, 10, 15, 20, 25, 30, 40, 50].map((minutes) => minutes * MINUTE_MS),
  ...[1, 1.33, 1.67, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16, 20].map((hours) => hours * HOUR_MS),
  ...[1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24].map((days) => days * DAY_MS),
]

export const AGE_BINS = AGE_EDGES_MS.length

/**
 * How many ended windows the level above counts for, in every bin of a pool. Ten: a bin needs some
 * ten windows of its own before it speaks louder than the fleet.
 */
const POOL_PRIOR_EVENTS = 10
/** The same for the whole fleet against what is shipped. */
const FLEET_PRIOR_EVENTS = 5
/** The same for one card against its pool, over all ages at once. */
const CARD_PRIOR_EVENTS = 4

export function ageBin(ageMs: number): number {
  let low = 0
  let high = AGE_BINS - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((AGE_EDGES_MS[middle] as number) <= ageMs) low = middle
    else high = middle - 1
  }
  return low
}

/** Ended windows and time at risk per bin of age; exposure in hours. */
export interface LifeTable {
  readonly events: Float64Array
  readonly exposureHours: Float64Array
}

export function newLifeTable(): LifeTable {
  return { events: new Float64Array(AGE_BINS), exposureHours: new Float64Array(AGE_BINS) }
}

/** Time a window was at risk, from one age to another. */
export function addExposure(table: LifeTable, fromAgeMs: number, toAgeMs: number): void {
  eachBin(fromAgeMs, toAgeMs, (bin, spanMs) => {
    table.exposureHours[bin] = (table.exposureHours[bin] as number) + spanMs / HOUR_MS
  })
}

export function addEvent(table: LifeTable, ageMs: number): void {
  const bin = ageBin(ageMs)
  table.events[bin] = (table.events[bin] as number) + 1
}

export function forget(table: LifeTable, kept: number): void {
  for (let bin = 0; bin < AGE_BINS; bin += 1) {
    table.events[bin] = (table.events[bin] as number) * kept
    table.exposureHours[bin] = (table.exposureHours[bin] as number) * kept
  }
}

/** Rates per hour and bin: the table's own, shrunk to `above` where it has seen little. */
export function shrunkRates(table: LifeTable, above: ArrayLike<number>, level: 'pool' | 'fleet') {
  const prior = level === 'pool' ? POOL_PRIOR_EVENTS : FLEET_PRIOR_EVENTS
  return Float64Array.from(AGE_EDGES_MS, (_edge, bin) => {
    const priorHours = prior / (above[bin] as number)
    return (
      ((table.events[bin] as number) + prior) / ((table.exposureHours[bin] as number) + priorHours)
    )
  })
}

/** Sum of the rates over the ages passed; `exp(-this)` is the probability to live through them. */
export function cumulativeRate(
  ratesPerHour: ArrayLike<number>,
  fromAgeMs: number,
  toAgeMs: number,
): number {
  let sum = 0
  eachBin(fromAgeMs, toAgeMs, (bin, spanMs) => {
    sum += ((ratesPerHour[bin] as number) * spanMs) / HOUR_MS
  })
  return sum
}

/** How much more often than its pool's a card's windows end: 1 for a card never seen. */
export function cardFactor(events: number, eventsExpected: number): number {
  return (events + CARD_PRIOR_EVENTS) / (eventsExpected + CARD_PRIOR_EVENTS)
}

function eachBin(fromMs: number, toMs: number, visit: (bin: number, spanMs: number) => void): void {
  let reachedMs = fromMs
  for (let bin = ageBin(fromMs); bin < AGE_BINS && reachedMs < toMs; bin += 1) {
    const edgeMs = bin + 1 < AGE_BINS ? (AGE_EDGES_MS[bin + 1] as number) : Number.POSITIVE_INFINITY
    const endMs = Math.min(edgeMs, toMs)
    visit(bin, endMs - reachedMs)
    reachedMs = endMs
  }
}
