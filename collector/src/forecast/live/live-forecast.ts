/**
 * The forecast of a running collector, in memory: the forecaster, the cards it follows, what waits to
 * be told, and what is predicted. No storage and no clock of its own: it is handed what was read, and
 * what time it is. Its whole state is plain JSON, from which it goes on exactly where it stood.
 */
import { Forecaster, type ForecasterJson } from '../forecaster.ts'
import { DAY_MS, HOUR_MS } from '../numbers.ts'
import type { Prior } from '../prior.ts'
import {
  FollowedFleet,
  type FollowedFleetParts,
  type FollowedNodeJson,
  type Looks,
} from './followed-fleet.ts'
import { ForecastOutlook } from './outlook.ts'
import { Predictions } from './predictions.ts'
import { type Instant, settledMs } from './settled.ts'
import { type QueuedChange, TimeQueue } from './time-queue.ts'

/** A forecast without a state begins so far back, with what the ledger holds of it. */
const BEGIN_BACK_MS = 2 * DAY_MS

export interface LiveForecastJson {
  readonly version: 1
  readonly beganMs: number
  readonly forecaster: ForecasterJson
  readonly nodes: readonly FollowedNodeJson[]
  readonly queue: readonly QueuedChange[]
}

export interface LiveForecastParts extends Pick<FollowedFleetParts, 'lending' | 'kindKeyOf'> {
  readonly now: Instant
  /** Without one it begins anew. */
  readonly state: LiveForecastJson | null
  /** Shipped models other than the product's; for tests. */
  readonly prior?: Prior
}

export interface Told {
  /** There is more to tell at once. */
  readonly hasMore: boolean
  /** The full hour that the forecast stands at now, if it has just come to one. */
  readonly hourMs: number | null
}

export class LiveForecast {
  readonly forecaster: Forecaster
  readonly fleet: FollowedFleet
  readonly predictions: Predictions
  readonly outlook: ForecastOutlook
  readonly #queue: TimeQueue
  readonly #beganMs: number

  constructor({ kindKeyOf, lending, now, prior, state }: LiveForecastParts) {
    this.forecaster = new Forecaster(state?.forecaster ?? null, prior)
    this.#queue = new TimeQueue(state?.queue)
    const { forecaster } = this
    const parts = { queue: this.#queue, kindKeyOf, lending }
    this.fleet = new FollowedFleet(parts, state?.nodes, now.monotonicMs)
    this.predictions = new Predictions(forecaster)
    this.outlook = new ForecastOutlook({
      forecaster,
      fleet: this.fleet,
      predictions: this.predictions,
    })
    this.#beganMs = state?.beganMs ?? now.wallMs - BEGIN_BACK_MS
  }

  /** Everything before is told; what comes of earlier times is late. */
  get toldToMs(): number {
    return this.forecaster.nowMs ?? this.#beganMs
  }

  /** Changes whose time is not settled yet. */
  get waiting(): number {
    return this.#queue.length
  }

  look(looks: Omit<Looks, 'fromMs'>): void {
    this.fleet.look({ ...looks, fromMs: this.toldToMs })
  }

  /** Tells what is settled, at most `count` changes, and goes no further than the next full hour. */
  tell(now: Instant, count: number): Told {
    const settled = settledMs(this.fleet.nodes(), now)
    this.#begin(settled)
    const { nowMs } = this.forecaster
    if (nowMs === null || settled <= nowMs) return { hasMore: false, hourMs: null }
    const hourMs = (Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS
    const untilMs = Math.min(settled, hourMs)
    this.fleet.settle(untilMs, nowMs)
    for (let told = 0; told < count; told += 1) {
      const change = this.#queue.take(untilMs)
      if (change === null) {
        this.forecaster.advance(untilMs)
        return { hasMore: untilMs < settled, hourMs: untilMs === hourMs ? hourMs : null }
      }
      const card = this.forecaster.cardOf(change.place)
      this.forecaster.change(card, change.state, change.atMs)
      this.predictions.changed(card)
    }
    return { hasMore: true, hourMs: null }
  }

  toJSON(): LiveForecastJson {
    return {
      version: 1,
      beganMs: this.#beganMs,
      forecaster: this.forecaster.toJSON(),
      nodes: this.fleet.toJSON(),
      queue: this.#queue.toJSON(),
    }
  }

  /** Its time begins with the first change: before it there is nothing to know. */
  #begin(settled: number): void {
    const { firstMs } = this.#queue
    if (this.forecaster.nowMs === null && firstMs !== null) {
      this.forecaster.advance(Math.min(firstMs, settled))
    }
  }
}

/** What was packed by this version; `null` for anything else. */
export function liveForecastJson(value: unknown): LiveForecastJson | null {
  if (typeof value !== 'object' || value === null || !('version' in value)) return null
  // Of our own making, whole (its checksum was checked on unpacking), and of this version.
  return value.version === 1 ? (value as LiveForecastJson) : null
}
