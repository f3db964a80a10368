/** What no honest node tells is found, with its figures; what honest machines were seen to do is not. */
import { HOUR_MS, type Vendor } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import type { NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import type { HourReading } from '../../../collector/src/model/implausible.ts'
import type { DeviceProfile } from '../../../collector/src/model/inventory.ts'
import type { UnitHour } from '../../../collector/src/model/timeline.ts'
import { HourJudge, modelFacts } from '../../../collector/src/plausibility/rules.ts'
import { emptyHour } from '../../../collector/src/timeline/hours.ts'

const T0 = Date.UTC(2026, 2, 1)
const MINUTE = 60_000
const FACTS = modelFacts(loadCatalogue())
const H800: DeviceProfile = {
  vendor: 'nvidia',
  name: 'NVIDIA H800',
  memoryTotalMib: 81_559,
  powerCapWatts: 700,
}
const ASCEND: DeviceProfile = {
  vendor: 'ascend',
  name: '910B3',
  memoryTotalMib: 65_536,
  powerCapWatts: null,
}
const UNKNOWN: DeviceProfile = { ...H800, name: 'Card of nobody', powerCapWatts: null }

const node = (number: number) => `n-${number}` as NodeId
const joules = (watts: number, ms = HOUR_MS) => Math.round((watts * ms) / 1_000)

function reading(
  hour: Partial<UnitHour>,
  place: { unit?: number; node?: number; profile?: DeviceProfile; lag?: number } = {},
): HourReading {
  return {
    nodeId: node(place.node ?? 1),
    profile: place.profile ?? H800,
    hour: { ...emptyHour((place.unit ?? 1) as UnitId, T0), ...hour },
    repeatsAfterHours: place.lag ?? null,
  }
}

function judged(readings: readonly HourReading[]) {
  const judge = new HourJudge(FACTS, T0, T0 + 3 * HOUR_MS)
  return [...judge.take(readings), ...judge.finish()]
}
const rulesOf = (readings: readonly HourReading[]) => judged(readings).map(({ rule }) => rule)

const quiet = (watts: number) => ({ freeMs: HOUR_MS, energyJoules: joules(watts) })
const busy = (watts: number, change: Partial<UnitHour> = {}) => ({
  busyMs: HOUR_MS,
  activeMs: HOUR_MS,
  samplesGot: 360,
  samplesUtilization: 360,
  utilizationSumPermille: 360 * 900 + 7,
  utilizationMaxPermille: 990,
  energyJoules: joules(watts),
  ...change,
})

describe('idle at full power', () => {
  test.each([
    ['free at 650 W of 700', quiet(650), H800],
    ['occupied at 650 W', { occupiedMs: HOUR_MS, energyJoules: joules(650) }, H800],
    ['a 910B3 that idles at 98 W at most, at 250 W', quiet(250), ASCEND],
    [
      '50 minutes of the hour, busy before',
      {
        busyMs: 10 * MINUTE,
        freeMs: 50 * MINUTE,
        energyJoules: joules(600),
      },
      H800,
    ],
  ] as const)('%s', (_, hour, profile) => {
    expect(rulesOf([reading(hour, { profile })])).toEqual(['idle_at_power'])
  })

  test.each([
    ['an empty card', quiet(70), H800],
    [
      'a loaded model that keeps clocks up',
      { occupiedMs: HOUR_MS, energyJoules: joules(180) },
      H800,
    ],
    ['a loaded 910B3 at twice its idle power', quiet(195), ASCEND],
    [
      'half an hour of work in it',
      {
        busyMs: 30 * MINUTE,
        freeMs: 30 * MINUTE,
        energyJoules: joules(400),
      },
      H800,
    ],
    ['no power was read', { freeMs: HOUR_MS }, H800],
    ['a model that nobody knows', quiet(500), UNKNOWN],
    ['time that was not read', { freeMs: 20 * MINUTE, unknownMs: 40 * MINUTE }, H800],
  ] as const)('not: %s', (_, hour, profile) => {
    expect(rulesOf([reading(hour, { profile })])).toEqual([])
  })

  test('the finding says on which card, in which hour, by which figures', () => {
    const [found] = judged([reading(quiet(650), { unit: 7 })])
    const figures = { mean_watts: 650, watts_max: 420, quiet_ms: HOUR_MS }
    expect(found).toEqual({
      rule: 'idle_at_power',
      nodeId: node(1),
      unitId: 7,
      hourMs: T0,
      figures,
      outbox: [
        {
          kind: 'implausible_found',
          atMs: T0 + 3 * HOUR_MS,
          payload: { node_id: node(1), unit_id: 7, rule: 'idle_at_power', hour_ms: T0, figures },
        },
      ],
    })
  })
})

describe('busy at idle power', () => {
  test('a card that says it computes and draws what an empty one does', () => {
    expect(rulesOf([reading(busy(65))])).toEqual(['busy_at_idle'])
    expect(rulesOf([reading(busy(95), { profile: ASCEND })])).toEqual(['busy_at_idle'])
  })

  test.each([
    ['small kernels on a big card', busy(120)],
    ['busy at a low utilization', busy(65, { utilizationSumPermille: 360 * 200 })],
    ['half of the hour', busy(65, { activeMs: 30 * MINUTE })],
    ['no power was read', busy(0, { energyJoules: null })],
  ])('not: %s', (_, hour) => expect(rulesOf([reading(hour)])).toEqual([]))
})

describe('a recording', () => {
  test('a card in use that repeats to the last figure', () => {
    expect(judged([reading(busy(400), { lag: 24 })])).toMatchObject([
      { rule: 'recording', figures: { repeats_after_hours: 24 } },
    ])
  })

  test.each([
    ['an empty card: its figures may stay', { freeMs: HOUR_MS, energyJoules: 216_000 }],
    [
      'a counter stuck at 100 % beside no energy',
      busy(0, {
        utilizationSumPermille: 360_000,
        utilizationMaxPermille: 1_000,
        energyJoules: null,
      }),
    ],
  ])('not: %s', (_, hour) => expect(rulesOf([reading(hour, { lag: 1 })])).toEqual([]))
})

describe('copied', () => {
  test('cards of two nodes that told the same: both are named, each with the other', () => {
    const found = judged([
      reading(busy(400), { node: 1, unit: 1 }),
      reading(busy(401), { node: 1, unit: 2 }),
      reading(busy(400), { node: 2, unit: 3 }),
    ])
    expect(found.map(({ rule, unitId, figures }) => [rule, unitId, figures.other_unit_id])).toEqual(
      [
        ['copied', 3, 1],
        ['copied', 1, 3],
      ],
    )
  })

  test('not: cards of one node, which share a job; nor empty ones, which are alike', () => {
    expect(rulesOf([reading(busy(400), { unit: 1 }), reading(busy(400), { unit: 2 })])).toEqual([])
    expect(rulesOf([reading(quiet(70)), reading(quiet(70), { node: 2, unit: 2 })])).toEqual([])
  })
})

describe('more than the hardware allows', () => {
  test('energy above the power cap, or far above the model’s power where no cap is told', () => {
    expect(rulesOf([reading(busy(900))])).toEqual(['energy_above_cap'])
    expect(rulesOf([reading(busy(800))])).toEqual([])
    const uncapped = { ...H800, powerCapWatts: null }
    expect(rulesOf([reading(busy(1_200), { profile: uncapped })])).toEqual(['energy_above_cap'])
    expect(rulesOf([reading(busy(900), { profile: uncapped })])).toEqual([])
  })

  test.each([
    ['a small card under a big name', { ...H800, memoryTotalMib: 24_576 }],
    ['more memory than was ever sold', { ...H800, memoryTotalMib: 200_000 }],
    ['a power cap that the board cannot have', { ...H800, powerCapWatts: 1_500 }],
  ])('%s is not its model', (_, profile) => {
    expect(rulesOf([reading({ freeMs: HOUR_MS }, { profile })])).toEqual(['not_its_model'])
  })

  test('more cards on a node than a machine has; dies of one card are one', () => {
    const cards = (count: number, profile: DeviceProfile) =>
      Array.from({ length: count }, (_, unit) => reading({ freeMs: HOUR_MS }, { unit, profile }))
    expect(rulesOf(cards(32, H800))).toEqual([])
    expect(judged(cards(33, H800))).toMatchObject([
      { rule: 'too_many_cards', unitId: null, figures: { cards: 33, cards_max: 32 } },
    ])
    const die = { vendor: 'iluvatar', name: 'Iluvatar BI-V150', powerCapWatts: null } as const
    expect(rulesOf(cards(64, { ...die, memoryTotalMib: 32_768 }))).toEqual([])
  })

  test('every model of the catalogue is itself, under each of its names, in halves and as sold', () => {
    const wrong = loadCatalogue().chips.flatMap((chip) =>
      chip.aliases.flatMap((name) => {
        if (chip.memoryGib === null) return []
        const memory = Math.floor((chip.memoryGib * 1_024 * 0.96) / chip.listedUnits)
        const profile = { vendor: chip.vendor as Vendor, name, memoryTotalMib: memory }
        const rules = [chip.tdpWatts, null].flatMap((powerCapWatts) =>
          rulesOf([reading({ freeMs: HOUR_MS }, { profile: { ...profile, powerCapWatts } })]),
        )
        return rules.length === 0 ? [] : [`${name}: ${rules.join(' ')}`]
      }),
    )
    expect(wrong).toEqual([])
  })
})

test('whatever an hour holds, a figure is a whole number and nothing is thrown', () => {
  const count = fc.nat({ max: 2 ** 45 })
  const hour = fc.record({
    freeMs: fc.nat({ max: 2 * HOUR_MS }),
    busyMs: fc.nat({ max: 2 * HOUR_MS }),
    unknownMs: fc.nat({ max: HOUR_MS }),
    activeMs: fc.nat({ max: HOUR_MS }),
    samplesUtilization: fc.nat({ max: 4_000 }),
    utilizationSumPermille: count,
    utilizationMaxPermille: fc.option(fc.nat({ max: 1_000 })),
    energyJoules: fc.option(count),
  })
  fc.assert(
    fc.property(fc.array(hour, { maxLength: 5 }), fc.option(fc.constant(24)), (hours, lag) => {
      const readings = hours.map((told, unit) =>
        reading(told, { unit, node: unit, ...(lag === null ? {} : { lag }) }),
      )
      for (const { figures } of judged(readings)) {
        expect(Object.values(figures).every(Number.isSafeInteger)).toBe(true)
      }
    }),
  )
})
