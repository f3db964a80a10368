import { describe, expect, test } from 'vitest'
import { Lifetimes } from '../../../collector/src/forecast/lifetimes.ts'
import { HOUR_MS, MINUTE_MS } from '../../../collector/src/forecast/numbers.ts'
import {
  AGE_BINS,
  AGE_EDGES_MS,
  addEvent,
  addExposure,
  ageBin,
  cardFactor,
  cumulativeRate,
  newLifeTable,
  shrunkRates,
} from '../../../collector/src/forecast/survival.ts'

describe('the life table', () => {
  test.each([
    { ageMs: 0, edgeMs: 0 },
    { ageMs: MINUTE_MS - 1, edgeMs: 0 },
    { ageMs: MINUTE_MS, edgeMs: MINUTE_MS },
    { ageMs: 11 * MINUTE_MS, edgeMs: 10 * MINUTE_MS },
    { ageMs: 90 * 24 * HOUR_MS, edgeMs: 24 * 24 * HOUR_MS },
  ])('an age of $ageMs ms lies in the bin from $edgeMs ms', ({ ageMs, edgeMs }) => {
    expect(AGE_EDGES_MS[ageBin(ageMs)]).toBe(edgeMs)
  })

  test('a window is at risk in every bin it passes, for as long as it was there', () => {
    const table = newLifeTable()
    addExposure(table, 30_000, 4 * MINUTE_MS)
    const minutes = [...table.exposureHours].map((hours) => Math.round(hours * 600) / 10)
    // From 0.5 to 4 minutes: half a minute in [0,1), one in [1,2), one in [2,3), one in [3,5).
    expect(minutes.slice(0, 6)).toEqual([0.5, 1, 1, 1, 0, 0])
  })

  test('with windows and little censoring it says what Kaplan-Meier says', () => {
    // Ten windows: four end after 12 minutes, one is lent (censored) after 22, five last 2 hours.
    const table = newLifeTable()
    const lengths = [...Array<number>(4).fill(12), 22, ...Array<number>(5).fill(120)]
    lengths.forEach((minutes, index) => {
      addExposure(table, 0, minutes * MINUTE_MS)
      if (index !== 4) addEvent(table, minutes * MINUTE_MS)
    })
    const rates = [...table.events].map((events, bin) => {
      const hours = table.exposureHours[bin] ?? 0
      return hours === 0 ? 0 : events / hours
    })
    // By hand, at 60 minutes: 1 − 4/10 = 0.6; the censored one takes nothing away.
    // In one bin of [10,15): exposure 4×2 + 6×5 = 38 minutes, 4 events: exp(−4/38×5) = 0.591.
    expect(Math.exp(-cumulativeRate(rates, 0, 60 * MINUTE_MS))).toBeCloseTo(0.591, 3)
  })

  test('a pool that has seen little speaks with the voice of the fleet', () => {
    const fleet = new Float64Array(AGE_BINS).fill(0.2)
    const silent = shrunkRates(newLifeTable(), fleet, 'pool')
    expect([...silent].every((rate) => Math.abs(rate - 0.2) < 1e-12)).toBe(true)
    const table = newLifeTable()
    // 90 ended windows in 90 hours at risk, against ten events of the fleet's 0.2: 100 ÷ 140.
    table.events[3] = 90
    table.exposureHours[3] = 90
    expect(shrunkRates(table, fleet, 'pool')[3]).toBeCloseTo(100 / 140, 10)
  })

  test('a card is as its pool until its own windows say otherwise', () => {
    expect(cardFactor(0, 0)).toBe(1)
    expect(cardFactor(20, 4)).toBe(3)
    expect(cardFactor(0, 12)).toBe(0.25)
  })
})

describe('the mixture', () => {
  const shipped = new Array<number>(AGE_BINS).fill(0.1)

  test('without history it says what is shipped', () => {
    const { reference, mixture } = new Lifetimes(shipped).answer(0, 0, HOUR_MS)
    expect(reference[2]).toBeCloseTo(Math.exp(-0.4), 10)
    expect([...mixture]).toEqual([...reference])
  })

  test('a window that is lent is time at risk and no end', () => {
    const lent = new Lifetimes(shipped)
    const ended = new Lifetimes(shipped)
    for (let card = 0; card < 50; card += 1) {
      for (const lifetimes of [lent, ended]) {
        lifetimes.open(card)
        lifetimes.live(card, 0, HOUR_MS)
      }
      ended.end(card, 0, HOUR_MS)
    }
    for (const lifetimes of [lent, ended]) lifetimes.refresh(HOUR_MS)
    const chance = (lifetimes: Lifetimes) => lifetimes.chance(0, 50 * MINUTE_MS, 2 * HOUR_MS)
    // 70 minutes at the shipped rate of 0.1: time without an end makes it less, never more.
    expect(chance(lent)).toBeGreaterThan(Math.exp(-0.1 * (7 / 6)))
    expect(chance(ended)).toBeLessThan(chance(lent))
  })

  test('its state survives as plain JSON', () => {
    const lifetimes = new Lifetimes(shipped)
    lifetimes.open(3)
    lifetimes.live(3, 1, 5 * HOUR_MS)
    lifetimes.end(3, 1, 5 * HOUR_MS)
    lifetimes.refresh(5 * HOUR_MS)
    const again = new Lifetimes(shipped, JSON.parse(JSON.stringify(lifetimes)))
    expect(again.answer(3, 1, HOUR_MS)).toEqual(lifetimes.answer(3, 1, HOUR_MS))
  })
})
