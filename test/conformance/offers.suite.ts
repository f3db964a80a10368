/** What nodes offer: read by node, and followed through rows and decisions. */
import { expect, test } from 'vitest'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { type Fleet, H800, HOUR, MINUTE, NO_DECISION, T0, type TestNode } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const START = { changeSeq: 0, outboxId: 0 }
const NIGHTS = '{"weekly":[]}'
const POLICY = {
  version: 1,
  atMs: T0,
  enabled: true,
  keepCardsPerNode: 0,
  minFreeMs: 0,
  maxLeaseMs: 4 * HOUR,
  calendar: NIGHTS,
  handover: null,
}

/** A consenting node whose cards are free from T0 to T0 + 1 min. */
async function freeNode(fleet: Fleet, siteCode: string, cards = 2): Promise<TestNode> {
  const node = await fleet.start(siteCode, cards)
  node.open = { ...node.open, policy: POLICY }
  await fleet.book(node, 'free/proven', T0 + MINUTE)
  return node
}

interface Decided {
  readonly opens?: boolean
  readonly card?: number
  readonly windowStartMs?: number
  readonly consentEndCount?: number
}

/** As the bank commits it: the entry names the node. */
async function decide(store: Store, node: TestNode, change: Decided = {}): Promise<string> {
  const { opens = true, card = 0, windowStartMs = T0, consentEndCount = 0 } = change
  const unit = node.units[card]
  if (unit === undefined) throw new Error('a card is there')
  const { nodeId } = node
  const { unitId } = unit
  const depositId = `d-${unitId}`
  const opening = { depositId, unitId, nodeId, windowStartMs, openedAtMs: T0, consentEndCount }
  const closing = { depositId, closedAtMs: T0 + MINUTE, reason: 'veto' as const }
  const kind = opens ? ('deposit_opened' as const) : ('deposit_closed' as const)
  const expectedCursor = await store.readCursor('bank')
  const result = await store.commitDeposits({
    ...NO_DECISION,
    expectedCursor,
    cursor: expectedCursor + 1,
    openings: opens ? [opening] : [],
    closings: opens ? [] : [closing],
    outbox: [{ kind, atMs: T0, payload: { deposit_id: depositId, node_id: nodeId } }],
  })
  expect(result.status).toBe('committed')
  return depositId
}

async function offerOf(store: Store, node: TestNode) {
  const [offer] = await store.readOffers(SCOPE_ALL, [node.nodeId])
  if (offer === undefined) throw new Error('the node has told its time')
  return offer
}

export function offersSuite(openFleet: OpenFleet): void {
  test('a node offers its open deposits with the windows below them', async () => {
    const fleet = await openFleet()
    const node = await freeNode(fleet, 'BJ-01')
    const depositId = await decide(fleet.store, node)
    expect(await fleet.store.readOffers(SCOPE_ALL, [node.nodeId])).toEqual([
      {
        nodeId: node.nodeId,
        siteCode: 'BJ-01',
        cardsPlaced: 2,
        leaseMsMax: 4 * HOUR,
        calendar: NIGHTS,
        isFenced: false,
        cards: [
          {
            unitId: node.units[0]?.unitId,
            depositId,
            profile: H800,
            windowStartMs: T0,
            openedAtMs: T0,
            window: { ageStartMs: T0, provenToMs: T0 + MINUTE },
            isWithheld: false,
            isDisputed: false,
            isClaimed: false,
          },
        ],
      },
    ])
  })

  test('a node without a deposit offers nothing, one that has told no time is left out', async () => {
    const fleet = await openFleet()
    const node = await freeNode(fleet, 'BJ-01')
    const silent = await fleet.node('BJ-01', 'silent')
    const offers = await fleet.store.readOffers(SCOPE_ALL, [node.nodeId, silent.nodeId])
    expect(offers.map(({ nodeId, cards }) => [nodeId, cards])).toEqual([[node.nodeId, []]])
  })

  test('a card whose window has ended stays deposited until the bank has looked', async () => {
    const fleet = await openFleet()
    const node = await freeNode(fleet, 'BJ-01')
    await decide(fleet.store, node)
    await fleet.book(node, 'busy/active', T0 + 2 * MINUTE)
    expect((await offerOf(fleet.store, node)).cards).toMatchObject([{ window: null }])
    // The next window is another one.
    await fleet.book(node, 'free/proven', T0 + 3 * MINUTE)
    expect((await offerOf(fleet.store, node)).cards).toMatchObject([{ window: null }])
    await decide(fleet.store, node, { opens: false })
    expect((await offerOf(fleet.store, node)).cards).toEqual([])
  })

  test('what the owner has withdrawn is withheld, also where it was given back since', async () => {
    const fleet = await openFleet()
    const node = await freeNode(fleet, 'BJ-01')
    await decide(fleet.store, node)
    const told = async (change: object) => {
      const units = node.open.units.map((unit) => ({ ...unit, ...change }))
      const toMs = node.open.timelineEndMs + MINUTE
      const open = { ...node.open, units, timelineEndMs: toMs }
      await fleet.book(node, 'free/proven', toMs, { open })
      return (await offerOf(fleet.store, node)).cards.map(({ isWithheld }) => isWithheld)
    }
    expect(await told({})).toEqual([false])
    expect(await told({ depositable: false, withheld: { sinceMs: T0, by: 'veto' } })).toEqual([
      true,
    ])
    const consentEnds = { count: 1, latest: [{ sinceMs: T0, by: 'veto' }] }
    expect(await told({ depositable: true, withheld: null, consentEnds })).toEqual([true])
  })

  test('a node that consents to nothing any more withholds all', async () => {
    const fleet = await openFleet()
    const node = await freeNode(fleet, 'BJ-01')
    await decide(fleet.store, node)
    node.open = { ...node.open, policy: { ...POLICY, version: 2, enabled: false } }
    await fleet.book(node, 'free/proven', T0 + 2 * MINUTE)
    expect((await offerOf(fleet.store, node)).cards).toMatchObject([{ isWithheld: true }])
  })

  test('every node comes once, page by page, and then what changes', async () => {
    const fleet = await openFleet()
    const nodes = [await freeNode(fleet, 'BJ-01'), await freeNode(fleet, 'BJ-02')]
    const first = await fleet.store.readOfferChanges(START, 1)
    expect(first.hasMore).toBe(true)
    const second = await fleet.store.readOfferChanges(first.cursor, 1)
    const ids = [...first.offers, ...second.offers].map(({ nodeId }) => nodeId)
    expect(ids).toEqual(nodes.map(({ nodeId }) => nodeId))
    const idle = await fleet.store.readOfferChanges(second.cursor, 10)
    expect(idle).toEqual({ offers: [], cursor: second.cursor, hasMore: false })
  })

  test('a decision is seen before it is numbered, though it changes no row', async () => {
    const fleet = await openFleet()
    const node = await freeNode(fleet, 'BJ-01')
    const { cursor } = await fleet.store.readOfferChanges(START, 10)
    await decide(fleet.store, node)
    const opened = await fleet.store.readOfferChanges(cursor, 10)
    expect(opened.offers.map(({ cards }) => cards.length)).toEqual([1])
    await decide(fleet.store, node, { opens: false })
    const closed = await fleet.store.readOfferChanges(opened.cursor, 10)
    expect(closed.offers.map(({ cards }) => cards.length)).toEqual([0])
    expect((await fleet.store.readOfferChanges(closed.cursor, 10)).offers).toEqual([])
  })

  test('a node that moved and was decided on comes once', async () => {
    const fleet = await openFleet()
    const node = await freeNode(fleet, 'BJ-01')
    const { cursor } = await fleet.store.readOfferChanges(START, 10)
    await decide(fleet.store, node)
    await fleet.book(node, 'free/proven', T0 + 2 * MINUTE)
    const { offers } = await fleet.store.readOfferChanges(cursor, 10)
    expect(offers.map(({ nodeId }) => nodeId)).toEqual([node.nodeId])
  })
}
