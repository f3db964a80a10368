/**
 * Whether the other end of a connection still lives: when it was last heard, and pings where it says
 * nothing. By the monotonic clock.
 */
import type { Clock } from '@yiben/shared'

export interface PulseTimings {
  /** Nothing heard for this long: ping. */
  readonly idleMs: number
  /** No answer to a ping for this long: dead. */
  readonly pingMs: number
}

export class Pulse {
  readonly #clock: Clock
  readonly #timings: PulseTimings
  readonly #ping: () => void
  #heardAtMs: number
  #pingedAtMs: number | null = null
  #isOver = false
  readonly #waiters: (() => void)[] = []

  constructor(clock: Clock, timings: PulseTimings, ping: () => void) {
    this.#clock = clock
    this.#timings = timings
    this.#ping = ping
    this.#heardAtMs = clock.monotonicMs()
  }

  get heardAtMs(): number {
    return this.#heardAtMs
  }

  heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs()
    this.#pingedAtMs = null
  }

  onPong(): void {
    this.heard()
    for (const tell of this.#waiters.splice(0)) tell()
  }

  /** Called about once a second: pings a silent line; `false` once it has not answered in time. */
  sweep(nowMs: number): boolean {
    const { idleMs, pingMs } = this.#timings
    if (this.#pingedAtMs !== null) return nowMs - this.#pingedAtMs < pingMs
    if (nowMs - this.#heardAtMs >= idleMs) {
      this.#pingedAtMs = nowMs
      this.#ping()
    }
    return true
  }

  /** Whether the other side still answers, within `pingMs`. */
  isAlive(): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#isOver) {
        resolve(false)
        return
      }
      const timer = this.#clock.after(this.#timings.pingMs, () => resolve(false))
      this.#waiters.push(() => {
        timer.cancel()
        resolve(!this.#isOver)
      })
      this.#ping()
    })
  }

  /** The connection is closed: whoever waits for an answer gets none. */
  end(): void {
    this.#isOver = true
    for (const tell of this.#waiters.splice(0)) tell()
  }
}
