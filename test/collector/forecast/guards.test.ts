/**
 * What must hold on any fleet, tried on made-up ones that no real trace is like: never more than 0.002
 * worse than Kaplan-Meier, and what is promised at 0.9 kept at least nine times of ten.
 */
import { describe, expect, test } from 'vitest'
import { Forecaster } from '../../../collector/src/forecast/forecaster.ts'
import { replay } from '../../../collector/src/forecast/replay.ts'
import {
  type FleetKind,
  SYNTHETIC_START_S,
  syntheticFleet,
} from '../../../scripts/bench/support/synthetic-fleet.ts'
import { DAY_S, HOUR_S, judge, questionsOf } from './support.ts'

const DAYS = 8
const HORIZONS = [HOUR_S, 4 * HOUR_S, 8 * HOUR_S]
/** Cards of one pool fail together: promises on fewer pool-days than this are an anecdote. */
const POOL_DAYS_MIN = 20

const FLEETS: readonly FleetKind[] = [
  'flickering',
  'drifting',
  'nearly free',
  'nearly busy',
  'jobs',
]

describe.each(FLEETS)('a fleet that is %s', (kind) => {
  test('is promised nothing that is not kept, and never worse than Kaplan-Meier', () => {
    const rows = syntheticFleet({ kind, pools: 6, nodesPerPool: 1, days: DAYS, seed: 2 })
    const fromS = SYNTHETIC_START_S + 4 * DAY_S
    const questions = questionsOf(rows, { fromS, horizons: HORIZONS })
    const forecaster = new Forecaster()
    const { probabilities } = replay(rows, questions, forecaster)
    for (const { poolDays, keptShare } of judge(questions, probabilities).values()) {
      if (poolDays >= POOL_DAYS_MIN) expect(keptShare).toBeGreaterThanOrEqual(0.9)
    }
    for (const { brier, brierReference } of forecaster.score()) {
      if (brier === null || brierReference === null) continue
      expect(brier).toBeLessThanOrEqual(brierReference + 0.002)
    }
  }, 120_000)
})
