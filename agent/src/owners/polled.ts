/**
 * One answer for many askers: whoever asks gets the last answer while it is younger than the
 * period, and otherwise the next one, for which everybody waits together. It promises that at most
 * one reading is under way and that none begins less than a period after the one before, but for
 * those who ask for a fresh one.
 */
import type { Clock } from '@yiben/shared'

export interface PolledOptions<T> {
  readonly clock: Clock
  readonly periodMs: number
  /** Bounded by itself; never rejects: a failure is an answer, and keeps for a period as others. */
  readonly read: () => Promise<T>
}

export class Polled<T> {
  readonly #options: PolledOptions<T>
  #answer: Promise<T> | null = null
  #askedAtMs = 0
  #isUnderWay = false
  #next: Promise<T> | null = null

  constructor(options: PolledOptions<T>) {
    this.#options = options
  }

  get(): Promise<T> {
    const { clock, periodMs } = this.#options
    const ageMs = clock.monotonicMs() - this.#askedAtMs
    if (this.#answer !== null && (this.#isUnderWay || ageMs < periodMs)) return this.#answer
    return this.#read()
  }

  /** A reading that begins after this was asked; all who wait for it share it. */
  getFresh(): Promise<T> {
    if (this.#answer === null || !this.#isUnderWay) return this.#read()
    this.#next ??= this.#answer.then(() => {
      this.#next = null
      return this.#read()
    })
    return this.#next
  }

  #read(): Promise<T> {
    const { clock } = this.#options
    this.#askedAtMs = clock.monotonicMs()
    this.#isUnderWay = true
    this.#answer = this.#options.read().finally(() => {
      this.#isUnderWay = false
    })
    return this.#answer
  }
}
