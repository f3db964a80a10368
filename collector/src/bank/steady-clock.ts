/**
 * The bank's own now, in UTC epoch ms: what holds, lease ends and silence are judged by. Steps of
 * the wall clock do not move it (C4); it is anchored to the wall clock once, runs with the monotonic
 * clock, and is drawn towards the wall clock slowly. Never goes back. Its bounds, of the time
 * that has passed by the monotonic clock:
 *
 *   wall within 2 s of it             drawn by at most 500 ppm: drift
 *   wall more than 2 s off it         a step: kept out entirely, for as long as liveness accuses the
 *                                     collector's clock and for 10 min in which it does not
 *   a step that outlives those 10 min taken over, by at most 10 % of the time that passes
 *
 * So a lease never ends more than 10 % of its last minutes early or late, whatever the wall clock
 * does. A step of an hour is taken over in ten; a restart takes it over at once.
 */
import type { Clock } from '@yiben/shared'

/** As the agents' own timelines are drawn towards ours (DESIGN 2.1). */
const DRIFT_RATE = 500e-6
/** DESIGN 2.3: offsets that move by more than this accuse a clock. */
const STEP_MS = 2_000
/** As long as the collector may suspect itself (DESIGN 2.3): what lasts longer is no accident. */
const STEP_KEPT_OUT_MS = 600_000
const TAKE_OVER_RATE = 0.1

export interface SteadyClockOptions {
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>
  /** Whether the collector doubts its own clock now. */
  readonly isAccused: () => boolean
}

export class SteadyClock {
  readonly #options: SteadyClockOptions
  #steadyMs: number
  #monotonicMs: number
  /** The step that is kept out, and since when by the monotonic clock. */
  #step: { readonly gapMs: number; readonly sinceMs: number } | null = null

  constructor(options: SteadyClockOptions) {
    this.#options = options
    this.#steadyMs = options.clock.wallMs()
    this.#monotonicMs = options.clock.monotonicMs()
  }

  /** UTC epoch ms, whole. */
  nowMs(): number {
    const { clock, isAccused } = this.#options
    const monotonicMs = clock.monotonicMs()
    const elapsedMs = Math.max(0, monotonicMs - this.#monotonicMs)
    this.#monotonicMs += elapsedMs
    const freeMs = this.#steadyMs + elapsedMs
    const gapMs = clock.wallMs() - freeMs
    const reachMs = elapsedMs * this.#rateFor(gapMs, isAccused())
    const drawnMs = Math.max(-reachMs, Math.min(reachMs, gapMs))
    if (this.#step !== null) this.#step = { ...this.#step, gapMs: gapMs - drawnMs }
    this.#steadyMs = freeMs + drawnMs
    return Math.round(this.#steadyMs)
  }

  /** How fast a gap of that size may be closed now. */
  #rateFor(gapMs: number, isAccused: boolean): number {
    if (Math.abs(gapMs) <= STEP_MS) {
      this.#step = null
      return DRIFT_RATE
    }
    const isAnother = this.#step === null || Math.abs(gapMs - this.#step.gapMs) > STEP_MS
    if (isAccused || isAnother || this.#step === null) {
      this.#step = { gapMs, sinceMs: this.#monotonicMs }
      return 0
    }
    const keptOutMs = this.#monotonicMs - this.#step.sinceMs
    return keptOutMs >= STEP_KEPT_OUT_MS ? TAKE_OVER_RATE : 0
  }
}
