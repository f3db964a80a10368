/** Followers, deposits, and what is free under one. */
import { runCode } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { DepositChange } from '../../collector/src/storage/requests.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { HOUR, instantOf, MINUTE, NO_DECISION, note, T0, type TestNode } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

function opening(node: TestNode, openedAtMs = T0 + MINUTE, card = 0) {
  const unit = node.units[card]
  if (unit === undefined) throw new Error('a card is there')
  return {
    depositId: `d-${unit.unitId}-${openedAtMs}`,
    unitId: unit.unitId,
    nodeId: node.nodeId,
    windowStartMs: T0,
    openedAtMs,
    consentEndCount: 3,
  }
}

async function decide(store: Store, change: Partial<DepositChange>) {
  const expectedCursor = await store.readCursor('bank')
  const cursor = expectedCursor + 1
  return await store.commitDeposits({ ...NO_DECISION, expectedCursor, cursor, ...change })
}

const PAGE = { cursor: null, limit: 100 }

export function bankSuite(openFleet: OpenFleet): void {
  test('changes come in the order they were written, each node at its last', async () => {
    const fleet = await openFleet()
    const [a, b] = [await fleet.start('BJ-01'), await fleet.start('BJ-02')]
    await fleet.book(a, 'free/proven', T0 + MINUTE)
    await fleet.book(b, 'free/proven', T0 + MINUTE)
    await fleet.book(a, 'busy/active', T0 + 2 * MINUTE)
    const changes = await fleet.store.readTimelineChanges(0, 10)
    expect(changes.map((change) => change.open.nodeId)).toEqual([b.nodeId, a.nodeId])
    expect(changes.map((change) => change.units)).toEqual([b.units, a.units])
    expect(await fleet.store.readTimelineChanges(0, 1)).toEqual(changes.slice(0, 1))
    const last = changes.at(-1)?.open.changeSeq ?? 0
    expect(await fleet.store.readTimelineChanges(last, 10)).toEqual([])
  })

  test('facts make followers look again', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + MINUTE)
    const seen = node.open.changeSeq
    await fleet.cards(node, ['another'])
    const changes = await fleet.store.readTimelineChanges(seen, 10)
    expect(changes.map((change) => change.open.nodeId)).toEqual([node.nodeId])
  })

  test('a deposit is opened, listed and closed', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + MINUTE)
    expect(await fleet.store.readCursor('bank')).toBe(0)
    const deposit = opening(node)
    const entry = note('deposit_opened')
    expect(await decide(fleet.store, { openings: [deposit], outbox: [entry] })).toEqual({
      status: 'committed',
    })
    expect(await fleet.store.readCursor('bank')).toBe(1)
    const open = { ...deposit, closedAtMs: null, closeReason: null }
    expect(await fleet.store.readOpenDeposits('all')).toEqual([open])
    expect(await fleet.store.readOpenDeposits([node.nodeId])).toEqual([open])
    expect(await fleet.store.readOpenDeposits([])).toEqual([])
    const closing = {
      depositId: deposit.depositId,
      closedAtMs: T0 + HOUR,
      reason: 'veto',
    } as const
    await decide(fleet.store, { closings: [closing] })
    const closed = { ...deposit, closedAtMs: T0 + HOUR, closeReason: 'veto' }
    expect(await fleet.store.readOpenDeposits('all')).toEqual([])
    expect((await fleet.store.listDeposits(SCOPE_ALL, false, PAGE)).rows).toEqual([closed])
    expect((await fleet.store.listDeposits(SCOPE_ALL, true, PAGE)).rows).toEqual([])
  })

  test('a decision made at another cursor is stale', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await decide(fleet.store, {})
    const change = { expectedCursor: 0, openings: [opening(node)], outbox: [note('veto')] }
    const entries = await fleet.store.readOutbox(100)
    expect(await decide(fleet.store, change)).toEqual({ status: 'stale' })
    expect(await fleet.store.readOpenDeposits('all')).toEqual([])
    expect(await fleet.store.readOutbox(100)).toEqual(entries)
  })

  test('a unit has one open deposit at most', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const first = opening(node)
    const second = opening(node, T0 + 2 * MINUTE)
    expect(await decide(fleet.store, { openings: [first, second] })).toEqual({ status: 'stale' })
    expect(await decide(fleet.store, { openings: [first] })).toEqual({ status: 'committed' })
    expect(await decide(fleet.store, { openings: [second] })).toEqual({ status: 'stale' })
    const closing = { depositId: first.depositId, closedAtMs: T0 + 2 * MINUTE }
    const swap = {
      openings: [second],
      closings: [{ ...closing, reason: 'window_ended' as const }],
    }
    expect(await decide(fleet.store, swap)).toEqual({ status: 'committed' })
    expect(await fleet.store.readOpenDeposits('all')).toMatchObject([second])
  })

  test('a deposit that is closed, or was never opened, cannot be closed', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const deposit = opening(node)
    const closing = {
      depositId: deposit.depositId,
      closedAtMs: T0 + HOUR,
      reason: 'silent',
    } as const
    expect(await decide(fleet.store, { closings: [closing] })).toEqual({ status: 'stale' })
    await decide(fleet.store, { openings: [deposit] })
    await decide(fleet.store, { closings: [closing] })
    expect(await decide(fleet.store, { closings: [closing] })).toEqual({ status: 'stale' })
  })

  test('what is free is what lies under an open deposit and in an open window', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    await fleet.book(node, 'free/proven', T0 + MINUTE)
    const deposit = opening(node)
    await decide(fleet.store, { openings: [deposit] })
    expect(await fleet.store.readFreeUnits(SCOPE_ALL)).toEqual([
      {
        unit: node.units[0],
        regionCode: '110108',
        ownerCode: '91110000MA01OPER11',
        deposit: { ...deposit, closedAtMs: null, closeReason: null },
        windowStartMs: T0,
        ageStartMs: T0,
        provenToMs: T0 + MINUTE,
      },
    ])
    await fleet.book(node, 'busy/active', T0 + 2 * MINUTE)
    expect(await fleet.store.readFreeUnits(SCOPE_ALL)).toEqual([])
  })

  test('the ledger of an instant shows what was deposited then', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + HOUR)
    const deposit = opening(node, T0 + 20 * MINUTE)
    await decide(fleet.store, { openings: [deposit] })
    const closing = { depositId: deposit.depositId, closedAtMs: T0 + 40 * MINUTE }
    await decide(fleet.store, { closings: [{ ...closing, reason: 'veto' }] })
    const at = async (minutes: number) => {
      const instant = instantOf(T0 + minutes * MINUTE)
      return (await fleet.store.readLedgerAt(SCOPE_ALL, instant)).counts[0]?.isDeposited
    }
    expect([await at(19), await at(20), await at(39), await at(40)]).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  test('windows that ended are found by their names', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const unitId = opening(node).unitId
    const window = {
      unitId,
      startMs: T0,
      ageStartMs: T0 + 5,
      endMs: T0 + MINUTE,
      provenMs: MINUTE,
      endCode: runCode('busy/active'),
    }
    await fleet.book(node, 'busy/active', T0 + MINUTE, { closedWindows: [window] })
    const keys = [
      { unitId, startMs: T0 },
      { unitId, startMs: T0 + 1 },
    ]
    expect(await fleet.store.readClosedWindows(keys)).toEqual([window])
  })

  test('deposits come in pages, each once', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 5)
    const openings = node.units.map((_, card) => opening(node, T0, card))
    await decide(fleet.store, { openings })
    const ids: string[] = []
    let cursor: string | null = null
    for (let page = 0; page < 5; page += 1) {
      const found: Awaited<ReturnType<Store['listDeposits']>> = await fleet.store.listDeposits(
        SCOPE_ALL,
        true,
        { cursor, limit: 2 },
      )
      ids.push(...found.rows.map((row) => row.depositId))
      cursor = found.nextCursor
      if (cursor === null) break
    }
    expect(ids).toEqual(openings.map((one) => one.depositId))
    const bad = { cursor: 'd-7', limit: 2 }
    await expect(fleet.store.listDeposits(SCOPE_ALL, true, bad)).rejects.toMatchObject({
      code: 'request_invalid',
    })
  })
}
