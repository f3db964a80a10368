/** The follower over a real store: when deposits open and close, and what a kill leaves. */
import { silentLogger } from '@yiben/shared'
import { beforeEach, describe, expect, test } from 'vitest'
import { Bank, type BankStore } from '../../../collector/src/bank/bank.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { FakeRandom, settle } from '../../support/fake-clock.ts'
import { type Doing, LedgerRig, LOTS, MINUTE, QUICK, readsOf, START_MS } from './ledger-rig.ts'

class FakeLiveness {
  readonly suspended = new Set<NodeId>()
  isSuspect = false
  isAccused = false
  offsetMs: number | null = 0

  isSuspended(nodeId: NodeId): boolean {
    return this.suspended.has(nodeId)
  }
  depositsSuspended(): boolean {
    return this.isSuspect
  }
  clockAccusation(): object | null {
    return this.isAccused ? {} : null
  }
  clockOffsetMs(): number | null {
    return this.offsetMs
  }
}

const FREE: Doing = [['free/proven', 16 * 60]]

let rig: LedgerRig
let liveness: FakeLiveness
let seed: number

beforeEach(() => {
  rig = new LedgerRig()
  liveness = new FakeLiveness()
  seed = 1
})

/** A fresh process over the same store. */
function bankOver(store: BankStore = rig.store): Bank {
  seed += 1
  return new Bank({
    store,
    clock: rig.clock,
    random: new FakeRandom(seed),
    liveness,
    lots: LOTS,
    settings: QUICK,
    logger: silentLogger,
  })
}

async function consentingNode(number = 1, cards = 1): Promise<NodeId> {
  const nodeId = await rig.admit(
    number,
    Array.from({ length: cards }, () => ({})),
  )
  await rig.policy(nodeId)
  return nodeId
}

describe('the live edge', () => {
  test('a deposit opens when the window is old enough, at that moment and not before (B1)', async () => {
    const bank = bankOver()
    const nodeId = await consentingNode()
    for (let minute = 1; minute <= 15; minute += 1) {
      expect(await rig.deposits()).toEqual([])
      await rig.live(nodeId, [['free/proven', 60]])
      await bank.drain()
    }
    expect(await rig.deposits()).toMatchObject([
      { openedAtMs: rig.now, windowStartMs: START_MS, closedAtMs: null },
    ])
    expect(rig.now).toBe(START_MS + 15 * MINUTE)
  })

  test('a day of free time that arrives late opens nothing (B2)', async () => {
    const bank = bankOver()
    const nodeId = await consentingNode()
    rig.clock.advance(24 * 60 * MINUTE)
    await rig.tellLate(nodeId, [['free/proven', 23 * 3600]])
    await bank.drain()
    expect(await rig.deposits()).toEqual([])
  })

  test('one reading of 3 % keeps the deposit, two in a row close it (C21, B4)', async () => {
    const bank = bankOver()
    const nodeId = await consentingNode()
    await rig.live(nodeId, FREE)
    await bank.drain()
    await rig.live(nodeId, [
      ['free/proven', 30],
      ['busy/grey', 10],
      ['free/proven', 20],
    ])
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([{ closedAtMs: null }])
    const freeToMs = rig.now + 40_000
    await rig.live(nodeId, [
      ['free/proven', 40],
      ['busy/active', 20],
    ])
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([
      { closedAtMs: freeToMs, closeReason: 'window_ended' },
    ])
  })

  test('without consent nothing is deposited, however free (B3)', async () => {
    const bank = bankOver()
    const nodeId = await rig.admit(1, [{}])
    await rig.live(nodeId, FREE)
    await bank.drain()
    await rig.policy(nodeId, { enabled: false })
    await bank.drain()
    expect(await rig.deposits()).toEqual([])
    const unitId = await rig.unitId(nodeId, 0)
    expect(await bank.explain(nodeId)).toEqual([{ unitId, status: 'not_consented', sinceMs: null }])
  })

  test('a reclaim closes at its instant, and the card stays out until it is offered again (B5)', async () => {
    const bank = bankOver()
    const nodeId = await consentingNode(1, 2)
    await rig.live(nodeId, FREE)
    await bank.drain()
    const vetoMs = rig.now + 10_000
    await rig.veto(nodeId, { kind: 'reclaim', units: [1], atMs: vetoMs })
    rig.clock.advance(MINUTE)
    await bank.drain()
    const [first, second] = await rig.deposits()
    expect(first?.closedAtMs).toBeNull()
    // The last second proven: the tick that holds the veto has not come yet.
    expect(second).toMatchObject({ closedAtMs: vetoMs - 10_000, closeReason: 'veto' })
    expect((await bank.explain(nodeId)).map(({ status }) => status)).toEqual([
      'deposited',
      'reclaimed',
    ])
  })
})

describe('consent that ends and is given back between two looks (B5)', () => {
  /** The owner says no now; the tick after it says yes again. */
  const words: readonly (readonly [string, string, (nodeId: NodeId) => Promise<void>])[] = [
    [
      'reclaim and offer',
      'veto',
      async (nodeId) => {
        await rig.veto(nodeId, { kind: 'reclaim', units: [] })
        await rig.veto(nodeId, { kind: 'offer', units: [] })
      },
    ],
    [
      'pause and resume',
      'paused',
      async (nodeId) => {
        await rig.veto(nodeId, { kind: 'pause', units: [] })
        await rig.veto(nodeId, { kind: 'resume', units: [] })
      },
    ],
    [
      'a policy that says no, and one that says yes',
      'consent_withdrawn',
      async (nodeId) => {
        await rig.policy(nodeId, { enabled: false })
        await rig.policy(nodeId)
      },
    ],
    [
      'a tick outside the calendar',
      'consent_withdrawn',
      async (nodeId) => await rig.live(nodeId, [['free/proven', 60]], false),
    ],
  ]

  test.each(words)(
    '%s: the deposit closes at that instant, another opens',
    async (_, reason, say) => {
      const bank = bankOver()
      const nodeId = await consentingNode()
      await rig.live(nodeId, FREE)
      await bank.drain()
      await rig.live(nodeId, [['free/proven', 60]])
      const wordMs = rig.now
      await say(nodeId)
      await rig.live(nodeId, [['free/proven', 60]])
      await bank.drain()
      expect(await rig.deposits()).toMatchObject([
        { closedAtMs: wordMs, closeReason: reason },
        { openedAtMs: rig.now, closedAtMs: null },
      ])
      await rig.live(nodeId, [['free/proven', 60]])
      await bank.drain()
      expect(await rig.deposits()).toMatchObject([{}, { closedAtMs: null }])
    },
  )

  test('a deposit that opens on a row from before the word closes with nothing in it', async () => {
    const nodeId = await consentingNode()
    await rig.live(nodeId, FREE)
    const { store } = rig
    let hasSpoken = false
    const slow: BankStore = {
      ...readsOf(store),
      commitDeposits: async (change) => {
        if (change.openings.length > 0 && !hasSpoken) {
          hasSpoken = true
          await rig.veto(nodeId, { kind: 'reclaim', units: [] })
          await rig.live(nodeId, [['free/proven', 60]])
        }
        return store.commitDeposits(change)
      },
    }
    const bank = bankOver(slow)
    await bank.drain()
    const [first] = await rig.deposits()
    expect(first?.closedAtMs).toBe(first?.openedAtMs)
    expect(first?.closeReason).toBe('veto')
  })
})

describe('silence', () => {
  test('deposits of a silent node close at the last proven second (B6)', async () => {
    const bank = bankOver()
    const nodeId = await consentingNode(1, 2)
    await rig.live(nodeId, FREE)
    await bank.drain()
    const provenMs = rig.now
    rig.clock.advance(90_000)
    await rig.declareSilent(nodeId)
    bank.onSilent([nodeId])
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([
      { closedAtMs: provenMs, closeReason: 'silent' },
      { closedAtMs: provenMs, closeReason: 'silent' },
    ])
  })

  test('while the collector suspects itself they stay, and close when it no longer does (C19)', async () => {
    const bank = bankOver()
    const nodeId = await consentingNode()
    await rig.live(nodeId, FREE)
    await bank.drain()
    const provenMs = rig.now
    rig.clock.advance(90_000)
    liveness.isSuspect = true
    await rig.declareSilent(nodeId)
    bank.onSilent([nodeId])
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([{ closedAtMs: null }])
    rig.clock.advance(10 * MINUTE)
    liveness.isSuspect = false
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([{ closedAtMs: provenMs, closeReason: 'silent' }])
  })

  test('a collector that was away closes what nobody proved meanwhile, before agents return (B6)', async () => {
    const nodeId = await consentingNode()
    await rig.live(nodeId, FREE)
    await bankOver().drain()
    const provenMs = rig.now
    rig.clock.advance(5 * MINUTE)
    const restarted = bankOver()
    await restarted.opened()
    expect(await rig.deposits()).toMatchObject([{ closedAtMs: provenMs, closeReason: 'silent' }])
    await rig.tellLate(nodeId, [['free/proven', 300]])
    await restarted.drain()
    expect(await rig.deposits()).toHaveLength(1)
  })

  test('a node that is heard and tells nothing is silent about its cards after 90 s (B6)', async () => {
    const bank = bankOver()
    const stuck = await consentingNode(1)
    const well = await consentingNode(2)
    await rig.live(stuck, FREE)
    await rig.tellLate(well, [['free/proven', 60]])
    await bank.drain()
    const provenMs = rig.now
    rig.clock.advance(89_999)
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([{ nodeId: stuck, closedAtMs: null }])
    rig.clock.advance(1)
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([{ closedAtMs: provenMs, closeReason: 'silent' }])
    const unitId = await rig.unitId(stuck, 0)
    expect(await bank.explain(stuck)).toEqual([
      { unitId, status: 'proof_stale', sinceMs: provenMs },
    ])
    // Its sampler works again: the card is deposited anew, and not for the time between.
    await rig.tellLate(stuck, [['free/proven', 60]])
    await bank.drain()
    expect((await rig.deposits())[1]).toMatchObject({ openedAtMs: rig.now, closedAtMs: null })
  })

  test('a step of the collector’s own clock makes no proof old (C4, B6)', async () => {
    const bank = bankOver()
    const nodeId = await consentingNode()
    await rig.live(nodeId, FREE)
    await bank.drain()
    rig.clock.stepWall(10 * MINUTE)
    rig.clock.advance(59_000)
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([{ closedAtMs: null }])
    await rig.tell(nodeId, [])
    rig.clock.advance(30_000)
    await bank.drain()
    rig.clock.advance(1_000)
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([{ closeReason: 'silent' }])
  })

  test('while the collector doubts its clock no proof is too old; then it is (C4)', async () => {
    const bank = bankOver()
    const nodeId = await consentingNode()
    await rig.live(nodeId, FREE)
    await bank.drain()
    liveness.isAccused = true
    rig.clock.advance(5 * MINUTE)
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([{ closedAtMs: null }])
    liveness.isAccused = false
    await bank.drain()
    expect(await rig.deposits()).toMatchObject([{ closeReason: 'silent' }])
  })

  test('a collector that was away for seconds leaves deposits open', async () => {
    const nodeId = await consentingNode()
    await rig.live(nodeId, FREE)
    await bankOver().drain()
    rig.clock.advance(10_000)
    await bankOver().drain()
    expect(await rig.deposits()).toMatchObject([{ closedAtMs: null }])
  })
})

describe('kill -9', () => {
  /** Dies at the n-th commit, before or after it has happened. */
  function dyingStore(dieAt: number, when: 'before' | 'after'): BankStore {
    let commits = 0
    const { store } = rig
    return {
      ...readsOf(store),
      commitDeposits: async (change) => {
        commits += 1
        if (commits === dieAt && when === 'before') throw new Error('killed')
        const result = await store.commitDeposits(change)
        if (commits === dieAt) throw new Error('killed')
        return result
      },
    }
  }

  test.each([
    ['before', 1],
    ['after', 1],
    ['before', 2],
    ['after', 2],
  ] as const)('%s commit %i: the next process decides the same, once (B8)', async (when, dieAt) => {
    const nodeId = await consentingNode(1, 3)
    await rig.live(nodeId, FREE)
    const dying = bankOver(dyingStore(dieAt, when))
    await expect(
      (async () => {
        await dying.drain()
        await rig.live(nodeId, [['free/proven', 60]])
        await dying.drain()
      })(),
    ).rejects.toThrow('killed')
    await bankOver().drain()
    expect(await rig.deposits()).toHaveLength(3)
    const outbox = await rig.store.readOutbox(100)
    const entries = outbox.filter(({ kind }) => kind === 'lot_opened')
    expect(entries.map(({ payload }) => payload.cards)).toEqual([3])
  })

  test('two banks over one store never open a card twice (B7)', async () => {
    const nodeId = await consentingNode(1, 4)
    await rig.live(nodeId, FREE)
    const banks = [bankOver(), bankOver()]
    await Promise.all(banks.map((bank) => bank.drain()))
    const deposits = await rig.deposits()
    expect(new Set(deposits.map(({ unitId }) => unitId)).size).toBe(4)
    expect(deposits).toHaveLength(4)
  })

  test('a decision made at a cursor that has moved is thrown away and made anew (B8)', async () => {
    const nodeId = await consentingNode()
    await rig.live(nodeId, FREE)
    let raced = 0
    const racing: BankStore = {
      ...dyingStore(0, 'before'),
      commitDeposits: async (change) => {
        raced += 1
        if (raced === 1) return { status: 'stale' }
        return await rig.store.commitDeposits(change)
      },
    }
    await bankOver(racing).drain()
    expect(await rig.deposits()).toHaveLength(1)
    expect(raced).toBeGreaterThan(1)
  })
})

test('it runs on its own timer, wakes at a hint, and stops', async () => {
  const bank = bankOver()
  const running = bank.run()
  await settle()
  const nodeId = await consentingNode()
  await rig.live(nodeId, FREE)
  bank.hint()
  await settle()
  await settle()
  expect(await rig.deposits()).toHaveLength(1)
  await rig.live(nodeId, [['busy/active', 60]])
  await rig.clock.run(1_000)
  await settle()
  expect(await rig.deposits()).toMatchObject([{ closeReason: 'window_ended' }])
  await bank.stop()
  await running
})
