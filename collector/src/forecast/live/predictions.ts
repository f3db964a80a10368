/**
 * What is predicted of every free window, kept in memory so that a search over a whole fleet finds it
 * there. A prediction is stale once anything around it has changed (its pool, its window, the models)
 * or a minute has passed. Stale ones are made anew in the background, a few per round; what is promised
 * is asked afresh. All are as of the instant up to which the forecast has been told.
 */
import type { Forecaster } from '../forecaster.ts'
import { at, MINUTE_MS } from '../numbers.ts'
import { HORIZONS } from '../pool-history.ts'

const STALE_MS = MINUTE_MS
/** Older than this a prediction is not shown, stale or not. */
const AGE_MS_MAX = 15 * MINUTE_MS
/** Made while somebody waits, between two rounds: 0.1 s at the most. */
const HURRIED_MAX = 1_000

export class Predictions {
  readonly #forecaster: Forecaster
  #promised = new Float32Array(0)
  #startMs = new Float64Array(0)
  /** -1: none yet. */
  #atMs = new Float64Array(0)
  #poolVersion = new Float64Array(0)
  readonly #poolVersions = new Map<object, number>()
  #models: object | null = null
  #next = 0
  #looked = 0
  #hurried = 0

  constructor(forecaster: Forecaster) {
    this.#forecaster = forecaster
  }

  /** Something about the card has changed: all of its pool is stale. */
  changed(card: number): void {
    const pool = this.#forecaster.poolOf(card)
    this.#poolVersions.set(pool, (this.#poolVersions.get(pool) ?? 0) + 1)
  }

  /**
   * Per horizon, the chance that the card's window lasts so much more; `null` where it is not free, or
   * nothing is known yet. Good until the next call.
   */
  recent(card: number): ArrayLike<number> | null {
    const ageMs = this.#ageMs(card)
    if (ageMs !== null && ageMs <= AGE_MS_MAX) return this.#row(card)
    if (this.#hurried >= HURRIED_MAX) return null
    this.#hurried += 1
    return this.fresh(card)
  }

  /** The same, with everything that is known by now. */
  fresh(card: number): ArrayLike<number> | null {
    if (this.#isStale(card) && !this.#predict(card)) return null
    return this.#row(card)
  }

  /** Every card has been looked at once: what is not predicted yet has just come. */
  get isWarm(): boolean {
    return this.#looked >= this.#forecaster.cardCount
  }

  /** One round's work: makes at most `count` of the stale ones anew. */
  sweep(count: number): void {
    this.#hurried = 0
    const cards = this.#forecaster.cardCount
    let made = 0
    for (let looked = 0; looked < cards && made < count; looked += 1) {
      this.#looked += 1
      const card = this.#next % cards
      this.#next = card + 1
      if (this.#forecaster.isFree(card) && this.#isStale(card) && this.#predict(card)) made += 1
    }
  }

  #row(card: number): ArrayLike<number> {
    return this.#promised.subarray(card * HORIZONS, (card + 1) * HORIZONS)
  }

  /** `null` without a prediction of the window that is open now. */
  #ageMs(card: number): number | null {
    const { nowMs } = this.#forecaster
    if (nowMs === null || card >= this.#atMs.length || at(this.#atMs, card) < 0) return null
    if (!this.#forecaster.isFree(card)) return null
    if (this.#forecaster.windowStartMs(card) !== at(this.#startMs, card)) return null
    return nowMs - at(this.#atMs, card)
  }

  #isStale(card: number): boolean {
    const { models } = this.#forecaster
    if (models !== this.#models) {
      this.#models = models
      this.#poolVersion.fill(-1)
    }
    const ageMs = this.#ageMs(card)
    if (ageMs === null || ageMs >= STALE_MS) return true
    return this.#versionOf(card) !== at(this.#poolVersion, card)
  }

  #versionOf(card: number): number {
    return this.#poolVersions.get(this.#forecaster.poolOf(card)) ?? 0
  }

  #predict(card: number): boolean {
    const { nowMs } = this.#forecaster
    if (nowMs === null) return false
    const answer = this.#forecaster.ask(card, nowMs)
    if (answer === null) return false
    this.#grow(card)
    this.#promised.set(answer.promised, card * HORIZONS)
    this.#startMs[card] = this.#forecaster.windowStartMs(card)
    this.#atMs[card] = nowMs
    this.#poolVersion[card] = this.#versionOf(card)
    return true
  }

  #grow(card: number): void {
    if (card < this.#atMs.length) return
    const length = Math.max(64, 2 * this.#forecaster.cardCount)
    const grown = (array: Float64Array, initial: number) => {
      const larger = new Float64Array(length).fill(initial)
      larger.set(array)
      return larger
    }
    this.#startMs = grown(this.#startMs, 0)
    this.#atMs = grown(this.#atMs, -1)
    this.#poolVersion = grown(this.#poolVersion, -1)
    const promised = new Float32Array(length * HORIZONS)
    promised.set(this.#promised)
    this.#promised = promised
  }
}
