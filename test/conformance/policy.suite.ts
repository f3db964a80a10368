/** Claims as the bank asks for them, cards kept back by site and model, promises of lots. */
import { expect, test } from 'vitest'
import type { DepositChange } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { CONSENTING, depositedNode, depositIdOf } from './draw-maker.ts'
import {
  type Fleet,
  H800,
  HOUR,
  MINUTE,
  NO_DECISION,
  note,
  T0,
  type TestNode,
  terms,
} from './fleet.ts'
import { endLending, lend } from './lending.ts'
import type { OpenFleet } from './store.suite.ts'

const LENT = {
  drawId: 'draw-1',
  startMs: T0 + 2 * MINUTE,
  untilMs: T0 + HOUR,
  knownAtMs: T0 + MINUTE,
}
const MODEL = { siteCode: 'BJ-01', model: 'H800 SXM', profiles: [H800] }

async function decide(store: Store, change: Partial<DepositChange>) {
  const expectedCursor = await store.readCursor('bank')
  const at = { expectedCursor, cursor: expectedCursor, decidedAtMs: T0 + HOUR }
  return (await store.commitDeposits({ ...NO_DECISION, ...at, ...change })).status
}

function openingOf({ nodeId, units }: TestNode, card: number) {
  const unitId = units[card]?.unitId
  if (unitId === undefined) throw new Error('a card is there')
  const opened = { windowStartMs: T0, openedAtMs: T0, consentEndCount: 0 }
  return { depositId: depositIdOf(unitId), unitId, nodeId, ...opened }
}

async function keeping(fleet: Fleet, cards: number, fromMs = T0): Promise<void> {
  const keep = cards === 0 ? [] : [{ model: 'H800 SXM', cards }]
  const inForce = terms({ keep, validFromMs: fromMs })
  await fleet.store.putSite({ code: 'BJ-01', name: 'B', terms: inForce, outbox: [] })
}

export function policySuite(openFleet: OpenFleet): void {
  test('claims of a node are told while they live, and the last lease of an open deposit', async () => {
    const fleet = await openFleet()
    const node = await depositedNode(fleet, 'BJ-01', 2)
    const [first] = node.units
    if (first === undefined) throw new Error('a card is there')
    expect(await fleet.store.readDepositClaims([node.nodeId])).toEqual([])
    const draw = await lend(fleet.store, [first], LENT)
    const told = { unitId: first.unitId, depositId: depositIdOf(first.unitId) }
    const live = { ...told, state: 'leased', endedAtMs: null, cleanAtMs: null }
    expect(await fleet.store.readDepositClaims([node.nodeId])).toEqual([live])
    expect(await fleet.store.readDepositClaims([])).toEqual([])
    const endedAtMs = T0 + 30 * MINUTE
    await endLending(fleet.store, draw, {
      endedAtMs,
      knownAtMs: endedAtMs,
      end: 'returned',
      isClean: true,
    })
    expect(await fleet.store.readDepositClaims([node.nodeId])).toMatchObject([
      { ...told, state: 'ended', endedAtMs },
    ])
    const closing = { depositId: told.depositId, closedAtMs: endedAtMs, reason: 'veto' as const }
    await decide(fleet.store, { closings: [closing] })
    expect(await fleet.store.readDepositClaims([node.nodeId])).toEqual([])
  })

  test('a lent card’s deposit ends by its owner’s word, never by a silence decided before', async () => {
    const fleet = await openFleet()
    const node = await depositedNode(fleet, 'BJ-01', 2)
    const [first] = node.units
    if (first === undefined) throw new Error('a card is there')
    await lend(fleet.store, [first], LENT)
    const closing = { depositId: depositIdOf(first.unitId), closedAtMs: T0 + 5 * MINUTE }
    const end = (reason: 'silent' | 'window_ended' | 'kept_back' | 'clock' | 'veto') =>
      decide(fleet.store, { closings: [{ ...closing, reason }] })
    expect([
      await end('silent'),
      await end('window_ended'),
      await end('kept_back'),
      await end('clock'),
    ]).toEqual(['stale', 'stale', 'stale', 'stale'])
    expect(await end('veto')).toBe('committed')
    // Lent, it is not deposited again.
    expect(await decide(fleet.store, { openings: [openingOf(node, 0)] })).toBe('stale')
  })

  test('a deposit goes on in another window, once, while it is open', async () => {
    const fleet = await openFleet()
    const node = await depositedNode(fleet, 'BJ-01')
    const { depositId } = openingOf(node, 0)
    const rewindows = [{ depositId, windowStartMs: T0 + HOUR }]
    expect(await decide(fleet.store, { rewindows })).toBe('committed')
    const [open] = await fleet.store.readOpenDeposits('all')
    expect(open).toMatchObject({ depositId, windowStartMs: T0 + HOUR, openedAtMs: T0 })
    const closings = [{ depositId, closedAtMs: T0 + HOUR, reason: 'veto' as const }]
    expect(await decide(fleet.store, { closings, rewindows })).toBe('stale')
    expect(await decide(fleet.store, { closings })).toBe('committed')
    expect(await decide(fleet.store, { rewindows })).toBe('stale')
  })

  test('what sites keep is told by the terms in force', async () => {
    const fleet = await openFleet()
    await keeping(fleet, 0)
    await keeping(fleet, 3, T0 + HOUR)
    expect(await fleet.store.readKeptSites(T0 + HOUR - 1)).toEqual([])
    expect(await fleet.store.readKeptSites(T0 + HOUR)).toEqual([
      { siteCode: 'BJ-01', keep: [{ model: 'H800 SXM', cards: 3 }] },
    ])
  })

  test('cards of a site are counted by profile: placed and deposited', async () => {
    const fleet = await openFleet()
    await depositedNode(fleet, 'BJ-01', 2)
    await another(fleet, 3)
    await fleet.start('BJ-02', 1)
    expect(await fleet.store.readCardStock(['BJ-01'])).toEqual([
      { siteCode: 'BJ-01', profile: H800, placed: 5, deposited: 2 },
    ])
    expect(await fleet.store.readCardStock([])).toEqual([])
  })

  test('two decisions on different nodes never deposit more than the owner leaves', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const [one, other] = [await consenting(fleet), await consenting(fleet)]
    await keeping(fleet, 3)
    const open = (node: TestNode, card: number) =>
      decide(fleet.store, { openings: [openingOf(node, card)], models: [MODEL], outbox: [] })
    expect(await open(one, 0)).toBe('committed')
    const entries = await fleet.store.readOutbox(100)
    const refused = { openings: [openingOf(other, 0)], models: [MODEL], outbox: [note('veto')] }
    expect(await decide(fleet.store, refused)).toBe('stale')
    // Nothing of it was written.
    expect(await fleet.store.readOutbox(100)).toEqual(entries)
    expect(await fleet.store.readOpenDeposits('all')).toHaveLength(1)
    // A place that is given up in the same decision is free for it.
    const { depositId } = openingOf(one, 0)
    const closings = [{ depositId, closedAtMs: T0 + HOUR, reason: 'kept_back' as const }]
    expect(await decide(fleet.store, { ...refused, closings })).toBe('committed')
    await keeping(fleet, 2, T0 + MINUTE)
    expect(await open(one, 1)).toBe('committed')
    expect(await open(other, 1)).toBe('stale')
    await keeping(fleet, 0, T0 + 2 * MINUTE)
    expect(await open(other, 1)).toBe('committed')
  })

  test('the youngest deposits come first, and not those that are lent', async () => {
    const fleet = await openFleet()
    const node = await depositedNode(fleet, 'BJ-01', 3)
    const [first, second, third] = node.units
    if (first === undefined || third === undefined) throw new Error('cards are there')
    await lend(fleet.store, [third], LENT)
    const youngest = await fleet.store.readYoungestDeposits(MODEL, 5)
    expect(youngest.map(({ unitId }) => unitId)).toEqual([second?.unitId, first.unitId])
    expect(await fleet.store.readYoungestDeposits(MODEL, 1)).toHaveLength(1)
    const other = { ...MODEL, profiles: [{ ...H800, name: 'another' }] }
    expect(await fleet.store.readYoungestDeposits(other, 5)).toEqual([])
  })

  test('a promise is written on the one that it replaces, with its entry', async () => {
    const fleet = await openFleet()
    const write = (saidAtMs: number, expectedSaidAtMs: number | null, lotId = 'l-1') => {
      return { promise: { lotId, saidAtMs, cards: [2, 1] }, expectedSaidAtMs, entry: note('veto') }
    }
    await fleet.store.writeLotPromises([write(1, null), write(1, null, 'l-2')])
    await fleet.store.writeLotPromises([write(9, null), write(9, 1, 'l-2')])
    expect(await fleet.store.readLotPromises()).toEqual([
      { lotId: 'l-1', saidAtMs: 1, cards: [2, 1] },
      { lotId: 'l-2', saidAtMs: 9, cards: [2, 1] },
    ])
    const entries = (await fleet.store.readOutbox(100)).filter(({ kind }) => kind === 'veto')
    expect(entries).toHaveLength(3)
  })
}

/** One more node of a site that is there. */
async function another(fleet: Fleet, count: number): Promise<TestNode> {
  const node = await fleet.node('BJ-01')
  const hashes = Array.from({ length: count }, (_, index) => `${node.nodeId}-${index}`)
  await fleet.cards(node, hashes)
  return node
}

/** Two cards, free and not deposited yet. */
async function consenting(fleet: Fleet): Promise<TestNode> {
  const node = await another(fleet, 2)
  node.open = { ...node.open, policy: CONSENTING }
  await fleet.book(node, 'free/proven', T0 + MINUTE)
  return node
}
