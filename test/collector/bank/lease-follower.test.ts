import { expect, test } from 'vitest'
import type { Leases } from '../../../collector/src/bank/lease-follower.ts'
import type { Draw } from '../../../collector/src/model/draw.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { HOUR, LeasesRig, MINUTE, SECOND } from './lease-rig.ts'

function endsOf({ claims }: Draw) {
  return claims.map(({ state, end, endedAtMs }) => [state, end, endedAtMs])
}

test('E2: a lease ends at its stated end, and its card is clean once it is free', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(2)
  const lent = await rig.lend([nodeId], { forMs: HOUR })
  const untilMs = lent.untilMs ?? 0
  await rig.live(nodeId, [['busy/active', 3_600]])
  expect(endsOf(await rig.draw(lent))).toEqual([
    ['cleaning', 'expired', untilMs],
    ['cleaning', 'expired', untilMs],
  ])
  await rig.live(nodeId, [
    ['busy/overstay', 60],
    ['free/proven', 60],
  ])
  const over = await rig.draw(lent)
  expect(over).toMatchObject({ state: 'ended', endedAtMs: untilMs })
  expect(over.claims[0]?.cleanAtMs).toBe(untilMs + MINUTE)
  expect(await rig.accounts(lent)).toEqual({ pending: 2 * HOUR })
})

test('C1 (E7): a reboot of 190 s is an interruption; the lease lives on', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(8)
  const lent = await rig.lend([nodeId])
  await rig.live(nodeId, [['busy/active', 600]])
  const bootMs = rig.now
  await rig.pass(190 * SECOND)
  const gap = { startMs: bootMs, endMs: rig.now, cause: 'reboot' as const, bootId: 'boot-2' }
  await rig.ledger.tell(nodeId, [{ kind: 'gap', gap }])
  await rig.leases.drain()
  await rig.live(nodeId, [['busy/active', 600]])
  const draw = await rig.draw(lent)
  expect(draw.claims.every(({ state }) => state === 'leased')).toBe(true)
  expect(await rig.entries('lease_interrupted')).toMatchObject([
    { cause: 'reboot', from_ms: bootMs, told_to_ms: bootMs + 190 * SECOND, node_id: nodeId },
  ])
  expect(draw.leases[0]?.interruptedAtMs).toBe(bootMs + 190 * SECOND)
})

test('C1: ten minutes of silence lose the cards; what is told of them later revives nothing', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(2)
  const lent = await rig.lend([nodeId])
  await rig.live(nodeId, [['busy/active', 600]])
  const silentMs = rig.now
  rig.connected.clear()
  await rig.pass(90 * SECOND)
  await rig.ledger.declareSilent(nodeId)
  rig.leases.onSilent([nodeId])
  await rig.pass(10 * MINUTE - 100 * SECOND)
  expect((await rig.draw(lent)).claims.every(({ state }) => state === 'leased')).toBe(true)
  await rig.pass(10 * SECOND)
  const atMs = silentMs + 10 * MINUTE
  expect(endsOf(await rig.draw(lent))).toEqual([
    ['cleaning', 'card_lost', atMs],
    ['cleaning', 'card_lost', atMs],
  ])

  rig.connected.add(nodeId)
  await rig.ledger.tellLate(nodeId, [['busy/active', 600]])
  rig.leases.onConnected(nodeId)
  await rig.leases.drain()
  expect(endsOf(await rig.draw(lent))[0]).toEqual(['cleaning', 'card_lost', atMs])
  expect(rig.notices.at(-1)).toMatchObject({ kind: 'recall', endMs: atMs, revision: 2 })
})

test('E4: a process that has just begun to listen takes nobody’s silence for a loss', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(1)
  const lent = await rig.lend([nodeId])
  await rig.live(nodeId, [['busy/active', 60]])
  rig.ledger.clock.advance(20 * MINUTE)
  rig.restarted()
  await rig.pass(10 * MINUTE - 10 * SECOND)
  expect((await rig.draw(lent)).claims[0]?.state).toBe('leased')
  await rig.pass(20 * SECOND)
  expect((await rig.draw(lent)).claims[0]?.end).toBe('card_lost')
})

test('E4: silence ends nothing while the collector suspects itself', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(1)
  const lent = await rig.lend([nodeId])
  await rig.live(nodeId, [['busy/active', 60]])
  rig.guards.isSuspended = true
  await rig.pass(15 * MINUTE)
  expect((await rig.draw(lent)).claims[0]?.state).toBe('leased')
  rig.guards.isSuspended = false
  await rig.pass(2 * MINUTE)
  expect((await rig.draw(lent)).claims[0]?.end).toBe('card_lost')
})

test.each([40, -40])(
  'C4: a step of the collector’s clock by %i s ends no lease early or late',
  async (s) => {
    const rig = new LeasesRig()
    const nodeId = await rig.node(1)
    const lent = await rig.lend([nodeId], { forMs: 5 * MINUTE })
    await rig.live(nodeId, [['busy/active', 240]])
    rig.ledger.clock.stepWall(s * SECOND)
    await rig.pass(50 * SECOND)
    expect((await rig.draw(lent)).claims[0]?.state).toBe('leased')
    await rig.pass(10 * SECOND)
    expect(endsOf(await rig.draw(lent))).toEqual([['cleaning', 'expired', lent.untilMs]])
  },
)

test('C5: a card whose claim does not count any more breaks the lease by its identity', async () => {
  const rig = new LeasesRig()
  const [kept, other] = await rig.nodes([1, 1])
  if (kept === undefined || other === undefined) throw new Error('no nodes')
  const lent = await rig.lend([other])
  const onKept = await rig.lend([kept])
  await rig.ledger.conflict(kept, other)
  await rig.live(other, [['busy/active', 60]])
  await rig.live(kept, [['busy/active', 60]])
  expect((await rig.draw(lent)).claims[0]?.end).toBe('identity')
  expect((await rig.draw(onKept)).claims[0]?.state).toBe('leased')
})

test('C6: a card that is cut otherwise while it is lent breaks the lease where its parts begin', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(1)
  const lent = await rig.lend([nodeId])
  await rig.live(nodeId, [['busy/active', 600]])
  const cutMs = rig.now
  rig.restarted({ store: cutAt(rig.store, cutMs) })
  await rig.live(nodeId, [['busy/active', 60]])
  expect(endsOf(await rig.draw(lent))[0]?.slice(1)).toEqual(['reconfigured', cutMs])
  expect(await rig.accounts(lent)).toEqual({
    pending: 10 * MINUTE,
    broken_reconfigured: 8 * HOUR - 10 * MINUTE,
  })
})

/** The same store after facts in which the first card of each node has a part. */
function cutAt(store: Store, cutMs: number): Store {
  return {
    ...methodsOf(store),
    loadNode: async (nodeId) => {
      const state = await store.loadNode(nodeId)
      const [card] = state?.units ?? []
      if (state === null || card === undefined) return state
      const part = {
        ...card,
        parentUnitId: card.unitId,
        kind: 'slice' as const,
        validFromMs: cutMs,
      }
      return {
        ...state,
        units: [...state.units, { ...part, unitId: (card.unitId + 1_000) as never }],
      }
    },
  }
}

test('C8 (E5): the owner’s scheduler wins; twice in 30 days and the site needs a fence', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(2)
  const first = await rig.lend([nodeId])
  const startMs = first.startMs ?? 0
  await rig.live(nodeId, [
    ['free/proven', 1],
    ['allocated/scheduler', 59],
  ])
  expect(endsOf(await rig.draw(first))).toEqual([
    ['ended', 'owner_claimed', startMs + SECOND],
    ['ended', 'owner_claimed', startMs + SECOND],
  ])
  expect(await rig.accounts(first)).toEqual({
    pending: 2 * SECOND,
    broken_recall: 2 * (8 * HOUR - SECOND),
  })
  expect(rig.leases.needsFence('SITE-1')).toBe(false)

  await rig.live(nodeId, [['free/proven', 20 * 60]])
  await rig.lend([nodeId])
  await rig.live(nodeId, [['allocated/scheduler', 60]])
  expect(rig.leases.needsFence('SITE-1')).toBe(true)
  expect(rig.leases.needsFence('SITE-2')).toBe(false)
  rig.restarted()
  await rig.leases.drain()
  expect(rig.leases.needsFence('SITE-1')).toBe(true)
  rig.ledger.clock.advance(31 * 24 * HOUR)
  expect(rig.leases.needsFence('SITE-1')).toBe(false)
})

test('C9 (E4): a lease kept through two days of silence ends at its stated end', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(4)
  const lent = await rig.lend([nodeId], { isKeptInSilence: true })
  await rig.live(nodeId, [['busy/active', 60]])
  await rig.ledger.declareSilent(nodeId)
  rig.leases.onSilent([nodeId])
  for (let hour = 0; hour < 8; hour += 1) {
    rig.ledger.clock.advance(HOUR)
    await rig.leases.drain()
  }
  expect(new Set(endsOf(await rig.draw(lent)).map(([, end]) => end))).toEqual(new Set(['expired']))
  expect(await rig.accounts(lent)).toEqual({ pending: 4 * 8 * HOUR })
})

test('C11 (E6): recalled with two minutes: heard within 2 s, ended at its instant, to the millisecond', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(1)
  const lent = await rig.lend([nodeId])
  const leaseId = lent.leases[0]?.leaseId ?? ''
  await rig.live(nodeId, [['busy/active', 3.5 * 3_600]])
  const recalled = await rig.leases.recall({ leaseId, noticeMs: 2 * MINUTE, cause: 'maintenance' })
  expect(recalled).toMatchObject({ status: 'recalled', recallAtMs: rig.now + 2 * MINUTE })
  expect(await rig.entries('lease_recalled')).toMatchObject([{ cause: 'maintenance' }])
  await rig.leases.drain()
  expect(rig.notices.at(-1)).toMatchObject({ kind: 'lend', endMs: rig.now + 2 * MINUTE })

  const running = rig.leases.run()
  await rig.ledger.clock.run(2 * MINUTE)
  await rig.leases.drain()
  await rig.leases.stop()
  await running
  expect(endsOf(await rig.draw(lent))).toEqual([['cleaning', 'recall', rig.now]])
  expect(await rig.accounts(lent)).toEqual({ pending: 12_720_000, broken_recall: 16_080_000 })
  expect(await rig.leases.recall({ leaseId, noticeMs: 0, cause: 'x' })).toEqual({
    status: 'lease_over',
  })
  const unknown = { leaseId: 'e-ffffffffffffffff', noticeMs: 0, cause: 'x' }
  expect(await rig.leases.recall(unknown)).toEqual({ status: 'lease_unknown' })
})

test('C11 (E6): a reclaim on the node is a veto at the instant that the node names', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(2)
  const lent = await rig.lend([nodeId])
  await rig.live(nodeId, [['busy/active', 600]])
  const atMs = rig.now - 20 * SECOND
  await rig.record(lent, 'ended', { atMs, cause: 'veto', units: [1] })
  await rig.leases.drain()
  const draw = await rig.draw(lent)
  expect(endsOf(draw)).toEqual([
    ['leased', null, null],
    ['cleaning', 'veto', atMs],
  ])
  expect((await rig.accounts(lent)).broken_veto).toBe((lent.untilMs ?? 0) - atMs)
})

test('C12 (E12): 25 minutes in use after the lease are 20 minutes of residue', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(1)
  const lent = await rig.lend([nodeId], { forMs: HOUR })
  await rig.live(nodeId, [
    ['busy/active', 3_600],
    ['occupied/in_use', 1_500],
    ['free/proven', 60],
  ])
  expect((await rig.draw(lent)).state).toBe('ended')
  expect(await rig.entries('card_cleaned')).toMatchObject([
    { how: 'free', residue_ms: '1200000', node_id: nodeId, site: 'SITE-1' },
  ])
})

test('C18 (E7): nothing runs for 3 h: the bank is told at 30 minutes, and nothing is taken back', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(2)
  const lent = await rig.lend([nodeId])
  await rig.live(nodeId, [['occupied/in_use', 29 * 60]])
  expect(await rig.entries('lease_idle')).toEqual([])
  await rig.live(nodeId, [['occupied/in_use', 60]])
  expect(await rig.entries('lease_idle')).toMatchObject([{ idle_since_ms: lent.startMs }])
  await rig.live(nodeId, [['free/proven', 150 * 60]])
  rig.restarted()
  await rig.leases.drain()
  expect(await rig.entries('lease_idle')).toHaveLength(1)
  expect((await rig.draw(lent)).claims.every(({ state }) => state === 'leased')).toBe(true)
})

test('E1: a hold lapses at its instant', async () => {
  const rig = new LeasesRig()
  const held = await rig.hold([await rig.node(1)])
  await rig.pass(30 * SECOND)
  expect(await rig.draw(held)).toMatchObject({ state: 'lapsed', endedAtMs: held.holdUntilMs })
})

test('E1: a node that says at once that a card has left free voids its hold before any record', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(2)
  const held = await rig.hold([nodeId])
  rig.leases.onEvent(nodeId, { units: [1] })
  await rig.leases.drain()
  expect((await rig.draw(held)).state).toBe('voided')
  expect(await rig.entries('draw_voided')).toMatchObject([{ cause: 'left_free' }])
})

test('E1: a card that leaves free voids its hold; a borrower who begins ends no lease', async () => {
  const rig = new LeasesRig()
  const [holding, lending] = await rig.nodes([1, 1])
  if (holding === undefined || lending === undefined) throw new Error('no nodes')
  const held = await rig.hold([holding], { holdMs: 5 * MINUTE })
  await rig.live(holding, [['busy/active', 60]])
  expect((await rig.draw(held)).state).toBe('voided')
  await rig.ledger.live(lending, [['free/proven', 60]])
  const lent = await rig.lend([lending])
  rig.leases.onEvent(lending, { units: [0] })
  await rig.live(lending, [['busy/active', 60]])
  expect((await rig.draw(lent)).claims[0]?.state).toBe('leased')
})

test('E13: killed between post and notice, the next process tells the node', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(2)
  const lent = await rig.lend([nodeId])
  rig.connected.clear()
  rig.restarted()
  await rig.leases.drain()
  expect(rig.notices).toEqual([])
  rig.connected.add(nodeId)
  rig.leases.onConnected(nodeId)
  await rig.leases.drain()
  expect(rig.notices).toMatchObject([
    { kind: 'lend', leaseId: lent.leases[0]?.leaseId, revision: 1, account: lent.request.drawId },
  ])
})

test('E13: a notice goes out at once, then ever more rarely, until the node’s record answers', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(1)
  const lent = await rig.lend([nodeId])
  rig.leases.drawCommitted(lent)
  await rig.leases.drain()
  expect(rig.notices).toHaveLength(1)
  await rig.pass(40 * SECOND)
  expect(rig.notices).toHaveLength(4)
  await rig.record(lent, 'taken')
  await rig.pass(5 * MINUTE)
  expect(rig.notices).toHaveLength(4)
  expect((await rig.draw(lent)).leases[0]?.confirmedRevision).toBe(1)
})

test('E9: a node that declines ends the lease, and is told nothing more', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(2)
  const lent = await rig.lend([nodeId])
  rig.leases.drawCommitted(lent)
  await rig.record(lent, 'declined', { cause: 'veto' })
  await rig.leases.drain()
  expect((await rig.draw(lent)).claims.map(({ end }) => end)).toEqual(['veto', 'veto'])
  expect(await rig.accounts(lent)).toEqual({ broken_veto: 2 * 8 * HOUR })
  const told = rig.notices.length
  await rig.pass(2 * MINUTE)
  expect(rig.notices).toHaveLength(told)
})

async function takenLease(rig: LeasesRig, nodeId: NodeId): Promise<Draw> {
  const lent = await rig.lend([nodeId])
  rig.leases.drawCommitted(lent)
  await rig.record(lent, 'taken')
  await rig.live(nodeId, [['busy/active', 60]])
  return lent
}

test('E14: a lease that a node has forgotten is lent to it again', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(2)
  const lent = await takenLease(rig, nodeId)
  rig.notices.length = 0
  rig.leases.told(nodeId, [])
  await rig.leases.drain()
  // What it has ended by itself may still be on its way.
  await rig.pass(10 * SECOND)
  expect(rig.notices).toEqual([])
  await rig.live(nodeId, [['busy/active', 60]])
  expect(rig.notices).toMatchObject([{ kind: 'lend', revision: 2, unitIds: { length: 2 } }])
  await rig.record(lent, 'taken', { revision: 2 })
  rig.leases.told(nodeId, [await rig.shown(notNull(rig.notices[0]))])
  await rig.live(nodeId, [['busy/active', 120]])
  expect(rig.notices).toHaveLength(1)
})

test('E14: what a node ended by itself while it was away is not lent to it again', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(2)
  const lent = await takenLease(rig, nodeId)
  rig.notices.length = 0
  rig.leases.told(nodeId, [])
  await rig.record(lent, 'ended', { cause: 'veto' })
  await rig.live(nodeId, [['free/proven', 120]])
  expect((await rig.draw(lent)).claims.map(({ end }) => end)).toEqual(['veto', 'veto'])
  expect(rig.notices).toEqual([])
})

test('E14: a lease that a node believes in and that is over is taken back from it', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(1)
  const lent = await takenLease(rig, nodeId)
  const believed = await rig.shown(notNull(rig.notices[0]))
  const leaseId = lent.leases[0]?.leaseId ?? ''
  await rig.leases.recall({ leaseId, noticeMs: 0, cause: 'maintenance' })
  await rig.record(lent, 'taken', { revision: 2 })
  await rig.live(nodeId, [['free/proven', 120]])
  expect((await rig.draw(lent)).state).toBe('ended')
  rig.notices.length = 0
  rig.leases.told(nodeId, [{ ...believed, revision: 2 }])
  await rig.live(nodeId, [['free/proven', 60]])
  expect(rig.notices).toMatchObject([{ kind: 'recall', revision: 3, cause: 'maintenance' }])
})

test('E15: nothing is decided while the ledger is recovering', async () => {
  const rig = new LeasesRig()
  const lent = await rig.lend([await rig.node(1)], { forMs: MINUTE })
  rig.guards.isRecovering = true
  await rig.pass(5 * MINUTE)
  expect((await rig.draw(lent)).claims[0]?.state).toBe('leased')
  rig.guards.isRecovering = false
  await rig.pass(10 * SECOND)
  expect((await rig.draw(lent)).claims[0]?.end).toBe('expired')
})

test('E16: a decision that turns out stale is made anew from what is stored', async () => {
  const rig = new LeasesRig()
  const nodeId = await rig.node(1)
  const lent = await rig.lend([nodeId])
  const leaseId = lent.leases[0]?.leaseId ?? ''
  const other: Leases = rig.restarted()
  let isFirst = true
  const store: Store = {
    ...methodsOf(rig.store),
    commitDraws: async (changes) => {
      if (isFirst && changes.length > 0) {
        isFirst = false
        await other.recall({ leaseId, noticeMs: 10 * MINUTE, cause: 'meanwhile' })
      }
      return rig.store.commitDraws(changes)
    },
  }
  rig.restarted({ store })
  await rig.live(nodeId, [['busy/active', 60]])
  await rig.record(lent, 'ended', { cause: 'veto' })
  await rig.leases.drain()
  const draw = await rig.draw(lent)
  expect(draw.claims[0]).toMatchObject({ end: 'veto', recallCause: 'veto' })
  expect(await rig.accounts(lent)).toEqual({ pending: MINUTE, broken_veto: 8 * HOUR - MINUTE })
})

test('E16: killed at any write, the same comes out once', async () => {
  const results = new Set<string>()
  for (let killedAt = 0; killedAt < 12; killedAt += 1) {
    const rig = new LeasesRig()
    const nodeId = await rig.node(2)
    const lent = await rig.lend([nodeId], { forMs: HOUR })
    let writes = 0
    const dying = (): void => {
      writes += 1
      if (writes === killedAt) throw new Error('killed')
    }
    const store: Store = {
      ...methodsOf(rig.store),
      commitDraws: async (changes) => {
        dying()
        const done = await rig.store.commitDraws(changes)
        dying()
        return done
      },
      moveCursor: async (follower, to) => {
        dying()
        await rig.store.moveCursor(follower, to)
        dying()
      },
    }
    rig.restarted({ store })
    const step = async (doing: () => Promise<void>) => {
      await doing()
      await rig.leases.drain().catch(() => rig.restarted())
      await rig.leases.drain()
    }
    await step(() => rig.ledger.live(nodeId, [['busy/active', 600]]))
    const cause = 'veto'
    await step(() => rig.record(lent, 'ended', { atMs: rig.now - SECOND, cause, units: [0] }))
    await step(() =>
      rig.ledger.live(nodeId, [
        ['allocated/scheduler', 60],
        ['free/proven', 60],
      ]),
    )
    const draw = await rig.draw(lent)
    const kinds = ['lease_ended', 'card_cleaned'] as const
    const said = await Promise.all(kinds.map((kind) => rig.entries(kind)))
    const counts = said.map(({ length }) => length)
    results.add(JSON.stringify([draw.claims, await rig.accounts(lent), counts]))
  }
  expect([...results]).toHaveLength(1)
  expect([...results][0]).toContain('"owner_claimed"')
})

test('E8: a node’s own word counts before its time, also in the first look of a process', async () => {
  const claims: unknown[] = []
  for (const isNew of [false, true]) {
    const rig = new LeasesRig()
    const nodeId = await rig.node(1)
    const lent = await rig.lend([nodeId])
    await rig.live(nodeId, [['busy/active', 60]])
    await rig.pass(60 * SECOND)
    const leaseId = notNull(lent.leases[0]).leaseId
    await rig.leases.recall({ leaseId, noticeMs: 0, cause: 'own work' })
    const endMs = rig.now
    rig.ledger.clock.advance(20 * SECOND)
    const ended = { atMs: endMs - 20 * SECOND, cause: 'owner_claimed', units: [0] }
    await rig.record(lent, 'ended', ended)
    await rig.ledger.tellLate(nodeId, [
      ['busy/active', 40],
      ['allocated/scheduler', 20],
      ['free/proven', 20],
    ])
    if (isNew) rig.restarted()
    await rig.leases.drain()
    claims.push((await rig.draw(lent)).claims[0])
  }
  expect(claims[0]).toMatchObject({ state: 'ended', end: 'owner_claimed', cleanAtMs: null })
  expect(claims[1]).toEqual(claims[0])
})

function methodsOf(store: Store): Store {
  return new Proxy(store, {}) as Store
}

function notNull<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('nothing there')
  return value
}
