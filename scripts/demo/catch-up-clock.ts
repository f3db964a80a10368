/**
 * A clock that begins in the past and runs as fast as the work allows until it meets the present:
 * so the demo's nodes live through their last seven days by the same code that measures today.
 */
import type { Clock, Timer } from '@yiben/shared'

interface Pending {
  readonly atMs: number
  readonly order: number
  run: (() => void) | null
}

/** What needs no time is given the chance to end before what would cut it short. */
const TURNS_BEFORE_TIMERS = 16

export class CatchUpClock implements Clock {
  readonly #present: Clock
  readonly #startMs: number
  #nowMs: number
  #order = 0
  #pending: Pending[] = []

  /** `startMs`: UTC epoch ms in the past; `present` tells when to stop. */
  constructor(present: Clock, startMs: number) {
    this.#present = present
    this.#startMs = startMs
    this.#nowMs = startMs
  }

  wallMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs
  }

  after(delayMs: number, run: () => void): Timer {
    this.#order += 1
    const pending = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, run }
    const at = this.#pending.findLastIndex((other) => other.atMs <= pending.atMs)
    this.#pending.splice(at + 1, 0, pending)
    const entry: Pending = pending
    return {
      cancel: () => {
        entry.run = null
      },
    }
  }

  /** Fires timers in order until the next one lies in the present, or `signal` is aborted. */
  async catchUp(signal: AbortSignal): Promise<void> {
    await settled()
    while (!signal.aborted) {
      const next = this.#pending[0]
      if (next === undefined || next.atMs > this.#present.wallMs()) return
      this.#pending.shift()
      if (next.run === null) continue
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
      await settled()
    }
  }

  /** Fires what is due within `byMs` more, so that an ordered stop can end. */
  async runOut(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs
    for (let turn = 0; turn < TURNS_BEFORE_TIMERS; turn += 1) await settled()
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      if (next.atMs > endMs) return
      if (next.run === null) continue
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
      await settled()
    }
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
