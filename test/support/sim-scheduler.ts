/**
 * Time of the simulated world: one queue of timers for every process in it, fired in order, with
 * everything promised in between allowed to happen. A process has a clock of its own (its wall may
 * be wrong and may jump) and randomness of its own; killing it drops its timers and nothing else.
 */
import type { Clock, Random, Timer } from '@yiben/shared'
import { FakeRandom } from './fake-clock.ts'

interface Pending {
  readonly atMs: number
  readonly order: number
  readonly owner: SimProcess
  run: (() => void) | null
}

/** A binary heap by (time, order): tens of thousands of timers are pending in a big fleet. */
class TimerQueue {
  readonly #heap: Pending[] = []

  push(pending: Pending): void {
    const heap = this.#heap
    let at = heap.push(pending) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfBefore(at, parent)) break
      at = parent
    }
  }

  peek(): Pending | undefined {
    return this.#heap[0]
  }

  pop(): Pending | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) {
      heap[0] = last
      this.#sink()
    }
    return first
  }

  #sink(): void {
    const heap = this.#heap
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      const right = left + 1
      const child = right < heap.length && this.#isBefore(right, left) ? right : left
      if (child >= heap.length || !this.#swapIfBefore(child, at)) return
      at = child
    }
  }

  #isBefore(left: number, right: number): boolean {
    const a = this.#heap[left]
    const b = this.#heap[right]
    if (a === undefined || b === undefined) return false
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  }

  #swapIfBefore(child: number, parent: number): boolean {
    if (!this.#isBefore(child, parent)) return false
    const heap = this.#heap
    const moved = heap[child] as Pending
    heap[child] = heap[parent] as Pending
    heap[parent] = moved
    return true
  }
}

/** One program in the simulated world, from its start to its end or its death. */
export class SimProcess {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly #scheduler: SimScheduler
  readonly #startedAtMs: number
  #wallOffsetMs: number
  #isAlive = true

  constructor(scheduler: SimScheduler, name: string, seed: number, wallOffsetMs: number) {
    this.#scheduler = scheduler
    this.name = name
    this.#startedAtMs = scheduler.nowMs
    this.#wallOffsetMs = wallOffsetMs
    this.random = new FakeRandom(seed)
    this.clock = {
      wallMs: () => scheduler.nowMs + this.#wallOffsetMs,
      monotonicMs: () => scheduler.nowMs - this.#startedAtMs,
      after: (delayMs, run) => this.#after(delayMs, run),
    }
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** What NTP or an administrator does to this machine's wall clock. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  /** As `kill -9`: whatever it still had in mind does not happen. */
  kill(): void {
    this.#isAlive = false
  }

  #after(delayMs: number, run: () => void): Timer {
    return this.#scheduler.schedule(this, delayMs, run)
  }
}

export class SimScheduler {
  /** Simulated UTC epoch ms: the true time, which no process need know. */
  nowMs: number
  readonly #queue = new TimerQueue()
  #order = 0
  fired = 0

  constructor(startMs: number) {
    this.nowMs = startMs
  }

  process(name: string, seed: number, wallOffsetMs = 0): SimProcess {
    return new SimProcess(this, name, seed, wallOffsetMs)
  }

  schedule(owner: SimProcess, delayMs: number, run: () => void): Timer {
    this.#order += 1
    const pending: Pending = {
      atMs: this.nowMs + Math.max(0, delayMs),
      order: this.#order,
      owner,
      run,
    }
    this.#queue.push(pending)
    return {
      cancel: () => {
        pending.run = null
      },
    }
  }

  /** Fires everything due in the next `byMs`; `afterEach` is called when all has settled. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.nowMs + byMs
    await settle()
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      if (next.atMs > endMs) break
      this.#queue.pop()
      const run = next.run
      if (run === null || !next.owner.isAlive) continue
      this.nowMs = Math.max(this.nowMs, next.atMs)
      this.fired += 1
      run()
      await settle()
    }
    this.nowMs = endMs
  }
}

/** Every promise that can settle without outside help has settled when the next macrotask runs. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
