/** What a grant is bounded by at the moment it is written: free cards, and hours not yet booked. */
import { expect, test } from 'vitest'
import type { BookedCards } from '../../collector/src/storage/draw-requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import {
  bookedDraw,
  bookingOf,
  CONSENTING,
  changeTo,
  commit,
  depositedNode,
  depositIdOf,
  drawEntry,
  heldDraw,
  next,
} from './draw-maker.ts'
import { type Fleet, HOUR, MINUTE, NO_DECISION, T0, type TestNode } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

/** What happens to a deposited node before a grant of its second card is written. */
type Before = (fleet: Fleet, node: TestNode) => Promise<unknown>

const NOT_FREE: readonly (readonly [name: string, before: Before])[] = [
  ['that has just become busy', (fleet, node) => fleet.book(node, 'busy/active', T0 + 2 * MINUTE)],
  [
    'whose window is another one than was deposited',
    async (fleet, node) => {
      await fleet.book(node, 'busy/active', T0 + 2 * MINUTE)
      await fleet.book(node, 'free/proven', T0 + 3 * MINUTE)
    },
  ],
  [
    'whose edge is not proven',
    async (fleet, node) => {
      const { units } = node.open
      await fleet.book(node, 'unknown/probe', T0 + 2 * MINUTE)
      // A gap that is too short to end the window.
      const open = {
        ...node.open,
        units: node.open.units.map((unit, at) => ({ ...unit, window: units[at]?.window ?? null })),
        timelineEndMs: T0 + 2 * MINUTE + 1,
      }
      await fleet.book(node, 'unknown/probe', T0 + 2 * MINUTE + 1, { open })
    },
  ],
  ['whose deposit is closed', (fleet, node) => close(fleet.store, node)],
  [
    'that the owner has taken back',
    (fleet, node) =>
      told(fleet, node, { depositable: false, withheld: { sinceMs: T0, by: 'veto' } }),
  ],
  [
    'that the owner had taken back and gave again',
    (fleet, node) =>
      told(fleet, node, { consentEnds: { count: 1, latest: [{ sinceMs: T0, by: 'veto' }] } }),
  ],
  [
    'whose owner consents no more',
    async (fleet, node) => {
      node.open = { ...node.open, policy: { ...CONSENTING, version: 2, enabled: false } }
      await fleet.book(node, 'free/proven', T0 + 2 * MINUTE)
    },
  ],
  [
    'that two nodes claim',
    async (fleet, node) => {
      const other = await fleet.start('BJ-09')
      const [kept, second] = [other.units[0], node.units[1]]
      if (kept === undefined || second === undefined) throw new Error('cards are there')
      const conflict = {
        acceleratorId: second.acceleratorId,
        keptUnitId: second.unitId,
        otherUnitId: kept.unitId,
        fromMs: T0,
        openedAtMs: T0,
      }
      await fleet.book(node, 'free/proven', T0 + 2 * MINUTE, { conflicts: [conflict] })
    },
  ],
  [
    'of a node that was revoked',
    (fleet, { nodeId }) => fleet.store.revokeNode({ nodeId, atMs: T0, outbox: [] }),
  ],
]

export function drawBoundsSuite(openFleet: OpenFleet): void {
  test('a card that is free, proven lately and consented to is granted', async () => {
    const { store, node } = await start(openFleet)
    expect(await grant(store, node, T0 + MINUTE)).toEqual({ status: 'committed' })
  })

  test.each(NOT_FREE)(
    'a card %s is not granted, whatever any follower has seen',
    async (_, before) => {
      const { fleet, store, node } = await start(openFleet)
      await before(fleet, node)
      const result = await grant(store, node, T0)
      expect(result?.status).toBe('not_free')
      expect(result).toMatchObject({ ordinals: expect.arrayContaining([1]) })
      expect(await store.findDraw('a')).toBeNull()
      expect((await store.readOutbox(100)).map(({ kind }) => kind)).not.toContain('draw_held')
    },
  )

  test('a card is granted on proof that is young enough', async () => {
    const { fleet, store, node } = await start(openFleet)
    expect(await grant(store, node, T0 + MINUTE + 1)).toEqual({
      status: 'not_free',
      ordinals: [0, 1],
    })
    await fleet.book(node, 'free/proven', T0 + 2 * MINUTE)
    expect(await grant(store, node, T0 + MINUTE + 1)).toEqual({ status: 'committed' })
  })

  test('only the claims that must be free are looked at, and each by its own deposit', async () => {
    const { fleet, store, node } = await start(openFleet)
    const other = await depositedNode(fleet, 'BJ-03')
    const held = heldDraw('a', node.units)
    const [first, second] = held.claims
    if (first === undefined || second === undefined) throw new Error('two claims')
    const crossed = { ...held, claims: [first, { ...second, depositId: first.depositId }] }
    expect(await store.commitDraws([changeTo(crossed, { mustBeFree: [1] })])).toEqual([
      { status: 'not_free', ordinals: [1] },
    ])
    await fleet.book(other, 'busy/active', T0 + 2 * MINUTE)
    const wide = heldDraw('b', [...node.units, ...other.units])
    expect(await store.commitDraws([changeTo(wide, { mustBeFree: [0, 1] })])).toEqual([
      { status: 'committed' },
    ])
    expect(await store.commitDraws([changeTo(next(wide), { mustBeFree: [1, 2] })])).toEqual([
      { status: 'not_free', ordinals: [2] },
    ])
  })

  test('a card that is taken is said to be taken, also where it is not free', async () => {
    const { fleet, store, node } = await start(openFleet)
    await commit(store, heldDraw('before', node.units))
    await fleet.book(node, 'busy/active', T0 + 2 * MINUTE)
    expect(await grant(store, node, T0)).toEqual({ status: 'taken', ordinals: [0, 1] })
  })

  test('an hour is booked up to what is free with its confidence, and no more', async () => {
    const { store } = await start(openFleet)
    const hourMs = T0 + 25 * HOUR
    expect(await book(store, 'a', bookingOf({ cards: 5 }))).toEqual({ status: 'committed' })
    expect(await book(store, 'b', bookingOf({ hourMs, cards: 8 }))).toEqual({ status: 'committed' })
    expect(await book(store, 'c', bookingOf({ cards: 3 }), bookingOf({ hourMs }))).toEqual({
      status: 'over_booked',
      hourMs,
    })
    expect(await store.findDraw('c')).toBeNull()
    expect(await book(store, 'd', bookingOf({ cards: 3 }))).toEqual({ status: 'committed' })
    expect((await book(store, 'e', bookingOf()))?.status).toBe('over_booked')
    expect((await book(store, 'f', bookingOf({ siteCode: 'BJ-02' })))?.status).toBe('committed')
    expect((await book(store, 'g', bookingOf({ kindKey: 'other' })))?.status).toBe('committed')
    expect(await store.auditDraws()).toEqual([])
  })

  test('what is booked with more confidence counts against less, and not the other way', async () => {
    const { store } = await start(openFleet)
    const sure = (cards: number) => bookingOf({ confidencePpm: 950_000, cards, cardsMax: 4 })
    const likely = (cards: number) => bookingOf({ confidencePpm: 500_000, cards, cardsMax: 10 })
    const statuses = []
    for (const [id, booking] of [
      ['a', sure(3)],
      ['b', likely(8)],
      ['c', likely(7)],
      // Four are free with 95 %, and ten with 50 %: all of those are given.
      ['d', sure(1)],
    ] as const) {
      statuses.push((await book(store, id, booking))?.status)
    }
    expect(statuses).toEqual(['committed', 'over_booked', 'committed', 'over_booked'])
    expect(await store.auditDraws()).toEqual([])
  })

  test('a forecast that falls below what is booked lets nothing more in and breaks nothing', async () => {
    const { store } = await start(openFleet)
    expect((await book(store, 'a', bookingOf({ cards: 6 })))?.status).toBe('committed')
    expect((await book(store, 'b', bookingOf({ cardsMax: 4 })))?.status).toBe('over_booked')
    expect((await book(store, 'c', bookingOf({ cards: 0, cardsMax: 4 })))?.status).toBe('committed')
    const off = bookingOf({ cards: -3, cardsMax: 4 })
    const less = changeTo(next(bookedDraw('a', T0 + 24 * HOUR)), { booked: [off] })
    expect(await store.commitDraws([less])).toEqual([{ status: 'committed' }])
    expect((await book(store, 'd', bookingOf({ cardsMax: 4 })))?.status).toBe('committed')
    expect((await book(store, 'e', bookingOf({ cardsMax: 4 })))?.status).toBe('over_booked')
    expect(await store.auditDraws()).toEqual([])
  })

  test('no more is taken off an hour than the draw has booked', async () => {
    const { store } = await start(openFleet)
    await book(store, 'a', bookingOf({ cards: 6 }))
    await expect(book(store, 'b', bookingOf({ cards: -1 }))).rejects.toThrow()
    expect((await book(store, 'c', bookingOf({ cards: 3 })))?.status).toBe('over_booked')
    expect((await book(store, 'd', bookingOf({ cards: 2 })))?.status).toBe('committed')
  })
}

async function start(openFleet: OpenFleet) {
  const fleet = await openFleet()
  const node = await depositedNode(fleet, 'BJ-01', 2)
  await fleet.site('BJ-02')
  return { fleet, store: fleet.store, node }
}

/** A hold on both cards of the node, each of which must be free. */
async function grant(store: Store, node: TestNode, provenSinceMs: number) {
  const held = heldDraw('a', node.units)
  const outbox = [drawEntry('draw_held', held)]
  const [result] = await store.commitDraws([
    changeTo(held, { mustBeFree: [0, 1], provenSinceMs, outbox }),
  ])
  return result
}

async function book(store: Store, drawId: string, ...booked: readonly BookedCards[]) {
  const [result] = await store.commitDraws([
    changeTo(bookedDraw(drawId, T0 + 24 * HOUR), { booked }),
  ])
  return result
}

async function close(store: Store, node: TestNode): Promise<void> {
  const expectedCursor = await store.readCursor('bank')
  await store.commitDeposits({
    ...NO_DECISION,
    expectedCursor,
    cursor: expectedCursor + 1,
    closings: node.units.map(({ unitId }) => ({
      depositId: depositIdOf(unitId),
      closedAtMs: T0 + MINUTE,
      reason: 'veto',
    })),
  })
}

async function told(fleet: Fleet, node: TestNode, change: object): Promise<void> {
  const units = node.open.units.map((unit) => ({ ...unit, ...change }))
  const toMs = node.open.timelineEndMs + MINUTE
  await fleet.book(node, 'free/proven', toMs, {
    open: { ...node.open, units, timelineEndMs: toMs },
  })
}
