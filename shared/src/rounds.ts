/**
 * The loop of a part that works in rounds: woken by a hint or by a timer, one round at a time.
 *
 * An expected failure (`AppError`) of a round is handed to `onFailure` and the round is tried again
 * after `intervalMs`; anything else is a bug and ends `run` with it. A round must be bounded and
 * harmless to repeat.
 */
import { assert } from './assert.ts'
import { AppError } from './errors.ts'
import type { Clock, Timer } from './world.ts'

export interface RoundsOptions {
  readonly clock: Clock
  /** Longest wait between two rounds without a hint, and the wait after a failure. */
  readonly intervalMs: number
  /** Resolves to true when there is more to do at once. */
  readonly round: () => Promise<boolean>
  readonly onFailure: (error: AppError) => void
}

export class Rounds {
  readonly #options: RoundsOptions
  #isStopped = false
  #isRunning = false
  #isWoken = false
  #timer: Timer | null = null
  #endWait: (() => void) | null = null
  /** The round under way and those queued behind it. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: RoundsOptions) {
    assert(options.intervalMs > 0, 'rounds need a positive interval')
    this.#options = options
  }

  /** Rounds until `stop`; rejects with a bug of a round. Called once. */
  async run(): Promise<void> {
    assert(!this.#isRunning, 'rounds are run once')
    this.#isRunning = true
    while (!this.#isStopped) {
      this.#isWoken = false
      const hasMore = await this.#tryRound()
      if (!hasMore && !this.#isStopped) await this.#wait()
    }
  }

  /** Makes the next round start now, or right after the one under way. */
  wake(): void {
    this.#isWoken = true
    this.#endWait?.()
  }

  /** Ends the loop and waits for the round under way. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#endWait?.()
    await this.#turn.catch(() => {})
  }

  /** One round now, never beside another; throws what it throws. */
  once(): Promise<boolean> {
    const turn = this.#turn.catch(() => {}).then(() => this.#options.round())
    this.#turn = turn
    return turn
  }

  async #tryRound(): Promise<boolean> {
    try {
      return (await this.once()) || this.#isWoken
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#options.onFailure(error)
      this.#isWoken = false
      return false
    }
  }

  async #wait(): Promise<void> {
    if (this.#isWoken) return
    await new Promise<void>((resolve) => {
      this.#endWait = resolve
      this.#timer = this.#options.clock.after(this.#options.intervalMs, resolve)
    })
    this.#timer?.cancel()
    this.#timer = null
    this.#endWait = null
  }
}
