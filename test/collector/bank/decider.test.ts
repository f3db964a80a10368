/** Deposits through a lease, over a real store: kept while it lasts, renewed or closed after it. */
import { silentLogger } from '@yiben/shared'
import { beforeEach, expect, test } from 'vitest'
import { Bank } from '../../../collector/src/bank/bank.ts'
import type { Draw } from '../../../collector/src/model/draw.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { changeTo, endedDraw, heldDraw, postedDraw } from '../../conformance/draw-maker.ts'
import { write } from '../../conformance/lending.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import { HOUR, LedgerRig, LOTS, MINUTE, QUICK } from './ledger-rig.ts'

let rig: LedgerRig
let bank: Bank
let nodeId: NodeId
let posted: Draw

beforeEach(async () => {
  rig = new LedgerRig()
  bank = newBank()
  nodeId = await rig.admit(1, [{}])
  await rig.policy(nodeId)
  await rig.live(nodeId, [['free/proven', 16 * 60]])
  await bank.drain()
  const [deposit] = await rig.deposits()
  const held = heldDraw('draw-1', await rig.units(nodeId))
  const claims = held.claims.map((claim) => ({ ...claim, depositId: deposit?.depositId ?? null }))
  posted = postedDraw({ ...held, claims }, rig.now, rig.now + HOUR)
  await write(rig.store, changeTo({ ...held, claims }))
  await write(rig.store, changeTo(posted))
})

function newBank(): Bank {
  return new Bank({
    store: rig.store,
    clock: rig.clock,
    random: new FakeRandom(1),
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

/** The borrower uses the card for so long; then the lease is over, and the card is clean from there. */
async function useAndReturn(minutes: number): Promise<number> {
  await rig.live(nodeId, [['busy/active', minutes * 60]])
  await bank.drain()
  const endedAtMs = rig.now
  await rig.live(nodeId, [['free/proven', 60]])
  await write(rig.store, changeTo(endedDraw(posted, endedAtMs)))
  bank.onClaimsEnded([nodeId])
  return endedAtMs
}

test('being lent does not close it, and the card comes back in a new window of the same deposit', async () => {
  const endedAtMs = await useAndReturn(30)
  expect(await rig.deposits()).toMatchObject([{ closedAtMs: null }])
  await bank.drain()
  const deposits = await rig.deposits()
  expect(deposits).toMatchObject([{ closedAtMs: null, windowStartMs: endedAtMs }])
  await rig.live(nodeId, [['free/proven', 60]])
  await bank.drain()
  expect(await rig.deposits()).toEqual(deposits)
  // From there on it is a deposit like any other.
  const freeToMs = rig.now
  await rig.live(nodeId, [['busy/active', 60]])
  await bank.drain()
  expect(await rig.deposits()).toMatchObject([
    { closedAtMs: freeToMs, closeReason: 'window_ended' },
  ])
})

test('a collector that was away while the lease ended finds it back the same way', async () => {
  const endedAtMs = await useAndReturn(30)
  const restarted = newBank()
  await restarted.opened()
  expect(await rig.deposits()).toMatchObject([{ closedAtMs: null, windowStartMs: endedAtMs }])
})

test('a node that falls silent under a lease keeps its deposit until the lease is over', async () => {
  const provenMs = rig.now
  rig.clock.advance(10 * MINUTE)
  await rig.declareSilent(nodeId)
  bank.onSilent([nodeId])
  await bank.drain()
  await newBank().opened()
  expect(await rig.deposits()).toMatchObject([{ closedAtMs: null }])
  const ended = endedDraw(posted, rig.now, { end: 'card_lost' })
  const claims = ended.claims.map((claim) => ({ ...claim, cleanAtMs: null }))
  await write(rig.store, changeTo({ ...ended, claims }))
  // Nobody tells the bank: it looks by itself at nodes with lent cards.
  rig.clock.advance(MINUTE)
  await bank.drain()
  expect(await rig.deposits()).toMatchObject([{ closedAtMs: provenMs, closeReason: 'silent' }])
})

test('a veto under the lease closes it at its instant, and nothing opens before the card is clean', async () => {
  await rig.live(nodeId, [['busy/active', 600]])
  const vetoMs = rig.now
  await rig.veto(nodeId, { kind: 'reclaim', units: [] })
  await rig.live(nodeId, [['busy/active', 60]])
  await bank.drain()
  expect(await rig.deposits()).toMatchObject([{ closedAtMs: vetoMs, closeReason: 'veto' }])
  const cleaning = endedDraw(posted, vetoMs, { end: 'veto', isClean: false })
  await write(rig.store, changeTo(cleaning))
  await rig.veto(nodeId, { kind: 'offer', units: [] })
  await rig.live(nodeId, [['free/proven', 16 * 60]])
  await bank.drain()
  expect(await rig.deposits()).toHaveLength(1)
  expect((await bank.explain(nodeId))[0]?.status).toBe('lent')
  await write(rig.store, changeTo(endedDraw(cleaning, vetoMs, { end: 'veto' })))
  await rig.live(nodeId, [['free/proven', 60]])
  await bank.drain()
  expect((await rig.deposits())[1]).toMatchObject({ openedAtMs: rig.now, closedAtMs: null })
})
