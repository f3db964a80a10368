/**
 * The node's one contiguous timeline: a wall anchor plus the monotonic clock, slewed at most
 * 500 ppm towards the collector's time. Order and length of everything measured come from here.
 *
 * It promises: whole UTC ms that never go back; a step of the wall clock moves nothing and is told
 * as evidence (C2); a suspend, during which CLOCK_MONOTONIC stands still, moves the timeline
 * forward over a span that is told, so that it can be booked unknown(suspend).
 *
 * A suspend can be told from a step only by a clock that runs on while the machine sleeps
 * (CLOCK_BOOTTIME, `/proc/uptime`). Without one it looks like a step: nothing moves, the step is
 * reported, and the offset the collector measures shows the missing time.
 */
import type { Clock } from '@yiben/shared'
import { assert } from '@yiben/shared'

/** Parts per million: half a millisecond per second, the limit of adjtime(3) as well. */
const SLEW_RATIO_MAX = 500 / 1_000_000
/** Two clocks that move against each other by more than this between two looks have jumped. */
const JUMP_MS_MIN = 2000

export interface TimelineOptions {
  readonly clock: Clock
  /** Where the timeline begins, from `resumeTimeline`. */
  readonly startMs: number
  /** Milliseconds since boot including suspend; `null` where it cannot be read. */
  readonly bootTimeMs?: () => number | null
}

export type TimelineEvent =
  /** The wall clock jumped by this much against the monotonic one: evidence, nothing is moved. */
  | { readonly kind: 'step'; readonly stepMs: number; readonly atMs: number }
  /** The machine slept: nothing is known of [startMs, endMs); the timeline goes on at endMs. */
  | { readonly kind: 'suspend'; readonly startMs: number; readonly endMs: number }

export interface NodeTimeline {
  /** Whole UTC ms on the node's timeline; never goes back. */
  nowMs(): number
  /**
   * Looks at the clocks: before each sampling round, so that a suspend is found before a sample
   * is booked across it. What happened since the last look.
   */
  check(): readonly TimelineEvent[]
  /** The last step of the wall clock, 0 for none. */
  stepMs(): number
  /** Timeline minus wall clock now: how far the two have come apart. */
  aheadOfWallMs(): number
  /** Collector's time minus the timeline as last told, less what was slewed since. */
  offsetMs(): number | null
  /** Tells a measured offset: the collector's time minus `nowMs()`. */
  learn(offsetMs: number): void
}

/** Where the clocks stood when they were last looked at. */
interface Look {
  readonly monotonicMs: number
  readonly wallMs: number
  readonly bootMs: number | null
}

export function createTimeline(options: TimelineOptions): NodeTimeline {
  return new AnchoredTimeline(options)
}

class AnchoredTimeline implements NodeTimeline {
  readonly #clock: Clock
  readonly #bootTimeMs: () => number | null
  /** The timeline stood at `#anchorMs` when the monotonic clock stood at `#anchorMonotonicMs`. */
  #anchorMs: number
  #anchorMonotonicMs: number
  /** Offset told and not yet slewed at the anchor; `null`: never told. */
  #offsetMs: number | null = null
  #lastMs: number
  #lastStepMs = 0
  #look: Look

  constructor({ clock, startMs, bootTimeMs }: TimelineOptions) {
    assert(Number.isSafeInteger(startMs), 'a timeline runs in whole milliseconds')
    this.#clock = clock
    this.#bootTimeMs = bootTimeMs ?? (() => null)
    this.#look = this.#lookNow()
    this.#anchorMs = startMs
    this.#anchorMonotonicMs = this.#look.monotonicMs
    this.#lastMs = startMs
  }

  nowMs(): number {
    return this.#at(this.#clock.monotonicMs())
  }

  check(): readonly TimelineEvent[] {
    const before = this.#look
    const look = this.#lookNow()
    this.#look = look
    const elapsedMs = look.monotonicMs - before.monotonicMs
    const sleptMs = sleptBetween(before, look)
    const events: TimelineEvent[] = []
    if (sleptMs > 0) events.push(this.#sleep(look.monotonicMs, sleptMs))
    const stepMs = Math.round(look.wallMs - before.wallMs - elapsedMs - sleptMs)
    if (Math.abs(stepMs) > JUMP_MS_MIN) {
      this.#lastStepMs = stepMs
      events.push({ kind: 'step', stepMs, atMs: this.#at(look.monotonicMs) })
    }
    return events
  }

  stepMs(): number {
    return this.#lastStepMs
  }

  aheadOfWallMs(): number {
    return this.nowMs() - Math.round(this.#clock.wallMs())
  }

  offsetMs(): number | null {
    if (this.#offsetMs === null) return null
    return this.#offsetMs - this.#slewedMs(this.#clock.monotonicMs())
  }

  learn(offsetMs: number): void {
    assert(Number.isFinite(offsetMs), 'an offset is a finite number of milliseconds')
    this.#anchorAt(this.#clock.monotonicMs())
    this.#offsetMs = offsetMs
  }

  /** Moves on by the time slept; the span told begins at the last moment known to be awake. */
  #sleep(monotonicMs: number, sleptMs: number): TimelineEvent {
    const startMs = this.#at(monotonicMs)
    this.#anchorAt(monotonicMs)
    this.#anchorMs += Math.round(sleptMs)
    return { kind: 'suspend', startMs, endMs: this.#at(monotonicMs) }
  }

  #at(monotonicMs: number): number {
    this.#lastMs = Math.max(this.#lastMs, Math.floor(this.#exactAt(monotonicMs)))
    return this.#lastMs
  }

  #exactAt(monotonicMs: number): number {
    return this.#anchorMs + (monotonicMs - this.#anchorMonotonicMs) + this.#slewedMs(monotonicMs)
  }

  /** How much of the offset was taken up since the anchor, at the slew limit. */
  #slewedMs(monotonicMs: number): number {
    const offsetMs = this.#offsetMs ?? 0
    const limitMs = (monotonicMs - this.#anchorMonotonicMs) * SLEW_RATIO_MAX
    return Math.max(-limitMs, Math.min(limitMs, offsetMs))
  }

  #anchorAt(monotonicMs: number): void {
    const anchorMs = this.#exactAt(monotonicMs)
    if (this.#offsetMs !== null) this.#offsetMs -= this.#slewedMs(monotonicMs)
    this.#anchorMs = anchorMs
    this.#anchorMonotonicMs = monotonicMs
  }

  #lookNow(): Look {
    return {
      monotonicMs: this.#clock.monotonicMs(),
      wallMs: this.#clock.wallMs(),
      bootMs: this.#bootTimeMs(),
    }
  }
}

/** Time that passed for the boot clock and not for the monotonic one; 0 where nobody can tell. */
function sleptBetween(before: Look, look: Look): number {
  if (before.bootMs === null || look.bootMs === null) return 0
  const sleptMs = look.bootMs - before.bootMs - (look.monotonicMs - before.monotonicMs)
  return sleptMs > JUMP_MS_MIN ? sleptMs : 0
}
