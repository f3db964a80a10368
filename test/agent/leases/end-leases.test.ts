/** What ends a lease on the node, and what is carried over an epoch, a boot and a restart. */
import { describe, expect, test } from 'vitest'
import { beginBoot, beginEpoch } from '../../../agent/src/leases/carry-over.ts'
import {
  announceRecall,
  endByClaim,
  endByHandover,
  endByVeto,
  endDue,
  noteClean,
} from '../../../agent/src/leases/end-leases.ts'
import type { LeaseBook } from '../../../agent/src/leases/lease-book.ts'
import { lendingPlan, nextLeaseEdgeMs } from '../../../agent/src/leases/lease-book.ts'
import { bookOfText, bookToText } from '../../../agent/src/leases/lease-file.ts'
import { takeNotice } from '../../../agent/src/leases/take-notice.ts'
import { lendingAt } from '../../../agent/src/verdict/lending.ts'
import { BOOT, EMPTY, EPOCH, facts, HOUR, MINUTE, notice, signed, T0, told } from './support.ts'

const LENT = { ...takeNotice(EMPTY, signed(), facts(T0 - 2_000)), words: [], calls: [] }

describe('a lease ends', () => {
  test.each<[string, (book: LeaseBook) => LeaseBook, string[]]>([
    ['at its stated end (C9)', (book) => endDue(book, T0 + HOUR), ['ended 1 [0,1] expire @+3600s']],
    [
      'at its stated end, found a day later',
      (book) => endDue(book, T0 + 25 * HOUR),
      ['ended 1 [0,1] expire @+3600s'],
    ],
    ['by a veto, then', (book) => endByVeto(book, ['u1'], T0 + MINUTE), ['ended 1 [1] veto @+60s']],
    [
      'by a veto before it began',
      (book) => endByVeto(book, null, T0 - 1_000),
      ['ended 1 [0,1] veto @-1s'],
    ],
    [
      'by its stated end where the veto came after it',
      (book) => endByVeto(book, null, T0 + 2 * HOUR),
      ['ended 1 [0,1] expire @+3600s'],
    ],
    [
      'where the run of the owner began (C8)',
      (book) => endByClaim(book, 'u0', T0 + 90_000),
      ['ended 1 [0] owner_claimed @+90s'],
    ],
    [
      'where it began itself, if the owner had the card before',
      (book) => endByClaim(book, 'u0', T0 - 90_000),
      ['ended 1 [0] owner_claimed @+0s'],
    ],
  ])('%s', (_, end, expected) => {
    const book = end(LENT)
    expect(told(book)).toEqual(expected)
    // Once: whatever comes after it.
    expect(end(endByVeto(endDue(book, T0 + MINUTE), [], T0))).toEqual(book)
  })

  test('when the owner says no to its handover', () => {
    const [call] = takeNotice(EMPTY, signed(), facts(T0)).calls
    expect(call).toBeDefined()
    if (call === undefined) return
    const book = endByHandover(LENT, call, T0 + 3_000)
    expect(told(book)).toEqual(['ended 1 [0,1] handover_failed @+3s'])
    // What the script may have opened is closed.
    expect(book.calls.map(({ event }) => event)).toEqual(['recall'])
  })
})

describe('a recall by the owner', () => {
  test('is told at once as an end that lies ahead, and takes the card back then (C11)', () => {
    const book = announceRecall(LENT, ['u0'], T0 + 2 * MINUTE)
    expect(told(book)).toEqual(['ended 1 [0] recall @+120s'])
    const over = endDue({ ...book, words: [] }, T0 + 2 * MINUTE)
    expect(told(over)).toEqual(['ended 1 [0] recall @+120s', 'reclaim u0 @+120s'])
  })

  test('longer than the lease takes the card back at its end', () => {
    const book = announceRecall(LENT, ['u0'], T0 + 2 * HOUR)
    expect(told(book)).toEqual([])
    expect(told(endDue(book, T0 + HOUR))).toEqual([
      'ended 1 [0,1] expire @+3600s',
      'reclaim u0 @+3600s',
    ])
  })

  test('is not put off by an extension', () => {
    const book = announceRecall(LENT, ['u0', 'u1'], T0 + 2 * MINUTE)
    const longer = takeNotice(book, notice('extend', 2, { endMs: T0 + 3 * HOUR }), facts(T0))
    expect(told(longer).at(-1)).toBe('declined 2 [0,1] recall')
    expect(nextLeaseEdgeMs(longer, T0)).toBe(T0 + 2 * MINUTE)
  })
})

describe('how a unit stands', () => {
  const at = (book: LeaseBook, ms: number) => lendingAt(lendingPlan(book, 'u0'), T0 + ms)

  test('is lent from start to end, then overstay until it was seen free', () => {
    expect([-1, 0, HOUR - 1, HOUR].map((ms) => at(LENT, ms))).toEqual([
      'none',
      'lent',
      'lent',
      'overstay',
    ])
    const clean = noteClean(endDue(LENT, T0 + HOUR), ['u0'], T0 + HOUR + 20_000)
    expect([HOUR, HOUR + 19_999, HOUR + 20_000].map((ms) => at(clean, ms))).toEqual([
      'overstay',
      'overstay',
      'none',
    ])
  })

  test('was never lent where the lease ended before it began', () => {
    expect(at(endByVeto(LENT, null, T0 - 1), HOUR)).toBe('none')
  })
})

describe('carried over', () => {
  test('as text it is the same book', () => {
    const book = announceRecall(endByVeto(LENT, ['u1'], T0), ['u0'], T0 + MINUTE)
    const first = { epoch: 'cd'.repeat(16), bootId: 'boot-9' }
    expect(bookOfText(bookToText(book), first)).toEqual(book)
  })

  test.each(['', '{}', '[]', '{"version":2}', bookToText(LENT).slice(0, -9)])(
    'text that cannot be read stops the agent: %j',
    (text) => {
      expect(() => bookOfText(text, { epoch: EPOCH, bootId: BOOT })).toThrow('unreadable')
    },
  )

  test('into a new epoch under new indexes, with all that may never have arrived', () => {
    const book = endByVeto(LENT, ['u1'], T0 + MINUTE)
    const indexes = new Map([
      ['u0', 5],
      ['u1', 6],
    ])
    const indexOf = (id: string) => indexes.get(id) ?? null
    const next = beginEpoch(book, { epoch: 'cd'.repeat(16), nowMs: T0 + HOUR / 2, indexOf })
    expect(told(next)).toEqual(['taken 1 [5,6]', 'ended 1 [6] veto @+60s'])
    expect(told(endDue({ ...next, words: [] }, T0 + HOUR))).toEqual(['ended 1 [5] expire @+3600s'])
    expect(beginEpoch(next, { epoch: 'cd'.repeat(16), nowMs: T0, indexOf })).toBe(next)
  })

  test('over a boot: no process of a borrower has outlived it, the lease has (C1)', () => {
    const over = endByVeto(LENT, ['u1'], T0 + MINUTE)
    const book = beginBoot(over, 'boot-2', T0 + 2 * MINUTE)
    expect(lendingAt(lendingPlan(book, 'u1'), T0 + 2 * MINUTE)).toBe('none')
    expect(lendingAt(lendingPlan(book, 'u0'), T0 + 2 * MINUTE)).toBe('lent')
  })
})
