/**
 * Any order and repetition of notices, vetoes, offers, recalls, claims, restarts, boots, epochs and
 * hours: a simple bookkeeper that knows only what was ordered checks what the book lends and tells.
 */
import type { LeaseNotice, LeaseRecord } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { beginBoot, beginEpoch } from '../../../agent/src/leases/carry-over.ts'
import {
  announceRecall,
  endByClaim,
  endByVeto,
  endDue,
} from '../../../agent/src/leases/end-leases.ts'
import {
  isRunning,
  type LeaseBook,
  leaseOf,
  lendingPlan,
} from '../../../agent/src/leases/lease-book.ts'
import { bookOfText, bookToText } from '../../../agent/src/leases/lease-file.ts'
import { takeNotice } from '../../../agent/src/leases/take-notice.ts'
import { lendingAt } from '../../../agent/src/verdict/lending.ts'
import { BOOT, EMPTY, facts, notice, T0 } from './support.ts'

const UNITS = ['u0', 'u1', 'u2', 'u3']
const MINUTE = 60_000

const units = fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 0, maxLength: 4 })
const minute = fc.integer({ min: -5, max: 60 })

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('notice' as const), pick: fc.nat(29) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), minutes: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('veto' as const), units }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('offer' as const), units }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('recall' as const), units, minutes: fc.nat(9) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('claim' as const), unit: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ kind: 'restart' } as const, { kind: 'boot' } as const),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'epoch' } as const) },
)

/** What a collector may ever have signed: a few leases, each with rising revisions. */
const noticesArbitrary = fc.array(
  fc.record({
    lease: fc.nat(4),
    kind: fc.constantFrom('lend' as const, 'extend' as const, 'return' as const, 'recall' as const),
    units,
    startMs: minute,
    lengthMs: fc.integer({ min: 0, max: 40 }),
  }),
  { minLength: 30, maxLength: 30 },
)

interface World {
  book: LeaseBook
  nowMs: number
  epochs: number
  readonly vetoed: Set<string>
  readonly records: LeaseRecord[]
  /** Latest end any signed notice, taken or not, has named for a lease. */
  readonly latestEndMs: Map<string, number>
}

function unitIdOf(world: World) {
  // Indexes are another permutation in each epoch.
  return (index: number) => UNITS[(index + world.epochs) % UNITS.length] ?? null
}

function indexOf(world: World) {
  return (unitId: string) =>
    (UNITS.indexOf(unitId) - world.epochs + 4 * UNITS.length) % UNITS.length
}

function idsOf(indexes: readonly number[]): string[] {
  return indexes.map((index) => `u${index}`)
}

function take(world: World, signed: LeaseNotice): void {
  const known = world.latestEndMs.get(signed.leaseId) ?? 0
  world.latestEndMs.set(signed.leaseId, Math.max(known, signed.endMs))
  const before = runningOn(world.book)
  world.book = takeNotice(
    world.book,
    { ...signed, epoch: world.book.epoch },
    facts(world.nowMs, {
      unitIdOf: unitIdOf(world),
      refusalOf: (id) => (world.vetoed.has(id) ? 'veto' : null),
    }),
  )
  // Nothing that the owner has taken back is lent by any notice (C22).
  for (const [unitId, untilMs] of runningOn(world.book)) {
    if (world.vetoed.has(unitId)) expect(untilMs).toBeLessThanOrEqual(before.get(unitId) ?? 0)
  }
}

function runningOn(book: LeaseBook): Map<string, number> {
  return new Map(
    UNITS.flatMap((id) => {
      const found = leaseOf(book, id)
      return found === null ? [] : [[id, found.unit.untilMs] as const]
    }),
  )
}

function act(world: World, one: Step, notices: readonly LeaseNotice[]): void {
  if (one.kind === 'notice') {
    const signed = notices[one.pick]
    if (signed !== undefined) take(world, signed)
  } else if (one.kind === 'pass') world.nowMs += one.minutes * MINUTE
  else if (one.kind === 'veto') {
    for (const id of idsOf(one.units)) world.vetoed.add(id)
    world.book = endByVeto(endDue(world.book, world.nowMs), idsOf(one.units), world.nowMs)
  } else if (one.kind === 'offer') for (const id of idsOf(one.units)) world.vetoed.delete(id)
  else if (one.kind === 'recall') {
    for (const id of idsOf(one.units)) world.vetoed.add(id)
    const atMs = world.nowMs + one.minutes * MINUTE
    world.book = announceRecall(endDue(world.book, world.nowMs), idsOf(one.units), atMs)
  } else if (one.kind === 'claim') world.book = endByClaim(world.book, `u${one.unit}`, world.nowMs)
  else if (one.kind === 'restart') {
    world.book = bookOfText(bookToText(world.book), { epoch: 'none', bootId: 'none' })
  } else if (one.kind === 'boot')
    world.book = beginBoot(world.book, `boot-${world.nowMs}`, world.nowMs)
  else {
    world.epochs += 1
    const epoch = String(world.epochs).padStart(32, '0')
    const told = { epoch, nowMs: world.nowMs, indexOf: indexOf(world) }
    world.book = beginEpoch(world.book, told)
    world.records.length = 0
  }
}

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

function check(world: World): void {
  world.book = endDue(world.book, world.nowMs)
  const { book, nowMs } = world
  for (const unitId of UNITS) {
    const running = book.leases.flatMap((lease) =>
      lease.units.filter((unit) => unit.unitId === unitId && isRunning(unit)),
    )
    expect(running.length, 'a unit is in one lease').toBeLessThanOrEqual(1)
    if (lendingAt(lendingPlan(book, unitId), nowMs) !== 'lent') continue
    const found = leaseOf(book, unitId)
    expect(found, 'what is lent is in a lease').not.toBeNull()
    const latestMs = world.latestEndMs.get(found?.lease.leaseId ?? '') ?? 0
    expect(nowMs, 'nothing is lent past its end').toBeLessThan(latestMs)
  }
  world.records.push(...book.words.flatMap((word) => (word.kind === 'lease' ? [word.record] : [])))
  world.book = { ...book, words: [] }
  checkRecords(world)
}

/** Every unit that has a lease was told `taken` last, every one whose lease is over `ended` last. */
function checkRecords({ book, records, nowMs }: World): void {
  for (const lease of book.leases) {
    const own = records.filter(({ leaseId }) => leaseId === lease.leaseId)
    const revisions = own.map(({ revision }) => revision)
    expect(revisions, 'revisions never fall').toEqual(revisions.toSorted((one, two) => one - two))
    for (const unit of lease.units) {
      const about = own.filter(({ units: named }) => named.includes(unit.index))
      // An announced end lies ahead; a refused extension changes nothing.
      const last = about.findLast(
        ({ event, atMs }) => event === 'taken' || (event === 'ended' && atMs <= nowMs),
      )
      if (isRunning(unit)) expect(last?.event ?? 'taken', unit.unitId).toBe('taken')
      else {
        const end = about.find(
          ({ event, atMs, cause }) =>
            event === 'ended' && atMs === unit.endedAtMs && cause === unit.end,
        )
        expect(end, `the end of ${unit.unitId} is told`).toBeDefined()
      }
    }
  }
}

describe('leases on a node', () => {
  test('are never lent after a veto, past their end or twice, and are told as they were', () => {
    fc.assert(
      fc.property(noticesArbitrary, fc.array(step, { maxLength: 60 }), (drawn, steps) => {
        const counts = new Map<number, number>()
        const notices = drawn.map(({ lease, kind, units: named, startMs, lengthMs }) => {
          const revision = (counts.get(lease) ?? 0) + 1
          counts.set(lease, revision)
          const start = T0 + startMs * MINUTE
          return notice(kind, revision, {
            leaseId: `e-${lease}`,
            units: named,
            startMs: start,
            endMs: start + lengthMs * MINUTE,
          })
        })
        const world: World = {
          book: { ...EMPTY, bootId: BOOT },
          nowMs: T0,
          epochs: 0,
          vetoed: new Set(),
          records: [],
          latestEndMs: new Map(),
        }
        for (const one of steps) {
          act(world, one, notices)
          check(world)
        }
      }),
      { numRuns: 400 },
    )
  })

  test('are the same whatever is repeated, once each notice has come', () => {
    fc.assert(
      fc.property(noticesArbitrary, fc.array(fc.nat(29), { maxLength: 80 }), (drawn, order) => {
        const notices = drawn.map(({ lease, units: named, startMs, lengthMs, kind }, revision) => {
          const start = T0 + startMs * MINUTE
          const leaseId = `e-${lease}`
          const endMs = start + lengthMs * MINUTE
          return notice(kind, revision + 1, { leaseId, units: named, startMs: start, endMs })
        })
        const at = facts(T0)
        const once = order.reduce((book, pick) => {
          const signed = notices[pick]
          return signed === undefined ? book : takeNotice(book, signed, at)
        }, EMPTY)
        const again = order.reduce((book, pick) => {
          const signed = notices[pick]
          return signed === undefined ? book : takeNotice(book, signed, at)
        }, once)
        expect(again).toBe(once)
      }),
      { numRuns: 300 },
    )
  })
})
