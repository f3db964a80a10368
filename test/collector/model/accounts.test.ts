/** A1: every promised millisecond lies in exactly one account, wherever postings have moved it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type AccountSpan,
  type Position,
  partsWithin,
  positionOf,
  takeBacks,
} from '../../../collector/src/model/accounts.ts'
import { ACCOUNTS, type Account, type Posting } from '../../../collector/src/model/draw.ts'
import { posting } from '../bank/accounts-maker.ts'

const HORIZON = 24

function span(fromMs: number, toMs: number, account: Account): AccountSpan {
  return { fromMs, toMs, source: 'promised', account }
}

test('A1: a lease that is settled, returned and then told of', () => {
  const position = positionOf([
    posting([0, 10], 'promised', 'pending'),
    posting([0, 2], 'pending', 'delivered_active'),
    posting([2, 4], 'pending', 'unproven'),
    posting([6, 10], 'pending', 'returned'),
    posting([2, 3], 'unproven', 'delivered_active'),
  ])
  expect(position).toEqual({
    spans: [
      span(0, 3, 'delivered_active'),
      span(3, 4, 'unproven'),
      span(4, 6, 'pending'),
      span(6, 10, 'returned'),
    ],
    faults: [],
  })
})

test('A1: an extension joins what it extends', () => {
  const { spans } = positionOf([
    posting([0, 10], 'promised', 'pending'),
    posting([10, 20], 'promised', 'pending'),
  ])
  expect(spans).toEqual([span(0, 20, 'pending')])
})

test('A1: a claim that took another’s place has its time from there', () => {
  const { spans, faults } = positionOf([posting([5, 10], 'swapped', 'pending')])
  expect(spans).toEqual([{ ...span(5, 10, 'pending'), source: 'swapped' }])
  expect(faults).toEqual([])
})

test.each<[string, readonly Posting[], readonly [number, number, Account | null]]>([
  ['time that was never promised', [posting([0, 5], 'pending', 'returned')], [0, 5, null]],
  [
    'time that lies elsewhere',
    [
      posting([0, 5], 'promised', 'pending'),
      posting([3, 5], 'pending', 'returned'),
      posting([2, 5], 'pending', 'broken_recall'),
    ],
    [3, 5, 'returned'],
  ],
  [
    'time that was promised before',
    [posting([0, 5], 'promised', 'pending'), posting([4, 8], 'promised', 'pending')],
    [4, 5, 'pending'],
  ],
])('A1: a posting that moves %s is found', (_, postings, [fromMs, toMs, found]) => {
  const { faults } = positionOf(postings)
  expect(faults).toEqual([{ posting: postings.at(-1), fromMs, toMs, found }])
})

test('A2: an end in the past takes back what was settled behind it, and nothing else', () => {
  const before = [
    posting([0, 10], 'promised', 'pending'),
    posting([0, 4], 'pending', 'delivered_active'),
    posting([4, 6], 'pending', 'unproven'),
  ]
  const veto = posting([3, 10], 'pending', 'broken_veto', { knownAtMs: 7 })
  const back = takeBacks(positionOf(before), veto)
  expect(back).toEqual([
    posting([3, 4], 'delivered_active', 'pending', { knownAtMs: 7 }),
    posting([4, 6], 'unproven', 'pending', { knownAtMs: 7 }),
  ])
  const after = positionOf([...before, ...back, veto])
  expect(after).toEqual({
    spans: [span(0, 3, 'delivered_active'), span(3, 10, 'broken_veto')],
    faults: [],
  })
  expect(takeBacks(after, veto)).toEqual([])
  expect(takeBacks(positionOf(before), posting([4, 6], 'unproven', 'delivered_idle'))).toEqual([])
})

test('the fold agrees with a list of milliseconds, fault by fault', () => {
  const accounts = ['promised', 'pending', 'delivered_idle', 'unproven', 'returned'] as const
  const anyPosting = fc
    .record({
      start: fc.integer({ min: 0, max: HORIZON - 1 }),
      length: fc.integer({ min: 1, max: HORIZON }),
      from: fc.constantFrom(...accounts),
      to: fc.constantFrom(...ACCOUNTS.filter((account) => account !== 'promised')),
    })
    .filter(({ from, to }) => from !== to)
    .map(({ start, length, from, to }) =>
      posting([start, Math.min(start + length, HORIZON)], from, to),
    )
  fc.assert(
    fc.property(fc.array(anyPosting, { maxLength: 12 }), (postings) => {
      const position = positionOf(postings)
      expect(perMs(position)).toEqual(naive(postings))
      for (const [at, one] of position.spans.entries()) {
        const next = position.spans[at + 1]
        expect(one.fromMs).toBeLessThan(one.toMs)
        if (next === undefined) continue
        expect(next.fromMs).toBeGreaterThanOrEqual(one.toMs)
        // Joined wherever they could be.
        const isAlike = next.account === one.account && next.source === one.source
        expect(isAlike && next.fromMs === one.toMs).toBe(false)
      }
      const inner = { fromMs: 3, toMs: 9 }
      const cut = partsWithin(position.spans, inner)
      expect(cut.every(({ fromMs, toMs }) => fromMs >= 3 && toMs <= 9 && fromMs < toMs)).toBe(true)
    }),
  )
})

function perMs({ spans, faults }: Position): {
  readonly lies: readonly (Account | null)[]
  readonly faultMs: number
} {
  const lies = Array.from(
    { length: HORIZON },
    (_, at) => spans.find(({ fromMs, toMs }) => fromMs <= at && at < toMs)?.account ?? null,
  )
  return { lies, faultMs: faults.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0) }
}

function naive(postings: readonly Posting[]): ReturnType<typeof perMs> {
  const lies: (Account | null)[] = Array.from({ length: HORIZON }, () => null)
  let faultMs = 0
  for (const { fromMs, toMs, from, to } of postings) {
    for (let at = fromMs; at < toMs; at += 1) {
      const found = lies[at] ?? null
      const isThere = found === null ? from === 'promised' : found === from
      if (!isThere) faultMs += 1
      lies[at] = to
    }
  }
  return { lies, faultMs }
}
