/** What was promised and where it went: lines that add up, P·h over models, promises kept or not. */
import { expect, test } from 'vitest'
import { CatalogueLookup } from '../../../collector/src/api/answers/lookup.ts'
import {
  brokenOf,
  heldOf,
  type StatementQuestion,
  statementOf,
} from '../../../collector/src/bank/statement.ts'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import { petaflopHoursText } from '../../../collector/src/catalogue/petaflops.ts'
import type { Account } from '../../../collector/src/model/draw.ts'
import type { DeviceProfile } from '../../../collector/src/model/inventory.ts'
import type { AccountMove, DrawMoves } from '../../../collector/src/storage/account-requests.ts'

const HOUR = 3_600_000
const T0 = Date.UTC(2026, 2, 1)
const LOOKUP = new CatalogueLookup(loadCatalogue())

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
const UNKNOWN: DeviceProfile = { ...H800, name: 'A card of next year' }

type Moved = readonly [from: Account, to: Account, ms: number]

function movesOf(
  moved: readonly Moved[],
  at: Partial<Pick<AccountMove, 'siteCode' | 'ownerCode' | 'profile'>> = {},
): readonly AccountMove[] {
  const place = { siteCode: 'SITE-1', ownerCode: 'OWNER-1', profile: H800, ...at }
  return moved.map(([from, to, ms]) => ({ ...place, from, to, ms: BigInt(ms) }))
}

function question(change: Partial<StatementQuestion> & { moves?: readonly AccountMove[] }) {
  const { moves = [], ...rest } = change
  const sums = { moves, residues: [] }
  return {
    periods: [{ fromMs: T0, toMs: T0 + 24 * HOUR, sums }],
    draws: [],
    finalBeforeMs: 0,
    rateOf: (profile: DeviceProfile) => LOOKUP.modelRate(profile),
    ...rest,
  }
}

function drawOf(moved: readonly Moved[], isBooking = false): DrawMoves {
  const moves = moved.map(([from, to, ms]) => ({ from, to, ms: BigInt(ms) }))
  return { drawId: 'draw-1', isBooking, moves }
}

test('A5: a line’s promise is what its accounts hold together', () => {
  const moves = movesOf([
    ['promised', 'pending', 100],
    ['pending', 'delivered_active', 40],
    ['pending', 'unproven', 20],
    ['unproven', 'delivered_idle', 5],
    ['pending', 'broken_recall', 10],
    ['pending', 'returned', 7],
  ])
  const { lines } = statementOf(question({ moves }))
  expect(lines).toHaveLength(1)
  expect(lines[0]?.cardMs).toMatchObject({
    promised: 100n,
    delivered_active: 40n,
    delivered_idle: 5n,
    unproven: 15n,
    broken_recall: 10n,
    returned: 7n,
    pending: 23n,
    swapped: 0n,
  })
  for (const { cardMs } of lines) expect(heldOf(cardMs)).toBe(cardMs.promised)
})

test('C28: an hour of a 910B and one of an H800 are never added, but as P·h', () => {
  const hour: readonly Moved[] = [
    ['promised', 'pending', HOUR],
    ['pending', 'delivered_active', HOUR],
  ]
  const moves = [...movesOf(hour), ...movesOf(hour, { profile: ASCEND })]
  const { lines, weighted, unratedLines } = statementOf(question({ moves }))
  expect(lines.map(({ cardMs }) => cardMs.promised)).toEqual([BigInt(HOUR), BigInt(HOUR)])
  const each = lines.map((line) => petaflopHoursText(line.weighted?.delivered_active ?? 0n))
  expect(each.toSorted()).toEqual(['0.313', '0.989'])
  expect(petaflopHoursText(weighted.delivered_active)).toBe('1.302')
  expect(unratedLines).toBe(0)
})

test('an unrated card is counted in card-ms, adds nothing to P·h, and is told apart', () => {
  const hour: readonly Moved[] = [['promised', 'pending', HOUR]]
  const moves = [...movesOf(hour), ...movesOf(hour, { profile: UNKNOWN })]
  const { lines, weighted, unratedLines } = statementOf(question({ moves }))
  expect(lines.map(({ model, weighted: own }) => [model, own === null])).toEqual([
    ['A card of next year', true],
    [LOOKUP.modelRate(H800).model, false],
  ])
  expect(petaflopHoursText(weighted.promised)).toBe('0.989')
  expect(unratedLines).toBe(1)
})

test('C16: what another card took over counts once; across sites it is told on both lines', () => {
  const old = movesOf([
    ['promised', 'pending', 100],
    ['pending', 'delivered_active', 40],
    ['pending', 'broken_swap', 10],
    ['pending', 'swapped', 50],
  ])
  const taken: readonly Moved[] = [
    ['swapped', 'pending', 50],
    ['pending', 'delivered_active', 50],
  ]
  const [within] = statementOf(question({ moves: [...old, ...movesOf(taken)] })).lines
  expect(within?.cardMs).toMatchObject({ promised: 100n, delivered_active: 90n, swapped: 0n })
  expect(within === undefined ? null : brokenOf(within.cardMs)).toBe(10n)
  const { lines } = statementOf(
    question({ moves: [...old, ...movesOf(taken, { siteCode: 'SITE-2' })] }),
  )
  expect(lines.map(({ cardMs }) => [cardMs.promised, cardMs.swapped])).toEqual([
    [100n, 50n],
    [0n, -50n],
  ])
})

test('A6: a month’s line is final from day 9 of the next month on', () => {
  const sums = { moves: movesOf([['promised', 'pending', 5]]), residues: [] }
  const periods = [
    { fromMs: T0, toMs: T0 + HOUR, sums },
    { fromMs: T0 + HOUR, toMs: T0 + 2 * HOUR, sums },
  ]
  const { lines } = statementOf(question({ periods, finalBeforeMs: T0 + HOUR }))
  expect(lines.map(({ isFinal }) => isFinal)).toEqual([true, false])
})

test('C12: a residue stands beside the promise', () => {
  const place = { siteCode: 'SITE-1', ownerCode: 'OWNER-1', profile: H800 }
  const residues = [{ ...place, ms: 1_200_000n }]
  const moves = movesOf([
    ['promised', 'pending', 100],
    ['pending', 'returned', 100],
  ])
  const [line] = statementOf(
    question({ periods: [{ fromMs: T0, toMs: T0 + HOUR, sums: { moves, residues } }] }),
  ).lines
  expect(line?.cardMs).toMatchObject({ promised: 100n, returned: 100n, residue: 1_200_000n })
})

test('coverage is the proven share of what evidence had to speak for', () => {
  const moves = movesOf([
    ['promised', 'pending', 8],
    ['pending', 'delivered_idle', 3],
    ['pending', 'unproven', 1],
    ['pending', 'returned', 4],
  ])
  expect(statementOf(question({ moves })).coveragePpm).toBe(750_000)
  expect(statementOf(question({})).coveragePpm).toBeNull()
})

test.each<[string, readonly Moved[], string]>([
  ['delivered to the end', [['pending', 'delivered_active', 9]], 'kept'],
  ['given back', [['pending', 'returned', 9]], 'kept'],
  ['still running', [], 'open'],
  ['silent', [['pending', 'unproven', 9]], 'open'],
  ['recalled', [['pending', 'broken_recall', 1]], 'broken'],
  ['short of a card', [['pending', 'broken_unfilled', 9]], 'broken'],
  [
    'served by another card',
    [
      ['pending', 'broken_swap', 1],
      ['pending', 'swapped', 8],
      ['swapped', 'pending', 8],
      ['pending', 'delivered_idle', 8],
    ],
    'keptBySwap',
  ],
  [
    'swapped before it began',
    [
      ['pending', 'swapped', 9],
      ['swapped', 'pending', 9],
      ['pending', 'delivered_idle', 9],
    ],
    'keptBySwap',
  ],
])('C16, C17: a promise that is %s', (_, moved, outcome) => {
  const draws = [
    drawOf([['promised', 'pending', 9], ...moved], true),
    drawOf([
      ['promised', 'pending', 9],
      ['pending', 'returned', 9],
    ]),
  ]
  const { bookings, draws: all } = statementOf(question({ draws }))
  const none = { open: 0, kept: 0, keptBySwap: 0, broken: 0 }
  expect(bookings).toEqual({ ...none, counted: 1, [outcome]: 1 })
  expect(all.counted).toBe(2)
  expect(all.kept).toBe(outcome === 'kept' ? 2 : 1)
})
