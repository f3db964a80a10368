/**
 * A clock that moves only when told. Timers fire in the order of their time, then of their setting;
 * between two of them everything that was promised meanwhile is allowed to happen.
 */
import type { Clock, Random, Timer } from '@yiben/shared'

interface Pending {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** 2026-11-20T00:00:00Z. */
export const FAKE_START_MS = 1_795_132_800_000

/** Chains of awaits between two timers are short; this many turns are more than any has. */
const TURNS = 32
/** A timer that sets itself anew without delay would never let time pass. */
const TIMERS_PER_ADVANCE_MAX = 5_000_000

export class FakeClock implements Clock {
  #monotonicMs = 0
  #wallOffsetMs: number
  #order = 0
  readonly #pending = new Set<Pending>()

  constructor(startMs: number = FAKE_START_MS) {
    this.#wallOffsetMs = startMs
  }

  wallMs(): number {
    return this.#monotonicMs + this.#wallOffsetMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, run: () => void): Timer {
    const pending = {
      atMs: this.#monotonicMs + Math.max(0, delayMs),
      order: this.#order,
      run,
    }
    this.#order += 1
    this.#pending.add(pending)
    return { cancel: () => void this.#pending.delete(pending) }
  }

  /** What NTP or an administrator does to a wall clock. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  pendingTimers(): number {
    return this.#pending.size
  }

  /** Moves on by `byMs`, firing what falls due; synchronous, for code without promises. */
  advance(byMs: number): void {
    const endMs = this.#monotonicMs + byMs
    for (let fired = 0; this.#fireNext(endMs); fired += 1) checkBound(fired)
    this.#monotonicMs = endMs
  }

  /** As `advance`, letting promises settle before the first and after each timer. */
  async run(byMs: number): Promise<void> {
    const endMs = this.#monotonicMs + byMs
    await settle()
    for (let fired = 0; this.#fireNext(endMs); fired += 1) {
      checkBound(fired)
      await settle()
    }
    this.#monotonicMs = endMs
  }

  #fireNext(endMs: number): boolean {
    let next: Pending | null = null
    for (const pending of this.#pending) {
      if (pending.atMs > endMs) continue
      if (next === null || isBefore(pending, next)) next = pending
    }
    if (next === null) return false
    this.#pending.delete(next)
    this.#monotonicMs = Math.max(this.#monotonicMs, next.atMs)
    next.run()
    return true
  }
}

/** Lets everything that is already promised happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve()
}

/** Seeded and repeatable: xorshift over 32 bits (Marsaglia 2003), good enough for jitter and ids. */
export class FakeRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed | 0) ^ 0x9e3779b9 || 1
    for (let warm = 0; warm < 8; warm += 1) this.#next()
  }

  fraction(): number {
    return this.#next() / 0x1_0000_0000
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() >>> 24)
  }

  #next(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return state >>> 0
  }
}

function isBefore(left: Pending, right: Pending): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order)
}

function checkBound(fired: number): void {
  if (fired > TIMERS_PER_ADVANCE_MAX) throw new Error('timers fire without end')
}
