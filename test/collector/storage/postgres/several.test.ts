/**
 * Several collectors over one database, deciding at the same time: what one of them has committed
 * binds the others, and followers miss nothing whoever writes.
 */
import { describe, expect, test } from 'vitest'
import type { NodeId, UnitId } from '../../../../collector/src/model/ids.ts'
import type { StoredOutboxEntry } from '../../../../collector/src/model/ledger.ts'
import type { IngestCommit, IngestResult } from '../../../../collector/src/storage/requests.ts'
import type { Store } from '../../../../collector/src/storage/store.ts'
import { changeTo, depositedNode, heldDraw } from '../../../conformance/draw-maker.ts'
import {
  admit,
  bookCommit,
  enrollToken,
  Fleet,
  factsCommit,
  HOUR,
  hourOf,
  MINUTE,
  note,
  T0,
  type TestNode,
} from '../../../conformance/fleet.ts'
import { collectorsOnPostgres, heldNumbers } from '../../../support/postgres-store.ts'

async function twoCollectors(): Promise<{ fleet: Fleet; one: Store; other: Store; url: string }> {
  const { stores, url } = await collectorsOnPostgres(2)
  const [one, other] = stores
  if (one === undefined || other === undefined) throw new Error('no stores')
  return { fleet: new Fleet(one), one, other, url }
}

async function oneNode(fleet: Fleet, siteCode = 'BJ-01', cards = 1): Promise<TestNode> {
  return await fleet.start(siteCode, cards)
}

async function commit(store: Store, one: IngestCommit): Promise<IngestResult> {
  const [result] = await store.commitIngest([one])
  if (result === undefined) throw new Error('no result')
  return result
}

function session(node: TestNode, joinState: number) {
  return {
    nodeId: node.nodeId,
    expectedJoinState: joinState,
    presentedJoinState: joinState,
    nextJoinState: joinState + 1,
    epoch: node.epoch,
    previousEpoch: null,
    collectorInstance: 'c2',
    remoteAddress: '10.0.0.2',
    agentVersion: '0.1.0',
    bootId: 'boot-1',
    nowMs: T0,
  }
}

describe('ingest', () => {
  test('a node that has joined elsewhere is taken nothing from by its old session', async () => {
    const { fleet, one, other } = await twoCollectors()
    const node = await oneNode(fleet)
    for (let round = 0; round < 20; round += 1) {
      const joinState = (await one.loadNode(node.nodeId))?.node.joinState ?? 0
      const batch = bookCommit(node, 'free/proven', T0 + (round + 1) * MINUTE)
      const [result, opened] = await Promise.all([
        commit(one, batch),
        other.openSession(session(node, joinState)),
      ])
      if (opened.status !== 'opened') throw new Error(opened.status)
      const state = await other.loadNode(node.nodeId)
      // Whichever came first: taken whole and seen, or not at all.
      expect(['committed', 'fenced']).toContain(result.status)
      const isTaken = result.status === 'committed'
      expect(state?.epoch?.watermark).toBe(isTaken ? batch.watermark : node.watermark)
      if (isTaken) node.open = { ...batch.open, changeSeq: result.changeSeq }
      if (isTaken) node.watermark = batch.watermark
      const late = bookCommit(node, 'free/proven', T0 + (round + 1) * MINUTE + 1)
      expect(await commit(one, late)).toEqual({ status: 'fenced' })
      node.generation = opened.generation
    }
  })

  test('a node that is being revoked is taken nothing from', async () => {
    const { fleet, one, other, url } = await twoCollectors()
    const node = await oneNode(fleet)
    const numbers = await heldNumbers(url)
    const outbox = [note('node_revoked')]
    const revoking = other.revokeNode({ nodeId: node.nodeId, atMs: T0, outbox })
    await numbers.waitedFor(1)
    const batch = commit(one, bookCommit(node, 'free/proven', T0 + MINUTE))
    await numbers.waitedFor(2)
    numbers.letGo()
    expect(await revoking).toEqual({ status: 'revoked' })
    expect(await batch).toEqual({ status: 'fenced' })
  })

  test('a batch that both hand over has its effect once', async () => {
    const { fleet, one, other } = await twoCollectors()
    const node = await oneNode(fleet)
    const batch = bookCommit(node, 'free/proven', T0 + MINUTE)
    const results = await Promise.all([commit(one, batch), commit(other, batch)])
    expect(results.map(({ status }) => status).sort()).toEqual(['committed', 'stale'])
  })

  test('a follower misses no change, whoever writes it', async () => {
    const { fleet, one, other } = await twoCollectors()
    const nodes: TestNode[] = []
    for (let site = 1; site <= 6; site += 1) nodes.push(await oneNode(fleet, `BJ-0${site}`))
    const start = (await readOn(one, 0)).cursor
    let isWriting = true
    const told = new Map<NodeId, number>()
    const follow = async () => {
      let cursor = start
      for (;;) {
        const wasWriting = isWriting
        const read = await readOn(other, cursor)
        for (const [nodeId, endMs] of read.ends) told.set(nodeId, endMs)
        if (!wasWriting && read.cursor === cursor) return
        cursor = read.cursor
      }
    }
    const write = async (node: TestNode, store: Store) => {
      const writer = new Fleet(store)
      for (let minute = 1; minute <= 25; minute += 1) {
        await writer.book(node, 'free/proven', T0 + minute * MINUTE)
      }
    }
    const following = follow()
    await Promise.all(nodes.map((node, at) => write(node, at % 2 === 0 ? one : other)))
    isWriting = false
    await following
    expect([...told].sort()).toEqual(
      nodes.map(({ nodeId }) => [nodeId, T0 + 25 * MINUTE] as const).sort(),
    )
  })
})

async function readOn(store: Store, after: number) {
  const changes = await store.readTimelineChanges(after, 1_000)
  return {
    cursor: changes.at(-1)?.open.changeSeq ?? after,
    ends: changes.map(({ open }) => [open.nodeId, open.timelineEndMs] as const),
  }
}

describe('entries', () => {
  test('are numbered without a gap and seen in that order while all write', async () => {
    const { one, other } = await twoCollectors()
    const stores = [one, other, one, other]
    let isWriting = true
    const seen: (readonly StoredOutboxEntry[])[] = []
    const look = async () => {
      while (isWriting) seen.push(await other.readOutbox(1_000))
    }
    const looking = look()
    await Promise.all(
      stores.map(async (store, writer) => {
        for (let at = 0; at < 25; at += 1) {
          await store.createToken(
            enrollToken(`${writer}-${at}`, { siteCode: null, kind: 'access' }),
            [note('token_created', T0 + writer), note('token_created', T0 + writer)],
          )
        }
      }),
    )
    isWriting = false
    await looking
    seen.push(await one.readOutbox(1_000))
    for (const entries of seen) {
      expect(entries.map(({ outboxId }) => outboxId)).toEqual(entries.map((_, at) => at + 1))
    }
    expect(seen.at(-1)).toHaveLength(200)
    // Those of one decision stand together.
    for (const [at, entry] of (seen.at(-1) ?? []).entries()) {
      if (at % 2 === 1) expect(entry.atMs).toBe(seen.at(-1)?.[at - 1]?.atMs)
    }
  })

  test('are appended to the journal by one of two', async () => {
    const { one, other } = await twoCollectors()
    await one.createToken(enrollToken('x', { siteCode: null, kind: 'access' }), [
      note('token_created'),
    ])
    const [entry] = await one.readOutbox(10)
    if (entry === undefined) throw new Error('no entry')
    const head = await one.journalHead()
    const numbered = {
      seq: 1 as never,
      generation: 1 as never,
      kind: entry.kind,
      atMs: entry.atMs,
      bytes: Buffer.from('entry'),
      previousHash: head.hash,
      hash: 'aa'.repeat(32),
      outboxId: entry.outboxId,
    }
    const results = await Promise.all(
      [one, other].map((store) => store.appendJournal(head, [numbered])),
    )
    expect(results.map(({ status }) => status).sort()).toEqual(['appended', 'stale'])
    expect(await other.readJournal(0, 10)).toHaveLength(1)
    expect(await other.readOutbox(10)).toEqual([])
  })
})

describe('decisions', () => {
  test('a card that both grant at once is granted once', async () => {
    const { fleet, one, other } = await twoCollectors()
    const node = await depositedNode(fleet, 'BJ-01', 4)
    let granted = 0
    for (const [at, unit] of node.units.entries()) {
      const draws = [one, other, one, other].map((store, number) => ({
        store,
        change: changeTo(heldDraw(`draw-${at}-${number}`, [unit])),
      }))
      const results = await Promise.all(
        draws.map(async ({ change, store }) => (await store.commitDraws([change]))[0]?.status),
      )
      expect(results.toSorted()).toEqual(['committed', 'taken', 'taken', 'taken'])
      granted += 1
    }
    expect(granted).toBe(4)
    expect(await other.auditDraws()).toEqual([])
  })

  test('a draw that both begin under one id is begun once', async () => {
    const { fleet, one, other } = await twoCollectors()
    const node = await depositedNode(fleet, 'BJ-01', 2)
    const results = await Promise.all(
      [one, other].map(async (store, at) => {
        const change = changeTo(heldDraw('draw-1', node.units.slice(at, at + 1)))
        return (await store.commitDraws([change]))[0]?.status
      }),
    )
    expect(results.toSorted()).toEqual(['committed', 'stale'])
  })

  test.each(['closed', 'granted'] as const)(
    'a deposit is closed and its card granted, %s first: the second sees it',
    async (first) => {
      const { fleet, one, other, url } = await twoCollectors()
      const node = await depositedNode(fleet, 'BJ-01', 1)
      const [deposit] = await one.readOpenDeposits([node.nodeId])
      const cursor = await one.readCursor('bank')
      const seen = (await one.readOutbox(1_000)).at(-1)?.outboxId ?? 0
      const grant = async () => {
        const held = heldDraw('draw-1', node.units)
        const outbox = [note('draw_held')]
        const change = changeTo(held, { mustBeFree: [0], provenSinceMs: T0, outbox })
        return (await one.commitDraws([change]))[0]?.status
      }
      const close = async () => {
        const closing = { closedAtMs: T0 + MINUTE, reason: 'window_ended' } as const
        const change = {
          expectedCursor: cursor,
          cursor,
          openings: [],
          closings: [{ depositId: deposit?.depositId ?? '', ...closing }],
          rewindows: [],
          models: [],
          decidedAtMs: T0 + MINUTE,
          outbox: [note('deposit_closed')],
        }
        return (await other.commitDeposits(change)).status
      }
      const isGrantFirst = first === 'granted'

      // The first has decided and is about to commit when the second looks.
      const numbers = await heldNumbers(url)
      const before = isGrantFirst ? grant() : close()
      await numbers.waitedFor(1)
      const after = isGrantFirst ? close() : grant()
      await numbers.waitedFor(2)
      numbers.letGo()

      const statuses = isGrantFirst ? ['committed', 'committed'] : ['committed', 'not_free']
      expect([await before, await after]).toEqual(statuses)
      const entries = (await one.readOutbox(1_000)).filter(({ outboxId }) => outboxId > seen)
      expect(entries.map(({ kind }) => kind)).toEqual(
        isGrantFirst ? ['draw_held', 'deposit_closed'] : ['deposit_closed'],
      )
    },
  )

  test('a token for one node admits one', async () => {
    const { fleet, one, other } = await twoCollectors()
    await fleet.site('BJ-01')
    await one.createToken(enrollToken('BJ-01', { tokenId: 'once', usesLeft: 1 }), [])
    const enroll = (store: Store, number: number) =>
      store.enrollNode({
        tokenId: 'once',
        secretHash: 'hash',
        remoteAddress: '10.0.0.1',
        nodeId: `n-${'0'.repeat(15)}${number}` as NodeId,
        nodeName: `node-${number}`,
        algorithm: 1,
        publicKey: `key-${number}`,
        fingerprint: `print-${number}`,
        joinState: 1,
        nowMs: T0,
      })
    const results = await Promise.all([enroll(one, 1), enroll(other, 2), enroll(one, 3)])
    expect(results.map(({ status }) => status).sort()).toEqual([
      'enrolled',
      'token_used_up',
      'token_used_up',
    ])
  })

  test('a key that comes to both at once is one node', async () => {
    const { fleet, one, other } = await twoCollectors()
    await fleet.site('BJ-01')
    const enroll = (store: Store, number: number) =>
      store.enrollNode({
        tokenId: 't-BJ-01',
        secretHash: 'hash',
        remoteAddress: '10.0.0.1',
        nodeId: `n-${'0'.repeat(15)}${number}` as NodeId,
        nodeName: 'node',
        algorithm: 1,
        publicKey: 'key',
        fingerprint: 'print',
        joinState: 1,
        nowMs: T0,
      })
    const results = await Promise.all([enroll(one, 1), enroll(other, 2)])
    const ids = results.map((result) => (result.status === 'enrolled' ? result.node.nodeId : null))
    expect(ids[0]).not.toBeNull()
    expect(ids[0]).toBe(ids[1])
  })

  test('a card that two nodes show at once is one accelerator', async () => {
    const { fleet, one, other } = await twoCollectors()
    await fleet.site('BJ-01')
    const nodes = [await fleet.node('BJ-01'), await fleet.node('BJ-01')] as const
    const expectedClaims = [{ keyNumber: 1, hash: 'card', unitId: null }]
    const results = await Promise.all(
      [one, other].map((store, at) => {
        const node = nodes[at] ?? nodes[0]
        return store.commitFacts(factsCommit(node, [admit(0, 'card')], { expectedClaims }))
      }),
    )
    expect(results.map(({ status }) => status).sort()).toEqual(['committed', 'stale'])
  })
})

describe('an hour', () => {
  test('that late data reaches while it is sealed holds it, or is to be corrected', async () => {
    const { fleet, one, other } = await twoCollectors()
    const node = await oneNode(fleet)
    await fleet.book(node, 'busy/active', T0 + 2 * HOUR)
    for (let round = 1; round <= 10; round += 1) {
      const [sealed] = await one.sealedHours(T0, T0 + HOUR)
      const material = await one.readHour(T0)
      const hour = hourOf(unitOf(node), T0, { busyMs: round })
      const late = {
        ...bookCommit(node, 'busy/active', T0 + 2 * HOUR + round),
        unitHours: [hour],
        dirtyHours: [T0],
      }
      const [written, taken] = await Promise.all([
        one.writeBuckets({
          hourMs: T0,
          expectedMark: material.mark,
          version: (sealed?.version ?? 0) + 1,
          knownAtMs: T0 + 3 * HOUR + round,
          buckets: [],
          outbox: [],
        }),
        commit(other, late),
      ])
      if (taken.status !== 'committed') throw new Error(taken.status)
      node.open = { ...late.open, changeSeq: taken.changeSeq }
      node.watermark = late.watermark
      const { dirtyHours } = await one.rollupBacklog()
      const isSealed = (await one.sealedHours(T0, T0 + HOUR)).length > 0
      const isBefore = written.status === 'stale'
      expect(isBefore || dirtyHours.includes(T0) || !isSealed).toBe(true)
    }
  })
})

function unitOf({ units }: TestNode): UnitId {
  const [unit] = units
  if (unit === undefined) throw new Error('no unit')
  return unit.unitId
}
