/** The one ledger at an instant: stages that add up, each card once, P beside cards. */
import { MEASURED_STATES, type RunName, STATES } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeclaredCapacity } from '../../../collector/src/model/site.ts'
import { CONNECTED_WITHIN_MS, LAPSED_AFTER_MS } from '../../../collector/src/rollup/definitions.ts'
import {
  LEDGER_GROUPINGS,
  type LedgerGrouping,
  type LedgerLookup,
  type LedgerRow,
  ledgerOf,
} from '../../../collector/src/rollup/ledger.ts'
import type { UnitAt } from '../../../collector/src/storage/requests.ts'
import { HOUR, T0 } from '../timeline/support.ts'
import { unitAt } from './builders.ts'

/** 0.989 P, and the unit of P in which the ledger counts. */
const H800 = 989_000_000_000n
const P = 10n ** 12n

const lookup: LedgerLookup = {
  pOf: ({ profile }) => (profile.name === 'H800' ? H800 : null),
  modelOf: ({ profile }) => (profile.name === 'H800' ? 'H800' : null),
  vendorOfModel: (model) => (model === 'H800' ? 'nvidia' : null),
  hubOf: (regionCode) => (regionCode.startsWith('15') ? '内蒙古' : null),
  placeOf: (siteCode) =>
    siteCode === 'SITE-1'
      ? { regionCode: '150102', operatorCode: 'OPERATOR-1', ownerCode: 'OWNER-1' }
      : null,
}

function ledger(
  units: readonly UnitAt[],
  by: LedgerGrouping = 'total',
  declared: readonly DeclaredCapacity[] = [],
): readonly LedgerRow[] {
  return ledgerOf({ units, declared, asOfMs: T0, by, lookup })
}

function total(units: readonly UnitAt[], declared: readonly DeclaredCapacity[] = []): LedgerRow {
  const [row] = ledger(units, 'total', declared)
  if (row === undefined) throw new Error('no row')
  return row
}

function declaredOf(change: Partial<DeclaredCapacity> = {}): DeclaredCapacity {
  return {
    siteCode: 'SITE-1',
    model: 'H800',
    cards: 10,
    declaredMilliP: 9_890n,
    basis: 'fp16_dense',
    author: 'operator',
    declaredAtMs: T0,
    ...change,
  }
}

describe('stages', () => {
  test('a card of each state, one deposited', () => {
    const row = total([
      unitAt(1, 'busy/active'),
      unitAt(2, 'occupied/in_use'),
      unitAt(3, 'allocated/scheduler'),
      unitAt(4, 'faulty/ecc'),
      unitAt(5, 'unknown/silent'),
      unitAt(6, 'free/proven'),
      unitAt(7, 'free/proven', { isDeposited: true }),
      unitAt(8, null),
    ])
    const cards = Object.entries(row.stages).map(([stage, { cards: count }]) => [stage, count])
    expect(Object.fromEntries(cards)).toEqual({
      connected: 8,
      busy: 1,
      allocated: 1,
      occupied: 1,
      free: 2,
      faulty: 1,
      unknown: 1,
      lent: 0,
      untold: 1,
      deposited: 1,
    })
    expect(row.stages.free).toEqual({
      cards: 2,
      nanoTflops: 2n * H800,
      cardsPpm: 250_000,
      nanoTflopsPpm: 250_000,
    })
    // Two of eight are not proven: unknown, and not told yet.
    expect(row.coveragePpm).toBe(750_000)
  })

  test.each<readonly [string, UnitAt]>([
    ['a grey reading in a deposited window (C21)', unitAt(1, 'busy/grey', { isDeposited: true })],
    ['time not told yet', unitAt(1, null, { isDeposited: true })],
    [
      'free time that was told late',
      {
        ...unitAt(1, 'free/proven', { isDeposited: true }),
        run: { ...unitAt(1, 'free/proven').run, recordedAtMs: T0 + HOUR } as UnitAt['run'],
      },
    ],
  ])('%s is not deposited', (_, unit) => {
    expect(total([unit]).stages.deposited.cards).toBe(0)
  })

  test('an empty ledger has one row of nothing, and no shares', () => {
    const row = total([])
    expect(row.stages.connected).toEqual({
      cards: 0,
      nanoTflops: 0n,
      cardsPpm: null,
      nanoTflopsPpm: null,
    })
    expect([row.coveragePpm, row.accessPpm]).toEqual([null, null])
  })

  const anyUnit = fc.record({
    id: fc.integer({ min: 1, max: 100_000 }),
    name: fc.constantFrom<RunName | null>(
      'busy/active',
      'busy/grey',
      'occupied/in_use',
      'allocated/contract',
      'faulty/health',
      'unknown/silent',
      'free/proven',
      null,
    ),
    isDeposited: fc.boolean(),
    ageMs: fc.option(fc.integer({ min: -HOUR, max: 2 * LAPSED_AFTER_MS })),
    isRated: fc.boolean(),
    kind: fc.constantFrom('card' as const, 'card' as const, 'slice' as const),
    site: fc.constantFrom('SITE-1', 'SITE-2'),
  })

  test('whatever the cards do: states and untold add up to connected, in cards and in P', () => {
    fc.assert(
      fc.property(
        fc.array(anyUnit, { maxLength: 40 }),
        fc.constantFrom(...LEDGER_GROUPINGS),
        (specs, by) => {
          const units = specs.map(({ id, name, isDeposited, ageMs, isRated, kind, site }) =>
            unitAt(id, name, {
              isDeposited,
              provenToMs: ageMs === null ? null : T0 - ageMs,
              row: { kind, siteCode: site, ...(isRated ? {} : { profile: UNRATED }) },
            }),
          )
          const rows = ledger(units, by)
          for (const { stages } of rows) {
            const parts = [...STATES, 'untold'] as const
            const sum = parts.reduce((cards, stage) => cards + stages[stage].cards, 0)
            const p = parts.reduce((rate, stage) => rate + stages[stage].nanoTflops, 0n)
            expect([sum, p]).toEqual([stages.connected.cards, stages.connected.nanoTflops])
            expect(stages.deposited.cards).toBeLessThanOrEqual(stages.free.cards)
          }
          const registered = rows.reduce(
            (cards, row) =>
              cards + row.stages.connected.cards + row.notConnectedCards + row.lapsedCards,
            0,
          )
          expect(registered).toBe(specs.filter(({ kind }) => kind === 'card').length)
        },
      ),
    )
  })

  test('every measured state is a stage', () => {
    const stages = Object.keys(total([]).stages)
    for (const state of MEASURED_STATES) expect(stages).toContain(state)
  })
})

describe('what counts', () => {
  test('a cut card alone counts, its slices and a second claim do not', () => {
    const row = total([
      unitAt(1, 'busy/active'),
      unitAt(2, 'free/proven', { row: { kind: 'slice' } }),
      unitAt(3, 'free/proven', { row: { kind: 'unsliced' } }),
      unitAt(4, 'busy/active', { row: { isInConflict: true } }),
      unitAt(5, 'busy/active', { row: { isInConflict: true, isCounted: false } }),
    ])
    expect(row.stages.connected.cards).toBe(2)
  })

  test.each([
    ['proven just now', 0, [1, 0, 0]],
    ['proven after the instant', -HOUR, [1, 0, 0]],
    ['24 h ago', CONNECTED_WITHIN_MS, [1, 0, 0]],
    ['longer ago', CONNECTED_WITHIN_MS + 1, [0, 1, 0]],
    ['30 days ago', LAPSED_AFTER_MS, [0, 1, 0]],
    ['longer than 30 days ago', LAPSED_AFTER_MS + 1, [0, 0, 1]],
    ['never', null, [0, 0, 1]],
  ] as const)('a card last proven %s', (_, ageMs, expected) => {
    const provenToMs = ageMs === null ? null : T0 - ageMs
    const row = total([unitAt(1, 'unknown/silent', { provenToMs })])
    const { connected } = row.stages
    expect([connected.cards, row.notConnectedCards, row.lapsedCards]).toEqual(expected)
  })

  test('an unrated card is counted and adds nothing to P', () => {
    const row = total([
      unitAt(1, 'busy/active'),
      unitAt(2, 'busy/active', { row: { profile: UNRATED } }),
    ])
    expect(row.unratedCards).toBe(1)
    expect(row.stages.busy).toMatchObject({ cards: 2, nanoTflops: H800 })
  })
})

describe('declared', () => {
  test('the access rate is connected P over declared dense P', () => {
    const row = total([unitAt(1, 'busy/active')], [declaredOf()])
    expect(row.declared).toMatchObject({ cards: 10, denseNanoTflops: 9_890n * 10n ** 9n })
    expect(row.accessPpm).toBe(100_000)
  })

  test('other bases stand beside it, never summed with it', () => {
    const row = total(
      [unitAt(1, 'busy/active')],
      [
        declaredOf({ model: 'a', basis: 'fp16_sparse', declaredMilliP: 20_000n }),
        declaredOf({ model: 'b', basis: 'unstated', declaredMilliP: 7_000n }),
      ],
    )
    expect(row.declared).toEqual({
      cards: 20,
      denseNanoTflops: 0n,
      sparseNanoTflops: 20n * P,
      unstatedNanoTflops: 7n * P,
    })
    expect(row.accessPpm).toBeNull()
  })

  test('a later statement of a site and model replaces the earlier, in any order', () => {
    const rows = [
      declaredOf({ cards: 12, declaredAtMs: T0 + 1 }),
      declaredOf({ cards: 10, declaredAtMs: T0 }),
      declaredOf({ cards: 5, model: 'H20' }),
    ]
    expect(total([], rows).declared.cards).toBe(17)
    expect(total([], [...rows].reverse()).declared.cards).toBe(17)
  })

  test('what was declared and is not there has its row', () => {
    const rows = ledger([], 'site', [declaredOf({ siteCode: 'SITE-9' })])
    expect(rows).toMatchObject([{ key: 'SITE-9', declared: { cards: 10 }, accessPpm: 0 }])
  })
})

describe('groups', () => {
  const units = [
    unitAt(1, 'busy/active'),
    unitAt(2, 'busy/active', { regionCode: '440300', operatorCode: '', row: { profile: UNRATED } }),
    unitAt(3, 'free/proven', { row: { siteCode: 'SITE-2' } }),
  ]

  test.each([
    ['total', ['total', 3]],
    ['region', ['150000', 2, '440000', 1]],
    ['hub', ['内蒙古', 2, null, 1]],
    ['operator', ['OPERATOR-1', 2, null, 1]],
    ['owner', ['OWNER-1', 3]],
    ['site', ['SITE-1', 2, 'SITE-2', 1]],
    ['vendor', ['metax', 1, 'nvidia', 2]],
    ['model', ['H800', 2, null, 1]],
  ] as const)('by %s', (by, expected) => {
    const rows = ledger(units, by)
    expect(rows.flatMap(({ key, stages }) => [key, stages.connected.cards])).toEqual(expected)
  })

  test.each([
    ['region', '150000'],
    ['hub', '内蒙古'],
    ['operator', 'OPERATOR-1'],
    ['site', 'SITE-1'],
    ['vendor', 'nvidia'],
    ['model', 'H800'],
  ] as const)('what was declared goes into the same group by %s', (by, key) => {
    const rows = ledger(units, by, [declaredOf()])
    expect(rows.find((row) => row.key === key)?.declared.cards).toBe(10)
  })
})

const UNRATED = {
  vendor: 'metax',
  name: 'A card nobody knows',
  memoryTotalMib: 1,
  powerCapWatts: null,
} as const
