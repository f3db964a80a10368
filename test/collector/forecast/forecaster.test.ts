import { describe, expect, test } from 'vitest'
import { Forecaster, type ForecasterJson } from '../../../collector/src/forecast/forecaster.ts'
import { HOUR_MS, MINUTE_MS } from '../../../collector/src/forecast/numbers.ts'
import { replay } from '../../../collector/src/forecast/replay.ts'
import type { IntervalRow } from '../../../collector/src/forecast/trace.ts'
import { trainModels } from '../../../collector/src/forecast/train.ts'
import {
  SYNTHETIC_START_S,
  syntheticFleet,
} from '../../../scripts/bench/support/synthetic-fleet.ts'
import { DAY_S, HOUR_S, questionsOf, told } from './support.ts'

const FLEET = syntheticFleet({ kind: 'jobs', pools: 2, nodesPerPool: 2, days: 3, seed: 5 })
const QUESTIONS = questionsOf(FLEET, {
  fromS: SYNTHETIC_START_S + 1.5 * DAY_S,
  horizons: [HOUR_S, 4 * HOUR_S],
})
const START_MS = 1_704_067_200_000

function oneCard(forecaster = new Forecaster()) {
  const card = forecaster.cardOf({ cardId: 'a', nodeId: 'n', poolId: 'p' })
  return { forecaster, card }
}

describe('the forecaster', () => {
  test('answers nothing for a card that is not free', () => {
    const { forecaster, card } = oneCard()
    expect(forecaster.ask(card, START_MS)).toBeNull()
    forecaster.change(card, 'taken', START_MS)
    expect(forecaster.ask(card, START_MS + MINUTE_MS)).toBeNull()
    forecaster.change(card, 'free', START_MS + 2 * MINUTE_MS)
    expect(forecaster.ask(card, START_MS + 3 * MINUTE_MS)).not.toBeNull()
    forecaster.change(card, 'lent', START_MS + 4 * MINUTE_MS)
    expect(forecaster.ask(card, START_MS + 5 * MINUTE_MS)).toBeNull()
  })

  test('without any history it answers from what is shipped, and longer is never likelier', () => {
    const { forecaster, card } = oneCard()
    forecaster.change(card, 'free', START_MS)
    const answer = forecaster.ask(card, START_MS + 10 * MINUTE_MS)
    expect(answer?.trainedAtMs).toBeNull()
    const promised = answer?.promised ?? []
    expect(promised).toHaveLength(4)
    expect([...promised].sort((left, right) => right - left)).toEqual(promised)
    for (const chance of promised) expect(chance > 0 && chance < 1).toBe(true)
  })

  test('what is told late counts as told just now, and time never goes back', () => {
    const { forecaster, card } = oneCard()
    forecaster.change(card, 'free', START_MS)
    forecaster.advance(START_MS + HOUR_MS)
    const other = forecaster.cardOf({ cardId: 'b', nodeId: 'n', poolId: 'p' })
    forecaster.change(other, 'free', START_MS + MINUTE_MS)
    expect(forecaster.windowStartMs(other)).toBe(START_MS + HOUR_MS)
    expect(forecaster.ask(card, START_MS)).toEqual(forecaster.ask(card, START_MS + HOUR_MS))
  })

  test('an answer does not change when what comes after it does', () => {
    const cutS = SYNTHETIC_START_S + 2.25 * DAY_S
    const early = QUESTIONS.filter(({ epochS }) => epochS <= cutS)
    const whole = replay(FLEET, early).probabilities
    expect(early.length).toBeGreaterThan(100)
    expect(replay(otherwiseFrom(cutS), early).probabilities).toEqual(whole)
  }, 60_000)

  test('the same history gives the same answers', () => {
    const first = replay(FLEET, QUESTIONS)
    expect(replay(FLEET, QUESTIONS).probabilities).toEqual(first.probabilities)
    expect(first.trainings).toBeGreaterThan(1)
  }, 60_000)

  test('a state that was kept as JSON goes on as if it had never been away', () => {
    const cutS = SYNTHETIC_START_S + 1.5 * DAY_S
    const before = FLEET.filter(({ endS }) => endS <= cutS)
    const kept = told(before, new Forecaster())
    kept.adopt(trainModels(kept.trainingSet()))
    const state: ForecasterJson = JSON.parse(JSON.stringify(kept))
    const again = new Forecaster(state)
    const nowMs = cutS * 1_000
    for (const forecaster of [kept, again]) {
      for (let card = 0; card < 32; card += 1) {
        const isFree = (card * 7) % 3 === 0
        forecaster.change(card, isFree ? 'free' : 'taken', nowMs + card * MINUTE_MS)
      }
      forecaster.advance(nowMs + 30 * HOUR_MS)
    }
    const answers = (forecaster: Forecaster) =>
      Array.from({ length: 32 }, (_, card) => forecaster.ask(card, nowMs + 30 * HOUR_MS))
    expect(answers(again)).toEqual(answers(kept))
    expect(again.score()).toEqual(kept.score())
    expect(again.isTrainingDue()).toBe(kept.isTrainingDue())
  }, 60_000)

  test('models are cloneable, and a training set too', () => {
    const forecaster = told(FLEET, new Forecaster())
    const set = structuredClone(forecaster.trainingSet())
    const models = structuredClone(trainModels(set))
    expect(models.horizons).toHaveLength(4)
    forecaster.adopt(models)
    expect(forecaster.isTrainingDue()).toBe(false)
  })

  test('windows that end by being lent do not count as ended', () => {
    const ending = (state: 'taken' | 'lent') => {
      const { forecaster, card } = oneCard()
      let atMs = START_MS
      for (let round = 0; round < 60; round += 1) {
        forecaster.change(card, 'free', atMs)
        forecaster.change(card, state, atMs + 40 * MINUTE_MS)
        atMs += HOUR_MS
      }
      forecaster.change(card, 'free', atMs)
      return forecaster.ask(card, atMs + 10 * MINUTE_MS)?.reference[1] ?? Number.NaN
    }
    expect(ending('lent')).toBeGreaterThan(ending('taken') + 0.2)
  })

  test('it scores itself, and better than Kaplan-Meier where there is something to learn', () => {
    const busyByDay = syntheticFleet({ kind: 'jobs', pools: 2, nodesPerPool: 2, days: 6, seed: 3 })
    const forecaster = new Forecaster()
    replay(busyByDay, [], forecaster, SYNTHETIC_START_S + 6 * DAY_S)
    const longest = forecaster.score().at(-1)
    expect(longest?.guesses).toBeGreaterThan(300)
    expect(longest?.skill).toBeGreaterThan(0)
  }, 60_000)
})

/** The same rows up to `cutS`, another history after it. */
function otherwiseFrom(cutS: number): IntervalRow[] {
  const before = FLEET.filter(({ startS }) => startS < cutS)
  return before.map((row) => (row.endS > cutS ? { ...row, endS: cutS + 7 * DAY_S } : row))
}
