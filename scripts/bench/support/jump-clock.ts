/**
 * A clock that jumps: what is handed over without delay happens at once, and a timer that has become
 * due since the jump before fires once, however often it would have. Whole rounds of a program pass
 * in between, as on a machine that sleeps and wakes on the hour.
 */
import type { Clock, Timer } from '@yiben/shared'

interface Pending {
  readonly atMs: number
  readonly order: number
  run: (() => void) | null
}

export class JumpClock implements Clock {
  readonly #startMs: number
  #nowMs: number
  #order = 0
  #soon: Pending[] = []
  /** A binary heap by time, then by order. */
  readonly #heap: Pending[] = []

  constructor(startMs: number) {
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
    const pending: Pending = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, run }
    if (delayMs <= 0) this.#soon.push(pending)
    else this.#push(pending)
    return {
      cancel: () => {
        pending.run = null
      },
    }
  }

  /** From now on it is later; nothing has happened yet. */
  set(nowMs: number): void {
    if (nowMs < this.#nowMs) throw new Error('a clock that jumps never jumps back')
    this.#nowMs = nowMs
  }

  /** First what is under way, then the timers that are due, each with all that follows from it. */
  async fire(): Promise<void> {
    await this.#settle()
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      if (next.atMs > this.#nowMs) return
      this.#pop()
      if (next.run === null) continue
      next.run()
      await this.#settle()
    }
  }

  /** In small jumps, until `work` is done. */
  async until<Result>(work: Promise<Result>, stepMs: number): Promise<Result> {
    let isDone = false
    const watched = work.finally(() => {
      isDone = true
    })
    watched.catch(() => {})
    await this.fire()
    while (!isDone) {
      this.set(this.#nowMs + stepMs)
      await this.fire()
    }
    return watched
  }

  async #settle(): Promise<void> {
    await turn()
    while (this.#soon.length > 0) {
      const soon = this.#soon
      this.#soon = []
      for (const { run } of soon) run?.()
      await turn()
    }
  }

  #push(pending: Pending): void {
    const heap = this.#heap
    let at = heap.push(pending) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfBefore(at, parent)) return
      at = parent
    }
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    heap[0] = last
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const child = right < heap.length && this.#isBefore(right, left) ? right : left
      if (child >= heap.length || !this.#swapIfBefore(child, at)) return
      at = child
    }
  }

  #isBefore(left: number, right: number): boolean {
    const [one, other] = [this.#heap[left], this.#heap[right]]
    if (one === undefined || other === undefined) return false
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
  }

  #swapIfBefore(child: number, parent: number): boolean {
    if (!this.#isBefore(child, parent)) return false
    const [low, high] = [this.#heap[child], this.#heap[parent]]
    if (low === undefined || high === undefined) return false
    this.#heap[child] = high
    this.#heap[parent] = low
    return true
  }
}

/** Every promise that can settle without outside help has settled when the next macrotask runs. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
