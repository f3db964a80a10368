import { expect, test } from 'vitest'
import { decideLeases } from '../../../collector/src/bank/lease-decision.ts'
import { leaseIdOf } from '../../../collector/src/bank/lease-id.ts'
import { claimsToSwap, type Replacement } from '../../../collector/src/bank/lease-swap.ts'
import type { DrawRequest } from '../../../collector/src/model/draw.ts'
import type { AcceleratorId, NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { HOUR as LEDGER_HOUR, LeasesRig } from './lease-rig.ts'
import { type Did, HOUR, LEASE, LeaseRig, MINUTE, NODE, SECOND, TEN_PM } from './lease-support.ts'

const OTHER = 'n-00000000000000aa' as NodeId
const UNTIL = TEN_PM + 8 * HOUR

function poolOf(cards: number, swap: DrawRequest['swap'] = 'with_notice'): Partial<DrawRequest> {
  return {
    swap,
    what: {
      kind: 'pool',
      vendor: 'nvidia',
      model: null,
      isDomestic: null,
      memoryGibMin: null,
      siteCode: null,
      regionCode: null,
      hub: null,
      cards,
      cardsMin: null,
      cardsPerNode: null,
      isSameSite: false,
    },
  }
}

function replacement(number: number, nodeId: NodeId = OTHER): Replacement {
  return {
    card: {
      unitId: number as UnitId,
      acceleratorId: number as AcceleratorId,
      nodeId,
      depositId: `d-${number}`,
      siteCode: 'SITE-1',
      ownerCode: 'owner-2',
      profile: {
        vendor: 'nvidia',
        name: 'NVIDIA H800',
        memoryTotalMib: 81_559,
        powerCapWatts: 700,
      },
      evidenceClass: 'A',
      windowStartMs: TEN_PM - HOUR,
      provenToMs: TEN_PM,
      sampledAtMs: TEN_PM,
      isFenced: true,
    },
    handover: null,
  }
}

/** 16 cards; the sixth is claimed by its owner at 03:10 and looked at a minute later. */
function claimedAtTen(request: Partial<DrawRequest>) {
  const rig = new LeaseRig({ cards: 16, request })
  const claimedMs = TEN_PM + 5 * HOUR + 10 * MINUTE
  const nowMs = claimedMs + MINUTE
  const busy = rig.look(nowMs, [['busy/active', 5 * 3_600 + 11 * 60]])
  const did: Did = [
    ['busy/active', 5 * 3_600 + 10 * 60],
    ['allocated/scheduler', 60],
  ]
  const claimed = rig.look(nowMs, did).cards.get(5)
  if (claimed === undefined) throw new Error('no card')
  const look = { ...busy, cards: new Map([...busy.cards, [5, claimed] as const]) }
  return { rig, look, claimedMs, nowMs }
}

test('E11: a card that its owner reclaims on its node is replaced, too', () => {
  const rig = new LeaseRig({ request: poolOf(1) })
  const nowMs = TEN_PM + HOUR
  const change = decideLeases({
    draw: rig.draw,
    records: [rig.record('ended', { atMs: nowMs - SECOND, cause: 'veto' })],
    look: rig.look(nowMs, [['busy/active', 3_600]]),
    swaps: new Map([[0, replacement(100)]]),
  })
  if (change === null) throw new Error('nothing decided')
  rig.take(change)
  expect(rig.draw.claims[0]).toMatchObject({ end: 'swap', endedAtMs: nowMs - SECOND })
  expect(rig.draw.claims[1]).toMatchObject({ swapOf: 0, startMs: nowMs + 2 * SECOND })
  expect(rig.accounts()).toMatchObject({ broken_swap: 3 * SECOND })
})

test('E11: a card that is recalled before the start is replaced from the start on, no sooner', () => {
  const rig = new LeaseRig({ request: poolOf(1) })
  const nowMs = TEN_PM - 12 * SECOND
  const recalled = { recallAtMs: nowMs, recallCause: 'own work' }
  rig.draw = { ...rig.draw, claims: rig.draw.claims.map((claim) => ({ ...claim, ...recalled })) }
  const swaps = new Map([[0, replacement(100)]])
  const change = decideLeases({ draw: rig.draw, records: [], look: rig.look(nowMs, []), swaps })
  if (change === null) throw new Error('nothing decided')
  rig.take(change)
  expect(rig.draw.claims[0]).toMatchObject({ end: 'swap', endedAtMs: TEN_PM })
  expect(rig.draw.claims[1]).toMatchObject({ swapOf: 0, startMs: TEN_PM, untilMs: UNTIL })
  expect(rig.accounts()).toEqual({ pending: 8 * HOUR, swapped: 8 * HOUR })
})

test('C16 (E11): card 5 of 16 is claimed at 03:10: another takes its place, the gap is broken', () => {
  const { rig, look, claimedMs, nowMs } = claimedAtTen(poolOf(16))
  const plain = decideLeases({ draw: rig.draw, records: [], look })
  if (plain === null) throw new Error('nothing decided')
  expect(claimsToSwap(rig.draw, plain, nowMs).map(({ ordinal }) => ordinal)).toEqual([5])

  const swaps = new Map([[5, replacement(100)]])
  const change = decideLeases({ draw: rig.draw, records: [], look, swaps })
  if (change === null) throw new Error('nothing decided')
  rig.take(change)
  const newStartMs = nowMs + 2 * SECOND
  expect(rig.draw.claims[5]).toMatchObject({
    state: 'cleaning',
    end: 'swap',
    endedAtMs: claimedMs,
    recallCause: 'owner_claimed',
  })
  expect(rig.draw.claims[16]).toMatchObject({
    state: 'leased',
    swapOf: 5,
    startMs: newStartMs,
    untilMs: UNTIL,
    nodeId: OTHER,
    leaseId: leaseIdOf('draw-1', OTHER),
  })
  expect(change.mustBeFree).toEqual([16])
  expect(rig.draw.leases).toMatchObject([
    { leaseId: LEASE, revision: 2 },
    { leaseId: leaseIdOf('draw-1', OTHER), revision: 1, confirmedRevision: 0 },
  ])
  expect(rig.accounts()).toEqual({
    // What was swapped lies in the accounts of both: the old card gave it, the new one has it.
    pending: 15 * 8 * HOUR + (claimedMs - TEN_PM) + (UNTIL - newStartMs),
    broken_swap: newStartMs - claimedMs,
    swapped: UNTIL - newStartMs,
  })
  expect(rig.entries('lease_swapped')).toMatchObject([
    { ordinals: [5], new_ordinal: 16, cause: 'owner_claimed', new_start_ms: newStartMs },
  ])
  expect(rig.entries('lease_ended')).toEqual([])
})

test('C16 (E11): without another card the lease is broken by its cause', () => {
  const { rig, look } = claimedAtTen(poolOf(16))
  rig.decide(look)
  expect(rig.draw.claims[5]?.end).toBe('owner_claimed')
  expect(rig.accounts().broken_swap).toBeUndefined()
})

test.each<[string, Partial<DrawRequest>]>([
  ['a pool that wants no swap', poolOf(16, 'never')],
  ['a pool that swaps before the start only', poolOf(16, 'before_start')],
  ['cards that were named', { swap: 'with_notice' }],
])('E11: nothing takes the place of a card of %s', (_, request) => {
  const { rig, look, nowMs } = claimedAtTen(request)
  const change = decideLeases({ draw: rig.draw, records: [], look })
  if (change === null) throw new Error('nothing decided')
  expect(claimsToSwap(rig.draw, change, nowMs)).toEqual([])
})

test('E11: a lease that expires, or has less than a minute left, is not swapped', () => {
  const rig = new LeaseRig({ request: poolOf(1) })
  const look = rig.look(UNTIL, [['busy/active', 8 * 3_600]])
  const expired = decideLeases({ draw: rig.draw, records: [], look })
  if (expired === null) throw new Error('nothing decided')
  expect(claimsToSwap(rig.draw, expired, UNTIL)).toEqual([])

  const nowMs = UNTIL - MINUTE
  const did: Did = [
    ['busy/active', 8 * 3_600 - 90],
    ['allocated/scheduler', 30],
  ]
  const late = decideLeases({ draw: rig.draw, records: [], look: rig.look(nowMs, did) })
  if (late === null) throw new Error('nothing decided')
  expect(claimsToSwap(rig.draw, late, nowMs)).toEqual([])
})

test('E11: a card that has been swapped can be swapped again, under a lease of its own', () => {
  const { rig, look, nowMs } = claimedAtTen(poolOf(16))
  const swaps = new Map([[5, replacement(100, NODE)]])
  const change = decideLeases({ draw: rig.draw, records: [], look, swaps })
  if (change === null) throw new Error('nothing decided')
  rig.take(change)
  const second = rig.draw.leases[1]
  expect(second?.leaseId).toBe(leaseIdOf('draw-1', NODE, 1))

  const laterMs = nowMs + HOUR
  const card = look.cards.get(0)
  const trace = card?.trace ?? null
  if (card === undefined || trace === null) throw new Error('no card')
  const startMs = rig.draw.claims[16]?.startMs ?? 0
  const own = { ...trace, fromMs: startMs, allocatedAtMs: startMs + MINUTE, toMs: laterMs }
  const cards = new Map([[16, { ...card, toldToMs: laterMs, trace: own }]])
  const again = decideLeases({
    draw: rig.draw,
    records: [],
    look: { ...look, nowMs: laterMs, cards },
    swaps: new Map([[16, replacement(101)]]),
  })
  if (again === null) throw new Error('nothing decided')
  rig.take(again)
  expect(rig.draw.claims[17]).toMatchObject({ swapOf: 16, state: 'leased' })
})

test('C16 (E11): the follower asks for another card, and tells both nodes', async () => {
  const other: { rig: LeasesRig | null } = { rig: null }
  const rig = new LeasesRig({
    swaps: {
      replacementsFor: async (_draw, dropped) => {
        const [unit] = (await other.rig?.ledger.units('n-0000000000000002' as NodeId)) ?? []
        const [first] = dropped
        if (unit === undefined || first === undefined) return new Map()
        const { unitId, acceleratorId, nodeId } = unit
        const one = replacement(0)
        return new Map([
          [first.ordinal, { ...one, card: { ...one.card, unitId, acceleratorId, nodeId } }],
        ])
      },
    },
  })
  other.rig = rig
  const [owned, spare] = await rig.nodes([1, 1])
  if (owned === undefined || spare === undefined) throw new Error('no nodes')
  const lent = await rig.lend([owned], poolOf(1))
  rig.restarted({ store: offering(rig.store) })
  await rig.ledger.live(spare, [['free/proven', 60]])
  await rig.live(owned, [['allocated/scheduler', 60]])
  const draw = await rig.draw(lent)
  expect(draw.claims).toMatchObject([
    { end: 'swap', recallCause: 'owner_claimed' },
    { state: 'leased', nodeId: spare, swapOf: 0 },
  ])
  expect(rig.notices.map(({ nodeId, kind }) => [nodeId, kind])).toContainEqual([spare, 'lend'])
  expect(rig.notices.map(({ nodeId, kind }) => [nodeId, kind])).toContainEqual([owned, 'recall'])
  const sums = await rig.accounts(lent)
  expect((sums.broken_swap ?? 0) + (sums.swapped ?? 0)).toBe(8 * LEDGER_HOUR)
  // It counts against the owner's site all the same.
  expect(await rig.store.readOwnerClaims(0)).toHaveLength(1)
})

test('C16 (E11): a card that is gone by the time it is written is no replacement', async () => {
  const rig = new LeasesRig({
    swaps: { replacementsFor: () => Promise.resolve(new Map([[0, replacement(1, NODE)]])) },
  })
  const owned = await rig.node(1)
  const lent = await rig.lend([owned], poolOf(1))
  await rig.live(owned, [['allocated/scheduler', 60]])
  expect((await rig.draw(lent)).claims.map(({ end }) => end)).toEqual(['owner_claimed'])
})

/** The same store, in which every card that must be free is. */
function offering(store: Store): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name !== 'commitDraws') return Reflect.get(target, name)
      const commit: Store['commitDraws'] = (changes) =>
        target.commitDraws(changes.map((change) => ({ ...change, mustBeFree: [] })))
      return commit
    },
  })
}
