/** When the next attempt may be made: backoff with full jitter, and what the peer asked for. */
import { backoffDelayMs } from '../backoff.ts'
import type { LinkTimings } from './timings.ts'

export class Retry {
  readonly #timings: LinkTimings
  /** Failures since the last connection that held. */
  #attempts = 0
  #askedMs = 0

  constructor(timings: LinkTimings) {
    this.#timings = timings
  }

  /** The next wait lasts at least this long; within the ceiling, whoever asks. */
  ask(delayMs: number): void {
    this.#askedMs = Math.min(delayMs, this.#timings.waitMsMax)
  }

  /** A connection that held proves the path; one that is ended at once does not (L12). */
  noteConnection(onlineMs: number): void {
    if (onlineMs >= this.#timings.holdMs) this.#attempts = 0
  }

  /** Uses up what was asked for. `fraction` is uniform in [0, 1). */
  nextDelayMs(fraction: number): number {
    this.#attempts += 1
    const { waitMsMin, backoff } = this.#timings
    const jitterMs = backoffDelayMs(backoff, this.#attempts, fraction)
    const delayMs = Math.max(waitMsMin, this.#askedMs + jitterMs)
    this.#askedMs = 0
    return delayMs
  }
}
