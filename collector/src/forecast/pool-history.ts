/**
 * What a pool's level of unclaimed cards did over the last eight days, in half hours: where each
 * began, how low it went, and how far it fell within each horizon. It answers how often as many cards
 * as stand before a given one were claimed, and what the same time yesterday and last week was like.
 * Bounded: the same few kilobytes per pool for ever.
 */
import { integersOf, textOf } from './columns.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from './numbers.ts'

/** What is asked for: 30 min, 1 h, 4 h and 8 h more (DESIGN 5: the steps of a promise). */
export const HORIZONS_MS = [30 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS] as const
export const HORIZONS = HORIZONS_MS.length
/** Beyond it nothing is said of a window. */
export const HORIZON_MS_MAX = HORIZONS_MS[3]

export const SLOT_MS = 30 * MINUTE_MS
/** Eight days: the same time last week, whole, with the eight hours after it. */
const SLOTS = (8 * DAY_MS + 8 * HOUR_MS) / SLOT_MS
const SLOTS_PER_DAY = DAY_MS / SLOT_MS
const WEEK_SLOTS = 7 * SLOTS_PER_DAY
/** No fall is known yet for a slot whose horizon is not over. */
const UNKNOWN = -1

export interface FallShares {
  /** Share of the half hours in which more cards than asked were claimed within the horizon. */
  readonly always: number
  /** The same for half hours near this time of day. */
  readonly thisHour: number
}

export interface PoolFall {
  /** Unclaimed cards at the beginning, and how many fewer there were at the lowest. */
  readonly level: number
  readonly fall: number
}

export interface PoolLevel {
  readonly atMs: number
  readonly level: number
}

export interface PoolHistoryJson {
  readonly firstSlot: number
  readonly slot: number
  readonly level: number
  readonly starts: string
  readonly minima: string
  readonly falls: readonly string[]
}

export class PoolHistory {
  /** Number of the first and the current slot since 1970; -1 before anything was seen. */
  #firstSlot = -1
  #slot = -1
  #level = 0
  readonly #starts = new Int32Array(SLOTS)
  readonly #minima = new Int32Array(SLOTS)
  readonly #falls = HORIZONS_MS.map(() => new Int32Array(SLOTS).fill(UNKNOWN))

  /** Time has come to `nowMs` at the level that was. */
  advance(nowMs: number): void {
    const now = Math.floor(nowMs / SLOT_MS)
    if (this.#slot < 0) {
      this.#firstSlot = now
      this.#begin(now)
      return
    }
    // After a longer silence than the ring holds the slots before it are all alike.
    if (now - this.#slot > SLOTS) this.#slot = now - SLOTS
    while (this.#slot < now) {
      this.#finish()
      this.#begin(this.#slot + 1)
    }
  }

  /** Cards are claimed (or come back); `advance` first. */
  change(by: number): void {
    this.#level += by
    const place = this.#slot % SLOTS
    this.#minima[place] = Math.min(this.#minima[place] as number, this.#level)
  }

  /** Cards are seen for the first time or no longer: no claim, so no fall. */
  shift(by: number): void {
    this.#level += by
    const place = this.#slot % SLOTS
    this.#starts[place] = (this.#starts[place] as number) + by
    this.#minima[place] = (this.#minima[place] as number) + by
  }

  /** How often more than `ahead` cards went within the horizon; `null` without history. */
  fallShares(horizon: number, ahead: number): FallShares | null {
    const falls = this.#falls[horizon] ?? new Int32Array(0)
    const oldest = this.#oldest()
    let known = 0
    let deep = 0
    let knownNear = 0
    let deepNear = 0
    for (let slot = oldest; slot < this.#slot; slot += 1) {
      const fall = falls[slot % SLOTS] as number
      if (fall === UNKNOWN) continue
      const isDeep = fall > ahead ? 1 : 0
      known += 1
      deep += isDeep
      const apart = (this.#slot - slot) % SLOTS_PER_DAY
      if (apart > 2 && apart < SLOTS_PER_DAY - 2) continue
      knownNear += 1
      deepNear += isDeep
    }
    if (known === 0) return null
    const always = (deep + 0.5) / (known + 1)
    // Near this hour counts as much as three half hours of the whole record say.
    return { always, thisHour: (deepNear + 3 * always) / (knownNear + 3) }
  }

  /** How far the level fell within the horizon at this time `days` ago; `null` if not seen. */
  fallBefore(horizon: number, days: number): number | null {
    const slot = this.#slot - days * SLOTS_PER_DAY
    if (slot < this.#firstSlot || slot <= this.#slot - SLOTS) return null
    const fall = this.#falls[horizon]?.[slot % SLOTS] ?? UNKNOWN
    return fall === UNKNOWN ? null : fall
  }

  /** The half hours of the last week whose fall within the horizon is known, oldest first. */
  falls(horizon: number): PoolFall[] {
    const found: PoolFall[] = []
    for (let slot = this.#oldest(); slot < this.#slot; slot += 1) {
      const fall = this.#falls[horizon]?.[slot % SLOTS] ?? UNKNOWN
      if (fall !== UNKNOWN) found.push({ level: this.#starts[slot % SLOTS] as number, fall })
    }
    return found
  }

  /** Where the level stood at the beginning of each half hour of the last week, oldest first. */
  levels(): PoolLevel[] {
    const found: PoolLevel[] = []
    if (this.#slot < 0) return found
    for (let slot = this.#oldest(); slot <= this.#slot; slot += 1) {
      found.push({ atMs: slot * SLOT_MS, level: this.#starts[slot % SLOTS] as number })
    }
    return found
  }

  #oldest(): number {
    return Math.max(this.#firstSlot, this.#slot - WEEK_SLOTS)
  }

  toJSON(): PoolHistoryJson {
    return {
      firstSlot: this.#firstSlot,
      slot: this.#slot,
      level: this.#level,
      starts: textOf(this.#starts),
      minima: textOf(this.#minima),
      falls: this.#falls.map(textOf),
    }
  }

  static fromJSON(state: PoolHistoryJson): PoolHistory {
    const history = new PoolHistory()
    history.#firstSlot = state.firstSlot
    history.#slot = state.slot
    history.#level = state.level
    history.#starts.set(integersOf(state.starts))
    history.#minima.set(integersOf(state.minima))
    history.#falls.forEach((falls, horizon) => {
      falls.set(integersOf(state.falls[horizon] ?? ''))
    })
    return history
  }

  #begin(slot: number): void {
    this.#slot = slot
    const place = slot % SLOTS
    this.#starts[place] = this.#level
    this.#minima[place] = this.#level
    for (const falls of this.#falls) falls[place] = UNKNOWN
  }

  /** The current slot is over: the falls that end with it are known. */
  #finish(): void {
    HORIZONS_MS.forEach((horizonMs, horizon) => {
      const slots = horizonMs / SLOT_MS
      const slot = this.#slot - slots + 1
      if (slot < this.#firstSlot) return
      let lowest = Number.POSITIVE_INFINITY
      for (let step = 0; step < slots; step += 1) {
        lowest = Math.min(lowest, this.#minima[(slot + step) % SLOTS] as number)
      }
      const falls = this.#falls[horizon]
      if (falls !== undefined) {
        falls[slot % SLOTS] = Math.max(0, (this.#starts[slot % SLOTS] as number) - lowest)
      }
    })
  }
}
