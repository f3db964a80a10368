/** The picture of what is deposited: always that of the store, at the latest one interval behind. */
import { AppError, silentLogger } from '@yiben/shared'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Bank } from '../../../collector/src/bank/bank.ts'
import {
  CapacityFollower,
  type CapacityPicture,
  type CapacityStore,
} from '../../../collector/src/bank/capacity-follower.ts'
import { Sequencer } from '../../../collector/src/journal/sequencer.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { changeTo, drawEntry, heldDraw, voidedDraw } from '../../conformance/draw-maker.ts'
import { FakeRandom, settle } from '../../support/fake-clock.ts'
import { newLots } from './capacity-maker.ts'
import { LedgerRig, LOTS, MINUTE, QUICK, SITE, START_MS } from './ledger-rig.ts'

const NODES = [1, 2, 3] as const
const SECOND = 1_000

interface Event {
  readonly kind: 'free' | 'busy' | 'reclaim' | 'offer' | 'silent' | 'bank' | 'number' | 'restart'
  readonly node: number
  readonly minutes: number
}

const anyEvent: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom(
    ...(['free', 'free', 'free', 'busy', 'reclaim', 'offer', 'silent'] as const),
    ...(['bank', 'bank', 'bank', 'number', 'restart'] as const),
  ),
  node: fc.constantFrom(...NODES),
  minutes: fc.integer({ min: 1, max: 20 }),
})

class World {
  readonly rig = new LedgerRig()
  readonly bank: Bank
  readonly sequencer: Sequencer
  readonly nodes: NodeId[] = []

  constructor() {
    const common = { store: this.rig.store, clock: this.rig.clock, logger: silentLogger }
    this.sequencer = new Sequencer(common)
    this.bank = new Bank({
      ...common,
      lots: LOTS,
      settings: QUICK,
      random: new FakeRandom(3),
      liveness: {
        isSuspended: () => false,
        depositsSuspended: () => false,
        clockAccusation: () => null,
        clockOffsetMs: () => 0,
      },
    })
  }

  async admit(): Promise<void> {
    for (const number of NODES) {
      const nodeId = await this.rig.admit(number, [{}, {}], `SITE-${number}`)
      await this.rig.policy(nodeId)
      this.nodes.push(nodeId)
    }
  }

  follower(store: CapacityStore = this.rig.store): CapacityFollower {
    const { clock } = this.rig
    return new CapacityFollower({
      store,
      clock,
      logger: silentLogger,
      lots: newLots(),
      hubOf: (regionCode) => `hub of ${regionCode}`,
    })
  }

  async live(number: number, name: 'free/proven' | 'busy/active', minutes: number): Promise<void> {
    const nodeId = this.node(number)
    // Nodes live one after the other; each catches up with the clock first.
    const behindMs = this.rig.now - (await this.toldTo(nodeId))
    if (behindMs >= MINUTE) {
      await this.rig.tellLate(nodeId, [['busy/active', Math.floor(behindMs / MINUTE) * 60]])
    }
    await this.rig.live(nodeId, [[name, minutes * 60]])
  }

  async play({ kind, node, minutes }: Event): Promise<void> {
    const nodeId = this.node(node)
    if (kind === 'free') await this.live(node, 'free/proven', minutes)
    else if (kind === 'busy') await this.live(node, 'busy/active', minutes)
    else if (kind === 'bank') await this.bank.drain()
    else if (kind === 'number') await this.sequencer.drain()
    else if (kind === 'reclaim' || kind === 'offer') {
      await this.rig.veto(nodeId, { kind, units: [0] })
    } else if ((await this.rig.state(nodeId)).open?.units.length !== 0) {
      await this.rig.declareSilent(nodeId)
      this.bank.onSilent([nodeId])
    }
  }

  /** A node that has told no time yet begins with the ledger. */
  async toldTo(nodeId: NodeId): Promise<number> {
    const { open } = await this.rig.state(nodeId)
    return open === null || open.units.length === 0 ? START_MS : open.timelineEndMs
  }

  node(number: number): NodeId {
    const nodeId = this.nodes[number - 1]
    if (nodeId === undefined) throw new Error('no such node')
    return nodeId
  }

  /** Ids of open deposits, as the store lists them. */
  async stored(): Promise<readonly string[]> {
    const deposits = await this.rig.store.readOpenDeposits('all')
    return deposits.map(({ depositId }) => depositId).sort()
  }

  async close(): Promise<void> {
    await this.rig.store.close()
  }
}

function pictured({ view }: CapacityPicture): readonly string[] {
  return view.offers.flatMap(({ lot }) => lot.cards.map(({ depositId }) => depositId)).sort()
}

let world: World
beforeEach(async () => {
  world = new World()
  await world.admit()
})
afterEach(() => world.close())

/** Both cards of node 1 are deposited and numbered. */
async function depositOne(): Promise<void> {
  await world.live(1, 'free/proven', 16)
  await world.bank.drain()
  await world.sequencer.drain()
}

describe('at every step', () => {
  test('deposits that open, close and open again are those of the store', async () => {
    const follower = world.follower()
    const check = async (count: number) => {
      const stored = await world.stored()
      expect(stored).toHaveLength(count)
      expect(pictured(await follower.upToDate())).toEqual(stored)
      expect(pictured(await world.follower().upToDate())).toEqual(stored)
    }
    await check(0)
    await depositOne()
    await check(2)
    await world.live(1, 'busy/active', 1)
    await check(2)
    await world.bank.drain()
    await check(0)
    await world.sequencer.drain()
    await check(0)
    await depositOne()
    await check(2)
    await world.rig.veto(world.node(1), { kind: 'reclaim', units: [0] })
    await world.bank.drain()
    await check(1)
    await world.rig.declareSilent(world.node(1))
    world.bank.onSilent([world.node(1)])
    await world.bank.drain()
    await check(0)
  })

  test('a card leaves search with its window, before the bank has closed its deposit', async () => {
    const follower = world.follower()
    const drawable = async () => {
      const { view } = await follower.upToDate()
      return view.offers.map(({ cards, lot }) => [lot.cards.length, cards.length])
    }
    await depositOne()
    expect(await drawable()).toEqual([[2, 2]])
    await world.rig.veto(world.node(1), { kind: 'reclaim', units: [1] })
    expect(await drawable()).toEqual([[2, 1]])
    await world.live(1, 'busy/active', 1)
    expect(await drawable()).toEqual([[2, 0]])
  })

  test.each([
    ['before', false],
    ['when', true],
  ])('a card that a draw claims leaves search %s its entry is numbered', async (_, isNumbered) => {
    await depositOne()
    const follower = world.follower()
    const drawable = async () => {
      if (isNumbered) await world.sequencer.drain()
      const { view } = await follower.upToDate()
      return view.offers.map(({ cards, lot }) => [lot.cards.length, cards.length])
    }
    expect(await drawable()).toEqual([[2, 2]])
    const held = heldDraw('a', (await world.rig.units(world.node(1))).slice(0, 1))
    const outbox = [drawEntry('draw_held', held)]
    await world.rig.store.commitDraws([changeTo(held, { outbox })])
    expect(await drawable()).toEqual([[2, 1]])
    const voided = voidedDraw(held)
    const over = changeTo(voided, { outbox: [drawEntry('draw_voided', voided)] })
    await world.rig.store.commitDraws([over])
    expect(await drawable()).toEqual([[2, 2]])
  })

  test('whatever happens, in whatever order it is decided, numbered and looked at', async () => {
    const anyHistory = fc.array(anyEvent, { maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(anyHistory, fc.boolean(), async (events, looksOften) => {
        const own = new World()
        await own.admit()
        let follower = own.follower()
        for (const event of events) {
          if (event.kind === 'restart') follower = own.follower()
          else await own.play(event)
          if (looksOften) expect(pictured(await follower.upToDate())).toEqual(await own.stored())
        }
        expect(pictured(await follower.upToDate())).toEqual(await own.stored())
        await own.close()
      }),
      { numRuns: 25 },
    )
  })
})

describe('a decision that changes no row', () => {
  test('is seen before it has a number, and while nothing is numbered', async () => {
    const follower = world.follower()
    await depositOne()
    await follower.upToDate()
    world.bank.onSilent([world.node(1)])
    await world.rig.declareSilent(world.node(1))
    await follower.upToDate()
    await world.bank.drain()
    expect(await world.stored()).toEqual([])
    expect(pictured(await follower.upToDate())).toEqual([])
  })

  test('is seen when it gets its number between two reads of one look', async () => {
    let between = async () => {}
    const follower = world.follower({
      ...world.rig.store,
      readOfferChanges: async (after, limit) => {
        // Numbered before the outbox is read, and before the journal is.
        await between()
        return world.rig.store.readOfferChanges(after, limit)
      },
    })
    await world.live(1, 'free/proven', 16)
    await follower.upToDate()
    await world.bank.drain()
    between = () => world.sequencer.drain()
    expect(pictured(await follower.upToDate())).toHaveLength(2)
  })
})

describe('while it runs', () => {
  async function running(store: CapacityStore = world.rig.store): Promise<CapacityFollower> {
    const follower = world.follower(store)
    await follower.upToDate()
    const ended = follower.run()
    await settle()
    stopAll.push(async () => {
      await follower.stop()
      await ended
    })
    return follower
  }
  const stopAll: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const stop of stopAll.splice(0)) await stop()
  })

  test('a closed deposit is out within one interval, without a hint', async () => {
    await depositOne()
    const follower = await running()
    expect(pictured(await follower.upToDate())).toHaveLength(2)
    await world.rig.veto(world.node(1), { kind: 'reclaim', units: [] })
    await world.bank.drain()
    await world.rig.clock.run(SECOND)
    expect(pictured(await follower.upToDate())).toEqual([])
  })

  test('a hint is followed at once', async () => {
    await depositOne()
    const follower = await running()
    await world.rig.veto(world.node(1), { kind: 'reclaim', units: [] })
    await world.bank.drain()
    follower.hint()
    await settle()
    await settle()
    expect(pictured(await follower.upToDate())).toEqual([])
  })

  test('the answer says of when the picture is, and how far it lags', async () => {
    const follower = await running()
    const atMs = world.rig.now
    world.rig.clock.advance(400)
    expect(await follower.upToDate()).toMatchObject({ asOfMs: atMs, lagMs: 400 })
  })

  test('a store that cannot be read makes it lag, then fail, and recovers', async () => {
    await depositOne()
    let isBroken = false
    const follower = await running({
      ...world.rig.store,
      readOfferChanges: async (after, limit) => {
        if (isBroken) throw new AppError('store_unavailable', 'the store does not answer')
        return world.rig.store.readOfferChanges(after, limit)
      },
    })
    isBroken = true
    await world.rig.clock.run(5 * SECOND)
    const lagging = await follower.upToDate()
    expect(pictured(lagging)).toHaveLength(2)
    expect(lagging.lagMs).toBeGreaterThanOrEqual(4 * SECOND)
    await world.rig.clock.run(10 * SECOND)
    await expect(follower.upToDate()).rejects.toMatchObject({ code: 'store_unavailable' })
    isBroken = false
    expect((await follower.upToDate()).lagMs).toBe(0)
  })
})

describe('sites', () => {
  const moved = {
    operatorCode: null,
    operatorName: null,
    ownerCode: null,
    ownerName: null,
    regionCode: '520115',
    keep: [],
    validFromMs: START_MS,
    validToMs: null,
  }

  test('lie where they lie, and move when their terms do', async () => {
    await depositOne()
    const follower = world.follower()
    const placeOf = async () => {
      const { view } = await follower.upToDate()
      return view.offers.map(({ site: { code, regionCode, hub } }) => ({ code, regionCode, hub }))
    }
    expect(await placeOf()).toEqual([{ code: SITE, regionCode: '150100', hub: 'hub of 150100' }])
    const entry = { kind: 'site_changed' as const, atMs: world.rig.now, payload: { site: SITE } }
    await world.rig.store.putSite({ code: SITE, name: SITE, terms: moved, outbox: [entry] })
    await world.sequencer.drain()
    expect(await placeOf()).toEqual([{ code: SITE, regionCode: '520115', hub: 'hub of 520115' }])
  })

  test('one that was made since is known with its first node', async () => {
    const follower = world.follower()
    expect(follower.cards).toBeNull()
    await follower.upToDate()
    expect(follower.cards).toEqual({ deposited: 0, drawable: 0 })
    const nodeId = await world.rig.admit(9, [{}], 'SITE-9')
    await world.rig.policy(nodeId)
    await world.rig.live(nodeId, [['free/proven', 960]])
    await world.bank.drain()
    const { view } = await follower.upToDate()
    expect(view.offers.map(({ site }) => site.regionCode)).toEqual(['150100'])
    expect(follower.cards).toEqual({ deposited: 1, drawable: 1 })
  })
})
