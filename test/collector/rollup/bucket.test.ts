/** An hour's material into buckets: exact sums, and a unit that does not balance stops the hour. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketsOf, unsettledUnits } from '../../../collector/src/rollup/bucket.ts'
import type { BUCKET_FIGURES } from '../../../collector/src/rollup/bucket-figures.ts'
import { HOUR, MINUTE } from '../timeline/support.ts'
import { hourOf, type UnitMaterial, unitMaterial } from './builders.ts'

const WRITE = { version: 1, knownAtMs: 99 }

describe('sums', () => {
  test('cards of one site, owner and profile make one bucket', () => {
    const buckets = bucketsOf(
      hourOf([
        unitMaterial(1, {
          stats: { freeMs: 50 * MINUTE, busyMs: 10 * MINUTE, energyJoules: 5, samplesGot: 360 },
          rest: { depositedMs: 20 * MINUTE },
        }),
        unitMaterial(2, { stats: { busyMs: 30 * MINUTE }, rest: { silentMs: 30 * MINUTE } }),
        unitMaterial(3, { stats: null, rest: { silentMs: HOUR } }),
      ]),
      WRITE,
    )
    expect(buckets).toHaveLength(1)
    expect(buckets[0]).toMatchObject({
      version: 1,
      knownAtMs: 99,
      cards: 3,
      busyMs: BigInt(40 * MINUTE),
      freeMs: BigInt(50 * MINUTE),
      unknownMs: BigInt(90 * MINUTE),
      depositedMs: BigInt(20 * MINUTE),
      energyJoules: 5n,
      samplesGot: 360n,
      lentMs: 0n,
    })
  })

  test('silent time and unknown time that was told are both unknown', () => {
    const [bucket] = bucketsOf(
      hourOf([
        unitMaterial(1, { stats: { unknownMs: 40 * MINUTE }, rest: { silentMs: 20 * MINUTE } }),
      ]),
      WRITE,
    )
    expect(bucket?.unknownMs).toBe(BigInt(HOUR))
  })

  test('another site, owner, name, memory or power cap is another bucket', () => {
    const profile = unitMaterial(1).unit.profile
    const material = hourOf([
      unitMaterial(1),
      unitMaterial(2, { row: { siteCode: 'SITE-2' } }),
      unitMaterial(3, { rest: { ownerCode: 'OWNER-2' } }),
      unitMaterial(4, { row: { profile: { ...profile, name: 'H20' } } }),
      unitMaterial(5, { row: { profile: { ...profile, memoryTotalMib: null } } }),
      unitMaterial(6, { row: { profile: { ...profile, powerCapWatts: 450 } } }),
    ])
    expect(bucketsOf(material, WRITE)).toHaveLength(6)
  })

  test('slices and the second claim of a conflict are not counted, the cut card is', () => {
    const material = hourOf([
      unitMaterial(1),
      unitMaterial(2, { row: { kind: 'slice', parentUnitId: unitMaterial(1).unit.unitId } }),
      unitMaterial(3, { row: { kind: 'unsliced' } }),
      unitMaterial(4, { row: { isInConflict: true, isCounted: false } }),
      unitMaterial(5, { row: { isInConflict: true } }),
    ])
    expect(bucketsOf(material, WRITE)).toMatchObject([{ cards: 2, busyMs: BigInt(2 * HOUR) }])
  })

  test('the order of the material makes no difference', () => {
    const units = [unitMaterial(1), unitMaterial(2, { row: { siteCode: 'SITE-2' } })]
    const forward = bucketsOf(hourOf(units), WRITE)
    expect(bucketsOf(hourOf([...units].reverse()), WRITE)).toEqual(forward)
  })
})

describe('balance', () => {
  test.each([
    ['a hole', { stats: { busyMs: HOUR - 1 } }],
    ['an overlap', { rest: { silentMs: 1 } }],
    ['nothing at all', { stats: null }],
  ] as const)('%s stops the hour with the number of the unit', (_, change) => {
    const material = hourOf([unitMaterial(1), unitMaterial(77, change)])
    expect(() => bucketsOf(material, WRITE)).toThrow(/unit 77 .* of 3600000 ms valid/)
  })

  test('deposited time beyond free time stops the hour (B11)', () => {
    const material = hourOf([
      unitMaterial(77, {
        stats: { freeMs: MINUTE, busyMs: HOUR - MINUTE },
        rest: { depositedMs: MINUTE + 1 },
      }),
    ])
    expect(() => bucketsOf(material, WRITE)).toThrow('unit 77')
  })

  test('lent time is taken out of what was measured; who was active stays', () => {
    const lent = { busyMs: 10 * MINUTE, occupiedMs: 0, freeMs: 20 * MINUTE }
    const stats = { busyMs: 30 * MINUTE, freeMs: 30 * MINUTE, activeMs: 25 * MINUTE }
    const unit = unitMaterial(1, { stats, rest: { lent, depositedMs: 10 * MINUTE } })
    expect(bucketsOf(hourOf([unit]), WRITE)).toMatchObject([
      {
        busyMs: BigInt(20 * MINUTE),
        freeMs: BigInt(10 * MINUTE),
        lentMs: BigInt(30 * MINUTE),
        depositedMs: BigInt(10 * MINUTE),
        activeMs: BigInt(25 * MINUTE),
      },
    ])
  })

  test.each([
    ['lent time that was not measured', { busyMs: 1, occupiedMs: 0, freeMs: 0 }, 0],
    ['a deposit of lent time', { busyMs: 0, occupiedMs: 0, freeMs: MINUTE }, HOUR - MINUTE + 1],
  ])('%s stops the hour', (_, lent, depositedMs) => {
    const unit = unitMaterial(77, { stats: { freeMs: HOUR }, rest: { lent, depositedMs } })
    expect(() => bucketsOf(hourOf([unit]), WRITE)).toThrow('unit 77')
  })

  test('time that is not told yet is named before anything is summed', () => {
    const units = [unitMaterial(1), unitMaterial(2, { stats: { busyMs: HOUR - 1 } })]
    expect(unsettledUnits(hourOf(units))).toEqual([units[1]])
  })

  const STATES = ['busyMs', 'allocatedMs', 'occupiedMs', 'freeMs', 'faultyMs', 'unknownMs'] as const

  const anyUnit = fc
    .record({
      id: fc.integer({ min: 1, max: 1_000_000 }),
      parts: fc.array(fc.integer({ min: 0, max: 500_000 }), { minLength: 7, maxLength: 7 }),
      depositedPart: fc.integer({ min: 0, max: 100 }),
      site: fc.constantFrom('SITE-1', 'SITE-2'),
    })
    .map(({ id, parts, depositedPart, site }): UnitMaterial => {
      const stats = Object.fromEntries(STATES.map((state, index) => [state, parts[index] ?? 0]))
      const silentMs = parts[6] ?? 0
      const validMs = parts.reduce((sum, part) => sum + part, 0)
      const depositedMs = Math.floor(((stats.freeMs ?? 0) * depositedPart) / 100)
      return unitMaterial(id, {
        row: { siteCode: site },
        stats,
        rest: { silentMs, validMs, depositedMs },
      })
    })

  test('the states of all buckets sum to the valid time of all cards, exactly', () => {
    fc.assert(
      fc.property(fc.array(anyUnit, { maxLength: 20 }), (units) => {
        const buckets = bucketsOf(hourOf(units), WRITE)
        const sum = (figure: (typeof BUCKET_FIGURES)[number]) =>
          buckets.reduce((total, bucket) => total + bucket[figure], 0n)
        const states = STATES.reduce((total, state) => total + sum(state), sum('lentMs'))
        expect(states).toBe(units.reduce((total, { validMs }) => total + BigInt(validMs), 0n))
        expect(sum('depositedMs') <= sum('freeMs')).toBe(true)
      }),
    )
  })
})
