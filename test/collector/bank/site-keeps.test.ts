/** Cards kept back by site and model, across the nodes of the site and across collectors. */
import { silentLogger } from '@yiben/shared'
import { beforeEach, expect, test } from 'vitest'
import { Bank } from '../../../collector/src/bank/bank.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import type { Deposit } from '../../../collector/src/model/ledger.ts'
import type { KeptCards } from '../../../collector/src/model/site.ts'
import { changeTo, heldDraw, postedDraw } from '../../conformance/draw-maker.ts'
import { write } from '../../conformance/lending.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import { type Doing, HOUR, LedgerRig, LOTS, MINUTE, QUICK, SITE, START_MS } from './ledger-rig.ts'

const MODEL = 'H800 SXM'

let rig: LedgerRig
let seed = 0
beforeEach(() => {
  rig = new LedgerRig()
})

function bankOver(): Bank {
  seed += 1
  return new Bank({
    store: rig.store,
    clock: rig.clock,
    random: new FakeRandom(seed),
    liveness: {
      isSuspended: () => false,
      depositsSuspended: () => false,
      clockAccusation: () => null,
      clockOffsetMs: () => 0,
    },
    lots: LOTS,
    settings: QUICK,
    logger: silentLogger,
  })
}

/** Nodes of two cards each, free for long enough. */
async function freeNodes(count: number, name = 'NVIDIA H800'): Promise<readonly NodeId[]> {
  const nodes: NodeId[] = []
  for (let number = 1; number <= count; number += 1) {
    const nodeId = await rig.admit(number, [{ name }, { name }])
    await rig.policy(nodeId)
    nodes.push(nodeId)
  }
  return nodes
}

async function keep(...kept: readonly KeptCards[]): Promise<void> {
  const nobody = { operatorCode: null, operatorName: null, ownerCode: null, ownerName: null }
  const validFromMs = rig.now === START_MS ? START_MS - HOUR : rig.now
  const terms = { ...nobody, regionCode: '150100', keep: kept, validFromMs, validToMs: null }
  await rig.store.putSite({ code: SITE, name: SITE, terms, outbox: [] })
}

async function open(): Promise<readonly Deposit[]> {
  return (await rig.deposits()).filter(({ closedAtMs }) => closedAtMs === null)
}

/** All of them are free for so many minutes, and each tells every minute of it. */
async function liveAll(nodes: readonly NodeId[], minutes: number): Promise<void> {
  const minute: Doing = [['free/proven', 60]]
  for (let done = 0; done < minutes; done += 1) {
    rig.clock.advance(MINUTE)
    for (const nodeId of nodes) await rig.tellLate(nodeId, minute)
  }
}

test('of eight cards on four nodes with three kept five are deposited, whoever decides', async () => {
  const nodes = await freeNodes(4)
  await keep({ model: MODEL, cards: 3 })
  await liveAll(nodes, 16)
  const banks = [bankOver(), bankOver(), bankOver()]
  await Promise.all(banks.map((bank) => bank.drain()))
  expect(await open()).toHaveLength(5)
  const statuses: string[] = []
  for (const nodeId of nodes) {
    statuses.push(...(await bankOver().explain(nodeId)).map(({ status }) => status))
  }
  expect(statuses.toSorted()).toEqual([
    ...Array.from({ length: 5 }, () => 'deposited'),
    ...Array.from({ length: 3 }, () => 'kept_at_site'),
  ])
})

test('another model, and another site, are not kept', async () => {
  const nodes = await freeNodes(1)
  const other = await rig.admit(9, [{}, {}], 'SITE-2')
  await rig.policy(other)
  await keep({ model: MODEL, cards: 2 }, { model: 'A100 SXM 80GB', cards: 5 })
  await liveAll([...nodes, other], 16)
  await bankOver().drain()
  expect((await open()).map(({ nodeId }) => nodeId)).toEqual([other, other])
})

test('an owner who keeps more has the youngest deposits closed, and the oldest stay', async () => {
  const bank = bankOver()
  const nodes = await freeNodes(2)
  const [first, second] = nodes
  if (first === undefined || second === undefined) throw new Error('nodes are there')
  await liveAll([first], 16)
  await bank.drain()
  await rig.tellLate(second, [['busy/active', 16 * 60]])
  await liveAll([first, second], 16)
  await bank.drain()
  expect(await open()).toHaveLength(4)
  await keep({ model: MODEL, cards: 2 })
  rig.clock.advance(5_000)
  await bank.drain()
  expect((await open()).map(({ nodeId }) => nodeId)).toEqual([first, first])
  const closed = (await rig.deposits()).filter(({ closedAtMs }) => closedAtMs !== null)
  expect(closed).toMatchObject([{ closeReason: 'kept_back' }, { closeReason: 'kept_back' }])
  // And they may come back when less is kept.
  await keep()
  rig.clock.advance(5_000)
  await liveAll([first, second], 1)
  await bank.drain()
  expect(await open()).toHaveLength(4)
})

test('a card that is lent is not taken from its borrower to be kept', async () => {
  const bank = bankOver()
  const nodes = await freeNodes(1)
  await liveAll(nodes, 16)
  await bank.drain()
  const [, youngest] = await open()
  const units = await rig.units(nodes[0] ?? ('' as NodeId))
  const lent = units.filter(({ unitId }) => unitId === youngest?.unitId)
  const held = heldDraw('draw-1', lent)
  const claims = held.claims.map((claim) => ({ ...claim, depositId: youngest?.depositId ?? null }))
  const posted = postedDraw({ ...held, claims }, rig.now + 2_000, rig.now + HOUR)
  await write(rig.store, changeTo({ ...held, claims }))
  await write(rig.store, changeTo(posted))
  await keep({ model: MODEL, cards: 1 })
  rig.clock.advance(5_000)
  await bank.drain()
  expect(await open()).toMatchObject([{ depositId: youngest?.depositId }])
  await keep({ model: MODEL, cards: 2 })
  rig.clock.advance(MINUTE)
  await bank.drain()
  expect(await open()).toHaveLength(1)
})
