/** What notices make of the book, in whatever order they come. */
import { describe, expect, test } from 'vitest'
import { endByVeto, endDue } from '../../../agent/src/leases/end-leases.ts'
import type { LeaseBook } from '../../../agent/src/leases/lease-book.ts'
import { leaseOf, signedNotices } from '../../../agent/src/leases/lease-book.ts'
import { REPLY_AGAIN_MS, takeNotice } from '../../../agent/src/leases/take-notice.ts'
import { EMPTY, facts, HOUR, MINUTE, notice, T0, told } from './support.ts'

const BEFORE = facts(T0 - 2_000)

function lent(change: Parameters<typeof notice>[2] = {}): LeaseBook {
  return takeNotice(EMPTY, notice('lend', 1, change), BEFORE)
}

function untilOf(book: LeaseBook, unitId: string): number | null {
  return leaseOf(book, unitId)?.unit.untilMs ?? null
}

describe('a notice that lends', () => {
  test('is taken unit by unit, and told with its revision', () => {
    const book = lent()
    expect(told(book)).toEqual(['taken 1 [0,1]'])
    expect(untilOf(book, 'u0')).toBe(T0 + HOUR)
    expect(book.calls).toEqual([
      {
        event: 'lend',
        leaseId: 'e-1',
        account: 'tenant-7',
        unitIds: ['u0', 'u1'],
        untilMs: T0 + HOUR,
      },
    ])
  })

  test.each<[string, Parameters<typeof notice>[2], Parameters<typeof facts>[1], string[]]>([
    ['of another epoch', { epoch: '00'.repeat(16) }, {}, ['declined 1 [] unknown_epoch']],
    ['that names a unit nobody knows', { units: [0, 9] }, {}, ['declined 1 [] unknown_unit']],
    ['that names no unit', { units: [] }, {}, ['declined 1 [] unknown_unit']],
    ['whose term is over', { endMs: T0 - 2_000 }, {}, ['declined 1 [0,1] ended']],
    ['that ends before it begins', { endMs: T0 - 1_000 }, {}, ['declined 1 [0,1] ended']],
    [
      'of a card taken back, for that card alone (C22)',
      {},
      { refusalOf: (id: string) => (id === 'u1' ? 'veto' : null) },
      ['taken 1 [0]', 'declined 1 [1] veto'],
    ],
  ])('%s is declined', (_, change, against, expected) => {
    const book = takeNotice(EMPTY, notice('lend', 1, change), facts(T0 - 2_000, against))
    expect(told(book)).toEqual(expected)
    expect(untilOf(book, 'u1')).toBeNull()
  })

  test('asks the owner about the whole lease, from its first start', () => {
    const asked: unknown[] = []
    const refusalOf = (...args: readonly unknown[]) => {
      asked.push(args)
      return null
    }
    const later = notice('extend', 2, { units: [0], startMs: T0 + MINUTE, endMs: T0 + 2 * HOUR })
    takeNotice(lent(), later, facts(T0 + MINUTE, { refusalOf }))
    expect(asked).toEqual([['u0', T0, T0 + 2 * HOUR]])
  })

  test('gives a unit to the newer lease: whoever had it has given it back (C12)', () => {
    const other = notice('lend', 1, { leaseId: 'e-2', units: [1], startMs: T0 + 40 * MINUTE })
    const book = takeNotice(lent(), other, facts(T0 + 40 * MINUTE - 2_000))
    expect(told(book).slice(1)).toEqual(['ended 1 [1] return @+2398s', 'taken 1 [1]'])
    expect(leaseOf(book, 'u1')?.lease.leaseId).toBe('e-2')
    expect(leaseOf(book, 'u0')?.lease.leaseId).toBe('e-1')
  })
})

describe('the highest revision counts', () => {
  test('the same again, or a lower one, changes nothing', () => {
    const book = takeNotice(lent(), notice('extend', 2, { endMs: T0 + 2 * HOUR }), BEFORE)
    expect(takeNotice(book, notice('extend', 2, { endMs: T0 + 3 * HOUR }), BEFORE)).toBe(book)
    expect(takeNotice(book, notice('lend', 1), BEFORE)).toBe(book)
    expect(untilOf(book, 'u0')).toBe(T0 + 2 * HOUR)
  })

  test('a return that overtakes its lend lends nothing', () => {
    const returned = takeNotice(EMPTY, notice('return', 2, { endMs: T0 + MINUTE }), BEFORE)
    const book = takeNotice(returned, notice('lend', 1), BEFORE)
    expect(told(book)).toEqual(['taken 2 [0,1]'])
    expect(untilOf(book, 'u0')).toBeNull()
  })

  test('a collector that goes on asking is answered again, ends included, but not more often', () => {
    const over = endDue(lent(), T0 + HOUR)
    const soon = facts(T0 - 2_000 + REPLY_AGAIN_MS - 1)
    expect(takeNotice(over, notice('lend', 1), soon)).toBe(over)
    const again = takeNotice({ ...over, words: [] }, notice('lend', 1), facts(T0 + HOUR))
    expect(told(again)).toEqual([
      'taken 1 [0,1]',
      'ended 1 [0] expire @+3600s',
      'ended 1 [1] expire @+3600s',
    ])
  })
})

describe('an extension', () => {
  test('moves the end, and what it no longer names has been returned', () => {
    const longer = notice('extend', 2, { units: [0], endMs: T0 + 2 * HOUR })
    const book = takeNotice(lent(), longer, facts(T0 + 10 * MINUTE))
    expect(told(book).slice(1)).toEqual(['taken 2 [0]', 'ended 2 [1] return @+600s'])
    expect(untilOf(book, 'u0')).toBe(T0 + 2 * HOUR)
    expect(book.calls.map(({ event, unitIds }) => `${event} ${unitIds}`)).toEqual([
      'lend u0,u1',
      'extend u0',
      'return u1',
    ])
  })

  test('whose word comes after the stated end goes on with the lease', () => {
    const over = endDue(lent(), T0 + HOUR)
    const late = notice('extend', 2, { endMs: T0 + 2 * HOUR })
    const book = takeNotice(over, late, facts(T0 + HOUR + MINUTE))
    expect(told(book).at(-1)).toBe('taken 2 [0,1]')
    expect(untilOf(book, 'u0')).toBe(T0 + 2 * HOUR)
  })

  test('of a card the owner has taken back is declined, whatever he says now (C22)', () => {
    const vetoed = endByVeto(lent(), ['u0'], T0 + MINUTE)
    const longer = notice('extend', 2, { endMs: T0 + 2 * HOUR })
    const book = takeNotice(vetoed, longer, facts(T0 + 2 * MINUTE))
    expect(told(book).slice(-2)).toEqual(['declined 2 [0] veto', 'taken 2 [1]'])
    expect(untilOf(book, 'u0')).toBeNull()
  })

  test('that the owner refuses leaves the lease its former end', () => {
    const longer = notice('extend', 2, { endMs: T0 + 9 * HOUR })
    const against = facts(T0, { refusalOf: () => 'calendar' })
    const book = takeNotice(lent(), longer, against)
    expect(told(book).at(-1)).toBe('declined 2 [0,1] calendar')
    expect(untilOf(book, 'u0')).toBe(T0 + HOUR)
  })
})

describe('return and recall', () => {
  test('end what they name at the instant they name, and nothing else', () => {
    const back = notice('return', 2, { units: [1], endMs: T0 + 20 * MINUTE })
    const book = takeNotice(lent(), back, facts(T0 + 20 * MINUTE - 2_000))
    expect(told(book).slice(1)).toEqual(['taken 2 [1]'])
    const later = endDue(book, T0 + 20 * MINUTE)
    expect(told(later).slice(2)).toEqual(['ended 2 [1] return @+1200s'])
    expect(untilOf(later, 'u0')).toBe(T0 + HOUR)
  })

  test('without units end all of it (C11)', () => {
    const recall = notice('recall', 2, { units: [], endMs: T0 + 2 * MINUTE, cause: 'owner' })
    const book = endDue(takeNotice(lent(), recall, facts(T0)), T0 + 2 * MINUTE)
    expect(told(book).slice(1)).toEqual(['taken 2 []', 'ended 2 [0,1] recall @+120s'])
  })

  test('never make a lease longer', () => {
    const recall = notice('recall', 2, { endMs: T0 + 2 * HOUR })
    expect(untilOf(takeNotice(lent(), recall, facts(T0)), 'u0')).toBe(T0 + HOUR)
  })

  test('of another epoch wait for a notice that names units of this one', () => {
    const book = lent()
    expect(takeNotice(book, notice('return', 2, { epoch: '00'.repeat(16) }), facts(T0))).toBe(book)
  })
})

test('what the node believes is told in signed words: the last that lent, and the last of all', () => {
  const part = takeNotice(
    lent(),
    notice('return', 2, { units: [1], endMs: T0 + MINUTE }),
    facts(T0),
  )
  expect(signedNotices(part).map(({ kind, revision }) => `${kind} ${revision}`)).toEqual([
    'lend 1',
    'return 2',
  ])
  expect(signedNotices(endDue(part, T0 + HOUR))).toEqual([])
})
