/** The one ledger at an instant: stages that add up, each card once, P beside cards. */
import { MEASURED_STATES, STATES } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CardCount,
  CONNECTIONS,
  type NodeCount,
} from '../../../collector/src/model/card-count.ts'
import type { DeclaredCapacity } from '../../../collector/src/model/site.ts'
import {
  LEDGER_GROUPINGS,
  type LedgerGrouping,
  type LedgerLookup,
  type LedgerRow,
  ledgerOf,
} from '../../../collector/src/rollup/ledger.ts'
import { T0 } from '../timeline/support.ts'
import { cardCount } from './builders.ts'

/** 0.989 P, and the unit of P in which the ledger counts. */
const H800 = 989_000_000_000n
const P = 10n ** 12n

const lookup: LedgerLookup = {
  pOf: (profile) => (profile.name === 'H800' ? H800 : null),
  modelOf: (profile) => (profile.name === 'H800' ? 'H800' : null),
  vendorOfModel: (model) => (model === 'H800' ? 'nvidia' : null),
  hubOf: (regionCode) => (regionCode.startsWith('15') ? '内蒙古' : null),
  clusterOf: (regionCode) => (regionCode === '150102' ? '和林格尔数据中心集群' : null),
  ratesOfModel: (model) =>
    model === 'H800' ? { denseNanoTflops: H800, sparseNanoTflops: H800 * 2n } : null,
  placeOf: (siteCode) =>
    siteCode === 'SITE-1'
      ? { regionCode: '150102', operatorCode: 'OPERATOR-1', ownerCode: 'OWNER-1' }
      : null,
}

function ledger(
  counts: readonly CardCount[],
  by: LedgerGrouping = 'total',
  declared: readonly DeclaredCapacity[] = [],
  nodes: readonly NodeCount[] = [],
): readonly LedgerRow[] {
  return ledgerOf({ counts, nodes, declared, by, lookup })
}

function total(
  counts: readonly CardCount[],
  declared: readonly DeclaredCapacity[] = [],
): LedgerRow {
  const [row] = ledger(counts, 'total', declared)
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
      cardCount('busy'),
      cardCount('occupied'),
      cardCount('allocated'),
      cardCount('faulty'),
      cardCount('unknown'),
      cardCount('free'),
      cardCount('free', { isDeposited: true }),
      cardCount(null),
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

  const anyCount = fc.record({
    state: fc.constantFrom(...STATES, null),
    connection: fc.constantFrom(...CONNECTIONS),
    isDeposited: fc.boolean(),
    isSchedulerRead: fc.boolean(),
    isRated: fc.boolean(),
    siteCode: fc.constantFrom('SITE-1', 'SITE-2'),
    cards: fc.integer({ min: 1, max: 4_000_000 }),
  })

  test('whatever the cards do: states and untold add up to connected, in cards and in P', () => {
    fc.assert(
      fc.property(
        fc.array(anyCount, { maxLength: 40 }),
        fc.constantFrom(...LEDGER_GROUPINGS),
        (specs, by) => {
          const counts = specs.map(({ isDeposited, isRated, state, ...spec }) =>
            cardCount(state, {
              ...spec,
              isDeposited: isDeposited && state === 'free',
              ...(isRated ? {} : { profile: UNRATED }),
            }),
          )
          const rows = ledger(counts, by)
          for (const { evidence, stages } of rows) {
            const parts = [...STATES, 'untold'] as const
            const sum = parts.reduce((cards, stage) => cards + stages[stage].cards, 0)
            const p = parts.reduce((rate, stage) => rate + stages[stage].nanoTflops, 0n)
            expect([sum, p]).toEqual([stages.connected.cards, stages.connected.nanoTflops])
            expect(stages.deposited.cards).toBeLessThanOrEqual(stages.free.cards)
            const levels = Object.values(evidence)
            const proven = levels.reduce((cards, level) => cards + level.cards, 0)
            const provenP = levels.reduce((rate, level) => rate + level.nanoTflops, 0n)
            expect([proven, provenP]).toEqual([sum, p])
            expect(evidence.none.cards).toBe(stages.unknown.cards + stages.untold.cards)
            expect(evidence.delivered.cards).toBe(stages.lent.cards)
          }
          const registered = rows.reduce(
            (cards, row) =>
              cards + row.stages.connected.cards + row.notConnectedCards + row.lapsedCards,
            0,
          )
          expect(registered).toBe(specs.reduce((sum, { cards }) => sum + cards, 0))
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
  test.each([
    ['connected', [3, 0, 0]],
    ['not_connected', [0, 3, 0]],
    ['lapsed', [0, 0, 3]],
  ] as const)('cards that are %s', (connection, expected) => {
    const row = total([cardCount('unknown', { connection, cards: 3 })])
    const { connected } = row.stages
    expect([connected.cards, row.notConnectedCards, row.lapsedCards]).toEqual(expected)
  })

  test('an unrated card is counted and adds nothing to P', () => {
    const row = total([cardCount('busy'), cardCount('busy', { profile: UNRATED })])
    expect(row.unratedCards).toBe(1)
    expect(row.stages.busy).toMatchObject({ cards: 2, nanoTflops: H800 })
  })
})

describe('declared', () => {
  test('the access rate is connected P over declared dense P', () => {
    const row = total([cardCount('busy')], [declaredOf()])
    expect(row.declared).toMatchObject({ cards: 10, denseNanoTflops: 9_890n * 10n ** 9n })
    expect(row.accessPpm).toBe(100_000)
  })

  test('other bases stand beside it, never summed with it', () => {
    const row = total(
      [cardCount('busy')],
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

describe('declared above the catalogue', () => {
  const excesses = (change: Partial<DeclaredCapacity>) =>
    total([], [declaredOf(change)]).declaredExcesses

  test.each([
    ['the catalogue’s figure itself', { declaredMilliP: 9_890n }],
    ['5 % more, which rounding and clocks explain', { declaredMilliP: 10_384n }],
    ['the sparse figure, said to be sparse', { declaredMilliP: 19_780n, basis: 'fp16_sparse' }],
    ['a model that the catalogue does not have', { declaredMilliP: 99_000n, model: 'X1' }],
  ] as const)('%s is not flagged', (_name, change) => expect(excesses(change)).toEqual([]))

  test('more than that is, with the ratio', () => {
    expect(excesses({ declaredMilliP: 10_385n })).toMatchObject([
      { ratioPpm: 1_050_050, fitsSparse: false, catalogueNanoTflops: 10n * H800 },
    ])
  })

  test.each(['unstated', 'fp16_dense'] as const)(
    'twice the figure, %s, fits the sparse basis',
    (basis) => {
      expect(excesses({ declaredMilliP: 19_700n, basis })).toMatchObject([{ fitsSparse: true }])
    },
  )

  test('more than sparse, said to be sparse, is flagged against the sparse figure', () => {
    expect(excesses({ declaredMilliP: 39_560n, basis: 'fp16_sparse' })).toMatchObject([
      { ratioPpm: 2_000_000, fitsSparse: false, catalogueNanoTflops: 20n * H800 },
    ])
  })

  test('P declared for no card at all is flagged without a ratio', () => {
    expect(excesses({ cards: 0 })).toMatchObject([{ ratioPpm: null, fitsSparse: false }])
  })

  test('a figure that a later one has replaced is not looked at; the largest excess comes first', () => {
    const rows = [
      declaredOf({ declaredMilliP: 99_000n }),
      declaredOf({ declaredMilliP: 9_890n, declaredAtMs: T0 + 1 }),
      declaredOf({ siteCode: 'SITE-2', declaredMilliP: 12_000n }),
      declaredOf({ siteCode: 'SITE-3', declaredMilliP: 30_000n }),
    ]
    const sites = total([], rows).declaredExcesses.map(({ declared }) => declared.siteCode)
    expect(sites).toEqual(['SITE-3', 'SITE-2'])
  })
})

describe('processor cores', () => {
  const nodes = (change: Partial<NodeCount>): NodeCount => ({
    siteCode: 'SITE-1',
    ownerCode: 'OWNER-1',
    operatorCode: 'OPERATOR-1',
    regionCode: '150102',
    connection: 'connected',
    nodes: 2,
    nodesWithoutCores: 1,
    cores: 128,
    nodesWithHour: 1,
    cpuBusyMs: 3_600_000,
    cpuTotalMs: 2_000_000_000_000_000,
    ...change,
  })
  const told = [nodes({}), nodes({ siteCode: 'SITE-2' }), nodes({ connection: 'lapsed' })]

  test('are those of connected nodes, with the nodes that do not tell beside them', () => {
    const [row] = ledger([], 'total', [], told)
    expect(row?.cpu).toEqual({
      nodes: 4,
      nodesWithoutCores: 2,
      cores: 256,
      nodesWithHour: 2,
      cpuBusyMs: 7_200_000n,
      cpuTotalMs: 4_000_000_000_000_000n,
    })
    const bySite = ledger([], 'site', [], told).map(({ key, cpu }) => [key, cpu?.cores])
    expect(bySite).toEqual([
      ['SITE-1', 128],
      ['SITE-2', 128],
    ])
  })

  test.each(['vendor', 'model'] as const)('are not told by %s: a node may have several', (by) => {
    expect(ledger([cardCount('busy')], by, [], told).map(({ cpu }) => cpu)).toEqual([null])
  })
})

describe('evidence', () => {
  test('each level in cards and in P', () => {
    const { evidence } = total([
      cardCount('lent', { isSchedulerRead: true, cards: 2 }),
      cardCount('busy', { isSchedulerRead: true, cards: 3 }),
      cardCount('free', { cards: 4 }),
      cardCount('unknown', { isSchedulerRead: true, cards: 5 }),
      cardCount(null, { cards: 6 }),
      cardCount('free', { connection: 'lapsed' }),
    ])
    expect(evidence).toEqual({
      delivered: { cards: 2, nanoTflops: 2n * H800 },
      scheduler_confirmed: { cards: 3, nanoTflops: 3n * H800 },
      self_reported: { cards: 4, nanoTflops: 4n * H800 },
      none: { cards: 11, nanoTflops: 11n * H800 },
    })
  })
})

describe('groups', () => {
  const counts = [
    cardCount('busy'),
    cardCount('busy', { regionCode: '440300', operatorCode: '', profile: UNRATED }),
    cardCount('free', { siteCode: 'SITE-2' }),
  ]

  test.each([
    ['total', ['total', 3]],
    ['region', ['150000', 2, '440000', 1]],
    ['hub', ['内蒙古', 2, null, 1]],
    ['cluster', ['和林格尔数据中心集群', 2, null, 1]],
    ['operator', ['OPERATOR-1', 2, null, 1]],
    ['owner', ['OWNER-1', 3]],
    ['site', ['SITE-1', 2, 'SITE-2', 1]],
    ['vendor', ['metax', 1, 'nvidia', 2]],
    ['model', ['H800', 2, null, 1]],
  ] as const)('by %s', (by, expected) => {
    const rows = ledger(counts, by)
    expect(rows.flatMap(({ key, stages }) => [key, stages.connected.cards])).toEqual(expected)
  })

  test.each([
    ['region', '150000'],
    ['hub', '内蒙古'],
    ['cluster', '和林格尔数据中心集群'],
    ['operator', 'OPERATOR-1'],
    ['site', 'SITE-1'],
    ['vendor', 'nvidia'],
    ['model', 'H800'],
  ] as const)('what was declared goes into the same group by %s', (by, key) => {
    const rows = ledger(counts, by, [declaredOf()])
    expect(rows.find((row) => row.key === key)?.declared.cards).toBe(10)
  })
})

const UNRATED = {
  vendor: 'metax',
  name: 'A card nobody knows',
  memoryTotalMib: 1,
  powerCapWatts: null,
} as const
