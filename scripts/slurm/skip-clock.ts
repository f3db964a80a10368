/**
 * The real clock, of which whole spans can be skipped: what was to happen within them happens now.
 * Lets a check with real processes pass the half minutes between two questions. The wall clock is
 * not touched, because real files carry real times.
 */
import type { Clock, Timer } from '@yiben/shared'

interface Pending {
  readonly atMs: number
  readonly run: () => void
}

export class SkipClock implements Clock {
  readonly #real: Clock
  readonly #pending = new Set<Pending>()
  #skippedMs = 0

  constructor(real: Clock) {
    this.#real = real
  }

  wallMs(): number {
    return this.#real.wallMs()
  }

  monotonicMs(): number {
    return this.#real.monotonicMs() + this.#skippedMs
  }

  after(delayMs: number, run: () => void): Timer {
    const pending = { atMs: this.monotonicMs() + delayMs, run }
    this.#pending.add(pending)
    const timer = this.#real.after(delayMs, () => this.#fire(pending))
    return {
      cancel: () => {
        this.#pending.delete(pending)
        timer.cancel()
      },
    }
  }

  skip(byMs: number): void {
    this.#skippedMs += byMs
    const nowMs = this.monotonicMs()
    const due = [...this.#pending].filter(({ atMs }) => atMs <= nowMs)
    for (const pending of due.sort((a, b) => a.atMs - b.atMs)) this.#fire(pending)
  }

  #fire(pending: Pending): void {
    if (this.#pending.delete(pending)) pending.run()
  }
}
