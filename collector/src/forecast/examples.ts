/**
 * What was asked, what was known then, and what became of it: a ring of examples of bounded size.
 * An example is made at the instant it speaks of, from what was known at that instant, so that there
 * is nothing to leak; its labels come later, horizon by horizon, when time has passed.
 */
import { assert } from '@yiben/shared'
import { Columns, singlesOf, textOf } from './columns.ts'
import { copyInputs, INPUTS, ROW } from './features.ts'
import type { Table } from './logistic.ts'
import { at, MINUTE_MS } from './numbers.ts'
import { HORIZONS, HORIZONS_MS } from './pool-history.ts'

/** Who guesses first; the rest is made of these. */
export const EXPERTS = ['reference', 'mixture', 'logistic', 'boosted'] as const
/** Where each guess lies among those of one horizon. */
export const GUESS = {
  reference: 0,
  mixture: 1,
  logistic: 2,
  boosted: 3,
  blend: 4,
  calibrated: 5,
  anchored: 6,
  promised: 7,
} as const
export const GUESS_COUNT = Object.keys(GUESS).length

/** Windows are young up to 45 minutes: they end for other reasons than old ones. */
export const AGE_CLASSES = ['young', 'old'] as const
export type AgeClass = (typeof AGE_CLASSES)[number]
const YOUNG_MS = 45 * MINUTE_MS

export function ageClassOf(ageMs: number): AgeClass {
  return ageMs < YOUNG_MS ? 'young' : 'old'
}

/** A label that is not known yet. Labels are 0, 1, or a share where a window was censored. */
const PENDING = -1

/** What is known of an example when a horizon has passed. */
export interface Outcome {
  readonly pool: number
  readonly ageMs: number
  readonly horizon: number
  /** 1: it lasted. 0: it did not. Between: censored, how likely it was to last. */
  readonly label: number
  readonly isCensored: boolean
  readonly guesses: Float32Array
}

export interface NewExample {
  readonly card: number
  readonly pool: number
  readonly atMs: number
  readonly ageMs: number
  readonly row: Float32Array
  /** Horizon by horizon, at the places of `GUESS`. */
  readonly guesses: Float32Array
}

export interface ExamplesJson {
  readonly count: number
  readonly passed: readonly number[]
  readonly columns: Readonly<Record<string, string>>
  readonly latest: Readonly<Record<string, string>>
  readonly rows: string
  readonly guesses: string
  readonly labels: string
}

const COLUMNS = ['atMs', 'ageMs', 'endMs', 'pool', 'isCensored', 'previous'] as const

/** How likely a pool's window is to live from one age to another. */
interface Survival {
  chance(pool: number, fromAgeMs: number, toAgeMs: number): number
}

export class Examples {
  readonly #capacity: number
  readonly #rows: Float32Array
  readonly #guesses: Float32Array
  readonly #labels: Float32Array
  readonly #columns: Columns<(typeof COLUMNS)[number]>
  /** Number of a card's latest example, plus one. */
  readonly #latest: Columns<'number'>
  /** Numbers only grow; an example lies at its number modulo the capacity. */
  #count: number
  /** Per horizon: up to which number examples are settled. */
  readonly #passed: number[]

  constructor(capacity: number, state: ExamplesJson | null = null) {
    this.#capacity = capacity
    this.#count = state?.count ?? 0
    this.#passed = [...(state?.passed ?? HORIZONS_MS.map(() => 0))]
    this.#columns = Columns.fromJSON(COLUMNS, state?.columns ?? {})
    this.#latest = Columns.fromJSON(['number'], state?.latest ?? {})
    this.#rows = new Float32Array(capacity * ROW)
    this.#guesses = new Float32Array(capacity * HORIZONS * GUESS_COUNT)
    this.#labels = new Float32Array(capacity * HORIZONS).fill(PENDING)
    if (state === null) return
    this.#rows.set(singlesOf(state.rows))
    this.#guesses.set(singlesOf(state.guesses))
    this.#labels.set(singlesOf(state.labels))
  }

  add({ card, pool, atMs, ageMs, row, guesses }: NewExample): void {
    const place = this.#count % this.#capacity
    if (this.#columns.length <= place) this.#columns.add()
    while (this.#latest.length <= card) this.#latest.add()
    this.#rows.set(row, place * ROW)
    this.#guesses.set(guesses, place * HORIZONS * GUESS_COUNT)
    this.#labels.fill(PENDING, place * HORIZONS, (place + 1) * HORIZONS)
    this.#columns.set('atMs', place, atMs)
    this.#columns.set('ageMs', place, ageMs)
    this.#columns.set('endMs', place, Number.POSITIVE_INFINITY)
    this.#columns.set('pool', place, pool)
    this.#columns.set('isCensored', place, 0)
    this.#columns.set('previous', place, this.#latest.get('number', card))
    this.#count += 1
    this.#latest.set('number', card, this.#count)
  }

  /** The window of the card's open examples is over. */
  close(card: number, endMs: number, isCensored: boolean): void {
    if (card >= this.#latest.length) return
    let number = this.#latest.get('number', card) - 1
    // Bounded: examples of one card are minutes apart, and those older than eight hours are settled.
    while (number >= 0 && number > this.#count - 1 - this.#capacity) {
      const place = number % this.#capacity
      if (this.#columns.get('atMs', place) < endMs - at(HORIZONS_MS, HORIZONS - 1)) break
      if (this.#columns.get('endMs', place) !== Number.POSITIVE_INFINITY) break
      this.#columns.set('endMs', place, endMs)
      this.#columns.set('isCensored', place, isCensored ? 1 : 0)
      number = this.#columns.get('previous', place) - 1
    }
    this.#latest.set('number', card, 0)
  }

  /** Labels everything whose horizon has passed by `nowMs`, in the order it was asked. */
  settle(nowMs: number, survival: Survival, learn: (outcome: Outcome) => void): void {
    HORIZONS_MS.forEach((horizonMs, horizon) => {
      let number = Math.max(at(this.#passed, horizon), this.#count - this.#capacity)
      for (; number < this.#count; number += 1) {
        const place = number % this.#capacity
        const untilMs = this.#columns.get('atMs', place) + horizonMs
        if (untilMs > nowMs) break
        const endMs = this.#columns.get('endMs', place)
        const pool = this.#columns.get('pool', place)
        const ageMs = this.#columns.get('ageMs', place)
        const isCensored = endMs < untilMs && this.#columns.get('isCensored', place) === 1
        const endAgeMs = ageMs + endMs - this.#columns.get('atMs', place)
        const label =
          endMs >= untilMs ? 1 : isCensored ? survival.chance(pool, endAgeMs, ageMs + horizonMs) : 0
        this.#labels[place * HORIZONS + horizon] = label
        const from = (place * HORIZONS + horizon) * GUESS_COUNT
        const guesses = this.#guesses.subarray(from, from + GUESS_COUNT)
        learn({ pool, ageMs, horizon, label, isCensored, guesses })
      }
      this.#passed[horizon] = number
    })
  }

  /** How many examples the longest horizon has been settled for. */
  get settled(): number {
    const passed = at(this.#passed, HORIZONS - 1)
    return Math.min(passed, passed - (this.#count - this.#capacity))
  }

  /** What a horizon's models learn from, for windows of one age class. */
  table(horizon: number, ageClass: AgeClass): Table {
    const places: number[] = []
    const first = Math.max(0, this.#count - this.#capacity)
    for (let number = first; number < at(this.#passed, horizon); number += 1) {
      const place = number % this.#capacity
      if (ageClassOf(this.#columns.get('ageMs', place)) === ageClass) places.push(place)
    }
    const values = new Float32Array(places.length * INPUTS)
    const labels = new Float32Array(places.length)
    places.forEach((place, row) => {
      copyInputs({ rows: this.#rows, offset: place * ROW, horizon }, values, row * INPUTS)
      const label = at(this.#labels, place * HORIZONS + horizon)
      assert(label !== PENDING, 'a settled example has a label')
      labels[row] = label
    })
    return { rows: places.length, columns: INPUTS, values, labels }
  }

  toJSON(): ExamplesJson {
    const used = Math.min(this.#count, this.#capacity)
    return {
      count: this.#count,
      passed: [...this.#passed],
      columns: this.#columns.toJSON(),
      latest: this.#latest.toJSON(),
      rows: textOf(this.#rows.subarray(0, used * ROW)),
      guesses: textOf(this.#guesses.subarray(0, used * HORIZONS * GUESS_COUNT)),
      labels: textOf(this.#labels.subarray(0, used * HORIZONS)),
    }
  }
}
