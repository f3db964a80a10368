/** The settler over a real store: hourly, at the end, late, on the final day, and through crashes. */
import { silentLogger } from '@yiben/shared'
import { afterEach, expect, test } from 'vitest'
import { accountFaults } from '../../../collector/src/bank/accounts-check.ts'
import { Settler } from '../../../collector/src/bank/settler.ts'
import { positionOf } from '../../../collector/src/model/accounts.ts'
import type { Account, Draw } from '../../../collector/src/model/draw.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import type { UnitRow } from '../../../collector/src/model/inventory.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { endLending, lend } from '../../conformance/lending.ts'
import { sums } from './accounts-maker.ts'
import { HOUR, LedgerRig, MINUTE, START_MS } from './ledger-rig.ts'

const SECOND = 1_000
const PAGE = { cursor: null, limit: 100 }

let rig: LedgerRig
afterEach(() => rig.store.close())

interface Lent {
  readonly nodeId: NodeId
  readonly draw: Draw
  readonly settler: Settler
}

function settlerOver(store: Store): Settler {
  return new Settler({ store, clock: rig.clock, logger: silentLogger, timeZone: 'Asia/Shanghai' })
}

/** A node whose cards are lent in `[START_MS + 2 s, + hours)`; its timeline begins at START_MS. */
async function start(cards: number, hours: number): Promise<Lent> {
  rig = new LedgerRig()
  const nodeId = await rig.admit(
    1,
    Array.from({ length: cards }, () => ({})),
  )
  const units = await unitsOf(nodeId)
  const startMs = START_MS + 2 * SECOND
  const times = { startMs, untilMs: startMs + hours * HOUR, knownAtMs: START_MS }
  const draw = await lend(rig.store, units, { drawId: 'draw-1', ...times })
  return { nodeId, draw, settler: settlerOver(rig.store) }
}

async function unitsOf(nodeId: NodeId): Promise<readonly UnitRow[]> {
  const { rows } = await rig.store.listUnits(SCOPE_ALL, PAGE)
  return rows.filter((unit) => unit.nodeId === nodeId)
}

/** Card-ms of all claims; the books must be in order whenever they are looked at. */
async function books(): Promise<Partial<Record<Account, number>>> {
  const { rows } = await rig.store.listBookedClaims(PAGE)
  for (const row of rows) expect(accountFaults(row)).toEqual([])
  return sums(rows.flatMap(({ postings }) => positionOf(postings).spans))
}

async function entries(): Promise<readonly object[]> {
  const outbox = await rig.store.readOutbox(1_000)
  return outbox.filter(({ kind }) => kind === 'accounts_settled').map(({ payload }) => payload)
}

function advanceTo(atMs: number): void {
  rig.clock.advance(atMs - rig.now)
}

test('each hour of a running lease is settled once it has been told, with one entry of totals', async () => {
  const { nodeId, settler } = await start(8, 3)
  await rig.live(nodeId, [
    ['busy/active', 45 * 60],
    ['free/proven', 20 * 60],
  ])
  await settler.drain()
  expect(await books()).toEqual({
    delivered_active: 8 * (45 * MINUTE - 2 * SECOND),
    delivered_idle: 8 * 20 * MINUTE,
    pending: 8 * (2 * HOUR - 5 * MINUTE + 2 * SECOND),
  })
  expect(settler.moved.rows().filter(({ count }) => count > 0)).toEqual([
    {
      labels: { from: 'pending', to: 'delivered_active' },
      count: 8 * (45 * MINUTE - 2 * SECOND),
    },
    { labels: { from: 'pending', to: 'delivered_idle' }, count: 8 * 20 * MINUTE },
  ])
  const moved = { site: 'SITE-1', owner: 'owner-1', model: 'NVIDIA H800', from: 'pending' }
  expect(await entries()).toMatchObject([
    {
      claims: 8,
      postings: 16,
      moved: [
        { ...moved, to: 'delivered_active', card_ms: String(8 * (45 * MINUTE - 2 * SECOND)) },
        { ...moved, to: 'delivered_idle', card_ms: String(8 * 20 * MINUTE) },
      ],
    },
  ])
  await settler.drain()
  expect(await entries()).toHaveLength(1)
})

test('C11: a recall is settled as soon as the node has told of the end', async () => {
  const { nodeId, draw, settler } = await start(1, 8)
  await rig.live(nodeId, [['busy/active', 3 * 3_600 + 32 * 60 + 2]])
  const endedAtMs = START_MS + 2 * SECOND + 3 * HOUR + 32 * MINUTE
  advanceTo(endedAtMs)
  const end = { endedAtMs, knownAtMs: endedAtMs, end: 'recall', to: 'broken_recall' } as const
  await endLending(rig.store, draw, end)
  await rig.live(nodeId, [['busy/overstay', 60]])
  await settler.drain()
  expect(await books()).toEqual({ delivered_active: 12_720_000, broken_recall: 16_080_000 })
})

test('C9: silent for two days, returned at hour 2: unproven, then delivered as the spool tells', async () => {
  const { nodeId, draw, settler } = await start(64, 8)
  await rig.live(nodeId, [['busy/active', 60]])
  await rig.declareSilent(nodeId)
  const returnedAtMs = START_MS + 2 * HOUR + 2 * SECOND
  advanceTo(returnedAtMs)
  await settler.drain()
  const end = { endedAtMs: returnedAtMs, knownAtMs: rig.now, end: 'returned' } as const
  await endLending(rig.store, draw, { ...end, to: 'returned' })
  advanceTo(START_MS + 3 * HOUR)
  await settler.drain()
  const told = 64 * (MINUTE - 2 * SECOND)
  const returned = 64 * 6 * HOUR
  expect(await books()).toEqual({
    delivered_active: told,
    unproven: 64 * 2 * HOUR - told,
    returned,
  })
  // Two days later the spool arrives: what it proves is delivered, behind the return nothing moves.
  advanceTo(START_MS + 48 * HOUR)
  await rig.tellLate(nodeId, [['busy/active', 8 * 3_600]])
  await settler.drain()
  expect(await books()).toEqual({ delivered_active: 64 * 2 * HOUR, returned })
})

test('C9: what is never proven is broken on the final day, not a day before', async () => {
  const { nodeId, settler } = await start(1, 4)
  await rig.live(nodeId, [['busy/active', 3_600]])
  await rig.declareSilent(nodeId)
  advanceTo(Date.parse('2026-04-08T23:59:00+08:00'))
  await settler.drain()
  const delivered = { delivered_active: HOUR - 2 * SECOND }
  expect(await books()).toEqual({ ...delivered, unproven: 3 * HOUR + 2 * SECOND })
  advanceTo(Date.parse('2026-04-09T00:00:00+08:00'))
  await settler.drain()
  expect(await books()).toEqual({ ...delivered, broken_unproven: 3 * HOUR + 2 * SECOND })
  // And nothing is looked at any more, whatever comes.
  await rig.tellLate(nodeId, [['busy/active', 3_600]])
  expect(await rig.store.readUnsettledClaims(rig.now + 400 * 24 * HOUR, 10)).toEqual([])
})

test('A9: an end between reading and writing makes the settlement anew, the other claims are kept', async () => {
  const { nodeId, draw } = await start(2, 8)
  await rig.live(nodeId, [['busy/active', 3_600 + 180]])
  let isReturned = false
  const returning: Store = {
    ...rig.store,
    commitSettlements: async (settlements, outbox) => {
      if (!isReturned) {
        isReturned = true
        const one = { ...draw, claims: draw.claims.slice(0, 1) }
        const endedAtMs = START_MS + 30 * MINUTE
        const end = { endedAtMs, knownAtMs: rig.now, end: 'veto', to: 'broken_veto' } as const
        const postings = (await changeOf(one, end)).postings
        await endLending(rig.store, draw, { ...end, change: { postings } })
      }
      return rig.store.commitSettlements(settlements, outbox)
    },
  }
  await settlerOver(returning).drain()
  await settlerOver(rig.store).drain()
  const { rows } = await rig.store.listBookedClaims(PAGE)
  expect(positionOf(rows[0]?.postings ?? []).spans.map(({ account }) => account)).toEqual([
    'delivered_active',
    'broken_veto',
  ])
  expect(await entries()).toHaveLength(2)
})

async function changeOf(
  draw: Draw,
  end: { readonly endedAtMs: number; readonly knownAtMs: number },
) {
  const postings = draw.claims.map(({ ordinal, untilMs }) => ({
    drawId: draw.request.drawId,
    ordinal,
    fromMs: end.endedAtMs,
    toMs: untilMs ?? end.endedAtMs,
    from: 'pending' as const,
    to: 'broken_veto' as const,
    knownAtMs: end.knownAtMs,
  }))
  return { postings }
}

test.each(['before', 'after'] as const)(
  'A9: killed %s the commit it starts over, and nothing is counted twice',
  async (when) => {
    const { nodeId } = await start(3, 2)
    await rig.live(nodeId, [['busy/active', 2 * 3_600 + 180]])
    const dying: Store = {
      ...rig.store,
      commitSettlements: async (settlements, outbox) => {
        if (when === 'after') await rig.store.commitSettlements(settlements, outbox)
        throw new Error('killed')
      },
    }
    await expect(settlerOver(dying).drain()).rejects.toThrow('killed')
    await settlerOver(rig.store).drain()
    expect(await books()).toEqual({ delivered_active: 3 * 2 * HOUR })
    expect(await entries()).toHaveLength(1)
  },
)

test('evidence that came while the clock was ahead is settled when it is right again', async () => {
  const { draw, nodeId, settler } = await start(1, 1)
  await rig.live(nodeId, [['busy/active', 20 * 60]])
  rig.clock.advance(10 * MINUTE)
  await rig.declareSilent(nodeId)
  rig.clock.stepWall(40 * SECOND)
  await rig.tellLate(nodeId, [['free/proven', 10 * 60]])
  rig.clock.stepWall(-41 * SECOND)
  const endedAtMs = START_MS + 30 * MINUTE
  const end = { endedAtMs, knownAtMs: endedAtMs, end: 'returned', to: 'returned' } as const
  await endLending(rig.store, draw, end)
  await settler.drain()
  expect(await books()).toMatchObject({
    delivered_active: 20 * MINUTE - 2 * SECOND,
    delivered_idle: 10 * MINUTE,
  })
  expect(await books()).not.toHaveProperty('unproven')
})
