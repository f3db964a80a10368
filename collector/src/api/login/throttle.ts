/**
 * Slows down whoever fails to log in: a few free tries, then a wait that doubles with each failure.
 * Counted in memory, by key (an address, a token's id); bounded, the longest quiet forgotten first.
 */
import type { Clock } from '@yiben/shared'

const FREE_FAILURES = 5
const FIRST_WAIT_MS = 1_000
/** Quiet for this long is forgotten. */
const MEMORY_MS = 15 * 60_000
const KEYS_MAX = 10_000

interface Failures {
  readonly count: number
  readonly lastMs: number
}

export class Throttle {
  readonly #clock: Clock
  readonly #waitMsMax: number
  /** In the order of the last failure. */
  readonly #failures = new Map<string, Failures>()

  constructor(clock: Clock, waitMsMax: number) {
    this.#clock = clock
    this.#waitMsMax = waitMsMax
  }

  /** How long this key must still wait; 0: it may try. */
  waitMs(key: string): number {
    const known = this.#known(key)
    if (known === null || known.count < FREE_FAILURES) return 0
    const waitMs = FIRST_WAIT_MS * 2 ** Math.min(known.count - FREE_FAILURES, 30)
    const untilMs = known.lastMs + Math.min(waitMs, this.#waitMsMax)
    return Math.max(0, untilMs - this.#clock.monotonicMs())
  }

  failed(key: string): void {
    const count = (this.#known(key)?.count ?? 0) + 1
    this.#failures.delete(key)
    this.#failures.set(key, { count, lastMs: this.#clock.monotonicMs() })
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > KEYS_MAX && oldest !== undefined) this.#failures.delete(oldest)
  }

  succeeded(key: string): void {
    this.#failures.delete(key)
  }

  #known(key: string): Failures | null {
    const known = this.#failures.get(key)
    if (known === undefined) return null
    if (this.#clock.monotonicMs() - known.lastMs <= MEMORY_MS) return known
    this.#failures.delete(key)
    return null
  }
}
