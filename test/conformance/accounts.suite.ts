/** Accounts: what a lease makes of time, what is due to be settled, and sums as they were known. */
import { runCode } from '@yiben/shared'
import { expect, test } from 'vitest'
import { positionOf } from '../../collector/src/model/accounts.ts'
import type { Account, Draw, Posting } from '../../collector/src/model/draw.ts'
import type {
  AccountFilter,
  Settlement,
  UnsettledClaim,
} from '../../collector/src/storage/account-requests.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { postingOf } from './draw-maker.ts'
import {
  type Fleet,
  HOUR,
  instantOf,
  LATER,
  MINUTE,
  NO_DECISION,
  note,
  T0,
  type TestNode,
} from './fleet.ts'
import { endLending, lend } from './lending.ts'
import type { OpenFleet } from './store.suite.ts'

const PAGE = { cursor: null, limit: 100 }
const OWNER: AccountFilter = { ownerCode: 'owner-1', borrower: null, bank: null }
const DAY = 24 * HOUR

function at(minute: number): number {
  return T0 + minute * MINUTE
}

/** A lease of minutes 10 to 70, posted at minute 9. */
function lendHour(store: Store, node: TestNode, drawId = 'a'): Promise<Draw> {
  const times = { startMs: at(10), untilMs: at(70), knownAtMs: at(9) }
  return lend(store, node.units, { drawId, ...times })
}

async function stateAt(fleet: Fleet, asOfMs: number, knownAtMs = LATER): Promise<string> {
  const { counts } = await fleet.store.readLedgerAt(SCOPE_ALL, instantOf(asOfMs, knownAtMs))
  return counts.map(({ state, cards }) => `${cards} ${state}`).join(', ')
}

async function seal(store: Store, hourMs: number, knownAtMs: number) {
  const { mark } = await store.readHour(hourMs)
  const write = { hourMs, expectedMark: mark, version: 1, knownAtMs, buckets: [], outbox: [] }
  expect(await store.writeBuckets(write)).toEqual({ status: 'written' })
}

function settlementOf(unsettled: UnsettledClaim, change: Partial<Settlement> = {}): Settlement {
  const { drawId, claim, lastPostingNumber } = unsettled
  const key = { drawId, ordinal: claim.ordinal, expectedPostingNumber: lastPostingNumber }
  return { ...key, postings: [], next: null, ...change }
}

/** Card-ms per account of all that `readAccounts` tells. */
async function sumsOf(
  store: Store,
  range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
  filter = OWNER,
  scope = SCOPE_ALL,
): Promise<Partial<Record<Account, number>>> {
  const sums: Partial<Record<Account, number>> = {}
  for (const { from, to, ms } of (await store.readAccounts(scope, filter, range)).moves) {
    sums[from] = (sums[from] ?? 0) - Number(ms)
    sums[to] = (sums[to] ?? 0) + Number(ms)
  }
  return Object.fromEntries(Object.entries(sums).filter(([, ms]) => ms !== 0))
}

export function accountsSuite(openFleet: OpenFleet): void {
  test('A8: a card is lent while a lease covers it and nothing speaks against it', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await lendHour(fleet.store, node)
    await fleet.bookRuns(node, [
      ['free/proven', at(20)],
      ['busy/active', at(30)],
      ['faulty/ecc', at(40)],
      ['occupied/in_use', at(90)],
    ])
    const states = [5, 15, 25, 35, 45, 69, 70].map((minute) => stateAt(fleet, at(minute)))
    expect(await Promise.all(states)).toEqual(
      ['free', 'lent', 'lent', 'faulty', 'lent', 'lent', 'occupied'].map((state) => `1 ${state}`),
    )
    expect(await stateAt(fleet, at(15), at(15) - 1)).toBe('1 null')
  })

  test('A8: a lease was not known before it was posted, nor its end before it was told', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'busy/active', at(120))
    const posted = await lend(fleet.store, node.units, {
      drawId: 'a',
      startMs: at(10),
      untilMs: at(100),
      knownAtMs: at(9),
    })
    await endLending(fleet.store, posted, {
      endedAtMs: at(40),
      knownAtMs: at(80),
      end: 'veto',
      to: 'broken_veto',
    })
    expect(await stateAt(fleet, at(60), at(79))).toBe('1 lent')
    expect(await stateAt(fleet, at(60), at(80))).toBe('1 busy')
    expect(await stateAt(fleet, at(30), at(80))).toBe('1 lent')
    const unitId = node.units[0]?.unitId
    if (unitId === undefined) throw new Error('a card is there')
    const leases = async (knownAtMs: number) => {
      const range = { fromMs: at(0), toMs: at(120), knownAtMs }
      const span = await fleet.store.readUnitSpan(SCOPE_ALL, unitId, range)
      return span?.leases.map(({ fromMs, toMs }) => [fromMs, toMs])
    }
    expect(await leases(at(8))).toEqual([])
    expect(await leases(at(79))).toEqual([[at(10), at(100)]])
    expect(await leases(at(80))).toEqual([[at(10), at(40)]])
  })

  test('A8: an hour’s lent time is what was measured under a lease; deposited time is the rest', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.bookRuns(node, [
      ['free/proven', at(20)],
      ['busy/active', at(30)],
      ['unknown/probe', at(35)],
      ['free/proven', at(60)],
    ])
    const [unit] = node.units
    if (unit === undefined) throw new Error('a card is there')
    const opening = {
      depositId: 'd-1',
      unitId: unit.unitId,
      nodeId: node.nodeId,
      windowStartMs: T0,
      openedAtMs: at(5),
      consentEndCount: 0,
    }
    await fleet.store.commitDeposits({
      ...NO_DECISION,
      expectedCursor: 0,
      cursor: 1,
      openings: [opening],
    })
    const times = { startMs: at(10), untilMs: at(40), knownAtMs: at(9) }
    await lend(fleet.store, node.units, { drawId: 'a', ...times })
    const [material] = (await fleet.store.readHour(T0)).units
    expect(material).toMatchObject({
      lent: { busyMs: 10 * MINUTE, occupiedMs: 0, freeMs: 15 * MINUTE },
      depositedMs: 25 * MINUTE,
    })
    expect((await fleet.store.readHour(T0 + HOUR)).units[0]?.lent).toBeNull()
  })

  test('A8: an end that reaches back into sealed hours makes them dirty, and no others', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'busy/active', at(200))
    const times = { startMs: at(10), untilMs: at(190), knownAtMs: at(9) }
    const posted = await lend(fleet.store, node.units, { drawId: 'a', ...times })
    for (const hour of [0, 1, 2]) await seal(fleet.store, T0 + hour * HOUR, at(400))
    const { mark } = await fleet.store.readHour(T0 + HOUR)
    const end = { endedAtMs: at(70), knownAtMs: at(410), end: 'veto' } as const
    await endLending(fleet.store, posted, { ...end, to: 'broken_veto' })
    const { dirtyHours } = await fleet.store.rollupBacklog()
    expect(dirtyHours).toEqual([T0 + HOUR, T0 + 2 * HOUR])
    expect((await fleet.store.readHour(T0 + HOUR)).mark).not.toBe(mark)
  })

  test('A2: an end in the past takes settled time back in its own transaction', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'busy/active', at(60))
    const posted = await lendHour(fleet.store, node)
    const [due] = await fleet.store.readUnsettledClaims(at(62), 10)
    if (due === undefined) throw new Error('a claim is due')
    const delivered = {
      fromMs: at(10),
      toMs: at(60),
      from: 'pending',
      to: 'delivered_active',
    } as const
    const postings = [postingOf(posted, 0, { ...delivered, knownAtMs: at(62) })]
    const next = { dueAtMs: at(72), lookedToMs: at(60), openToMs: at(60) }
    const settlement = settlementOf(due, { postings, next })
    expect(await fleet.store.commitSettlements([settlement], [])).toEqual({ status: 'committed' })
    const end = { endedAtMs: at(30), knownAtMs: at(65), end: 'veto' } as const
    await endLending(fleet.store, posted, { ...end, to: 'broken_veto' })
    const [after] = await fleet.store.readUnsettledClaims(LATER, 10)
    const { spans, faults } = positionOf(after?.postings ?? [])
    expect(faults).toEqual([])
    expect(spans.map(({ fromMs, toMs, account }) => [fromMs, toMs, account])).toEqual([
      [at(10), at(30), 'delivered_active'],
      [at(30), at(70), 'broken_veto'],
    ])
  })

  test('a claim is due each hour, behind its end, and when its node tells of open time', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'busy/active', at(30))
    const posted = await lendHour(fleet.store, node)
    const due = async (minute: number) => await fleet.store.readUnsettledClaims(at(minute), 10)
    expect(await due(61)).toEqual([])
    const [first] = await due(62)
    if (first === undefined) throw new Error('a claim is due')
    expect(first).toMatchObject({ drawId: 'a', claim: posted.claims[0] })
    expect(first.span?.runs).toMatchObject([{ startMs: T0, endMs: at(30) }])
    expect(first.span?.timelineEndMs).toBe(at(30))
    // Nothing was told of 30 to 62: it is unproven, and looked at again once more is told.
    const moved = { from: 'pending', to: 'unproven', knownAtMs: at(62) } as const
    const postings = [postingOf(posted, 0, { ...moved, fromMs: at(30), toMs: at(62) })]
    const next = { dueAtMs: at(100), lookedToMs: at(30), openToMs: at(62) }
    const write = settlementOf(first, { postings, next })
    expect(await fleet.store.commitSettlements([write], [note('accounts_settled')])).toEqual({
      status: 'committed',
    })
    expect(await due(99)).toEqual([])
    expect(await due(100)).toHaveLength(1)
    await fleet.book(node, 'busy/active', at(31))
    const [again] = await due(63)
    if (again === undefined) throw new Error('a claim is due')
    // What was decided on postings that have grown since does not count, nor does its entry.
    expect(await fleet.store.commitSettlements([write], [note('accounts_settled')])).toEqual({
      status: 'stale',
      claims: [{ drawId: 'a', ordinal: 0 }],
    })
    const kinds = (await fleet.store.readOutbox(100)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'accounts_settled')).toHaveLength(1)
    await fleet.store.commitSettlements([settlementOf(again)], [])
    expect(await due(10_000)).toEqual([])
  })

  test('an ended claim is looked at as soon as its node has told more', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'busy/active', at(9))
    const posted = await lendHour(fleet.store, node)
    const end = { endedAtMs: at(20), knownAtMs: at(20), end: 'returned' } as const
    await endLending(fleet.store, posted, { ...end, to: 'returned' })
    expect(await fleet.store.readUnsettledClaims(at(20), 10)).toEqual([])
    await fleet.book(node, 'busy/active', at(21))
    expect(await fleet.store.readUnsettledClaims(at(21), 10)).toHaveLength(1)
    // And without a word from it, shortly after.
    expect(await fleet.store.readUnsettledClaims(at(22), 10)).toHaveLength(1)
  })

  test('sums are cut to the range, to the filter, to the scope and to what was known', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    const other = await fleet.start('SH-01')
    const posted = await lendHour(fleet.store, node)
    const times = { startMs: at(20), untilMs: at(30), knownAtMs: at(9) }
    const borrowed = { ...times, drawId: 'b', ownerCode: 'owner-2', request: { borrower: 'b-2' } }
    await lend(fleet.store, other.units, borrowed)
    const end = { endedAtMs: at(40), knownAtMs: at(40), end: 'returned' } as const
    await endLending(fleet.store, posted, { ...end, to: 'returned' })
    const whole = { fromMs: T0, toMs: at(600), knownAtMs: LATER }
    const card = 60 * MINUTE
    expect(await sumsOf(fleet.store, whole)).toEqual({
      promised: -2 * card,
      pending: card,
      returned: card,
    })
    expect(await sumsOf(fleet.store, { ...whole, knownAtMs: at(39) })).toEqual({
      promised: -2 * card,
      pending: 2 * card,
    })
    expect(await sumsOf(fleet.store, { ...whole, knownAtMs: at(8) })).toEqual({})
    expect(await sumsOf(fleet.store, { ...whole, fromMs: at(35), toMs: at(50) })).toEqual({
      promised: -30 * MINUTE,
      pending: 10 * MINUTE,
      returned: 20 * MINUTE,
    })
    const borrower = { ownerCode: null, borrower: 'b-2', bank: null }
    const ten = { promised: -10 * MINUTE, pending: 10 * MINUTE }
    expect(await sumsOf(fleet.store, whole, borrower)).toEqual(ten)
    expect(await sumsOf(fleet.store, whole, { ...borrower, bank: 'bank-1' })).toEqual(ten)
    expect(await sumsOf(fleet.store, whole, { ...borrower, bank: 'bank-2' })).toEqual({})
    const elsewhere = { regions: 'all', sites: ['SH-01'] } as const
    expect(await sumsOf(fleet.store, whole, OWNER, elsewhere)).toEqual({})
    expect(await sumsOf(fleet.store, whole, borrower, elsewhere)).toEqual(ten)
  })

  test('a residue is told as long as it was known to be', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const posted = await lendHour(fleet.store, node)
    const residue = { drawId: 'a', ordinal: 0, fromMs: at(45), toMs: at(65) }
    const end = { endedAtMs: at(40), end: 'returned', to: 'returned' } as const
    const change = { residues: [{ ...residue, toMs: at(50) }] }
    const ended = await endLending(fleet.store, posted, { ...end, knownAtMs: at(50), change })
    await endLending(fleet.store, ended, {
      ...end,
      knownAtMs: at(65),
      change: { residues: [residue], postings: [] },
    })
    const known = async (knownAtMs: number, fromMs = T0, toMs = at(120)) => {
      const range = { fromMs, toMs, knownAtMs }
      const { residues } = await fleet.store.readAccounts(SCOPE_ALL, OWNER, range)
      return residues.map(({ ms }) => Number(ms) / MINUTE)
    }
    expect(await known(at(49))).toEqual([])
    expect(await known(at(64))).toEqual([5])
    expect(await known(at(65))).toEqual([20])
    expect(await known(LATER, at(60))).toEqual([5])
  })

  test('draws are told whole, by when their promise begins', async () => {
    const fleet = await openFleet()
    const [node, other] = [await fleet.start('BJ-01'), await fleet.start('BJ-02')]
    await lendHour(fleet.store, node)
    const later = { drawId: 'b', startMs: at(30), untilMs: at(90), knownAtMs: at(5) }
    await lend(fleet.store, other.units, { ...later, request: { startMs: at(30) } })
    const draws = async (fromMs: number, toMs: number, knownAtMs = LATER) =>
      await fleet.store.readDrawMoves(SCOPE_ALL, OWNER, { fromMs, toMs, knownAtMs })
    const moves = [{ from: 'promised', to: 'pending', ms: BigInt(60 * MINUTE) }]
    const [first, second] = [
      { drawId: 'a', isBooking: false, moves },
      { drawId: 'b', isBooking: true, moves },
    ]
    expect(await draws(at(10), at(11))).toEqual([first])
    expect(await draws(at(10), at(31))).toEqual([first, second])
    expect(await draws(at(10), at(31), at(8))).toEqual([second])
    expect(await draws(at(11), at(30))).toEqual([])
  })

  test('C8: a site’s record counts how leases ended, and each claim of its owner once', async () => {
    const fleet = await openFleet()
    const nodes = [
      await fleet.start('BJ-01', 8),
      await fleet.start('BJ-01b'),
      await fleet.start('SH-01'),
    ]
    const [first, second, third] = nodes
    if (first === undefined || second === undefined || third === undefined) throw new Error('nodes')
    const claimed = await lendHour(fleet.store, first, 'claimed')
    await endLending(fleet.store, claimed, {
      endedAtMs: at(20),
      knownAtMs: at(21),
      end: 'recall',
      to: 'broken_recall',
      recallCause: 'owner_claimed',
    })
    const kept = await lendHour(fleet.store, second, 'kept')
    await endLending(fleet.store, kept, { endedAtMs: at(70), knownAtMs: at(70), end: 'expired' })
    await lendHour(fleet.store, third, 'running')
    const records = async (atMs: number, knownAtMs = LATER) =>
      await fleet.store.readSiteRecords(SCOPE_ALL, { atMs, knownAtMs })
    const bad = { siteCode: 'BJ-01', cardsEnded: 8, cardsKept: 0 }
    const good = { siteCode: 'BJ-01b', cardsEnded: 1, cardsKept: 1 }
    const none = { ownerClaims30Days: 0, ownerClaims90Days: 0 }
    expect(await records(at(600))).toEqual([
      { ...bad, ownerClaims30Days: 1, ownerClaims90Days: 1 },
      { ...good, ...none },
    ])
    expect(await records(at(600), at(20))).toEqual([])
    expect(await records(at(20) + 30 * DAY)).toEqual([
      { ...bad, ownerClaims30Days: 0, ownerClaims90Days: 1 },
      { ...good, ...none },
    ])
    expect(await records(at(70) + 90 * DAY)).toEqual([])
    const scope = { regions: 'all', sites: ['BJ-01b'] } as const
    const scoped = await fleet.store.readSiteRecords(scope, { atMs: at(600), knownAtMs: LATER })
    expect(scoped.map(({ siteCode }) => siteCode)).toEqual(['BJ-01b'])
  })

  test('claims are listed for checks in pages, each with what is taken for lent', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 3)
    const posted = await lendHour(fleet.store, node)
    const first = await fleet.store.listBookedClaims({ ...PAGE, limit: 2 })
    expect(first.rows.map(({ claim }) => claim)).toEqual(posted.claims.slice(0, 2))
    expect(first.rows[0]).toMatchObject({
      drawId: 'a',
      lent: { fromMs: at(10), toMs: at(70) },
      postings: [postingOf(posted, 0, { knownAtMs: at(9) })] satisfies readonly Posting[],
    })
    const second = await fleet.store.listBookedClaims({ cursor: first.nextCursor, limit: 2 })
    expect(second.rows.map(({ claim }) => claim)).toEqual(posted.claims.slice(2))
    expect(second.nextCursor).toBeNull()
  })

  test('a statement is issued once, with its entry', async () => {
    const { store } = await openFleet()
    const statement = {
      sha256: 'ab'.repeat(32),
      issuedAtMs: T0,
      outbox: [note('statement_issued')],
    }
    expect(await store.keepStatement(statement)).toEqual({ status: 'issued' })
    expect(await store.keepStatement(statement)).toEqual({ status: 'known' })
    expect((await store.readOutbox(10)).map(({ kind }) => kind)).toEqual(['statement_issued'])
  })

  test('a silent node’s claim is told with its silence', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'busy/active', at(15))
    await lendHour(fleet.store, node)
    const code = runCode('unknown/silent')
    const silence = { nodeId: node.nodeId, unitId: null, fromMs: at(15), toMs: null, code }
    await fleet.store.beginSilences([{ ...silence, declaredAtMs: at(17) }], [], [])
    const [due] = await fleet.store.readUnsettledClaims(at(62), 10)
    expect(due?.span?.silences).toMatchObject([{ fromMs: at(15), toMs: null }])
  })
}
