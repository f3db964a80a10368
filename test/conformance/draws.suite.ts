/** Draws: written whole under their version, bounded by the store itself, found when they are due. */
import { expect, test } from 'vitest'
import type { Draw } from '../../collector/src/model/draw.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import {
  bookedDraw,
  bookingOf,
  changeTo,
  claimOn,
  commit,
  depositedNode,
  drawEntry,
  endedDraw,
  heldDraw,
  leaseRecordOf,
  next,
  postedDraw,
  postingOf,
  requestOf,
  voidedDraw,
} from './draw-maker.ts'
import { HOUR, LATER, MINUTE, T0 } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const START = { changeSeq: 0, outboxId: 0 }
const PAGE = { cursor: null, limit: 100 }
const ANY = { states: 'all', bank: null, borrower: null } as const

function idsOf(draws: readonly Draw[]): readonly string[] {
  return draws.map(({ request }) => request.drawId)
}

export function drawsSuite(openFleet: OpenFleet): void {
  test('a draw is read as it was written, version by version', async () => {
    const { store, ...fleet } = await start(openFleet, 2)
    expect(await store.findDraw('a')).toBeNull()
    const held = heldDraw('a', fleet.node.units)
    expect(await commit(store, held)).toEqual(['committed'])
    expect(await store.findDraw('a')).toEqual(held)
    const posted = postedDraw(held)
    expect(await commit(store, posted)).toEqual(['committed'])
    expect(await store.findDraw('a')).toEqual(posted)
    expect(await store.findDrawOfLease(posted.leases[0]?.leaseId ?? '')).toEqual(posted)
    const cleaning = endedDraw(posted, T0 + HOUR, { isClean: false })
    const ended = endedDraw(cleaning, T0 + HOUR)
    expect(await commit(store, cleaning, ended)).toEqual(['committed', 'committed'])
    expect(await store.findDraw('a')).toEqual(ended)
  })

  test('a refusal is kept for a retry of its id', async () => {
    const { store } = await openFleet()
    const refusal = {
      code: 'not_enough',
      sentence: 'There are 3 cards.',
      reason: null,
      cardsAvailable: 3,
    } as const
    const base = heldDraw('a', [])
    const refused: Draw = { ...base, state: 'refused', holdUntilMs: null, refusal, endedAtMs: T0 }
    expect(await commit(store, refused)).toEqual(['committed'])
    expect(await store.findDraw('a')).toEqual(refused)
  })

  test('of two decisions on one version the second is stale, and so is a second draw of an id', async () => {
    const { store, node } = await start(openFleet)
    const held = heldDraw('a', node.units)
    const posted = postedDraw(held)
    expect(await commit(store, held, posted, voidedDraw(held))).toEqual([
      'committed',
      'committed',
      'stale',
    ])
    expect(await commit(store, heldDraw('a', []), next(next(posted)))).toEqual(['stale', 'stale'])
    expect(await commit(store, next(heldDraw('unknown', [])))).toEqual(['stale'])
    expect(await store.findDraw('a')).toEqual(posted)
  })

  test('of many changes each stands by itself, and one that fails leaves nothing behind', async () => {
    const { store, node } = await start(openFleet, 2)
    const [first, second] = node.units
    if (first === undefined || second === undefined) throw new Error('two cards')
    const changes = [
      heldDraw('a', [first]),
      heldDraw('b', [second, first]),
      heldDraw('c', [second]),
    ]
    const results = await store.commitDraws(
      changes.map((draw) => changeTo(draw, { outbox: [drawEntry('draw_held', draw)] })),
    )
    expect(results).toEqual([
      { status: 'committed' },
      { status: 'taken', ordinals: [1] },
      { status: 'committed' },
    ])
    expect(await store.findDraw('b')).toBeNull()
    const told = (await store.readOutbox(100)).filter(({ kind }) => kind === 'draw_held')
    expect(told.map(({ payload }) => payload.draw_id)).toEqual(['a', 'c'])
  })

  test('a decision that a bug has made undoes all that was written with it', async () => {
    const { store, node } = await start(openFleet)
    const held = heldDraw('a', node.units)
    const wrong = { ...changeTo(heldDraw('b', [])), expectedVersion: 3 }
    await expect(store.commitDraws([changeTo(held), wrong])).rejects.toThrow('version')
    const over = { ...voidedDraw(held), claims: held.claims }
    await expect(store.commitDraws([changeTo(held), changeTo(over)])).rejects.toThrow('over')
    expect(await store.findDraw('a')).toBeNull()
  })

  test('a live claim keeps others off its card until it has ended', async () => {
    const { store, node } = await start(openFleet)
    const other = changeTo(heldDraw('other', node.units))
    const held = heldDraw('a', node.units)
    const posted = postedDraw(held)
    const cleaning = endedDraw(posted, T0 + HOUR, { isClean: false })
    for (const draw of [held, posted, cleaning]) {
      expect(await commit(store, draw)).toEqual(['committed'])
      expect(await store.commitDraws([other])).toEqual([{ status: 'taken', ordinals: [0] }])
    }
    expect(await commit(store, endedDraw(cleaning, T0 + HOUR))).toEqual(['committed'])
    expect(await store.commitDraws([other])).toEqual([{ status: 'committed' }])
  })

  test('a card is claimed once within a draw', async () => {
    const { store, node } = await start(openFleet)
    const [unit] = node.units
    if (unit === undefined) throw new Error('a card')
    const [result] = await store.commitDraws([changeTo(heldDraw('a', [unit, unit]))])
    expect(result).toEqual({ status: 'taken', ordinals: [1] })
  })

  test('a claim that a later version adds is bounded like a first one', async () => {
    const { store, node } = await start(openFleet, 2)
    const [first, second] = node.units
    if (first === undefined || second === undefined) throw new Error('two cards')
    const held = heldDraw('a', [first])
    expect(await commit(store, held, heldDraw('b', [second]))).toEqual(['committed', 'committed'])
    const wider = { ...next(held), claims: [...held.claims, claimOn(second, 1)] }
    expect(await store.commitDraws([changeTo(wider)])).toEqual([{ status: 'taken', ordinals: [1] }])
    expect(await store.findDraw('a')).toEqual(held)
  })

  test('a card goes from one claim to another in one change', async () => {
    const { store, node } = await start(openFleet)
    const [unit] = node.units
    if (unit === undefined) throw new Error('a card')
    const held = heldDraw('a', [unit])
    const gone = voidedDraw(held).claims
    const again = { ...next(held), claims: [...gone, claimOn(unit, 1)] }
    expect(await commit(store, held, again)).toEqual(['committed', 'committed'])
    expect(await store.findDraw('a')).toEqual(again)
  })

  test.each([
    ['begins within it', 30, 60, 'taken'],
    ['ends within it', 0, 15, 'taken'],
    ['lies around it', 0, 60, 'taken'],
    ['lies in it', 12, 15, 'taken'],
    ['begins as it ends', 40, 60, 'committed'],
    ['ends as it begins', 5, 10, 'committed'],
  ])(
    'beside a lease that ran from 10 to 40 min, one that %s',
    async (_name, from, to, expected) => {
      const { store, node } = await start(openFleet)
      const posted = postedDraw(heldDraw('a', node.units), T0 + 10 * MINUTE, T0 + 50 * MINUTE)
      const ended = endedDraw(posted, T0 + 40 * MINUTE)
      const held = heldDraw('b', node.units)
      const other = postedDraw(held, T0 + from * MINUTE, T0 + to * MINUTE)
      expect(await commit(store, heldDraw('a', node.units), posted, ended, held)).not.toContain(
        'taken',
      )
      const [result] = await store.commitDraws([changeTo(other)])
      expect(result?.status).toBe(expected)
      if (result?.status === 'taken') expect(result.ordinals).toEqual([0])
      expect(await store.findDraw('b')).toEqual(expected === 'taken' ? held : other)
    },
  )

  test('a lease that ended before it began covers nothing', async () => {
    const { store, node } = await start(openFleet)
    const held = heldDraw('a', node.units)
    const posted = postedDraw(held, T0 + HOUR, T0 + 2 * HOUR)
    expect(await commit(store, held, posted, endedDraw(posted, T0 + HOUR))).not.toContain('taken')
    const again = heldDraw('b', node.units)
    const within = postedDraw(again, T0 + HOUR - MINUTE, T0 + 2 * HOUR)
    expect(await commit(store, again, within)).toEqual(['committed', 'committed'])
  })

  test('what is due comes longest due first, and once it is dealt with no more', async () => {
    const { store, node } = await start(openFleet, 3)
    const [one, two, three] = node.units
    if (one === undefined || two === undefined || three === undefined) throw new Error('3 cards')
    const held = { ...heldDraw('held', [one]), holdUntilMs: T0 + 3 * MINUTE }
    const booked = bookedDraw('booked', T0 + 4 * MINUTE)
    const early = postedDraw(heldDraw('lent', [two]), T0 + MINUTE, T0 + 5 * MINUTE)
    const lent = postedDraw(heldDraw('recalled', [three]), T0 + MINUTE, T0 + HOUR)
    const claims = lent.claims.map((claim) => ({ ...claim, recallAtMs: T0 + 2 * MINUTE }))
    const first = [held, booked, heldDraw('lent', [two]), heldDraw('recalled', [three])]
    await commit(store, ...first, early, { ...lent, claims })
    const due = async (minutes: number, limit = 10) =>
      idsOf(await store.readDueDraws('lending', T0 + minutes * MINUTE, limit))
    expect(await due(1.99)).toEqual([])
    expect(await due(2)).toEqual(['recalled'])
    expect(await due(60)).toEqual(['recalled', 'held', 'lent'])
    expect(await due(60, 2)).toEqual(['recalled', 'held'])
    await commit(store, voidedDraw(held), endedDraw({ ...lent, claims }, T0 + 2 * MINUTE))
    expect(await due(60)).toEqual(['lent'])
    expect(idsOf(await store.readDueDraws('booking', T0 + 60 * MINUTE, 10))).toEqual(['booked'])
    expect(await store.readDueDraws('booking', T0 + 3 * MINUTE, 10)).toEqual([])
  })

  test('live draws are those with a claim on the nodes, in the order of their making', async () => {
    const { fleet, store, node } = await start(openFleet, 2)
    const other = await depositedNode(fleet, 'BJ-02', 2)
    const both = node.units.slice(0, 1).concat(other.units.slice(0, 1))
    const wide = heldDraw('wide', both)
    const narrow = heldDraw('narrow', node.units.slice(1))
    await commit(store, wide, narrow, heldDraw('over', other.units.slice(1)))
    await commit(
      store,
      voidedDraw(heldDraw('over', other.units.slice(1))),
      bookedDraw('to-come', LATER),
    )
    expect(await store.readLiveDraws('all')).toEqual([wide, narrow])
    expect(await store.readLiveDraws([node.nodeId])).toEqual([wide, narrow])
    expect(await store.readLiveDraws([other.nodeId])).toEqual([wide])
    expect(await store.readLiveDraws([])).toEqual([])
  })

  test('draws are listed newest first, by state, bank and borrower, page by page', async () => {
    const { store, node } = await start(openFleet, 3)
    const [one, two, three] = node.units.map((unit) => [unit])
    const draws = [
      heldDraw('a', one ?? []),
      heldDraw('b', two ?? [], { borrower: 'borrower-2' }),
      heldDraw('c', three ?? [], { bank: 'bank-2' }),
    ]
    await commit(store, ...draws, voidedDraw(heldDraw('a', one ?? [])))
    const list = async (filter: object) =>
      idsOf((await store.listDraws(SCOPE_ALL, { ...ANY, ...filter }, PAGE)).rows)
    expect(await list({})).toEqual(['c', 'b', 'a'])
    expect(await list({ states: ['held'] })).toEqual(['c', 'b'])
    expect(await list({ bank: 'bank-1' })).toEqual(['b', 'a'])
    expect(await list({ borrower: 'borrower-2' })).toEqual(['b'])
    const first = await store.listDraws(SCOPE_ALL, ANY, { cursor: null, limit: 2 })
    const rest = await store.listDraws(SCOPE_ALL, ANY, { cursor: first.nextCursor, limit: 2 })
    expect([idsOf(first.rows), idsOf(rest.rows), rest.nextCursor]).toEqual([
      ['c', 'b'],
      ['a'],
      null,
    ])
  })

  test('a draw is seen where its cards are, or where it has booked some', async () => {
    const { fleet, store, node } = await start(openFleet)
    const other = await depositedNode(fleet, 'BJ-02')
    await commit(store, heldDraw('here', node.units), heldDraw('there', other.units))
    const booked = changeTo(bookedDraw('booked', T0 + 24 * HOUR), { booked: [bookingOf()] })
    await store.commitDraws([booked])
    const scope = (site: string) => ({ regions: 'all', sites: [site] }) as const
    expect(idsOf((await store.listDraws(scope('BJ-01'), ANY, PAGE)).rows)).toEqual([
      'booked',
      'here',
    ])
    expect(idsOf((await store.listDraws(scope('BJ-02'), ANY, PAGE)).rows)).toEqual(['there'])
  })

  test('what a node tells of leases is kept once, in its order, however often it comes', async () => {
    const { fleet, store, node } = await start(openFleet)
    const unitIds = node.units.map(({ unitId }) => unitId)
    const records = [leaseRecordOf(), leaseRecordOf({ event: 'ended', cause: 'veto', revision: 2 })]
    const leaseRecords = records.map((record) => ({ unitIds, record, receivedAtMs: T0 }))
    const before = { ...node }
    await fleet.book(node, 'free/proven', T0 + 2 * MINUTE, { leaseRecords })
    // The same batch again: its ack was lost.
    await expect(
      fleet.book(before, 'free/proven', T0 + 2 * MINUTE, { leaseRecords }),
    ).rejects.toThrow('stale')
    const told = await store.readLeaseRecords(0, 10)
    expect(told.map(({ nodeId, record, unitIds: ids }) => [nodeId, record, ids])).toEqual(
      records.map((record) => [node.nodeId, record, unitIds]),
    )
    const [first, second] = told
    expect(await store.readLeaseRecords(0, 1)).toEqual([first])
    expect(await store.readLeaseRecords(first?.recordNumber ?? 0, 10)).toEqual([second])
    expect(await store.readLeaseRecords(second?.recordNumber ?? 0, 10)).toEqual([])
  })

  test('a cursor goes forward only', async () => {
    const { store } = await openFleet()
    await store.moveCursor('leases', 7)
    await store.moveCursor('leases', 5)
    expect(await store.readCursor('leases')).toBe(7)
    expect(await store.readCursor('others')).toBe(0)
  })

  test('a card that is claimed is told as such, and its node as changed', async () => {
    const { fleet, store, node } = await start(openFleet, 2)
    const other = await depositedNode(fleet, 'BJ-02')
    const { cursor } = await store.readOfferChanges(START, 10)
    const held = heldDraw('a', [...node.units.slice(1), ...other.units])
    await store.commitDraws([changeTo(held, { outbox: [drawEntry('draw_held', held)] })])
    const claimed = async (after: typeof START) => {
      const { offers } = await store.readOfferChanges(after, 10)
      return Object.fromEntries(
        offers.map(({ cards, nodeId }) => [nodeId, cards.map(({ isClaimed }) => isClaimed)]),
      )
    }
    expect(await claimed(cursor)).toEqual({ [node.nodeId]: [false, true], [other.nodeId]: [true] })
    const seen = (await store.readOfferChanges(cursor, 10)).cursor
    const voided = voidedDraw(held)
    await store.commitDraws([changeTo(voided, { outbox: [drawEntry('draw_voided', voided)] })])
    expect(await claimed(seen)).toEqual({ [node.nodeId]: [false, false], [other.nodeId]: [false] })
  })

  test('nothing that is kept twice differs from what it was made of', async () => {
    const { store, node } = await start(openFleet, 2)
    const posted = postedDraw(heldDraw('a', node.units))
    await commit(store, heldDraw('a', node.units))
    await store.commitDraws([changeTo(posted, { postings: [postingOf(posted, 0)] })])
    const booked = changeTo(bookedDraw('b', T0 + 24 * HOUR), {
      booked: [bookingOf(), bookingOf({ confidencePpm: 950_000, cards: 2 })],
    })
    await store.commitDraws([booked])
    expect(await store.auditDraws()).toEqual([])
    expect(requestOf('a')).toEqual((await store.findDraw('a'))?.request)
  })
}

async function start(openFleet: OpenFleet, cards = 1) {
  const fleet = await openFleet()
  const node = await depositedNode(fleet, 'BJ-01', cards)
  return { fleet, store: fleet.store, node }
}
