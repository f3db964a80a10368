/**
 * What a capacity search asks of the forecast (bank/capacity-outlook.ts), answered from memory. Of
 * several cards the chance is joint: within a pool cards are claimed together, as often as its history
 * shows; pools are independent of each other. (Where pools of one site are not, the product is too low
 * a chance, never too high, because what is claimed together also lasts together.)
 *
 * Nothing is said of more than eight hours, which no record supports, and nothing of a card whose node
 * has told since that it is no longer free, though that time is not settled yet.
 */
import type { UnitId } from '../../model/ids.ts'
import type { Forecaster } from '../forecaster.ts'
import { allLast, between, togetherness } from '../pool.ts'
import { HORIZON_MS_MAX, HORIZONS_MS, SLOT_MS } from '../pool-history.ts'
import type { Pool } from '../pool-state.ts'
import type { FollowedFleet } from './followed-fleet.ts'
import type { Predictions } from './predictions.ts'

/** Of so many cards every one is asked afresh; of more, the latest predictions serve. */
const FRESH_CARDS_MAX = 256

export class ForecastOutlook {
  readonly #parts: OutlookParts
  readonly #together = new Map<Pool, Togetherness>()

  constructor(parts: OutlookParts) {
    this.#parts = parts
  }

  chanceOfEach(unitIds: readonly UnitId[], forMs: number): readonly (number | null)[] {
    const { predictions } = this.#parts
    return unitIds.map((unitId) => {
      const card = this.#openCard(unitId)
      const chances = card === null ? null : predictions.recent(card)
      return chances === null ? null : chanceWithin(chances, forMs)
    })
  }

  chanceOfAll(unitIds: readonly UnitId[], forMs: number): number | null {
    const { forecaster, predictions } = this.#parts
    const isFew = unitIds.length <= FRESH_CARDS_MAX
    const byPool = new Map<Pool, number[]>()
    for (const unitId of unitIds) {
      const card = this.#openCard(unitId)
      if (card === null) return null
      const chances = isFew ? predictions.fresh(card) : predictions.recent(card)
      const chance = chances === null ? null : chanceWithin(chances, forMs)
      if (chance === null) return null
      const pool = forecaster.poolOf(card)
      const others = byPool.get(pool)
      if (others === undefined) byPool.set(pool, [chance])
      else others.push(chance)
    }
    let joint = 1
    for (const [pool, chances] of byPool) joint *= allLast(chances, this.#togetherIn(pool, forMs))
    return joint
  }

  #openCard(unitId: UnitId): number | null {
    const followed = this.#parts.fleet.cardOf(unitId)
    if (followed === null || followed.windowStartMs === null) return null
    const { forecaster } = this.#parts
    followed.card ??= forecaster.findCard(followed.place)
    return followed.card !== null && forecaster.isFree(followed.card) ? followed.card : null
  }

  /** Made anew every half hour: a pool's history moves on no sooner. */
  #togetherIn(pool: Pool, forMs: number): number {
    const slot = Math.floor((this.#parts.forecaster.nowMs ?? 0) / SLOT_MS)
    let known = this.#together.get(pool)
    if (known?.slot !== slot) {
      pool.history.advance(slot * SLOT_MS)
      known = { slot, byHorizon: HORIZONS_MS.map((_ms, horizon) => togetherness(pool, horizon)) }
      this.#together.set(pool, known)
    }
    const horizon = HORIZONS_MS.findIndex((horizonMs) => forMs <= horizonMs)
    return known.byHorizon[horizon] ?? 1
  }
}

export interface OutlookParts {
  readonly forecaster: Forecaster
  readonly fleet: FollowedFleet
  readonly predictions: Predictions
}

interface Togetherness {
  readonly slot: number
  readonly byHorizon: readonly number[]
}

function chanceWithin(chances: ArrayLike<number>, forMs: number): number | null {
  return forMs > HORIZON_MS_MAX ? null : between(chances, forMs)
}
